"""From measures to comparisons, best marks and verdicts: every interval holds for the whole report."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from jaxnorm.stats.claims import Asked
from jaxnorm.stats.contrasts import Contrast
from jaxnorm.stats.intervals import FEWEST, find, intervals
from jaxnorm.stats.plan import ArmsTable, Plan
from jaxnorm.stats.seeds import seeds_needed
from jaxnorm.stats.summary import ColumnSummary, Comparison, Evidence, TableSummary, Verdict
from jaxnorm.stats.values import Values
from jaxnorm.stats.verdicts import judge, weigh


def compare_all(plan: Plan, values: Values) -> list[Comparison]:
    """Every distinct comparison of a plan, listed ones first."""
    listed = {(contrast.key, measure) for measure in plan.measures for contrast in plan.contrasts}
    return compare(list(plan.comparisons.values()), values, plan.number, [key in listed for key in plan.comparisons])


def compare(pairs: Sequence[tuple[Contrast, str]], values: Values, number: int, listed: Sequence[bool] | None = None) -> list[Comparison]:
    """Contrasts of measures, each with an interval that holds for ``number`` comparisons together; ``listed`` marks those of the report."""
    if not pairs:
        return []
    test_errors = [values.test_error(*pair) for pair in pairs]
    steps = [values.plan.measure(name).step for _, name in pairs]
    differences_MS = np.stack([values.difference(*pair) for pair in pairs])
    found = intervals(differences_MS, number, test_error_M=[error or 0.0 for error in test_errors], step_M=steps)
    rows = zip(pairs, *(each.tolist() for each in found), test_errors, listed or [False] * len(pairs), strict=True)
    return [_comparison(*row, n=differences_MS.shape[1], values=values, number=number) for row in rows]


def _comparison(
    pair: tuple[Contrast, str],
    mean: float,
    deviation: float,
    half: float,
    half_alone: float,
    test_error: float | None,
    listed: bool,
    *,
    n: int,
    values: Values,
    number: int,
) -> Comparison:
    contrast, name = pair
    measure, tables = values.plan.measure(name), [values.tables[key] for key in contrast.weights]
    if all(len(table.diverged) == len(table.seeds) for table in tables):
        half = math.inf  # where every run of all arms diverged, nothing was compared
    margin = measure.margin_of([float(values.of(key, name).mean()) for key in contrast.weights], values.rule)
    finding, needed = find(mean, half, margin), None
    if _can_be_decided(half, finding, deviation):
        needed = seeds_needed(mean, deviation, margin, number, test_error=test_error or 0.0, step=measure.step)
    return Comparison(
        weights=dict(contrast.weights),
        over=contrast.over,
        measure=name,
        mean=mean,
        half=_finite(half),
        half_alone=_finite(half_alone),
        margin=margin,
        n=n,
        finding=finding,
        deviation=deviation,
        test_error=test_error,
        strays=sum(len({*values.outliers(key, name), *values.tables[key].diverged}) for key in contrast.weights),
        seeds_needed=needed,
        listed=listed,
    )


def _can_be_decided(half: float, finding: str, deviation: float) -> bool:
    """Whether more seeds would help: it is open, and its seeds tell how much they scatter."""
    return finding == "open" and deviation > 0 and math.isfinite(half)


def _finite(half: float) -> float | None:
    return half if math.isfinite(half) else None


def judge_claim(claim: Asked, plan: Plan, comparisons: Sequence[Comparison], places: Mapping[tuple[object, str], int]) -> Verdict:
    """The verdict on a claim, from the comparisons of the whole report."""
    evidence = []
    for contrast, measure, expected in claim.comparisons:
        place = places[contrast.key, measure]
        comparison = comparisons[place]
        sign = contrast.sign * Contrast(comparison.weights).sign
        half = math.inf if comparison.half is None else comparison.half
        finding = weigh(expected, sign * comparison.mean, half, comparison.margin)
        needed = None
        if _can_be_decided(half, finding, comparison.deviation):
            spread = (comparison.mean, comparison.deviation, comparison.margin, plan.number)
            error, step = comparison.test_error or 0.0, plan.measure(measure).step
            needed = seeds_needed(*spread, test_error=error, step=step, of_margin=expected in ("same", "different"))
        evidence.append(Evidence(place, sign, expected, finding, needed))
    found = [part.finding for part in evidence]
    return Verdict(claim.id, dict(claim.slots), judge(found), found.count("as claimed"), len(found), evidence)


def mark_table(table: ArmsTable, values: Values) -> TableSummary:
    """A table of results with the best of each column."""
    arms = list(values.plan.arms)
    columns = [
        _mark_best(measure, [arms[index].key for index in column], values)
        for measure in table.measures
        for column in table.columns([arm.factors for arm in arms])
        if column
    ]
    return TableSummary(list(table.measures), table.across, dict(table.where), columns)


def _mark_best(measure: str, keys: list[str], values: Values) -> ColumnSummary:
    """The arm with the best mean, and those whose interval to it does not leave zero."""
    better = values.plan.measure(measure).better
    if not better or len(keys) < 2 or len(values.of(keys[0], measure)) < FEWEST:
        return ColumnSummary(measure, keys, "", [])
    sign = 1 if better == "higher" else -1
    best = max(keys, key=lambda key: sign * values.of(key, measure).mean())
    others = [key for key in keys if key != best]
    pairs = [(Contrast({best: 1.0, other: -1.0}), measure) for other in others]
    compared = compare(pairs, values, values.plan.number)
    tied = [other for other, each in zip(others, compared, strict=True) if each.half is None or sign * each.mean - each.half <= 0]
    return ColumnSummary(measure, keys, best, tied)
