"""The one place where strings become things: a config's names to a module, an optimizer and a training."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxnorm.config import Arm, Training
from jaxnorm.data import DataError, Dataset, load
from jaxnorm.experiments.checks import check_batch_sizes, is_own
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.own_norms import check_own_norm, find_norm
from jaxnorm.models import ACTIVATIONS, MODELS, matrix_product
from jaxnorm.norms import Norm, momentum_for_batch_size
from jaxnorm.training import OPTIMIZERS, Replica, Train, make_train


def load_dataset(config: Training) -> Dataset:
    """The data set by name. Raises ``UsageError`` where it cannot be had, or a batch is larger than its training set."""
    try:
        dataset = load(config.dataset, config.data_dir)
    except DataError as error:
        raise UsageError(str(error)) from error
    check_batch_sizes(config.batch_sizes, len(dataset.train.labels), dataset.name)
    return dataset


def build_norm(config: Training, arm: Arm) -> Norm:
    """The arm's norm with the settings all norms share, and a running window of equally many examples at every batch size."""
    return find_norm(arm.norm).with_options(
        epsilon=config.epsilon,
        momentum=momentum_for_batch_size(config.norm_momentum, arm.batch_size, config.norm_momentum_batch_size),
        debias=True,
        unbiased_variance=config.running_variance == "unbiased",
    )


def build_train(config: Training, arm: Arm, dataset: Dataset) -> Train:
    """One arm's training. Raises ``UsageError`` where its norm cannot be had, or cannot work in this network at this batch size."""
    norm = build_norm(config, arm)
    if arm.batch_size == 1 and norm.couples_examples:
        raise UsageError(
            f"--batch-sizes 1 does not go with the norm {arm.norm!r}, which needs several examples to take a mean over; "
            "give at least 2, or use another norm."
        )
    if is_own(arm.norm):
        widths = {*config.hidden_sizes, *([dataset.num_classes] if config.norm_on_logits else [])}
        for width in sorted(widths):
            check_own_norm(arm.norm, norm, (arm.batch_size, width))
    model = MODELS["mlp"](
        num_classes=dataset.num_classes,
        norm=norm,
        hidden_sizes=config.hidden_sizes,
        activation=ACTIVATIONS[config.activation],
        norm_on_logits=config.norm_on_logits,
        dot_general=matrix_product(config.precision),
    )
    images = jax.ShapeDtypeStruct((arm.batch_size, *dataset.train.images.shape[1:]), jnp.float32)
    try:
        jax.eval_shape(lambda key, x: model.init_with_output(key, x, train=True), jax.random.key(0), images)
    except ValueError as error:
        raise UsageError(f"the norm {arm.norm!r} does not fit this network: {error}") from error
    make_optimizer = OPTIMIZERS[config.optimizer](weight_decay=config.weight_decay, sgd_momentum=config.sgd_momentum)
    return make_train(model, make_optimizer, arm.batch_size)


def build_replicas(config: Training) -> Replica:
    """One replica per seed, ``(S,)`` each, at the config's learning rate and init scale."""
    same = (np.full(config.seeds, value, np.float32) for value in (config.learning_rate, config.init_scale))
    return Replica(np.asarray(config.seed_numbers, np.uint32), *same)


def describe_setting(config: Training, dataset: Dataset) -> str:
    """One line: the network, the data with their sizes, the optimizer, the norms' shared settings."""
    height, width, channels = dataset.train.images.shape[1:]
    sizes = "-".join(str(size) for size in (height * width * channels, *config.hidden_sizes, dataset.num_classes))
    splits = [f"{len(getattr(dataset, name).labels):,} {name}" for name in ("train", "validation", "test")]
    return "; ".join(
        [
            f"MLP {sizes}, {config.activation}{', norm on the logits too' if config.norm_on_logits else ''}",
            f"{dataset.name} {dataset.version} ({', '.join(splits)} images)",
            f"{', '.join([config.optimizer, f'learning rate {config.learning_rate:g}', *_unusual(config)])}, {config.epochs} epochs",
            f"epsilon {config.epsilon:g}",
            *_running_statistics(config),
            f"{config.precision} products",
        ]
    )


def _unusual(config: Training) -> list[str]:
    defaults = Training()
    names = ("sgd_momentum", "weight_decay", "init_scale")
    return [f"{name.replace('_', ' ')} {getattr(config, name):g}" for name in names if getattr(config, name) != getattr(defaults, name)]


def _running_statistics(config: Training) -> list[str]:
    if not any(find_norm(norm).couples_examples for norm in config.norms):
        return []
    window = f"momentum {config.norm_momentum:g} per {config.norm_momentum_batch_size} examples"
    return [f"running averages in evaluation ({window}, {config.running_variance} variance, no cold start)"]
