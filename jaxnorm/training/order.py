"""In which batches the training examples of an epoch are visited."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from jaxnorm.types import Labels

Order = Callable[[Array, Int[Array, ""], Labels, int], Int[Array, "I B"]]
"""Order key of the network, number of the epoch, labels of the training set and batch size to the examples of each update.

Examples that do not fill a batch are left out of that epoch.
"""


def shuffled(key: Array, epoch: Int[Array, ""] | int, labels: Labels, batch_size: int) -> Int[Array, "I B"]:
    """A fresh random order every epoch."""
    num_examples = len(labels)
    num_steps = num_examples // batch_size
    order = jax.random.permutation(jax.random.fold_in(key, epoch), num_examples)
    return order[: num_steps * batch_size].reshape(num_steps, batch_size)


def fixed(key: Array, epoch: Int[Array, ""] | int, labels: Labels, batch_size: int) -> Int[Array, "I B"]:
    """One random order for all epochs: every batch meets the same examples again and again."""
    del epoch
    return shuffled(key, 0, labels, batch_size)


def sorted_by_class(key: Array, epoch: Int[Array, ""] | int, labels: Labels, batch_size: int) -> Int[Array, "I B"]:
    """Batches of one class each, as far as classes fill them, and the batches in random order; of labels ``(N,)``.

    A fresh random order, sorted by label without changing the order within a class, is cut into batches, and these are shuffled: so a
    batch tells little of the other classes, but the epoch does not run through one class after the other.
    """
    order_key, batch_key = jax.random.split(key)
    chosen = shuffled(order_key, epoch, labels, batch_size).ravel()  # examples that are left out are of any class
    batches = chosen[jnp.argsort(jnp.asarray(labels)[chosen], stable=True)].reshape(-1, batch_size)
    return jax.random.permutation(jax.random.fold_in(batch_key, epoch), batches)
