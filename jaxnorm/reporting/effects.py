"""The table that stands behind the answer: what changes with what, in how many comparisons."""

from jaxnorm.analysis.effects import Effect, find_effects
from jaxnorm.analysis.measures import Measure, find_measure
from jaxnorm.analysis.summary import Difference, Summary
from jaxnorm.analysis.wording import SCALES, format_difference, format_levels
from jaxnorm.reporting.tables import TextTable

HEADINGS = ("varied", "largest difference, each way", "mean [interval]", "levels", "above the margin", "below the margin", "neither shown")
CAPTION = (
    "How many of the paired differences are shown to be larger than their margins, how many to be smaller, and of how many neither is "
    "shown; corrected as below. The largest, and the largest in the other direction, of those shown not to be zero, where some are."
)


def effects_tables(summary: Summary) -> list[TextTable]:
    """One or two rows for each thing that was varied, grouped by the answer's measures; none where nothing was varied."""
    effects = {find_measure(name): find_effects(summary.differences, name) for name in summary.answer_measures}
    groups = [
        (f"{measure.title} ({SCALES[measure.unit].of_difference})", [row for effect in found for row in _rows(effect, measure)])
        for measure, found in effects.items()
        if found
    ]
    return [TextTable("What changes with what", CAPTION, HEADINGS, groups, 2)] if groups else []


def _rows(effect: Effect, measure: Measure) -> list[tuple[str, ...]]:
    beyond, within, number = len(effect.beyond), len(effect.within), len(effect.differences)
    counts = [f"{part} of {number}" for part in (beyond, within, number - beyond - within)]
    first, *others = [_cells(end, measure) for end in effect.ends]
    return [(effect.subject, *first, *counts), *(("", *cells, "", "", "") for cells in others)]


def _cells(difference: Difference, measure: Measure) -> tuple[str, ...]:
    return (
        difference.label,
        format_difference(difference.estimate, measure.unit, with_unit=False),
        format_levels(difference, measure.unit),
    )
