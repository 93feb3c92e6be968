"""Landscape: every norm in the same MLP, with a probe of the loss around it."""

import pandas as pd

from jaxnorm.data import Dataset
from jaxnorm.experiments.build import assemble, build_model, build_norm, check_probe_examples, load_dataset
from jaxnorm.experiments.compare.study import CompareArm
from jaxnorm.experiments.instrument import Analysis, Instrument
from jaxnorm.experiments.landscape.claims import make_plan, match_losses
from jaxnorm.experiments.landscape.study import LandscapeConfig
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


def analyse(config: LandscapeConfig, rows: pd.DataFrame, dataset: Dataset) -> Analysis:
    """The table, with the landscape at equal loss."""
    equal = match_losses(config, rows, dataset.num_classes)
    return Analysis(
        rows=pd.concat([rows, *equal.rows], ignore_index=True),
        plan=make_plan(config, equal.levels),
        sweeps=equal.sweeps,
        facts={"levels": [*equal.levels]},
    )


INSTRUMENT: Instrument[LandscapeConfig, CompareArm] = Instrument(
    name="landscape",
    arms=lambda config: config.arms,
    dataset=lambda config, arm: load_dataset(config.dataset, config.data_dir),
    train=build_train,
    analyse=analyse,
)
