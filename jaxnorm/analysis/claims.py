"""What is claimed of normalization layers, as data: comparisons of arms, each with what the claim expects of it.

An instrument keeps its claims in a ledger of ``Entry`` lines, beside its plan (``compare.py`` and its siblings). A line says for which
designs the claim can be decided at all, and spells it out for the design at hand. The identifiers are those of docs/claims.md.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from jaxnorm.analysis.contrasts import Contrast
from jaxnorm.analysis.summary import Expectation


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One part of a claim."""

    contrast: Contrast
    measure: str
    expected: Expectation


@dataclasses.dataclass(frozen=True)
class Claim:
    """A statement that a run can decide. It stands only if all its comparisons come out as expected."""

    id: str
    statement: str
    source: str
    comparisons: tuple[Comparison, ...]


class Design(Protocol):
    """Which arms a run has, as an instrument sees it."""

    @property
    def words(self) -> dict[str, object]:
        """What statements may name in braces."""
        ...


AnyDesign = TypeVar("AnyDesign", bound=Design)


@dataclasses.dataclass(frozen=True)
class Entry(Generic[AnyDesign]):
    """A line of a ledger: a claim for any design that has what it speaks of."""

    id: str
    source: str
    statement: str
    """May name the design's words in braces."""
    comparisons: Callable[[AnyDesign], list[Comparison]]
    applies: Callable[[AnyDesign], bool]
    """Whether a run of this design can decide the claim."""

    def claim(self, design: AnyDesign) -> Claim:
        """The claim, spelt out for this run."""
        return Claim(self.id, self.statement.format(**design.words), self.source, tuple(self.comparisons(design)))


def find_claims(ledger: Sequence[Entry[AnyDesign]], design: AnyDesign) -> list[Claim]:
    """The claims of a ledger that this design can decide."""
    return [entry.claim(design) for entry in ledger if entry.applies(design)]
