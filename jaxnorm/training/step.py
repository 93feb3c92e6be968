"""One update and one evaluation of one network: pure functions."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Int, Num

from jaxnorm.training.state import Data, Metrics, Split, TrainState
from jaxnorm.types import Labels, Logits

MakeOptimizer = Callable[[Array], optax.GradientTransformation]
"""Learning rate (traced, so that it can differ between replicas) to optimizer."""

Lengths = Int[Array, " B"] | None
"""How many positions of each sequence count; None where all do."""

EVALUATION_BATCH = 1000
"""Examples evaluated at once: enough to fill the matrix units, few enough to stay in cache."""


def standardise(inputs: Num[Array | np.ndarray, "B ..."], data: Data) -> Num[Array, "B ..."]:
    """Stored values to zero mean and unit variance along the last axis over the training set; tokens pass."""
    if data.mean is None or data.std is None:
        return jnp.asarray(inputs)
    shape = (1,) * (inputs.ndim - 1) + (-1,)
    return (jnp.asarray(inputs, jnp.float32) - data.mean.reshape(shape)) / data.std.reshape(shape)


def model_input(split: Split, index: Array | slice, data: Data) -> tuple[Array, Lengths]:
    """Some examples as a model is called with: standardised, and their lengths."""
    return standardise(split.inputs[index], data), None if split.lengths is None else jnp.asarray(split.lengths)[index]


def metrics_of(logits: Logits, labels: Labels) -> Metrics:
    """Cross-entropy and correctness of each example, both ``(B,)``: means over positions where every position has a label."""
    losses = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
    correct = (logits.argmax(-1) == labels).astype(jnp.float32)
    return Metrics(*(values.reshape(len(values), -1).mean(-1) for values in (losses, correct)))


def streams(key: Array) -> dict[str, Array]:
    """Linen's streams of random numbers for an update: ``noise``, and another one that dropout layers look for."""
    return {"noise": key, "dropout": jax.random.fold_in(key, 1)}


def make_update(model: nn.Module, data: Data, optimizer: optax.GradientTransformation) -> Callable:
    """``update(state, index (B,), noise_key) -> state, Metrics``: one gradient step on the training examples named by ``index``."""

    def loss(
        params: Any, batch_stats: Any, x: Array, lengths: Lengths, labels: Labels, noise_key: Array
    ) -> tuple[Array, tuple[Any, Metrics]]:
        variables = {"params": params, "batch_stats": batch_stats}
        logits, updated = model.apply(variables, x, train=True, mutable=["batch_stats"], lengths=lengths, rngs=streams(noise_key))
        metrics = jax.tree.map(jnp.mean, metrics_of(logits, labels))
        return metrics.loss, (updated.get("batch_stats", {}), metrics)

    def update(state: TrainState, index: Int[Array, " B"], noise_key: Array) -> tuple[TrainState, Metrics]:
        batch = (*model_input(data.train, index, data), data.train.labels[index])
        gradients, (batch_stats, metrics) = jax.grad(loss, has_aux=True)(state.params, state.batch_stats, *batch, noise_key)
        updates, opt_state = optimizer.update(gradients, state.opt_state, state.params)
        return TrainState(optax.apply_updates(state.params, updates), batch_stats, opt_state), metrics

    return update


def evaluate(model: nn.Module, state: TrainState, split: Split, data: Data) -> Metrics:
    """Mean metrics of the evaluation network over all examples of ``split``, in batches of about ``EVALUATION_BATCH``."""
    return evaluate_each(model, state, split, data)[0]


def evaluate_each(model: nn.Module, state: TrainState, split: Split, data: Data) -> tuple[Metrics, Array]:
    """The same, and what is correct of each example, ``(N,)``: uint8 0 or 1; where every position has a label, float32 fractions."""
    num_examples = len(split.labels)
    num_batches = -(-num_examples // EVALUATION_BATCH)
    batch_size = -(-num_examples // num_batches)
    variables = {"params": state.params, "batch_stats": state.batch_stats}

    def add_batch(total: Metrics, first: Array) -> tuple[Metrics, Array]:
        index = first + jnp.arange(batch_size)
        present = index < num_examples  # the last batch may reach past the end
        x, lengths = model_input(split, index, data)
        metrics = metrics_of(jnp.asarray(model.apply(variables, x, train=False, lengths=lengths)), split.labels[index])
        total = Metrics(*(old + jnp.where(present, new, 0).sum() for old, new in zip(total, metrics, strict=True)))
        return total, jnp.asarray(metrics.accuracy, jnp.uint8 if split.labels.ndim == 1 else jnp.float32)

    nothing = Metrics(jnp.zeros(()), jnp.zeros(()))
    total, correct = jax.lax.scan(add_batch, nothing, batch_size * jnp.arange(num_batches))
    return jax.tree.map(lambda value: value / num_examples, total), correct.reshape(-1)[:num_examples]
