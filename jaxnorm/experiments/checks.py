"""Settings that cannot be meant, found before anything is compiled: one sentence each."""

import math
from collections.abc import Collection, Sequence

from jaxnorm.config import Training
from jaxnorm.experiments.command_line import UsageError, nearest

LARGEST_SEED = 2**32 - 1


def flag(name: str) -> str:
    """The command-line spelling of a field: ``--learning-rate``."""
    return "--" + name.replace("_", "-")


def check_values(config: Training) -> None:
    """Check what needs no data and no jax. Raises ``UsageError``."""
    check_positive(config, "seeds", "epochs", "norm_momentum_batch_size", "batch_sizes", "hidden_sizes")
    for name in ("learning_rate", "init_scale", "epsilon"):
        value = getattr(config, name)
        _require(math.isfinite(value) and value > 0, name, value, "give a positive number")
    for name in ("sgd_momentum", "norm_momentum"):
        _require(0 <= getattr(config, name) < 1, name, getattr(config, name), "give a number from 0 to below 1")
    _require(
        math.isfinite(config.weight_decay) and config.weight_decay >= 0, "weight_decay", config.weight_decay, "give 0 or a positive number"
    )
    last = config.first_seed + config.seeds - 1
    _require(config.first_seed >= 0 and last <= LARGEST_SEED, "first_seed", config.first_seed, f"seeds run from 0 to {LARGEST_SEED}")
    _require_distinct("norms", config.norms)
    _require_distinct("batch_sizes", config.batch_sizes)


def check_positive(config: object, *names: str) -> None:
    """Check that whole numbers, or all in a list of them, are at least 1. Raises ``UsageError``."""
    for name in names:
        value = getattr(config, name)
        for number in value if isinstance(value, tuple) else (value,):
            _require(number >= 1, name, number, "give a whole number of at least 1")


def check_norms(norms: Sequence[str], known: Collection[str]) -> None:
    """Check that every norm stands in the table. Raises ``UsageError`` with the nearest name."""
    for norm in norms:
        if norm not in known:
            raise UsageError(f"--norms {norm} is not a norm; {nearest(norm, list(known))}")


def check_batch_sizes(batch_sizes: Sequence[int], num_examples: int, dataset: str) -> None:
    """Check that a batch fits into the training set. Raises ``UsageError``."""
    for size in batch_sizes:
        allowed = f"is larger than the training set: {dataset} has {num_examples} training images; give at most that"
        if size > num_examples:
            raise UsageError(f"--batch-sizes {size} {allowed}.")


def _require(condition: bool, name: str, value: object, remedy: str) -> None:
    if not condition:
        raise UsageError(f"{flag(name)} {value} is not possible; {remedy}.")


def _require_distinct(name: str, values: Sequence[object]) -> None:
    if not values:
        raise UsageError(f"{flag(name)} is empty; name at least one.")
    for value in values:
        if values.count(value) > 1:
            raise UsageError(f"{flag(name)} names {value} twice; name each once.")
