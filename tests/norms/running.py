"""Layers run as users run them, compiled. Compiling is what tests of layers spend their time on: each function here is one program.

Random inputs come from NumPy: the program behind ``jax.random.normal`` takes longer to compile than most layers with their gradients.
"""

import functools
from typing import Any

import jax
import numpy as np
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike

KEY = jax.random.key(0)


def normal(seed: int, *shape: int) -> np.ndarray:
    """Standard-normal float32 numbers."""
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


@functools.partial(jax.jit, static_argnums=0)
def initial(layer: nn.Module, x: ArrayLike, mask: ArrayLike | None = None) -> Any:
    """The layer's initial variables."""
    return layer.init(KEY, x, mask=mask)


@functools.partial(jax.jit, static_argnums=0)
def update(layer: nn.Module, variables: Any, x: ArrayLike, mask: ArrayLike | None = None) -> Any:
    """The pair of the layer's output and the collections that it changed."""
    return layer.apply(variables, x, mask=mask, mutable=["batch_stats"])


@functools.partial(jax.jit, static_argnums=0)
def _first_update(layer: nn.Module, x: ArrayLike, mask: ArrayLike | None) -> Any:
    return layer.apply(layer.init(KEY, x), x, mask=mask, mutable=["batch_stats"])


def output(layer: nn.Module, x: ArrayLike, mask: ArrayLike | None = None, variables: Any = None) -> Array:
    """The layer's output, from its initial variables unless given."""
    return (_first_update(layer, x, mask) if variables is None else update(layer, variables, x, mask))[0]
