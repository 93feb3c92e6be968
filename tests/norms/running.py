"""Layers run as users run them, compiled: op by op, each test would compile some twenty programs instead of two."""

import functools
from typing import Any

import jax
from flax import linen as nn
from jax import Array
from jax.typing import ArrayLike

KEY = jax.random.key(0)


@functools.partial(jax.jit, static_argnums=0)
def initial(layer: nn.Module, x: ArrayLike, mask: ArrayLike | None = None) -> Any:
    """The layer's initial variables."""
    return layer.init(KEY, x, mask=mask)


@functools.partial(jax.jit, static_argnums=0)
def update(layer: nn.Module, variables: Any, x: ArrayLike, mask: ArrayLike | None = None) -> Any:
    """The pair of the layer's output and the collections that it changed."""
    return layer.apply(variables, x, mask=mask, mutable=["batch_stats"])


def output(layer: nn.Module, x: ArrayLike, mask: ArrayLike | None = None, variables: Any = None) -> Array:
    """The layer's output, from its initial variables unless given."""
    return update(layer, initial(layer, x) if variables is None else variables, x, mask)[0]
