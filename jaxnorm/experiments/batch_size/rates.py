"""The learning rates that ``batch_size`` reports each arm at, and the ghost size between the ends that it takes for the best: both chosen
by tuning seeds.
"""

import dataclasses
from collections.abc import Mapping

import pandas as pd

from jaxnorm.experiments.batch_size.study import BatchSizeArm, BatchSizeConfig, BatchSizeRateArm
from jaxnorm.experiments.measures import MEASURES
from jaxnorm.stats.summary import Sweep
from jaxnorm.stats.sweeps import Setting, SweepTable, rows_at

RATES = ("fixed", "scaled", "best")
RATE = "learning_rate"
SWEPT = "validation_accuracy"
"""What is summarised at every learning rate of the grid: what the best ones are chosen by."""

SweepTables = Mapping[BatchSizeArm, SweepTable]
Origins = Mapping[BatchSizeRateArm, tuple[BatchSizeArm, Setting]]
"""Arm at a kind of rate to the compiled arm that it was trained in, and the rate."""


@dataclasses.dataclass(frozen=True)
class Choices:
    """What the tuning seeds chose, by validation accuracy."""

    best_rates: Mapping[BatchSizeArm, float]
    ghost_size: int | None
    """The best of those between the smallest and the largest, each at its best rate; None where there is none between."""


def sweep_tables(config: BatchSizeConfig, frame: pd.DataFrame, num_classes: int) -> SweepTables:
    """The table of a run arm by arm, every network at one of the learning rates."""
    settings = [{RATE: rate} for rate in sorted(config.learning_rates)]
    parts = dict(iter(frame.groupby([field.name for field in dataclasses.fields(BatchSizeArm)])))
    return {arm: SweepTable(parts[tuple(arm.factors.values())], settings, num_classes, config) for arm in config.arms}


def choose(config: BatchSizeConfig, tables: SweepTables) -> Choices:
    """The best rate of every arm, and the best ghost size between the ends, on the tuning seeds alone."""
    seeds = config.tuning_seed_numbers
    rates = {arm: table.best(arm, seeds)[RATE] for arm, table in tables.items()}
    inner = sorted(arm for arm in tables if arm.ghost_size in sorted(config.ghost_sizes)[1:-1])
    best = max(inner, key=lambda arm: max(tables[arm].merits(arm, seeds)), default=None)
    return Choices(rates, best.ghost_size if best else None)


def rates_of(config: BatchSizeConfig, choices: Choices, arm: BatchSizeArm) -> dict[str, Setting]:
    """Kind of rate to the rate itself."""
    rates = {"fixed": config.learning_rate, "scaled": config.scaled_rate(arm.batch_size), "best": choices.best_rates[arm]}
    return {kind: {RATE: rates[kind]} for kind in config.kinds_of(arm)}


def find_origins(config: BatchSizeConfig, choices: Choices) -> Origins:
    """Every arm at each kind of rate that it is reported at."""
    return {
        BatchSizeRateArm(arm.norm, arm.batch_size, arm.ghost_size, arm.order, kind): (arm, rates_of(config, choices, arm)[kind])
        for kind in RATES
        for arm in config.arms
        if kind in config.kinds_of(arm)
    }


def rows_at_rates(config: BatchSizeConfig, tables: SweepTables, origins: Origins) -> pd.DataFrame:
    """The reported seeds' rows at the rates that each arm is reported at; the new column ``rate`` says at which."""
    parts = [rows_at(tables[arm].frame, config.seed_numbers, {rated: setting}) for rated, (arm, setting) in origins.items()]
    return pd.concat(parts, ignore_index=True)


def summarise_sweeps(config: BatchSizeConfig, tables: SweepTables, choices: Choices) -> list[Sweep]:
    """What the reported seeds did at every learning rate of the grid; the rates that the arm is reported at are marked."""
    measures = {SWEPT: MEASURES[SWEPT]}
    return [table.summarise(arm, config.seed_numbers, measures, rates_of(config, choices, arm)) for arm, table in tables.items()]
