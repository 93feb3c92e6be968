"""The loss around a network: along the gradient, as Santurkar et al. (2018, arXiv:1805.11604) look at it, and in the steepest direction.

The functions take any loss of any tree of parameters; ``make_landscape_probe`` applies them to a network during training.

Raw numbers depend on the size of the weights. Where a norm makes a kernel W scale-invariant, c W gives the same network, with gradients
1/c and curvatures 1/c^2 of what they were, so a network can look smooth only because its weights have grown. ``in_weight_units`` therefore
restates a loss in coordinates in which every kernel has norm one. What is measured there is the same for all rescalings of such kernels,
each by a factor of its own (Tsuzuku et al. 2020, arXiv:1901.04653, and Kwon et al. 2021, arXiv:2102.11600, scale sharpness so). With
one kernel, it is ``|W| dg`` for a change of the gradient and ``|W|^2 lambda`` for a curvature. For several kernels, the norm of all
together would not do: that of the logits is not scale-invariant, and the others need not grow alike. Units of one norm per kernel also
undo what ReLU leaves free without any norm: a factor that moves from one kernel to the next.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from jaxnorm.training.loop import Probe
from jaxnorm.training.state import GENERATOR, Data, TrainState
from jaxnorm.training.step import metrics_of, model_input
from jaxnorm.types import Scalar

Loss = Callable[[Any], Scalar]
"""Parameters to a number."""

SMALLEST, LARGEST = 1e-12, 1e12
"""Where logarithms end: below is rounding, and what is not finite counts as the largest."""
TINY = 1e-30
"""Stands for the norm of a gradient that vanishes."""


class Path(NamedTuple):
    """What lies at K places along the negative gradient from where it was taken."""

    losses: Float[Array, " K"]
    gradient_changes: Float[Array, " K"]
    """Euclidean norm of the difference between the gradient there and at the start."""
    distances: Float[Array, " K"]
    """Euclidean norm of the way there."""

    @property
    def range(self) -> Scalar:
        """Variation of the loss: highest minus lowest."""
        return self.losses.max() - self.losses.min()

    @property
    def predictiveness(self) -> Scalar:
        """Gradient predictiveness: the largest change of the gradient; small where the gradient foretells those to come."""
        return self.gradient_changes.max()

    @property
    def smoothness(self) -> Scalar:
        """Effective beta-smoothness: the largest change of the gradient per distance moved; small where the loss is smooth."""
        return (self.gradient_changes / self.distances).max()


def along_gradient(loss: Loss, params: Any, steps: Float[Array, " K"], *, relative: bool = False) -> Path:
    """Take steps of several lengths along the negative gradient, each from ``params`` (Santurkar et al. 2018, section 3.1, figure 4).

    A step of ``eta`` leads to ``params - eta * gradient``; if ``relative``, to the place whose distance is ``eta`` times the norm of
    ``params``.
    """
    gradient = jax.grad(loss)(params)
    length = jnp.maximum(optax.tree.norm(gradient), TINY)
    factors = steps * optax.tree.norm(params) / length if relative else steps

    def look(factor: Scalar) -> tuple[Scalar, Scalar]:
        there = jax.tree.map(lambda leaf, slope: leaf - factor * slope, params, gradient)
        value, slope = jax.value_and_grad(loss)(there)
        return value, optax.tree.norm(optax.tree.sub(slope, gradient))

    losses, gradient_changes = jax.lax.map(look, factors)
    return Path(losses, gradient_changes, factors * length)


def in_weight_units(loss: Loss, params: Any) -> tuple[Callable[[dict[str, Array]], Scalar], dict[str, Array]]:
    """The loss as a function of the kernels alone, each in units of the Frobenius norm it has in ``params``, and where it is now.

    Biases and the parameters of norms stay as they are: arms differ in which they have.
    """
    kernels = {_name(path): leaf for path, leaf in jax.tree.leaves_with_path(params) if _name(path).endswith("kernel")}
    norms = {name: jnp.maximum(jnp.linalg.norm(leaf), TINY) for name, leaf in kernels.items()}

    def scaled(units: dict[str, Array]) -> Scalar:
        def restored(path: Any, leaf: Array) -> Array:
            name = _name(path)
            return norms[name] * units[name] if name in units else leaf

        return loss(jax.tree_util.tree_map_with_path(restored, params))

    return scaled, {name: leaf / norms[name] for name, leaf in kernels.items()}


def _name(path: Any) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/")


def top_eigenvalue(loss: Loss, params: Any, key: Array, iterations: int) -> Scalar:
    """The largest eigenvalue (by sign, not by size) of the loss's Hessian, by Lanczos from a random start.

    Every iteration costs one product of the Hessian with a vector, forward over reverse. New vectors are orthogonalised twice against all
    before (Parlett 1998, "The Symmetric Eigenvalue Problem", section 6.9), since in float32 they would soon lose it. The result is never
    above the true value, and reaches it with as many iterations as there are parameters, or far fewer where the largest eigenvalue stands
    apart.
    """
    start, unravel = ravel_pytree(params)
    iterations = min(iterations, len(start))
    first = _normalized(jax.random.normal(key, start.shape, start.dtype))[0]

    def product(vector: Float[Array, " P"]) -> Float[Array, " P"]:
        _, image = jax.jvp(jax.grad(lambda flat: loss(unravel(flat))), (start,), (vector,))
        return image

    def iterate(carry: tuple[Array, Array], index: Array) -> tuple[tuple[Array, Array], tuple[Scalar, Scalar]]:
        vector, basis = carry
        basis = basis.at[index].set(vector)
        image = product(vector)
        rest = image - basis.T @ (basis @ image)
        following, length = _normalized(rest - basis.T @ (basis @ rest), jnp.linalg.norm(image))
        return (following, basis), (vector @ image, length)

    nothing = jnp.zeros((iterations, len(start)), start.dtype)
    _, (diagonal, beside) = jax.lax.scan(iterate, (first, nothing), jnp.arange(iterations))
    found = jnp.cumprod(jnp.concatenate([jnp.ones(1, bool), beside[:-1] > 0]).astype(int)) > 0
    diagonal = jnp.where(found, diagonal, diagonal[0])  # where no vector was left: a Rayleigh quotient, which changes no extreme
    return jnp.linalg.eigvalsh(jnp.diag(diagonal) + jnp.diag(beside[:-1], 1) + jnp.diag(beside[:-1], -1))[-1]


def _normalized(vector: Float[Array, " P"], scale: Scalar | float = 1.0) -> tuple[Float[Array, " P"], Scalar]:
    """A vector at length one, and its length; both zero where it is nothing but rounding, compared with ``scale``."""
    length = jnp.linalg.norm(vector)
    length = jnp.where(length > 10 * jnp.finfo(vector.dtype).eps * scale, length, 0.0)
    return jnp.where(length > 0, vector / jnp.where(length > 0, length, 1.0), 0.0), length


def make_landscape_probe(
    model: nn.Module, *, examples: int, steps: Sequence[float], relative_steps: Sequence[float], iterations: int
) -> Probe:
    """A probe of the mean loss of ``model`` in training mode, without noise, on the first ``examples`` of the training set.

    It gives ``probed_loss``, and log10 of four quantities, each of the parameters as they are and, with ``_scaled``, in units of the
    kernels' norms:

    * ``log_range``, ``log_predictiveness``, ``log_smoothness``: see ``Path``; over ``steps`` in multiples of the gradient, scaled over
      ``relative_steps`` in multiples of the weights' norm.
    * ``log_sharpness``: the top eigenvalue of the Hessian, by ``iterations`` of Lanczos from the same start in every network.
    """

    def probe(state: TrainState, data: Data) -> dict[str, Array]:
        x, lengths = model_input(data.train, slice(examples), data)
        labels = data.train.labels[:examples]

        def loss(params: Any) -> Scalar:
            variables = {"params": params, "batch_stats": state.batch_stats}
            logits, _ = model.apply(variables, x, train=True, mutable=["batch_stats"], lengths=lengths)
            return metrics_of(jnp.asarray(logits), labels).loss.mean()

        raw = along_gradient(loss, state.params, jnp.array(steps, jnp.float32))
        scaled_loss, units = in_weight_units(loss, state.params)
        scaled = along_gradient(scaled_loss, units, jnp.array(relative_steps, jnp.float32), relative=True)
        key = jax.random.key(0, impl=GENERATOR)
        numbers = _logs(raw, top_eigenvalue(loss, state.params, key, iterations), "")
        numbers |= _logs(scaled, top_eigenvalue(scaled_loss, units, key, iterations), "_scaled")
        return {"probed_loss": jnp.asarray(loss(state.params))} | numbers

    return probe


def _logs(path: Path, sharpness: Scalar, suffix: str) -> dict[str, Array]:
    numbers = {"range": path.range, "predictiveness": path.predictiveness, "smoothness": path.smoothness, "sharpness": sharpness}
    bounded = {name: jnp.where(jnp.isfinite(value), jnp.clip(value, SMALLEST, LARGEST), LARGEST) for name, value in numbers.items()}
    return {f"log_{name}{suffix}": jnp.log10(value) for name, value in bounded.items()}
