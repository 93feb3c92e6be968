"""What is measured of a network besides its performance: how gradients and activations fare from layer to layer.

A model names its activations by ``jaxnorm.models.observe``; any Linen module that calls ``sow("intermediates", name, x)`` and
``perturb(name, x)`` can be probed. One forward and one backward pass give all numbers.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxnorm.training.loop import Probe
from jaxnorm.training.state import Data, TrainState
from jaxnorm.training.step import Lengths, metrics_of, model_input
from jaxnorm.types import Labels

PERCENTILES = (15, 50, 85)
"""Of the values of an activation; those that Ioffe & Szegedy (2015, figure 1) follow over training."""
NEAR_BOUND = 0.05
"""Share of the range of a bounded nonlinearity within which a value counts as saturated."""


def make_probe(
    model: nn.Module, *, examples: int, quantities: Collection[str] | None = None, bounds: tuple[float, float] | None = None
) -> Probe:
    """A probe of ``model`` in training mode, on the first ``examples`` of the training set.

    It gives, for every observed activation ``LAYER`` (a path joined by "/"), whatever of these ``quantities`` names (default: all):

    * ``gradient_norm.LAYER``: Euclidean norm of the loss's gradient with respect to the activation, over the whole batch.
    * ``activation_mean.LAYER``, ``activation_std.LAYER``, ``activation_p15.LAYER`` (and p50, p85): over all its values.
    * ``dead_share.LAYER``: share of units (along the last axis) that give the same value for every example and position.
    * ``saturated_share.LAYER``: share of values within 5 % of the range from either of ``bounds``; only where these are given.
    * ``similarity.LAYER``: mean cosine of the angle between the activations of two examples.
    * ``kernel_gradient_norm.MODULE``: Euclidean norm of the loss's gradient with respect to each module's kernel.

    Padded positions of sequences count like the others. Sources: law 13 of docs/norms.md is about the gradient norms and similarities;
    Glorot & Bengio 2010 (saturation), Yang et al. 2019, arXiv:1902.08129 (gradients and angles under BatchNorm).
    """

    def probe(state: TrainState, data: Data) -> dict[str, Array]:
        x, lengths = model_input(data.train, slice(examples), data)
        look = look_inside(model, state, x, lengths, data.train.labels[:examples])
        numbers = {f"kernel_gradient_norm.{module}": jnp.linalg.norm(kernel) for module, kernel in look.kernel_gradients.items()}
        for layer, activation in look.activations.items():
            described = {"gradient_norm": jnp.linalg.norm(look.activation_gradients[layer])} | describe(activation, bounds)
            numbers |= {f"{quantity}.{layer}": value for quantity, value in described.items()}
        return {name: value for name, value in numbers.items() if quantities is None or name.partition(".")[0] in quantities}

    return probe


class Look(NamedTuple):
    """Arrays by name: activations, and the loss's gradients with respect to them and to kernels."""

    activations: dict[str, Array]
    activation_gradients: dict[str, Array]
    kernel_gradients: dict[str, Array]


def look_inside(model: nn.Module, state: TrainState, x: Array, lengths: Lengths, labels: Labels) -> Look:
    """All observed activations of a batch, and the gradients of its mean loss, in one forward and one backward pass."""
    variables = {"params": state.params, "batch_stats": state.batch_stats}

    def forward(perturbations: dict[str, Any], params: Any, collection: str) -> tuple[Array, dict[str, Any]]:
        given = variables | {"params": params} | perturbations
        logits, updated = model.apply(given, x, train=True, mutable=["batch_stats", collection], lengths=lengths)
        return metrics_of(jnp.asarray(logits), labels).loss.mean(), dict(updated)

    _, named = jax.eval_shape(lambda params: forward({}, params, "perturbations"), state.params)
    nothing = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), {"perturbations": named.get("perturbations", {})})
    gradient = jax.grad(lambda perturbations, params: forward(perturbations, params, "intermediates"), argnums=(0, 1), has_aux=True)
    slopes, seen = gradient(nothing, state.params)
    kernels = {name.removesuffix("/kernel"): leaf for name, leaf in _flat(slopes[1]).items() if name.endswith("/kernel")}
    return Look(_flat(seen.get("intermediates", {})), _flat(slopes[0]["perturbations"]), kernels)


def describe(activation: Float[Array, "B *others D"], bounds: tuple[float, float] | None = None) -> dict[str, Array]:
    """The quantities of ``make_probe`` that need no gradient."""
    units = activation.reshape(-1, activation.shape[-1])
    numbers = {
        "activation_mean": activation.mean(),
        "activation_std": activation.std(),
        "dead_share": (jnp.ptp(units, axis=0) == 0).mean(),
        "similarity": mean_similarity(activation.reshape(len(activation), -1)),
    }
    levels = jnp.percentile(activation, jnp.array(PERCENTILES, jnp.float32))
    numbers |= {f"activation_p{percent}": level for percent, level in zip(PERCENTILES, levels, strict=True)}
    if bounds is not None:
        low, high = bounds
        edge = NEAR_BOUND * (high - low)
        numbers["saturated_share"] = ((activation < low + edge) | (activation > high - edge)).mean()
    return numbers


def mean_similarity(vectors: Float[Array, "B D"]) -> Float[Array, ""]:
    """Mean cosine of the angle between two different vectors, over all pairs; a zero vector is orthogonal to all."""
    lengths = jnp.linalg.norm(vectors, axis=1, keepdims=True)
    total = (vectors / jnp.where(lengths > 0, lengths, 1.0)).sum(0)
    directions = (lengths > 0).sum()
    count = len(vectors)
    return (jnp.vdot(total, total) - directions) / (count * (count - 1))


def _flat(tree: Any) -> dict[str, Array]:
    """Leaves by their path: ``encoder/block_0``."""
    return {jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}
