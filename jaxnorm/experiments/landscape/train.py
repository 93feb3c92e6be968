"""Landscape: every norm in the same MLP, with a probe of the loss around it."""

import pandas as pd

from jaxnorm.analysis.landscape import describe_levels, make_plan, match_losses
from jaxnorm.data import Dataset
from jaxnorm.experiments.build import assemble, build_model, build_norm, check_probe_examples, load_dataset
from jaxnorm.experiments.compare.study import CompareArm
from jaxnorm.experiments.instrument import Analysis, Instrument, Seconds
from jaxnorm.experiments.landscape.study import LandscapeConfig
from jaxnorm.experiments.setting import describe_setting
from jaxnorm.training import Train, make_landscape_probe


def build_train(config: LandscapeConfig, arm: CompareArm, dataset: Dataset) -> Train:
    """One arm's training, probed. Raises ``UsageError`` where its norm cannot be had, or cannot work in this network."""
    check_probe_examples(config, dataset)
    norm = build_norm(config, arm.norm, arm.batch_size)
    model = build_model(config, "mlp", norm, dataset, hidden_sizes=config.hidden_sizes)
    probe = make_landscape_probe(
        model,
        examples=config.probe_examples,
        steps=[step * config.learning_rate for step in config.steps],
        relative_steps=config.relative_steps,
        iterations=config.lanczos_iterations,
    )
    return assemble(config, model, arm.norm, arm.batch_size, dataset, probe=probe)


def describe(config: LandscapeConfig, dataset: Dataset) -> str:
    """The line on what was trained on what."""
    sizes = "-".join(str(size) for size in (*config.hidden_sizes, dataset.num_classes))
    return describe_setting(config, dataset, f"MLP {sizes}, {config.activation}, batch size {config.batch_size}")


def analyse(config: LandscapeConfig, rows: pd.DataFrame, seconds: Seconds) -> Analysis:
    """The table, with the landscape at equal loss."""
    num_classes = load_dataset(config.dataset, config.data_dir).num_classes
    equal = match_losses(config, rows, num_classes)
    return Analysis(
        rows=pd.concat([rows, equal.rows()], ignore_index=True),
        seconds=seconds,
        plan=make_plan(config, equal.levels),
        sweeps=equal.sweeps(),
        notes=describe_levels(config, equal.levels),
    )


INSTRUMENT: Instrument[LandscapeConfig, CompareArm] = Instrument(
    name="landscape",
    arms=lambda config: config.arms,
    dataset=lambda config, arm: load_dataset(config.dataset, config.data_dir),
    train=build_train,
    analyse=analyse,
    describe=describe,
)
