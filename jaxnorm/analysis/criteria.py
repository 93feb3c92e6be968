"""By what each claim of the catalogue is decided, fixed before any run: what is expected of which measure, and from where on it counts.

The margins are those of the measures (``contrasts.find_margin``); a test sets this page against the ledgers, so neither can drift.
"""

from jaxnorm.analysis.catalogue import Listing
from jaxnorm.analysis.measures import Measure
from jaxnorm.analysis.wording import format_margin
from jaxnorm.config import DecisionRule

SHARE = f"{100 * DecisionRule().loss_margin:g} % of the mean"
"""Of the compared arms, unless ``--loss-margin`` says otherwise."""
POINTS = f"{100 * DecisionRule().accuracy_margin:g} points"
"""Unless ``--accuracy-margin`` says otherwise."""

MARGINS: dict[str, tuple[str, ...]] = {
    "A1": (SHARE,),
    "A2": (SHARE,),
    "A3": (SHARE,),
    "A4": (POINTS,),
    "A5": (SHARE,),
    "A6": (SHARE,),
    "A7": (POINTS,),
    "A8": (SHARE,),
    "B1": (SHARE,),
    "B3": (SHARE, POINTS),
    "C2": (POINTS,),
    "C3": (SHARE, POINTS),
    "C4": (POINTS,),
    "D1": (SHARE,),
    "D2": ("0.30 decades",),
    "D3": (SHARE,),
    "D4": (SHARE,),
    "D5": (POINTS,),
    "D6": (SHARE,),
    "D7": (SHARE,),
    "D8": ("0.10 decades",),
    "D9a": (SHARE,),
    "D9b": ("0.010", SHARE),
    "D10": (SHARE,),
    "D11": ("1.0 points",),
    "E1": (SHARE,),
    "E2": (SHARE,),
    "E4": (POINTS,),
    "F1": (SHARE,),
    "F2": (SHARE, POINTS),
    "F3": (POINTS,),
    "F4": (POINTS,),
}
"""Claim to the margins of its measures, in their order. Exact claims have none."""

SETTINGS: dict[str, str] = {
    "B1": "--norms batch layer none",
    "D1": "--norms batch none",
    "D4": "--norms batch none",
    "D5": "--norms batch none",
    "E2": "experiments/depth_transformer.toml",
    "F1": "experiments/depth_transformer.toml",
    "F2": "--norms layer rms",
}
"""Claim to what its instrument must be told; the defaults decide the others."""


def margin_words(measure: Measure) -> str:
    """A measure's margin as ``MARGINS`` spells it."""
    if measure.fixed_margin is not None:
        return format_margin(measure.fixed_margin, measure.unit, with_unit=measure.unit != "ratio")
    return POINTS if measure.absolute_margin else SHARE


def measure_and_expectation(listing: Listing) -> tuple[str, str]:
    """What is measured, and what is expected of it: the two halves of ``measured_as``."""
    measure, _, expected = listing.measured_as.rpartition(": ")
    return measure, expected


def margin(listing: Listing) -> str:
    """The margins of a claim in words: ``5 % of the mean; 0.5 points``, or ``exact``."""
    return "exact" if listing.test else "; ".join(MARGINS[listing.id])


def deciding(listing: Listing) -> str:
    """What decides a claim: a command, a test, or that it is open."""
    return f"{listing.decided_by} {SETTINGS.get(listing.id, '')}".strip()
