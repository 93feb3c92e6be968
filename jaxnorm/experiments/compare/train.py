"""The main job: every norm at every batch size, in one model on one data set."""

from collections.abc import Mapping

import flax.linen as nn
import numpy as np
import pandas as pd

from jaxnorm.data import Dataset
from jaxnorm.experiments.build import assemble, build_model, build_norm, load_dataset
from jaxnorm.experiments.compare.claims import make_plan
from jaxnorm.experiments.compare.study import CompareArm, CompareConfig
from jaxnorm.experiments.instrument import Analysis, Columns, Instrument
from jaxnorm.stats.arm import ControlArm
from jaxnorm.stats.summarise import Repetition
from jaxnorm.training import Train


def build_train(config: CompareConfig, arm: CompareArm, dataset: Dataset) -> Train:
    """One arm's training. Raises ``UsageError`` where its norm cannot be had, or cannot work in this network at this batch size."""
    model = build_network(config, arm, dataset)
    return assemble(config, model, arm.norm, arm.batch_size, dataset)


def build_network(config: CompareConfig, arm: CompareArm, dataset: Dataset) -> nn.Module:
    """One arm's network."""
    sizes = {"hidden_sizes": config.hidden_sizes, "norm_on_logits": config.norm_on_logits} if config.model == "mlp" else {}
    norm = build_norm(config, arm.norm, arm.batch_size)
    return build_model(config, config.model, norm, dataset, **sizes)


def analyse(config: CompareConfig, rows: pd.DataFrame, dataset: Dataset) -> Analysis:
    """The reported seeds, and the control's beside them."""
    del dataset
    reported = np.isin(rows["seed"], list(config.seed_numbers))
    control = Repetition(config.control_arm, rows.loc[~reported]) if config.control_arm else None
    return Analysis(rows.loc[reported], make_plan(config), control=control)


def controls(config: CompareConfig) -> Mapping[ControlArm, Columns]:
    """The control, if there is one, and its seeds."""
    return {config.control_arm: {"seed": list(config.control_seed_numbers)}} if config.control_arm else {}


INSTRUMENT: Instrument[CompareConfig, CompareArm] = Instrument(
    name="compare",
    arms=lambda config: config.arms,
    dataset=lambda config, arm: load_dataset(config.dataset, config.data_dir),
    train=build_train,
    analyse=analyse,
    controls=controls,
)
