"""From the tidy table of a run to its summary: every number of the report, computed once."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from jaxnorm.analysis.answer import answer
from jaxnorm.analysis.claims import COMPARE_LEDGER, Design, find_claims
from jaxnorm.analysis.contrasts import Contrast, between_norms, between_sizes, interaction, measure_contrasts
from jaxnorm.analysis.measures import defined_measures, measure_arm, unconverged
from jaxnorm.analysis.statistics import mean_interval, t_interval
from jaxnorm.analysis.summary import ArmSummary, Curve, Difference, Summary
from jaxnorm.analysis.table import CURVE_METRICS, ArmTable, read_arms
from jaxnorm.analysis.verdict import judge
from jaxnorm.config import CompareConfig, DecisionRule

MAIN_MEASURES = ("train_loss_area", "train_loss", "validation_loss", "validation_accuracy", "test_accuracy", "validation_noise")
"""The measures whose differences every report lists."""

Measured = dict[tuple[str, str], np.ndarray]
"""Arm key and measure name to values per seed."""


def summarise(
    frame: pd.DataFrame, config: CompareConfig, *, num_classes: int, setting: str, seconds: Mapping[str, Sequence[float]]
) -> Summary:
    """Summarise a run.

    ``frame`` is a tidy table (see ``table``), ``setting`` one line on model and data, ``seconds`` maps each arm's key to the run time per
    network of each separately timed group. Raises ``ValueError`` where the table is incomplete, ``KeyError`` where an arm was not timed.
    """
    tables = read_arms(frame, config.arms, num_classes)
    rule = DecisionRule(accuracy_margin=config.accuracy_margin, loss_margin=config.loss_margin, convergence_loss=config.convergence_loss)
    epochs, names = tables[0].epochs, defined_measures(tables[0].epochs)
    measured: Measured = {(table.arm.key, name): measure_arm(name, table, rule) for table in tables for name in names}
    differences, reply = _differences(config, tables, rule, names, measured)
    claims = find_claims(COMPARE_LEDGER, Design(config.norms, config.batch_sizes, epochs))
    return Summary(
        question=config.question,
        answer=reply,
        setting=setting,
        seeds=tables[0].seeds,
        epochs=epochs,
        num_classes=num_classes,
        rule=rule,
        arms=[_summarise_arm(table, seconds[table.arm.key], rule, names, measured) for table in tables],
        differences=differences,
        verdicts=judge(claims, tables, rule, measured),
    )


def _summarise_arm(table: ArmTable, seconds: Sequence[float], rule: DecisionRule, names: list[str], measured: Measured) -> ArmSummary:
    by_seed = {name: measured[table.arm.key, name] for name in names}
    return ArmSummary(
        arm=table.arm,
        diverged=table.diverged,
        unconverged=unconverged(table, rule),
        seconds=mean_interval(seconds),
        measures={name: mean_interval(values) for name, values in by_seed.items()},
        by_seed={name: values.tolist() for name, values in by_seed.items()},
        curves={metric: _summarise_curve(table.curves[metric]) for metric in CURVE_METRICS},
    )


def _summarise_curve(values_SE: np.ndarray) -> Curve:
    mean = values_SE.mean(axis=0).tolist()
    if len(values_SE) < 2:
        return Curve(mean, None, None)
    low, high = t_interval(values_SE.T)
    return Curve(mean, low.tolist(), high.tolist())


def _differences(
    config: CompareConfig, tables: list[ArmTable], rule: DecisionRule, names: list[str], measured: Measured
) -> tuple[list[Difference], str]:
    """All differences of the report, corrected together, and the answer they give."""
    norms, sizes, interactions = _contrasts(config)
    shown = [name for name in MAIN_MEASURES if name in names]
    pairs = [(contrast, name) for name in shown for contrast in (*norms, *sizes, *interactions)]
    differences = measure_contrasts(pairs, tables, rule, measured)

    def of(contrasts: list[Contrast]) -> list[Difference]:
        return [difference for (contrast, _), difference in zip(pairs, differences, strict=True) if contrast in contrasts]

    return differences, answer(of(norms), of(sizes), len(differences))


def _contrasts(config: CompareConfig) -> tuple[list[Contrast], list[Contrast], list[Contrast]]:
    """Each norm against the first, each norm's smallest batch size against its largest, and what that changes beyond the first's change."""
    baseline, *others = config.norms
    small, large = min(config.batch_sizes), max(config.batch_sizes)
    norms = [between_norms(norm, baseline, size) for norm in others for size in config.batch_sizes]
    if small == large:
        return norms, [], []
    sizes = [between_sizes(norm, small, large) for norm in config.norms]
    return norms, sizes, [interaction(norm, baseline, small, large) for norm in others]
