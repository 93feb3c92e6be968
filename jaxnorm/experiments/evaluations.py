"""One trained network, evaluated with each kind of statistics that a norm over the batch can be given."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from jaxnorm.norms import BatchNorm, Norm, reestimate_statistics
from jaxnorm.norms.twin import TwinBatchNorm, exchange_variances
from jaxnorm.training import Data, Probe, TrainState
from jaxnorm.training.evaluation import evaluate_by_batch
from jaxnorm.training.step import evaluate, model_input

PREFIX = "test_accuracy_"


def with_both_variances(norm: Norm) -> Norm:
    """The norm, as one that keeps the biased and the unbiased running variance, if it is BatchNorm."""
    return dataclasses.replace(norm, module=TwinBatchNorm) if norm.module is BatchNorm else norm


def make_evaluations(model: nn.Module, norm: Norm, batch_size: int) -> Probe:
    """Test accuracy of a network whose norms are ``with_both_variances``, by the statistics that it is evaluated with.

    * ``test_accuracy_biased``, ``test_accuracy_unbiased``: running averages, of variances divided by n or n - 1.
    * ``test_accuracy_population``: moments over all batches of the training set, pooled exactly, with the final weights.
    * ``test_accuracy_batch_statistics``: those of each test batch of ``batch_size`` examples itself, as in training.
    * ``evaluation_gap``: what batch statistics gain over the running averages that the network keeps.
    * ``population_gap``: what they gain over the population's, and hence what no better average can mend.

    Of a norm that does not couple examples, all four are one and both gaps 0. Of relatives of BatchNorm, which keep one running
    variance, the biased and unbiased are one.

    Sources: Y. Wu, J. Johnson, "Rethinking 'Batch' in BatchNorm", 2021, arXiv:2105.07576, section 3; S. Singh, A. Shrivastava,
    "EvalNorm", 2019, arXiv:1904.06031.
    """

    def accuracy(state: TrainState, data: Data) -> Array:
        return jnp.asarray(evaluate(model, state, data.test, data).accuracy)

    def measure(state: TrainState, data: Data) -> dict[str, Array]:
        if norm.couples_examples:
            kinds = [state.batch_stats, exchange_variances(state.batch_stats), population_statistics(model, state, data, batch_size)]
            running, exchanged, population = jax.lax.map(lambda kind: accuracy(state._replace(batch_stats=kind), data), stacked(kinds))
            by_batch = jnp.asarray(evaluate_by_batch(model, state, data.test, data, batch_size).accuracy)
        else:
            running = exchanged = population = by_batch = accuracy(state, data)
        unbiased = norm.options["unbiased_variance"]
        variances = {"biased": exchanged, "unbiased": running} if unbiased else {"biased": running, "unbiased": exchanged}
        accuracies = variances | {"population": population, "batch_statistics": by_batch}
        gaps = {"evaluation_gap": by_batch - running, "population_gap": by_batch - population}
        return {PREFIX + name: value for name, value in accuracies.items()} | gaps

    return measure


def stacked(trees: Sequence[Any]) -> Any:
    """Trees of one structure as one, whose leaves have a new first axis: so that one program runs over all."""
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)


class ByNumber(nn.Module):
    """A network that is called with the numbers of training examples; its variables are the network's own.

    Attributes:
      model: the network.
      data: the examples.
    """

    model: nn.Module
    data: Data

    def setup(self) -> None:
        """Let the network's variables stand where they stand without this module."""
        nn.share_scope(self, self.model)

    def __call__(self, index: Int[Array, " B"]) -> Array:
        """The logits of these examples, in training mode."""
        x, lengths = model_input(self.data.train, index, self.data)
        return self.model(x, train=True, lengths=lengths)


def population_statistics(model: nn.Module, state: TrainState, data: Data, batch_size: int) -> Any:
    """In place of ``state.batch_stats`` those of the training examples in their order, in batches as large as those of training."""
    num_batches = len(data.train.labels) // batch_size
    batches = jnp.arange(num_batches * batch_size).reshape(num_batches, batch_size)
    variables = {"params": state.params, "batch_stats": state.batch_stats}
    return reestimate_statistics(ByNumber(model, data), variables, batches)["batch_stats"]
