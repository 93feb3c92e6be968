"""Batch size: every norm at every batch size, ghost batches, batches of one class; all rates of an arm in one compiled program."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from jaxnorm.data import Dataset, first_examples
from jaxnorm.experiments.batch_size.claims import make_plan
from jaxnorm.experiments.batch_size.rates import choose, find_origins, rows_at_rates, summarise_sweeps, sweep_tables
from jaxnorm.experiments.batch_size.study import WHOLE, BatchSizeArm, BatchSizeConfig
from jaxnorm.experiments.build import assemble, build_model, build_norm, load_dataset, sizes_of
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.evaluations import make_evaluations, with_both_variances
from jaxnorm.experiments.instrument import Analysis, Instrument
from jaxnorm.norms import Norm, renorm_schedule
from jaxnorm.training import Order, Train, shuffled, sorted_by_class
from jaxnorm.training.evaluation import with_final

ORDERS: dict[str, Order] = {"mixed": shuffled, "sorted": sorted_by_class}
RENORM_SHARES = {"warmup": 0.04, "r_end": 0.3, "d_end": 0.2}
"""Of all updates, after which BatchRenorm's limits start to open, and are open: about 5, 40 and 25 of the 130 thousand updates that its
paper trains for (Ioffe 2017, section 4)."""


@functools.cache
def load_first(name: str, data_dir: Path | None, number: int) -> Dataset:
    """The first examples of each split, cut once. Raises ``UsageError`` where the set cannot be had."""
    return first_examples(load_dataset(name, data_dir), number)


def find_dataset(config: BatchSizeConfig, arm: BatchSizeArm) -> Dataset:
    """The same data for all arms. Raises ``UsageError``."""
    del arm
    return load_first(config.dataset, config.data_dir, config.max_examples)


def build_arm_norm(config: BatchSizeConfig, arm: BatchSizeArm, dataset: Dataset) -> Norm:
    """The norm of an arm, with what depends on its batches and on the length of its training; both running variances are kept."""
    norm = with_both_variances(build_norm(config, arm.norm, arm.batch_size))
    if arm.norm == "ghost":
        return norm.with_options(ghost_batch_size=arm.ghost_size)
    if arm.norm == "renorm":
        return norm.with_options(**limits(config.epochs * (len(dataset.train.labels) // arm.batch_size)))
    return norm


def limits(num_updates: int) -> dict[str, Any]:
    """BatchRenorm's limits, opened over a training of so many updates as over its paper's."""
    warmup, r_end, d_end = (round(share * num_updates) for share in RENORM_SHARES.values())
    return renorm_schedule(warmup, max(r_end, warmup + 1), max(d_end, warmup + 1))


def build_train(config: BatchSizeConfig, arm: BatchSizeArm, dataset: Dataset) -> Train:
    """One arm's training, evaluated in several ways at its end. Raises ``UsageError`` where its norm cannot be had or cannot work."""
    if arm.ghost_size > len(dataset.test.labels):
        most = f"{dataset.name} has {len(dataset.test.labels)} test examples here"
        raise UsageError(f"--ghost-sizes {arm.ghost_size} cannot be evaluated as in training: {most}; give at most that.")
    norm = build_arm_norm(config, arm, dataset)
    model = build_model(config, "mlp", norm, dataset, **sizes_of("mlp", config.width))
    train = assemble(config, model, arm.norm, arm.batch_size, dataset, order=ORDERS[arm.order])
    pooled = arm.batch_size if arm.ghost_size == WHOLE else arm.ghost_size
    return with_final(train, make_evaluations(model, norm, pooled))


def replicas(config: BatchSizeConfig, arm: BatchSizeArm) -> dict[str, Sequence[float]]:
    """Reported and tuning seeds at every learning rate of the grid; reported ones also at the scaled rate, if the arm has one."""
    reported, tuning = list(config.seed_numbers), list(config.tuning_seed_numbers)
    pairs = [(seed, rate) for rate in config.learning_rates for seed in reported + tuning]
    scaled = config.scaled_rate(arm.batch_size)
    if "scaled" in config.kinds_of(arm) and scaled not in config.learning_rates:
        pairs += [(seed, scaled) for seed in reported]
    return {"seed": [seed for seed, _ in pairs], "learning_rate": [rate for _, rate in pairs]}


def analyse(config: BatchSizeConfig, rows: pd.DataFrame, dataset: Dataset) -> Analysis:
    """The reported seeds at the fixed, the scaled and the best rates, of which the tuning seeds choose the last."""
    tables = sweep_tables(config, rows, dataset.num_classes)
    choices = choose(config, tables)
    origins = find_origins(config, choices)
    return Analysis(
        rows_at_rates(config, tables, origins),
        make_plan(config, choices),
        sweeps=summarise_sweeps(config, tables, choices),
        origins={**origins},
    )


INSTRUMENT: Instrument[BatchSizeConfig, BatchSizeArm] = Instrument(
    name="batch_size",
    arms=lambda config: config.arms,
    dataset=find_dataset,
    train=build_train,
    analyse=analyse,
    replicas=replicas,
)
