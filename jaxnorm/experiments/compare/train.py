"""The main job: every norm at every batch size, in one model on one data set."""

from collections.abc import Mapping

import flax.linen as nn
import numpy as np
import pandas as pd

from jaxnorm.analysis.compare import make_plan
from jaxnorm.analysis.control import Repetition
from jaxnorm.config import ControlArm
from jaxnorm.config.training import RECURRENT
from jaxnorm.data import Dataset
from jaxnorm.experiments.build import assemble, build_model, build_norm, load_dataset
from jaxnorm.experiments.compare.study import CompareArm, CompareConfig
from jaxnorm.experiments.instrument import Analysis, Columns, Instrument, Seconds
from jaxnorm.experiments.setting import describe_batches, describe_setting
from jaxnorm.training import Train

MODEL_TITLES = {"cnn": "residual CNN", "lstm": "LSTM", "gru": "GRU", "transformer": "Transformer encoder"}


def build_train(config: CompareConfig, arm: CompareArm, dataset: Dataset) -> Train:
    """One arm's training. Raises ``UsageError`` where its norm cannot be had, or cannot work in this network at this batch size."""
    model = build_network(config, arm, dataset)
    return assemble(config, model, arm.norm, arm.batch_size, dataset)


def build_network(config: CompareConfig, arm: CompareArm, dataset: Dataset) -> nn.Module:
    """One arm's network."""
    sizes = {"hidden_sizes": config.hidden_sizes, "norm_on_logits": config.norm_on_logits} if config.model == "mlp" else {}
    norm = build_norm(config, arm.norm, arm.batch_size)
    return build_model(config, config.model, norm, dataset, **sizes)


def describe(config: CompareConfig, dataset: Dataset) -> str:
    """The line on what was trained on what."""
    activation = "tanh" if config.model in RECURRENT else config.activation
    batches = describe_batches(config.batch_sizes, len(dataset.train.labels))
    return describe_setting(config, dataset, f"{_network(config, dataset)}, {activation}, {batches}")


def _network(config: CompareConfig, dataset: Dataset) -> str:
    if config.model != "mlp":
        return MODEL_TITLES[config.model]
    inputs = dataset.train.inputs[0].size
    sizes = "-".join(str(size) for size in (inputs, *config.hidden_sizes, dataset.num_classes))
    return f"MLP {sizes}{', norm on the logits too' if config.norm_on_logits else ''}"


def analyse(config: CompareConfig, rows: pd.DataFrame, seconds: Seconds) -> Analysis:
    """The reported seeds, and the control's beside them."""
    reported = np.isin(rows["seed"], list(config.seed_numbers))
    control = Repetition(config.control_arm, rows.loc[~reported]) if config.control_arm else None
    return Analysis(rows.loc[reported], seconds, make_plan(config), control=control)


def controls(config: CompareConfig) -> Mapping[ControlArm, Columns]:
    """The control, if there is one, and its seeds."""
    return {config.control_arm: {"seed": list(config.control_seed_numbers)}} if config.control_arm else {}


INSTRUMENT: Instrument[CompareConfig, CompareArm] = Instrument(
    name="compare",
    arms=lambda config: config.arms,
    dataset=lambda config, arm: load_dataset(config.dataset, config.data_dir),
    train=build_train,
    analyse=analyse,
    describe=describe,
    controls=controls,
)
