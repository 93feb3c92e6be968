"""The test set read in other ways than by running averages, after training."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxnorm.training.loop import Probe, Train
from jaxnorm.training.state import Data, Metrics, Split, TrainState
from jaxnorm.training.step import metrics_of, model_input


def with_final(train: Train, measure: Probe) -> Train:
    """The same training, after which ``measure`` is taken too, once."""
    return train._replace(finish=lambda state, data: train.finish(state, data) | measure(state, data))


def evaluate_by_batch(model: nn.Module, state: TrainState, split: Split, data: Data, batch_size: int) -> Metrics:
    """Mean metrics over all examples of ``split`` of the network in training mode, which sees ``batch_size`` examples at a time.

    Every batch is full: the last one repeats examples of the one before, which count once.
    """
    num_examples = len(split.labels)
    batch_size = min(batch_size, num_examples)
    variables = {"params": state.params, "batch_stats": state.batch_stats}

    def of_batch(first: jax.Array) -> Metrics:
        index = jnp.minimum(first, num_examples - batch_size) + jnp.arange(batch_size)
        x, lengths = model_input(split, index, data)
        logits, _ = model.apply(variables, x, train=True, mutable=["batch_stats"], lengths=lengths)
        metrics = metrics_of(jnp.asarray(logits), split.labels[index])
        return Metrics(*(jnp.where(index >= first, value, 0).sum() for value in metrics))

    sums = jax.lax.map(of_batch, jnp.arange(0, num_examples, batch_size))
    return jax.tree.map(lambda value: value.sum() / num_examples, sums)
