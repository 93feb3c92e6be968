"""The one place where strings become things: a config's names to a module, an optimizer and a training."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxnorm.config import Arm, Training
from jaxnorm.data import DataError, Dataset, load
from jaxnorm.experiments.checks import check_batch_sizes
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.models import ACTIVATIONS, MLP, matrix_product
from jaxnorm.norms import NORMS, Norm, momentum_for_batch_size
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
    return NORMS[arm.norm].with_options(
        epsilon=config.epsilon,
        momentum=momentum_for_batch_size(config.norm_momentum, arm.batch_size, config.norm_momentum_batch_size),
        debias=True,
        unbiased_variance=config.running_variance == "unbiased",
    )


def build_train(config: Training, arm: Arm, dataset: Dataset) -> Train:
    """One arm's training. Raises ``UsageError`` where its norm cannot work in this network at this batch size."""
    norm = build_norm(config, arm)
    if arm.batch_size == 1 and norm.couples_examples:
        raise UsageError(
            f"--batch-sizes 1 does not go with the norm {arm.norm!r}, which needs several examples to take a mean over; "
            "give at least 2, or use another norm."
        )
    model = MLP(
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
    extras = [f"{name.replace('_', ' ')} {value:g}" for name in ("sgd_momentum", "weight_decay") if (value := getattr(config, name))]
    return (
        f"MLP {sizes}, {config.activation}; {dataset.name} ({', '.join(splits)} images); "
        f"{', '.join([config.optimizer, f'learning rate {config.learning_rate:g}', *extras])}, {config.epochs} epochs; "
        f"epsilon {config.epsilon:g}; BatchNorm evaluates with running averages (momentum {config.norm_momentum:g} per "
        f"{config.norm_momentum_batch_size} examples, {config.running_variance} variance, no cold start); {config.precision} products"
    )
