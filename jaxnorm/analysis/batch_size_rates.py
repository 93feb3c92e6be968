"""The learning rates that ``jaxnorm.experiments.batch_size`` reports each arm at, and the ghost size that it takes for the best."""

import dataclasses
from collections.abc import Mapping

import pandas as pd

from jaxnorm.analysis.summary import Sweep
from jaxnorm.analysis.sweeps import SweepTable, rows_at
from jaxnorm.analysis.wording import arm_title, norm_title
from jaxnorm.experiments.batch_size.study import BatchSizeArm, BatchSizeConfig, BatchSizeRateArm

RATES = ("fixed", "scaled", "best")
SWEPT_MEASURES = ("validation_accuracy", "train_loss", "test_accuracy")
"""What is summarised at every learning rate of the grid."""

SweepTables = Mapping[BatchSizeArm, SweepTable]


@dataclasses.dataclass(frozen=True)
class Choices:
    """What the tuning seeds chose, by validation accuracy."""

    best_rates: Mapping[BatchSizeArm, float]
    ghost_size: int | None
    """The best of those between the smallest and the largest, each at its best rate; None where there is none between."""


def sweep_tables(config: BatchSizeConfig, frame: pd.DataFrame, num_classes: int) -> SweepTables:
    """The table of a run arm by arm, every network at one of the learning rates."""
    settings = [{"learning_rate": rate} for rate in sorted(config.learning_rates)]
    parts = dict(iter(frame.groupby([field.name for field in dataclasses.fields(BatchSizeArm)])))
    return {arm: SweepTable(parts[tuple(arm.factors.values())], settings, num_classes, config) for arm in config.arms}


def choose(config: BatchSizeConfig, tables: SweepTables) -> Choices:
    """The best rate of every arm, and the best ghost size between the ends, on the tuning seeds alone."""
    seeds = config.tuning_seed_numbers
    rates = {arm: table.best(arm, seeds)["learning_rate"] for arm, table in tables.items()}
    inner = sorted(arm for arm in tables if arm.ghost_size in sorted(config.ghost_sizes)[1:-1])
    best = max(inner, key=lambda arm: max(tables[arm].merits(arm, seeds)), default=None)
    return Choices(rates, best.ghost_size if best else None)


def rate_arms(config: BatchSizeConfig) -> dict[BatchSizeRateArm, BatchSizeArm]:
    """Every arm at each kind of rate that it is reported at, and the compiled arm that it was trained in."""
    pairs = [(arm, rate) for rate in RATES for arm in config.arms if rate in config.kinds_of(arm)]
    return {BatchSizeRateArm(arm.norm, arm.batch_size, arm.ghost_size, arm.order, rate): arm for arm, rate in pairs}


def rates_of(config: BatchSizeConfig, choices: Choices, arm: BatchSizeArm) -> dict[str, float]:
    """Kind of rate to the rate itself."""
    rates = {"fixed": config.learning_rate, "scaled": config.scaled_rate(arm.batch_size), "best": choices.best_rates[arm]}
    return {kind: rates[kind] for kind in config.kinds_of(arm)}


def rows_at_rates(config: BatchSizeConfig, tables: SweepTables, choices: Choices) -> pd.DataFrame:
    """The reported seeds' rows at the rates that each arm is reported at; the new column ``rate`` says at which."""
    parts = []
    for rated, arm in rate_arms(config).items():
        setting = {"learning_rate": rates_of(config, choices, arm)[rated.rate]}
        parts.append(rows_at(tables[arm].frame, config.seed_numbers, {rated: setting}))
    return pd.concat(parts, ignore_index=True)


def summarise_sweeps(config: BatchSizeConfig, tables: SweepTables, choices: Choices) -> list[Sweep]:
    """What the reported seeds did at every learning rate of the grid."""
    return [
        table.summarise(
            arm,
            config.seed_numbers,
            SWEPT_MEASURES,
            {kind: {"learning_rate": rate} for kind, rate in rates_of(config, choices, arm).items()},
        )
        for arm, table in tables.items()
    ]


def describe_choices(config: BatchSizeConfig, choices: Choices, num_examples: int) -> list[str]:
    """What was chosen and how, what was left out, and how many updates the training examples give; a sentence each."""
    seeds = config.tuning_seed_numbers
    grid = ", ".join(f"{rate:g}" for rate in sorted(config.learning_rates))
    how = f"by mean validation accuracy of {len(seeds)} tuning networks each (seeds {seeds.start} to {seeds.stop - 1}, not reported)"
    said = [f"The best learning rate of each arm is chosen among {grid}, {how}."]
    said += [_describe_rates(config, choices, norm) for norm in config.norms]
    said.append(_describe_other_rates(config, choices))
    if choices.ghost_size is not None:
        said.append(f"The best ghost size between the ends, {choices.ghost_size}, is chosen by the same networks.")
    coupled = [norm_title(norm) for norm in config.norms if 1 not in config.sizes_of(norm)]
    if 1 in config.batch_sizes and coupled:
        said.append(f"No arm at batch size 1, of which a norm over the batch has nothing to take a mean over: {', '.join(coupled)}.")
    updates = (f"{config.epochs * (num_examples // size):,} at {size}" for size in sorted(config.batch_sizes))
    return [*said, f"Updates of each network by batch size: {', '.join(updates)}."]


def _describe_rates(config: BatchSizeConfig, choices: Choices, norm: str) -> str:
    arms = [arm for arm in config.arms if arm.norm == norm and "scaled" in config.kinds_of(arm)]
    named = (f"{_rate(config, choices, arm)} at {arm.batch_size}" for arm in arms)
    return f"Best learning rates by batch size, {norm_title(norm)}: {', '.join(named)}."


def _describe_other_rates(config: BatchSizeConfig, choices: Choices) -> str:
    arms = [arm for arm in config.arms if "scaled" not in config.kinds_of(arm)]
    named = (f"{_rate(config, choices, arm)} of {arm_title(arm.factors)}" for arm in arms)
    return f"Best learning rates of ghost sizes and of batches sorted by class: {', '.join(named)}."


def _rate(config: BatchSizeConfig, choices: Choices, arm: BatchSizeArm) -> str:
    rate = choices.best_rates[arm]
    return f"{rate:g}{' (an end of the grid)' if rate in (min(config.learning_rates), max(config.learning_rates)) else ''}"
