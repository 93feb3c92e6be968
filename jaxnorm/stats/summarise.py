"""From the tidy table of a run to its summary: every number of the report, computed once."""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from jaxnorm.stats.arm import ControlArm
from jaxnorm.stats.claims import Asked, Slot
from jaxnorm.stats.contrasts import Contrast, of_arms
from jaxnorm.stats.intervals import FEWEST, critical_value, find, intervals, level_of, test_set_error, zero_rounding
from jaxnorm.stats.metrics import EXAMPLES_OF
from jaxnorm.stats.plan import ArmsTable, Plan
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.stats.seeds import seeds_needed
from jaxnorm.stats.summary import (
    ArmSummary,
    ColumnSummary,
    Comparison,
    Control,
    Curve,
    Estimate,
    Evidence,
    Summary,
    Sweep,
    TableSummary,
    Verdict,
)
from jaxnorm.stats.table import ArmTable, read_arms
from jaxnorm.stats.verdicts import judge, weigh

PROFILED = ("gradient_norm",)
"""Probed quantities whose values by block are summarised."""
SMALLEST = 1e-30
"""Stands for a gradient of zero, which has no logarithm."""
OUTLYING = 5.0
"""Robust standard deviations from the median of its arm from which on a run is an outlier: one in two million normal values."""
MAD_TO_DEVIATION = 1.4826
FEWEST_FOR_OUTLIERS = 8

Examples = Mapping[str, np.ndarray]
"""Arm key to the share of its networks that got each test example right, (N,)."""


@dataclasses.dataclass(frozen=True)
class Repetition:
    """The tidy rows of a control."""

    arm: ControlArm
    rows: pd.DataFrame


class Values:
    """The measures of all arms, (S,) each, computed when they are first asked for."""

    def __init__(self, plan: Plan, tables: Sequence[ArmTable], rule: DecisionRule, examples: Examples):
        self.plan, self.rule, self.examples = plan, rule, examples
        self.tables = {table.arm.key: table for table in tables}
        self._measured: dict[tuple[str, str], np.ndarray] = {}

    def of(self, key: str, name: str) -> np.ndarray:
        """One measure of one arm, (S,). Raises ``ValueError`` where no run has its metric."""
        if (key, name) not in self._measured:
            measure, table = self.plan.measure(name), self.tables[key]
            if measure.metric not in table.curves:
                raise ValueError(f"the measure {name} needs the metric {measure.metric!r}, which the runs of arm {key} do not have")
            self._measured[key, name] = measure.of(table, self.rule)
        return self._measured[key, name]

    def difference(self, contrast: Contrast, name: str) -> np.ndarray:
        """A contrast of one measure, (S,), in which rounding is zero."""
        terms = np.stack([weight * self.of(key, name) for key, weight in contrast.weights.items()])
        return zero_rounding(terms.sum(axis=0), np.abs(terms).sum(axis=0))

    def test_error(self, contrast: Contrast, name: str) -> float | None:
        """The part of the standard error that comes from the test set; None where that was not recorded or has no part in it."""
        if EXAMPLES_OF.get(self.plan.measure(name).metric) is None or not set(contrast.weights) <= set(self.examples):
            return None
        correct_N = np.sum([weight * self.examples[key] for key, weight in contrast.weights.items()], axis=0)
        return float(test_set_error(correct_N))

    def outliers(self, key: str, name: str) -> list[int]:
        """The seeds of an arm whose value is far from the others'."""
        return np.asarray(self.tables[key].seeds)[outlying(self.of(key, name))].tolist()


def outlying(values_S: np.ndarray) -> np.ndarray:
    """Which values are more than ``OUTLYING`` robust standard deviations (1.4826 MAD) from the median; none of fewer than 8."""
    distance_S = np.abs(values_S - np.median(values_S))
    spread = MAD_TO_DEVIATION * np.median(distance_S)
    if len(values_S) < FEWEST_FOR_OUTLIERS or spread == 0:
        return np.zeros(len(values_S), bool)
    return distance_S > OUTLYING * spread


