"""The report's answer: a sentence on each thing that was varied."""

from collections.abc import Mapping, Sequence

from jaxnorm.analysis.measures import find_measure
from jaxnorm.analysis.summary import Difference
from jaxnorm.analysis.verdict import ALPHA, could_show
from jaxnorm.analysis.wording import count, format_difference


def answer(varied: Mapping[str, Sequence[Difference]], measures: Sequence[str], num_differences: int) -> str:
    """What was varied ("choice of norm") to differences that tell whether it matters, as sentences on two of their measures.

    ``num_differences`` is the number that was corrected for.
    """
    return " ".join(_sentence(subject, differences, measures, num_differences) for subject, differences in varied.items())


def _sentence(subject: str, differences: Sequence[Difference], measures: Sequence[str], num_differences: int) -> str:
    if not differences:
        return f"The {subject} was not varied."
    n = differences[0].estimate.n
    by_measure = [[difference for difference in differences if difference.measure == name] for name in measures]
    shown = [shown_among(group) for group in by_measure]
    clauses = [_clause(group, found) for group, found in zip(by_measure, shown, strict=True)]
    verbs = ["changes" if found else "makes no shown difference to" for found in shown]
    reason = f"; n = {n}" if could_show(n, num_differences) else f"; {count(n, 'seed')} could not have shown any"
    return f"The {subject} {verbs[0]} {clauses[0]} and {verbs[1]} {clauses[1]}{reason}."


def shown_among(differences: Sequence[Difference]) -> list[Difference]:
    """Those that are significant after correction, with an interval wholly beyond the margin."""
    return [difference for difference in differences if difference.p_adjusted <= ALPHA and difference.beyond_margin]


def _clause(differences: Sequence[Difference], shown: Sequence[Difference]) -> str:
    measure = find_measure(differences[0].measure)
    largest = max(shown or differences, key=lambda d: abs(d.estimate.mean) / d.margin if d.margin else 0.0)
    return f"the {measure.title} ({'most' if shown else 'largest'}: {largest.label}, {format_difference(largest.estimate, measure.unit)})"
