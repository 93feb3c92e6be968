"""Architectures: every norm in every architecture at every learning rate, all rates of an arm in one compiled program."""

from collections.abc import Sequence

import pandas as pd

from jaxnorm.analysis.architectures import (
    compiled,
    describe_rates,
    find_best_rates,
    make_plan,
    rate_arms,
    rows_at_rates,
    summarise_sweeps,
    sweep_table,
)
from jaxnorm.analysis.wording import value_title
from jaxnorm.config.training import RECURRENT
from jaxnorm.data import Dataset
from jaxnorm.experiments.architectures.study import ArchitectureArm, ArchitecturesConfig
from jaxnorm.experiments.build import assemble, build_model, build_norm, load_dataset, sizes_of
from jaxnorm.experiments.instrument import Analysis, Instrument, Seconds
from jaxnorm.experiments.setting import describe_setting, tuned_rate
from jaxnorm.training import Train

RECURRENT_NORMS = " (norms start at scale 0.1)"
DETAILS = {"lstm": RECURRENT_NORMS, "gru": RECURRENT_NORMS, "transformer": " (2 layers, post-norm)"}
"""What else to say of an architecture."""


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


def describe(config: ArchitecturesConfig, dataset: Dataset) -> str:
    """The line on what was trained on what."""
    names = ", ".join(value_title("model", model) + DETAILS.get(model, "") for model in config.models)
    activation = f"{config.activation} (tanh in recurrent networks)" if set(config.models) & set(RECURRENT) else config.activation
    network = f"{names}, of width {config.width}, {activation}, batch size {config.batch_size}"
    return describe_setting(config, dataset, network, rate=f"{tuned_rate(config)}, {config.learning_rate:g} where shared")


def analyse(config: ArchitecturesConfig, rows: pd.DataFrame, seconds: Seconds) -> Analysis:
    """The reported seeds at the best rates, which the tuning seeds choose, and at the shared one."""
    num_classes = load_dataset(config.dataset, config.data_dir).num_classes
    table = sweep_table(config, rows, num_classes)
    best = find_best_rates(config, table)
    return Analysis(
        rows=rows_at_rates(config, rows, best),
        seconds={arm.key: seconds[compiled(arm).key] for arm in rate_arms(config)},
        plan=make_plan(config, best),
        sweeps=summarise_sweeps(config, table, best),
        notes=describe_rates(config, best),
    )


INSTRUMENT: Instrument[ArchitecturesConfig, ArchitectureArm] = Instrument(
    name="architectures",
    arms=lambda config: config.arms,
    dataset=lambda config, arm: load_dataset(config.dataset, config.data_dir),
    train=build_train,
    analyse=analyse,
    describe=describe,
    replicas=replicas,
)
