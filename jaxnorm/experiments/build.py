"""The one place where strings become things: a config's names to data, a module, an optimizer, replicas and a training."""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jaxnorm.config import Training
from jaxnorm.config.training import RECURRENT
from jaxnorm.data import DataError, Dataset, load
from jaxnorm.experiments.checks import batch_flag, check_batch_size
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.own_norms import find_norm
from jaxnorm.experiments.trial import try_network
from jaxnorm.models import ACTIVATIONS, MODELS, matrix_product
from jaxnorm.norms import Norm, momentum_for_batch_size
from jaxnorm.training import OPTIMIZERS, Data, MakeOptimizer, Order, Probe, Replica, Split, Train, make_train, no_probe, shuffled

SEQUENTIAL = (*RECURRENT, "transformer")
"""Models that read sequences."""


@functools.cache
def load_dataset(name: str, data_dir: Path | None) -> Dataset:
    """The data set by name, read once. Raises ``UsageError`` where it cannot be had."""
    try:
        return load(name, data_dir)
    except DataError as error:
        raise UsageError(str(error)) from error


def as_data(dataset: Dataset) -> Data:
    """What training takes of a data set, as stored; mean and standard deviation in units of what is stored."""
    train, validation, test = (Split(*split) for split in (dataset.train, dataset.validation, dataset.test))
    mean, std = (None if each is None else np.float32(dataset.scale) * each for each in (dataset.mean, dataset.std))
    return Data(train, validation, test, mean, std)


def on_devices(dataset: Dataset, mesh: Mesh) -> Data:
    """The data set on every device once."""
    return jax.device_put(as_data(dataset), NamedSharding(mesh, PartitionSpec()))


def build_norm(config: Training, name: str, batch_size: int) -> Norm:
    """A norm with the settings all norms share, and a running window of equally many examples at every batch size.

    Options that belong to the norm's row of the table, or to the name of a custom norm, win.
    """
    found = find_norm(name)
    shared = {
        "epsilon": config.epsilon,
        "momentum": momentum_for_batch_size(config.norm_momentum, batch_size, config.norm_momentum_batch_size),
        "debias": True,
        "unbiased_variance": config.running_variance == "unbiased",
    }
    return found.with_options(**{**shared, **found.options})


def build_model(config: Training, model: str, norm: Norm, dataset: Dataset, **sizes: Any) -> nn.Module:
    """A model by name for the data, with the activation and the precision that all arms share; recurrent networks keep their tanh.

    Where every position has a label, as in a text, a model of sequences is causal.
    """
    if dataset.train.labels.ndim == 2 and model in SEQUENTIAL:
        sizes["causal"] = True
    activation = "tanh" if model in RECURRENT else config.activation
    shared = {"activation": ACTIVATIONS[activation], "dot_general": matrix_product(config.precision)}
    try:
        return MODELS[model](num_classes=dataset.num_classes, norm=norm, **shared, **sizes)
    except ValueError as error:
        raise UsageError(f"--model {model} cannot be built: {error}.") from error


def sizes_of(model: str, width: int) -> dict[str, Any]:
    """What an architecture of this width is built with; about as many layers in each."""
    recurrent = {"hidden_size": width}
    sizes: dict[str, dict[str, Any]] = {
        "mlp": {"hidden_sizes": (width, width)},
        "cnn": {"widths": (width // 2, width)},
        "transformer": {"width": width, "feed_forward_size": 2 * width},
    }
    return sizes.get(model, recurrent)


def assemble(
    config: Training,
    model: Any,
    norm: str,
    batch_size: int,
    dataset: Dataset,
    *,
    warmup_steps: int = 0,
    probe: Probe = no_probe,
    order: Order = shuffled,
) -> Train:
    """One arm's training of a model, whose norm is called ``norm``.

    Raises ``UsageError`` where the norm cannot work in this network at this batch size.
    """
    check_batch_size(config, batch_size, len(dataset.train.labels), dataset.name)
    if batch_size == 1 and model.norm.couples_examples:
        raise UsageError(
            f"{batch_flag(config)} 1 does not go with the norm {norm!r}, which needs several examples to take a mean over; "
            "give at least 2, or use another norm."
        )
    try_network(model, norm, batch_size, dataset)
    return make_train(model, build_optimizer(config, warmup_steps), batch_size, probe, order)


def check_probe_examples(config: Any, dataset: Dataset) -> None:
    """Check that a probe of so many training examples has them. Raises ``UsageError``."""
    number = len(dataset.train.labels)
    if config.probe_examples > number:
        had = f"are more than {dataset.name} has: {number} training examples"
        raise UsageError(f"--probe-examples {config.probe_examples} {had}; give at most that.")


def build_optimizer(config: Training, warmup_steps: int = 0) -> MakeOptimizer:
    """The optimizer by name, with all its settings but the learning rate."""
    fixed = {"weight_decay": config.weight_decay, "sgd_momentum": config.sgd_momentum, "warmup_steps": warmup_steps}
    return OPTIMIZERS[config.optimizer](**fixed)


def seeds_only(config: Training) -> dict[str, Sequence[float]]:
    """The columns of the table that tell networks of one arm apart: here their seeds alone."""
    return {"seed": list(config.seed_numbers)}


def make_replicas(columns: Mapping[str, Sequence[float]], config: Training) -> Replica:
    """One replica per row of ``columns``, ``(S,)`` each; what they lack is the same for all, as the config has it."""
    seeds = np.asarray(columns["seed"], np.uint32)
    varied = [columns.get(name, getattr(config, name)) for name in ("learning_rate", "init_scale")]
    return Replica(seeds, *(np.broadcast_to(np.asarray(values, np.float32), seeds.shape) for values in varied))
