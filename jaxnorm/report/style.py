"""How figures look: colours that colour-blind readers tell apart (Okabe and Ito 2008), and marks that need no colour at all.

A norm keeps its colour and marker in every figure, a batch size its line style.
"""

import dataclasses
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import matplotlib as mpl

from jaxnorm.stats.arm import Factor
from jaxnorm.stats.summary import ArmSummary, Summary, Sweep


@dataclasses.dataclass(frozen=True)
class Look:
    """Colour and marker of a norm."""

    color: str
    marker: str


BLACK = "#010101"
"""Black that becomes the ink of the page; plain black is not written into an SVG at all."""
KNOWN_LOOKS = {
    "batch": Look("#0072B2", "o"),
    "layer": Look("#D55E00", "s"),
    "none": Look(BLACK, "D"),
    "rms": Look("#009E73", "^"),
    "group": Look("#CC79A7", "v"),
    "instance": Look("#56B4E9", "P"),
}
SPARE_LOOKS = (
    Look("#E69F00", "X"),
    Look("#7A5195", "<"),
    Look("#8C6D31", ">"),
    Look("#7F7F7F", "p"),
    Look("#A6761D", "*"),
    Look("#4D4D4D", "h"),
)
"""For norms without a look of their own, in the order in which a report names them."""

LINE_STYLES = (
    "solid",
    *(
        (0, dashes)
        for dashes in ((4, 1.5), (1, 1.2), (5, 1.5, 1, 1.5), (7, 2), (3, 1, 1, 1, 1, 1), (10, 1.5), (1, 3), (8, 2, 1, 2), (2, 2))
    ),
)
"""From the largest batch size to the smallest."""

INK, PAPER = "#333333", "none"
"""Of texts and axes, which take the ink of the page; and behind them."""
BAND_ALPHA = 0.18

RC: dict[Any, Any] = {
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": 9.0,
    "axes.titlesize": 9.0,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelsize": 9.0,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#8c959f",
    "grid.alpha": 0.25,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.dpi": 150,
    "svg.fonttype": "none",
    "svg.hashsalt": "jaxnorm",
}
"""Text in SVG stays text; the fixed salt makes the same figure the same bytes."""


def norms_of(summary: Summary) -> list[str]:
    """The norms of a report, in its order."""
    return list(dict.fromkeys(arm.norm for arm in summary.arms))


def levels_of(summary: Summary, factor: str) -> list[Factor]:
    """The values that a factor takes in a report: numbers ascending, words in its order."""
    values = list(dict.fromkeys(arm.factors[factor] for arm in summary.arms))
    return values if any(isinstance(value, str) for value in values) else sorted(values, key=float)


def variant(arm: ArmSummary | Sweep) -> tuple[Factor, ...]:
    """All that tells an arm from others besides its norm."""
    return tuple(value for name, value in arm.factors.items() if name != "norm")


def variants_of(arms: Sequence[ArmSummary | Sweep]) -> list[tuple[Factor, ...]]:
    """The variants of arms: of one number each ascending, else in their order."""
    variants = list(dict.fromkeys(variant(arm) for arm in arms))
    return variants if any(isinstance(value, str) for each in variants for value in each) else sorted(variants)


def looks(norms: Sequence[str]) -> dict[str, Look]:
    """Norm to look. Norms beyond the spare looks share them."""
    unknown = [norm for norm in norms if norm not in KNOWN_LOOKS]
    spare = {norm: SPARE_LOOKS[index % len(SPARE_LOOKS)] for index, norm in enumerate(unknown)}
    return {norm: KNOWN_LOOKS.get(norm) or spare[norm] for norm in norms}


def varied(arms: Sequence[ArmSummary | Sweep]) -> list[str]:
    """The factors that differ between some arms; the norm always."""
    return [name for name in arms[0].factors if name == "norm" or len({arm.factors[name] for arm in arms}) > 1]


def line_styles(variants: Sequence[tuple[Factor, ...]]) -> dict[tuple[Factor, ...], Any]:
    """Variant to line style, solid for the last: the largest batch size."""
    return {each: LINE_STYLES[rank % len(LINE_STYLES)] for rank, each in enumerate(reversed(variants))}


def styled() -> AbstractContextManager[None]:
    """A context in which matplotlib draws in this style."""
    return mpl.rc_context(RC)
