"""What a report consists of: one list of blocks, which the page, Markdown, the console and LaTeX render each in their way."""

import dataclasses
from collections.abc import Sequence
from typing import Literal

from jaxnorm.stats.summary import Finding, Weighed, Word

Mark = Literal["", "best", "tied"] | Word | Weighed | Finding
"""What a cell says besides its text."""


@dataclasses.dataclass(frozen=True)
class ForestRow:
    """One interval of a forest, in margins, the claim's side to the right."""

    text: str
    """What is told of it: comparison, measure, mean and interval."""
    mean: float
    half: float | None
    """Of the joint interval."""
    half_alone: float | None
    finding: Mark
    band: bool = True
    """Whether there is a margin; without one, its numbers are in other units than the band."""


@dataclasses.dataclass(frozen=True)
class Cell:
    """A cell of a table."""

    text: str
    small: str = ""
    """Behind the text, in smaller type: an interval, a count."""
    mark: Mark = ""
    link: str = ""
    """Name of the figure that shows it."""
    forest: tuple[ForestRow, ...] = ()
    image: str = ""
    """File of the forest, for renderers that cannot draw."""


@dataclasses.dataclass(frozen=True)
class Table:
    """A table. The first ``text_columns`` columns hold texts, the others numbers."""

    name: Literal["arms", "claims", "comparisons", "other"]
    headings: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    text_columns: int = 1
    title: str = ""


@dataclasses.dataclass(frozen=True)
class Heading:
    """A heading below the title."""

    text: str


@dataclasses.dataclass(frozen=True)
class Text:
    """A paragraph: as it is, ``kicker`` above the title, ``note`` in smaller type, ``quote`` of somebody else's words."""

    text: str
    kind: Literal["plain", "kicker", "note", "quote"] = "plain"


@dataclasses.dataclass(frozen=True)
class Code:
    """A command."""

    text: str


@dataclasses.dataclass(frozen=True)
class Picture:
    """A figure, ``figures/NAME.svg``."""

    name: str
    title: str
    caption: str


@dataclasses.dataclass(frozen=True)
class Details:
    """What is folded until somebody asks for it."""

    title: str
    blocks: Sequence["Block"]


Block = Heading | Text | Code | Table | Picture | Details


@dataclasses.dataclass(frozen=True)
class Report:
    """A report: title and blocks."""

    title: str
    kicker: str
    blocks: Sequence[Block]

    def tables(self, name: str) -> list[Table]:
        """The tables of a name that are not folded."""
        return [block for block in self.blocks if isinstance(block, Table) and block.name == name]
