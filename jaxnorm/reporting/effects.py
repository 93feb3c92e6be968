"""The table that stands behind the answer: what changes with what, in how many comparisons."""

from jaxnorm.analysis.effects import Effect, find_effects
from jaxnorm.analysis.measures import Measure, find_measure
from jaxnorm.analysis.summary import Summary
from jaxnorm.analysis.wording import SCALES, format_difference
from jaxnorm.reporting.tables import TextTable

HEADINGS = ("varied", "largest difference", "mean [interval]", "beyond the margin", "within the margin", "open")
CAPTION = (
    "How many of the paired differences are shown to be larger than their margins, how many to be smaller, and of how many neither is "
    "shown; corrected as below. The largest: of those that are shown, where some are."
)


def effects_tables(summary: Summary) -> list[TextTable]:
    """One row for each thing that was varied, grouped by the answer's measures; none where nothing was varied."""
    effects = {find_measure(name): find_effects(summary.differences, name) for name in summary.answer_measures}
    groups = [
        (f"{measure.title} ({SCALES[measure.unit].of_difference})", [_row(effect, measure) for effect in found])
        for measure, found in effects.items()
        if found
    ]
    return [TextTable("What changes with what", CAPTION, HEADINGS, groups, 2)] if groups else []


def _row(effect: Effect, measure: Measure) -> tuple[str, ...]:
    beyond, within, number = len(effect.beyond), len(effect.within), len(effect.differences)
    largest = format_difference(effect.largest.estimate, measure.unit, with_unit=False)
    return (effect.subject, effect.largest.label, largest, *(f"{part} of {number}" for part in (beyond, within, number - beyond - within)))
