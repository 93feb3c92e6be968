"""Internal covariate shift, in both senses of the word.

Ioffe & Szegedy (2015, arXiv:1502.03167, figure 1) draw the 15th, 50th and 85th percentile of what a unit's nonlinearity is given: how that
moves over training is the shift of a layer's inputs. Santurkar et al. (2018, arXiv:1805.11604, definition 2.1) ask what a layer's gradient
has to do with it: how far it turns, and moves, when the layers below take their step first.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from jaxnorm.training.loop import Probe
from jaxnorm.training.probes import PERCENTILES
from jaxnorm.training.state import GENERATOR, Data, TrainState
from jaxnorm.training.step import MakeOptimizer, metrics_of, model_input, streams

Gradient = Callable[[Any], Any]
"""Parameters to the gradient of the loss with respect to them."""


class ParameterGroup(NamedTuple):
    """A layer: its module that has the kernel, and all its modules that have parameters, that one included."""

    weight: str
    modules: Sequence[str]


def make_input_probe(model: nn.Module, *, observed: str, examples: int, units: int) -> Probe:
    """A probe of what nonlinearities are given, in training mode, on the first ``examples`` of the training set.

    It gives ``input_p15.unit_0`` (and p50, p85) for each of the first ``units`` units of the activation that ``model`` observes as
    ``observed``, ``(B, D)``: percentiles over examples, linear between them.
    """

    def probe(state: TrainState, data: Data) -> dict[str, Array]:
        x, lengths = model_input(data.train, slice(examples), data)
        variables = {"params": state.params, "batch_stats": state.batch_stats}
        _, seen = model.apply(variables, x, train=True, mutable=["batch_stats", "intermediates"], lengths=lengths)
        inputs = jnp.asarray(seen["intermediates"][observed])[:, :units]  # (B, units)
        levels = jnp.percentile(inputs, jnp.array(PERCENTILES, jnp.float32), axis=0)  # (3, units)
        return {
            f"input_p{percent}.unit_{unit}": level
            for percent, row in zip(PERCENTILES, levels, strict=True)
            for unit, level in enumerate(row)
        }

    return probe


def make_gradient_probe(
    model: nn.Module,
    make_optimizer: MakeOptimizer,
    learning_rate: float,
    layers: Sequence[ParameterGroup],
    *,
    batch_size: int,
    num_batches: int,
) -> Probe:
    """A probe of how the gradient of each layer changes when the layers below it take the step that the optimizer would take now.

    ``layers`` run from input to output. For a layer i and a batch, ``G`` is the gradient of the batch's loss with respect to the layer's
    kernel, and ``G'`` the same after the parameters of all layers below i have moved as an update on this very batch would move them; layer
    i and those above stay. For every layer but the first, the probe gives means over the first ``num_batches`` batches of the training set:

    * ``gradient_cosine.LAYER``: cosine of the angle between ``G`` and ``G'``; 1 where nothing shifts.
    * ``gradient_distance.LAYER``: Euclidean norm of ``G - G'``, in nats per unit of weight.
    * ``gradient_change.LAYER``: the same, as a share of the norm of ``G``.

    and the means over layers as ``gradient_cosine``, ``gradient_distance`` and ``gradient_change``.
    """

    def probe(state: TrainState, data: Data) -> dict[str, Array]:
        optimizer = make_optimizer(jnp.asarray(learning_rate))

        def of_batch(first: Array) -> dict[str, Array]:
            gradient = jax.grad(batch_loss(model, state, data, first + jnp.arange(batch_size)))
            updates, _ = optimizer.update(gradient(state.params), state.opt_state, state.params)
            return gradient_shifts(gradient, state.params, optax.apply_updates(state.params, updates), layers)

        shifts = jax.lax.map(of_batch, batch_size * jnp.arange(num_batches))
        by_layer = {name: values.mean() for name, values in shifts.items()}
        quantities = dict.fromkeys(name.partition(".")[0] for name in by_layer)
        means = {quantity: jnp.stack([by_layer[f"{quantity}.{layer.weight}"] for layer in layers[1:]]).mean() for quantity in quantities}
        return by_layer | means

    return probe


def batch_loss(model: nn.Module, state: TrainState, data: Data, index: Array) -> Callable[[Any], Array]:
    """The mean training loss over the examples ``index``, ``(B,)``, as a function of the parameters; noise is the same at every call."""
    x, lengths = model_input(data.train, index, data)
    rngs = streams(jax.random.key(0, impl=GENERATOR))

    def loss(params: Any) -> Array:
        variables = {"params": params, "batch_stats": state.batch_stats}
        logits, _ = model.apply(variables, x, train=True, mutable=["batch_stats"], lengths=lengths, rngs=rngs)
        return metrics_of(jnp.asarray(logits), data.train.labels[index]).loss.mean()

    return loss


def gradient_shifts(gradient: Gradient, params: Any, moved: Any, layers: Sequence[ParameterGroup]) -> dict[str, Array]:
    """Cosine, distance and relative change of each layer's gradient, but the first's, when those below go from ``params`` to ``moved``."""
    rank_of = {module: rank for rank, layer in enumerate(layers) for module in layer.modules}

    def gradient_at(layer: Array) -> Any:
        """With the layers below ``layer``, ``()``, moved. A number, not a loop in Python: the gradient is compiled once for all layers."""
        return gradient({name: jax.tree.map(partial(jnp.where, rank_of[name] < layer), moved[name], params[name]) for name in params})

    slopes = jax.lax.map(gradient_at, jnp.arange(len(layers)))  # (L, ...) each
    shifts: dict[str, Array] = {}
    for rank, layer in enumerate(layers[1:], start=1):
        kernels = slopes[layer.weight]["kernel"]
        shifts |= {
            f"gradient_{quantity}.{layer.weight}": value for quantity, value in compare(kernels[0].ravel(), kernels[rank].ravel()).items()
        }
    return shifts


def compare(before: Float[Array, " P"], after: Float[Array, " P"]) -> dict[str, Array]:
    """Cosine of the angle between two vectors, their distance, and the distance relative to the first's length.

    The cosine is 1 where both are zero, since nothing has turned, and 0 where one is.
    """
    lengths = jnp.linalg.norm(before) * jnp.linalg.norm(after)
    distance = jnp.linalg.norm(after - before)
    return {
        "cosine": jnp.where(lengths > 0, jnp.vdot(before, after) / jnp.where(lengths > 0, lengths, 1.0), distance == 0),
        "distance": distance,
        "change": distance / jnp.maximum(jnp.linalg.norm(before), jnp.finfo(before.dtype).tiny),
    }