def summarise(
    frame: pd.DataFrame,
    plan: Plan,
    rule: DecisionRule,
    *,
    instrument: str,
    settings: Mapping[str, Any],
    data: Mapping[str, Any],
    num_classes: int,
    seconds: Mapping[str, Sequence[float]],
    examples: Examples | None = None,
    sweeps: Sequence[Sweep] = (),
    facts: Mapping[str, Slot] | None = None,
    control: Repetition | None = None,
) -> Summary:
    """Summarise a run.

    ``frame`` is a tidy table (see ``table``); ``seconds`` maps each arm's key to the run time per network of each separately timed group;
    ``settings``, ``data``, ``sweeps`` and ``facts`` are taken over as they are; the arm of ``control`` is one of the plan's. Raises
    ``ValueError`` where a table is incomplete or lacks a metric that the plan names, ``KeyError`` where an arm was not timed.
    """
    tables = read_arms(frame, plan.arms, num_classes)
    values = Values(plan, tables, rule, examples or {})
    number = plan.number
    comparisons = compare_all(plan, values, number)
    places = {key: index for index, key in enumerate(plan.comparisons)}
    shown = dict.fromkeys(measure for table in plan.tables for measure in table.measures)
    names = list(dict.fromkeys([*shown, *plan.measures, *plan.told]))
    return Summary(
        instrument=instrument,
        settings=dict(settings),
        data=dict(data),
        seeds=tables[0].seeds,
        epochs=tables[0].epochs,
        num_classes=num_classes,
        rule=rule,
        number=number,
        arms=[_summarise_arm(table, seconds[table.arm.key], names, values) for table in tables],
        tables=[_summarise_table(table, values, number) for table in plan.tables],
        comparisons=comparisons,
        verdicts=[_judge(claim, plan, comparisons, places, number) for claim in plan.claims],
        sweeps=list(sweeps),
        control=_compare_control(control, plan, values, num_classes) if control else None,
        facts=dict(facts or {}),
    )


def compare_all(plan: Plan, values: Values, number: int) -> list[Comparison]:
    """Every distinct comparison of a plan, each with an interval that holds for ``number`` of them together."""
    listed = {(contrast.key, measure) for measure in plan.measures for contrast in plan.contrasts}
    pairs = list(plan.comparisons.values())
    return _compare(pairs, values, number, [key in listed for key in plan.comparisons])


def _compare(pairs: Sequence[tuple[Contrast, str]], values: Values, number: int, listed: Sequence[bool]) -> list[Comparison]:
    if not pairs:
        return []
    differences_MS = np.stack([values.difference(*pair) for pair in pairs])
    test_errors = [values.test_error(*pair) for pair in pairs]
    steps = [values.plan.measure(name).step for _, name in pairs]
    found = intervals(differences_MS, number, test_error_M=[error or 0.0 for error in test_errors], step_M=steps)
    rows = zip(pairs, *(each.tolist() for each in found), test_errors, steps, listed, strict=True)
    comparisons = []
    for (contrast, name), mean, deviation, half, alone, test_error, step, is_listed in rows:
        tables = [values.tables[key] for key in contrast.weights]
        if all(len(table.diverged) == len(table.seeds) for table in tables):
            half = math.inf  # where every run of all arms diverged, nothing was compared
        margin = values.plan.measure(name).margin_of([float(values.of(key, name).mean()) for key in contrast.weights], values.rule)
        finding = find(mean, half, margin)
        needed = (
            seeds_needed(mean, deviation, margin, number, test_error=test_error or 0.0, step=step)
            if _can_be_decided(half, finding, deviation)
            else None
        )
        comparisons.append(
            Comparison(
                weights=dict(contrast.weights),
                over=contrast.over,
                measure=name,
                mean=mean,
                half=_finite(half),
                half_alone=_finite(alone),
                margin=margin,
                n=differences_MS.shape[1],
                finding=finding,
                deviation=deviation,
                test_error=test_error,
                strays=sum(len({*values.outliers(key, name), *values.tables[key].diverged}) for key in contrast.weights),
                seeds_needed=needed,
                listed=is_listed,
            )
        )
    return comparisons


def _can_be_decided(half: float, finding: str, deviation: float) -> bool:
    """Whether more seeds would help: it is open, and its seeds tell how much they scatter."""
    return finding == "open" and deviation > 0 and math.isfinite(half)


def _finite(half: float) -> float | None:
    return half if math.isfinite(half) else None


def _judge(claim: Asked, plan: Plan, comparisons: Sequence[Comparison], places: Mapping[tuple[object, str], int], number: int) -> Verdict:
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
            spread = (comparison.mean, comparison.deviation, comparison.margin, number)
            error, step = comparison.test_error or 0.0, plan.measure(measure).step
            needed = seeds_needed(*spread, test_error=error, step=step, of_margin=expected in ("same", "different"))
        evidence.append(Evidence(place, sign, expected, finding, needed))
    found = [part.finding for part in evidence]
    return Verdict(claim.id, dict(claim.slots), judge(found), found.count("as claimed"), len(found), evidence)


