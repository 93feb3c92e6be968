"""One update and one evaluation of one network: pure functions."""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, UInt8

from jaxnorm.training.state import Data, Metrics, Split, TrainState
from jaxnorm.types import Labels, Logits

MakeOptimizer = Callable[[Array], optax.GradientTransformation]
"""Learning rate (traced, so that it can differ between replicas) to optimizer."""

EVALUATION_BATCH = 1000
"""Examples evaluated at once: enough to fill the matrix units, few enough to stay in cache."""


def standardise(images: UInt8[Array | np.ndarray, "B H W C"], data: Data) -> Float[Array, "B H W C"]:
    """Stored pixels to zero mean and unit variance per channel over the training set."""
    return (jnp.asarray(images, jnp.float32) - data.mean.reshape(1, 1, 1, -1)) / data.std.reshape(1, 1, 1, -1)


def metrics_of(logits: Logits, labels: Labels) -> Metrics:
    """Cross-entropy and correctness of each example, both ``(B,)``."""
    losses = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
    return Metrics(losses, (logits.argmax(-1) == labels).astype(jnp.float32))


def make_update(model: nn.Module, data: Data, optimizer: optax.GradientTransformation) -> Callable:
    """``update(state, index (B,)) -> state, Metrics``: one gradient step on the training examples named by ``index``."""

    def loss(params, batch_stats, images, labels):
        logits, updated = model.apply({"params": params, "batch_stats": batch_stats}, images, train=True, mutable=["batch_stats"])
        metrics = jax.tree.map(jnp.mean, metrics_of(logits, labels))
        return metrics.loss, (updated.get("batch_stats", {}), metrics)

    def update(state: TrainState, index: Int[Array, " B"]) -> tuple[TrainState, Metrics]:
        images, labels = standardise(data.train.images[index], data), data.train.labels[index]
        gradients, (batch_stats, metrics) = jax.grad(loss, has_aux=True)(state.params, state.batch_stats, images, labels)
        updates, opt_state = optimizer.update(gradients, state.opt_state, state.params)
        return TrainState(optax.apply_updates(state.params, updates), batch_stats, opt_state), metrics

    return update


def evaluate(model: nn.Module, state: TrainState, split: Split, data: Data) -> Metrics:
    """Mean metrics of the evaluation network over all examples of ``split``, in batches of about ``EVALUATION_BATCH``."""
    num_examples = len(split.labels)
    num_batches = -(-num_examples // EVALUATION_BATCH)
    batch_size = -(-num_examples // num_batches)
    variables = {"params": state.params, "batch_stats": state.batch_stats}

    def add_batch(total: Metrics, first: Array) -> tuple[Metrics, None]:
        index = first + jnp.arange(batch_size)
        present = index < num_examples  # the last batch may reach past the end
        logits = model.apply(variables, standardise(split.images[index], data), train=False)
        metrics = metrics_of(jnp.asarray(logits), split.labels[index])
        return Metrics(*(old + jnp.where(present, new, 0).sum() for old, new in zip(total, metrics, strict=True))), None

    nothing = Metrics(jnp.zeros(()), jnp.zeros(()))
    total, _ = jax.lax.scan(add_batch, nothing, batch_size * jnp.arange(num_batches))
    return jax.tree.map(lambda value: value / num_examples, total)
