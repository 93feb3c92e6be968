"""What is claimed of normalization layers, as data: comparisons of arms, each with what is expected of it.

An instrument keeps its claims in a ledger of ``Claim`` lines. A line says for which designs it can be decided at all, and spells out its
comparisons for the design at hand.
"""

import dataclasses
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar

from jaxnorm.stats.contrasts import Contrast

Expectation = Literal["lower", "higher", "same", "different"]
"""What a claim says of a difference: its sign, that it is smaller than the margin, or that it is larger in either direction."""
Slot = str | int | float | list[str | int | float]
"""What a statement's braces are filled with: names and numbers, which the report puts into words."""


class HasSlots(Protocol):
    """Which arms a run has, as an instrument sees it."""

    @property
    def slots(self) -> Mapping[str, Slot]:
        """What statements may name in braces."""
        ...


Design = TypeVar("Design", bound=HasSlots)


class Expected(NamedTuple):
    """One comparison that a claim rests on."""

    contrast: Contrast
    measure: str
    expected: Expectation


class Asked(NamedTuple):
    """A claim, spelt out for one run."""

    id: str
    slots: Mapping[str, Slot]
    comparisons: Sequence[Expected]


@dataclasses.dataclass(frozen=True)
class Claim(Generic[Design]):
    """A line of a ledger. The claim stands only if all its comparisons come out as expected.

    Of a statement that joins several, each part is a claim of its own: ``A7a``, ``A7b``.
    """

    id: str
    source: str
    """Key of the document that states it."""
    title: str
    """The statement in a few words; may name slots in braces."""
    statement: str
    """The whole statement; may name slots in braces."""
    comparisons: Callable[[Design], Sequence[Expected]]
    applies: Callable[[Design], bool]
    """Whether a run of this design can decide the claim."""
    figure: str = ""
    """Name of the figure of the report that shows it."""

    def ask(self, design: Design) -> Asked:
        """The claim, spelt out for this run."""
        named = [name for _, name, _, _ in string.Formatter().parse(self.title + self.statement) if name]
        return Asked(self.id, {name: design.slots[name] for name in named}, tuple(self.comparisons(design)))


def find_claims(ledger: Sequence[Claim[Design]], design: Design) -> list[Asked]:
    """The claims of a ledger that this design can decide."""
    return [claim.ask(design) for claim in ledger if claim.applies(design)]
