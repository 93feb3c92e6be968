"""The report's answer: one sentence on the choice of norm, one on the batch size."""

from collections.abc import Sequence

from jaxnorm.analysis.measures import find_measure
from jaxnorm.analysis.summary import Difference
from jaxnorm.analysis.verdict import ALPHA
from jaxnorm.analysis.wording import count, format_difference

ANSWER_MEASURES = ("train_loss_area", "test_accuracy")
"""How fast a network learns, and how good it ends."""


def answer(between_norms: Sequence[Difference], between_sizes: Sequence[Difference], num_differences: int) -> str:
    """Two sentences from the differences between norms and between batch sizes, either of which may be empty.

    ``num_differences`` is the number that was corrected for.
    """
    return " ".join(
        _sentence(subject, differences, num_differences)
        for subject, differences in (("choice of norm", between_norms), ("batch size", between_sizes))
    )


def _sentence(subject: str, differences: Sequence[Difference], num_differences: int) -> str:
    if not differences:
        return f"The {subject} was not varied."
    n = differences[0].estimate.n
    by_measure = [[difference for difference in differences if difference.measure == name] for name in ANSWER_MEASURES]
    shown = [_shown(group) for group in by_measure]
    clauses = [_clause(group, found) for group, found in zip(by_measure, shown, strict=True)]
    verbs = ["changes" if found else "makes no shown difference to" for found in shown]
    smallest_p = 2.0 ** (1 - n) * num_differences
    reason = f"; {count(n, 'seed')} could not have shown any" if smallest_p > ALPHA else f"; n = {n}"
    return f"The {subject} {verbs[0]} {clauses[0]} and {verbs[1]} {clauses[1]}{reason}."


def _shown(differences: Sequence[Difference]) -> list[Difference]:
    """Those that are significant after correction, with an interval wholly beyond the margin."""
    return [difference for difference in differences if difference.p_adjusted <= ALPHA and difference.beyond_margin]


def _clause(differences: Sequence[Difference], shown: Sequence[Difference]) -> str:
    measure = find_measure(differences[0].measure)
    largest = max(shown or differences, key=lambda d: abs(d.estimate.mean) / d.margin if d.margin else 0.0)
    return f"the {measure.title} ({'most' if shown else 'largest'}: {largest.label}, {format_difference(largest.estimate, measure.unit)})"
