"""Architectures: every norm in every architecture at every learning rate, all rates of an arm in one compiled program."""

from collections.abc import Sequence

import pandas as pd

from jaxnorm.data import Dataset
from jaxnorm.experiments.architectures.claims import (
    find_best_rates,
    find_origins,
    make_plan,
    rows_at_rates,
    summarise_sweeps,
    sweep_table,
)
from jaxnorm.experiments.architectures.study import ArchitectureArm, ArchitecturesConfig
from jaxnorm.experiments.build import assemble, build_model, build_norm, load_dataset, sizes_of
from jaxnorm.experiments.instrument import Analysis, Instrument
from jaxnorm.training import Train


def build_train(config: ArchitecturesConfig, arm: ArchitectureArm, dataset: Dataset) -> Train:
    """One arm's training. Raises ``UsageError`` where its norm cannot be had, or cannot work in this network."""
    norm = build_norm(config, arm.norm, config.batch_size)
    model = build_model(config, arm.model, norm, dataset, **sizes_of(arm.model, config.width))
    return assemble(config, model, arm.norm, config.batch_size, dataset)


def replicas(config: ArchitecturesConfig, arm: ArchitectureArm) -> dict[str, Sequence[float]]:
    """Reported and tuning seeds, each at every learning rate, alike for all arms."""
    del arm
    seeds = [*config.seed_numbers, *config.tuning_seed_numbers]
    pairs = [(seed, rate) for rate in config.learning_rates for seed in seeds]
    return {"seed": [seed for seed, _ in pairs], "learning_rate": [rate for _, rate in pairs]}


def analyse(config: ArchitecturesConfig, rows: pd.DataFrame, dataset: Dataset) -> Analysis:
    """The reported seeds at the best rates, which the tuning seeds choose, and at the shared one."""
    table = sweep_table(config, rows, dataset.num_classes)
    best = find_best_rates(config, table)
    return Analysis(
        rows=rows_at_rates(config, rows, best),
        plan=make_plan(config, best),
        sweeps=summarise_sweeps(config, table, best),
        origins=find_origins(config, best),
    )


INSTRUMENT: Instrument[ArchitecturesConfig, ArchitectureArm] = Instrument(
    name="architectures",
    arms=lambda config: config.arms,
    dataset=lambda config, arm: load_dataset(config.dataset, config.data_dir),
    train=build_train,
    analyse=analyse,
    replicas=replicas,
)
