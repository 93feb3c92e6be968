"""Whether the seeds of a run were enough, in plain words."""

from collections.abc import Sequence

from jaxnorm.analysis.measures import find_measure
from jaxnorm.analysis.summary import Difference, Summary
from jaxnorm.analysis.wording import count, format_difference, format_margin


def seeds_sentences(summary: Summary) -> list[str]:
    """Two sentences on each measure that the answer speaks of, as far as its differences are listed and more than one seed was trained."""
    listed = [[each for each in summary.differences if each.measure == name] for name in summary.answer_measures]
    return [_sentences(summary, differences) for differences in listed if differences and len(summary.seeds) > 1]


def _sentences(summary: Summary, differences: Sequence[Difference]) -> str:
    """What the least certain difference could have shown, and what the smallest observed one would need."""
    measure, several = find_measure(differences[0].measure), len(differences) > 1
    coarsest = max(differences, key=lambda each: each.detectable or 0.0)
    smallest = min(differences, key=lambda each: abs(each.estimate.mean))
    found = f"{count(len(summary.seeds), 'seed')} find a true difference of {format_margin(coarsest.detectable or 0.0, measure.unit)}"
    least = f", even in the least certain comparison ({coarsest.label})" if several else ""
    observed = f"the {'smallest ' if several else ''}observed difference ({_described(smallest)})"
    needed = "more seeds than are of use" if smallest.seeds_needed is None else count(smallest.seeds_needed, "seed")
    title = f"{measure.title[0].upper()}{measure.title[1:]}"
    margin = f"the margin there is {format_margin(coarsest.margin, measure.unit)}"
    return f"{title}: {found} four times in five{least}; {margin}. To be found as often, {observed} would need {needed}."


def _described(difference: Difference) -> str:
    return f"{difference.label}, {format_difference(difference.estimate, find_measure(difference.measure).unit)}"
