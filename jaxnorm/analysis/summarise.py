"""From the tidy table of a run to its summary: every number of the report, computed once."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from jaxnorm.analysis.answer import answer
from jaxnorm.analysis.contrasts import measure_contrasts
from jaxnorm.analysis.control import Repetition, measure_control
from jaxnorm.analysis.measures import defined_measures, measure_arm, unconverged
from jaxnorm.analysis.plan import Plan
from jaxnorm.analysis.statistics import mean_interval, t_interval
from jaxnorm.analysis.summary import ArmSummary, Control, Curve, Difference, Summary, Sweep
from jaxnorm.analysis.table import CURVE_METRICS, ArmTable, read_arms
from jaxnorm.analysis.verdict import judge
from jaxnorm.config import DecisionRule

PROFILED = ("gradient_norm",)
"""Probed quantities whose values by block are summarised."""
SMALLEST = 1e-30
"""Stands for a gradient of zero, which has no logarithm."""

Measured = dict[tuple[str, str], np.ndarray]
"""Arm key and measure name to values per seed."""


def summarise(
    frame: pd.DataFrame,
    plan: Plan,
    rule: DecisionRule,
    *,
    instrument: str,
    question: str,
    num_classes: int,
    setting: str,
    seconds: Mapping[str, Sequence[float]],
    sweeps: Sequence[Sweep] = (),
    notes: Sequence[str] = (),
    control: Repetition | None = None,
) -> Summary:
    """Summarise a run.

    ``frame`` is a tidy table (see ``table``), ``setting`` one line on model and data, ``seconds`` maps each arm's key to the run time per
    network of each separately timed group; ``sweeps`` and ``notes`` are taken over as they are; the arm of ``control`` is one of the
    plan's. Raises ``ValueError`` where a table is incomplete, ``KeyError`` where an arm was not timed.
    """
    tables = read_arms(frame, plan.arms, num_classes)
    names = defined_measures(tables[0])
    measured: Measured = {(table.arm.key, name): measure_arm(name, table, rule) for table in tables for name in names}
    listed = list_differences(plan, tables, rule, names, measured)
    return Summary(
        instrument=instrument,
        question=question,
        answer=answer(listed, plan.answer_measures),
        setting=setting,
        seeds=tables[0].seeds,
        epochs=tables[0].epochs,
        num_classes=num_classes,
        rule=rule,
        arms=[
            _summarise_arm(table, seconds[table.arm.key], rule, {name: measured[table.arm.key, name] for name in names}, plan)
            for table in tables
        ],
        differences=listed,
        verdicts=judge(plan.claims, tables, rule, measured),
        sweeps=list(sweeps),
        notes=list(notes),
        answer_measures=list(plan.answer_measures),
        control=_summarise_control(control, tables, [name for name in plan.measures if name in names], num_classes, rule)
        if control
        else None,
    )


def _summarise_control(
    control: Repetition, tables: Sequence[ArmTable], names: Sequence[str], num_classes: int, rule: DecisionRule
) -> Control:
    (again,) = read_arms(control.rows, [control.arm], num_classes)
    (table,) = (table for table in tables if table.arm == control.arm.arm)
    return measure_control(table, again, names, rule)


def _summarise_arm(
    table: ArmTable, seconds: Sequence[float], rule: DecisionRule, by_seed: Mapping[str, np.ndarray], plan: Plan
) -> ArmSummary:
    return ArmSummary(
        key=table.arm.key,
        factors=table.arm.factors,
        diverged=table.diverged,
        unconverged=unconverged(table, rule),
        seconds=mean_interval(seconds),
        measures={name: mean_interval(values) for name, values in by_seed.items()},
        by_seed={name: values.tolist() for name, values in by_seed.items()},
        curves={metric: _summarise_curve(table.curves[metric]) for metric in (*CURVE_METRICS, *plan.curves)},
        profiles={quantity: _summarise_profile(table, quantity) for quantity in PROFILED if f"{quantity}.block_0" in table.curves},
        traces={metric: table.curves[metric][0].tolist() for metric in plan.traces},
    )


def _summarise_profile(table: ArmTable, quantity: str) -> Curve:
    """A quantity by block before training, relative to the last block."""
    depth = sum(metric.startswith(f"{quantity}.block_") for metric in table.curves)
    values_SL = np.stack([table.at_epoch(f"{quantity}.block_{block}", 0) for block in range(depth)], axis=1)
    logs = _summarise_curve(np.log(np.maximum(values_SL, SMALLEST) / np.maximum(values_SL[:, -1:], SMALLEST)))
    mean, low, high = (None if ends is None else np.exp(ends).tolist() for ends in (logs.mean, logs.low, logs.high))
    return Curve(mean or [], low, high)


def _summarise_curve(values_SE: np.ndarray) -> Curve:
    mean = values_SE.mean(axis=0).tolist()
    if len(values_SE) < 2:
        return Curve(mean, None, None)
    low, high = t_interval(values_SE.T)
    return Curve(mean, low.tolist(), high.tolist())


def list_differences(
    plan: Plan, tables: Sequence[ArmTable], rule: DecisionRule, names: Sequence[str], measured: Measured
) -> list[Difference]:
    """All differences that a report lists, corrected together; ``names`` are the measures that the run has."""
    subjects = [(subject, contrast) for subject, contrasts in plan.contrasts.items() for contrast in contrasts]
    rows = [(subject, contrast, name) for name in plan.measures if name in names for subject, contrast in subjects]
    differences = measure_contrasts([(contrast, name) for _, contrast, name in rows], tables, rule, measured)
    return [dataclasses.replace(difference, subject=subject) for (subject, _, _), difference in zip(rows, differences, strict=True)]
