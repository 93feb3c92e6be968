"""From the tidy table of a run to its summary: every number of the report, computed once."""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from jaxnorm.stats.arm import ControlArm
from jaxnorm.stats.claims import Slot
from jaxnorm.stats.comparing import compare, compare_all, judge_claim, mark_table
from jaxnorm.stats.contrasts import of_arms
from jaxnorm.stats.intervals import critical_value, level_of
from jaxnorm.stats.plan import Plan
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.stats.summary import ArmSummary, Control, Curve, Estimate, Summary, Sweep
from jaxnorm.stats.table import ArmTable, read_arms
from jaxnorm.stats.units import SMALLEST
from jaxnorm.stats.values import Examples, Values

PROFILED = ("gradient_norm",)
"""Probed quantities whose values by block are summarised."""


@dataclasses.dataclass(frozen=True)
class Repetition:
    """The tidy rows of a control."""

    arm: ControlArm
    rows: pd.DataFrame


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
    comparisons = compare_all(plan, values)
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
        number=plan.number,
        arms=[_summarise_arm(table, seconds[table.arm.key], names, values) for table in tables],
        tables=[mark_table(table, values) for table in plan.tables],
        comparisons=comparisons,
        verdicts=[judge_claim(claim, plan, comparisons, places) for claim in plan.claims],
        sweeps=list(sweeps),
        control=_compare_control(control, plan, values, num_classes) if control else None,
        facts=dict(facts or {}),
    )


def _compare_control(control: Repetition, plan: Plan, values: Values, num_classes: int) -> Control:
    """The control's arm against itself, by every listed measure; the rule is that of the report, for these comparisons together."""
    (again,) = read_arms(control.rows, [control.arm], num_classes)
    both = Values(plan, [values.tables[control.arm.arm.key], again], values.rule, {})
    pairs = [(of_arms(control.arm.arm, control.arm), name) for name in plan.measures]
    return Control(control.arm.arm.key, again.seeds, compare(pairs, both, len(pairs)))


def _summarise_arm(table: ArmTable, seconds: Sequence[float], names: Iterable[str], values: Values) -> ArmSummary:
    key, plan = table.arm.key, values.plan
    by_seed = {name: values.of(key, name) for name in names}
    loss = values.curve(key, "train_loss")
    return ArmSummary(
        key=key,
        factors=table.arm.factors,
        diverged=table.diverged,
        outliers={name: seeds for name in by_seed if (seeds := values.outliers(key, name))},
        unconverged=np.asarray(table.seeds)[~(loss <= values.rule.convergence_loss).any(axis=1)].tolist(),
        seconds=estimate(seconds),
        measures={name: estimate(each) for name, each in by_seed.items()},
        by_seed={name: each.tolist() for name, each in by_seed.items()},
        curves={metric: summarise_curve(values.curve(key, metric)) for metric in plan.curves},
        profiles={quantity: _summarise_profile(table, quantity) for quantity in PROFILED if f"{quantity}.block_0" in table.curves},
        traces={metric: values.curve(key, metric)[0].tolist() for metric in plan.traces},
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