def _summarise_table(table: ArmsTable, values: Values, number: int) -> TableSummary:
    arms = list(values.plan.arms)
    columns = [
        _mark_best(measure, [arms[index].key for index in column], values, number)
        for measure in table.measures
        for column in table.columns([arm.factors for arm in arms])
        if column
    ]
    return TableSummary(list(table.measures), table.across, dict(table.where), columns)


def _mark_best(measure: str, keys: list[str], values: Values, number: int) -> ColumnSummary:
    """The arm with the best mean, and those whose interval to it does not leave zero."""
    better = values.plan.measure(measure).better
    if not better or len(keys) < 2 or len(values.of(keys[0], measure)) < FEWEST:
        return ColumnSummary(measure, keys, "", [])
    sign = 1 if better == "higher" else -1
    best = max(keys, key=lambda key: sign * values.of(key, measure).mean())
    others = [key for key in keys if key != best]
    pairs = [(Contrast({best: 1.0, other: -1.0}), measure) for other in others]
    compared = _compare(pairs, values, number, [False] * len(pairs))
    tied = [other for other, each in zip(others, compared, strict=True) if each.half is None or sign * each.mean - each.half <= 0]
    return ColumnSummary(measure, keys, best, tied)


def _compare_control(control: Repetition, plan: Plan, values: Values, num_classes: int) -> Control:
    """The control's arm against itself, by every listed measure; the rule is that of the report, for these comparisons together."""
    (again,) = read_arms(control.rows, [control.arm], num_classes)
    both = Values(plan, [values.tables[control.arm.arm.key], again], values.rule, {})
    pairs = [(of_arms(control.arm.arm, control.arm), name) for name in plan.measures]
    return Control(control.arm.arm.key, again.seeds, _compare(pairs, both, len(pairs), [False] * len(pairs)))


def _summarise_arm(table: ArmTable, seconds: Sequence[float], names: Iterable[str], values: Values) -> ArmSummary:
    key, plan = table.arm.key, values.plan
    by_seed = {name: values.of(key, name) for name in names}
    loss = table.curves["train_loss"]
    return ArmSummary(
        key=key,
        factors=table.arm.factors,
        diverged=table.diverged,
        outliers={name: seeds for name in by_seed if (seeds := values.outliers(key, name))},
        unconverged=np.asarray(table.seeds)[~(loss <= values.rule.convergence_loss).any(axis=1)].tolist(),
        seconds=estimate(seconds),
        measures={name: estimate(each) for name, each in by_seed.items()},
        by_seed={name: each.tolist() for name, each in by_seed.items()},
        curves={metric: summarise_curve(table.curves[metric]) for metric in plan.curves},
        profiles={quantity: _summarise_profile(table, quantity) for quantity in PROFILED if f"{quantity}.block_0" in table.curves},
        traces={metric: table.curves[metric][0].tolist() for metric in plan.traces},
    )


def _summarise_profile(table: ArmTable, quantity: str) -> Curve:
    """A quantity by block before training, relative to the last block."""
    depth = sum(metric.startswith(f"{quantity}.block_") for metric in table.curves)
    values_SL = np.stack([table.at_epoch(f"{quantity}.block_{block}", 0) for block in range(depth)], axis=1)
    logs = summarise_curve(np.log(np.maximum(values_SL, SMALLEST) / np.maximum(values_SL[:, -1:], SMALLEST)))
    mean, low, high = (None if ends is None else np.exp(ends).tolist() for ends in (logs.mean, logs.low, logs.high))
    return Curve(mean or [], low, high)


def summarise_curve(values_SE: np.ndarray) -> Curve:
    """Means over seeds with pointwise 95 % intervals."""
    mean_E = values_SE.mean(axis=0)
    if len(values_SE) < 2:
        return Curve(mean_E.tolist(), None, None)
    half_E = critical_value(len(values_SE), level_of(1)) * values_SE.std(axis=0, ddof=1) / math.sqrt(len(values_SE))
    return Curve(mean_E.tolist(), (mean_E - half_E).tolist(), (mean_E + half_E).tolist())


def estimate(values: Sequence[float] | np.ndarray) -> Estimate:
    """The mean of independent values with its own 95 % interval."""
    curve = summarise_curve(np.asarray(values, float)[:, None])
    half = None if curve.high is None else curve.high[0] - curve.mean[0]
    return Estimate(curve.mean[0], half, len(values))
