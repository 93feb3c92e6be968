"""Layers run as users run them, compiled: op by op, each test would compile some twenty programs instead of two."""

import functools
from typing import Any

import jax
from flax import linen as nn
from jax import Array

KEY = jax.random.key(0)


@functools.partial(jax.jit, static_argnums=0, compiler_options={"xla_backend_optimization_level": 0})
def initial(layer: nn.Module, x: Array, mask: Array | None = None) -> dict:
    """The layer's initial variables."""
    return layer.init(KEY, x, mask=mask)


@functools.partial(jax.jit, static_argnums=0)
def update(layer: nn.Module, variables: dict, x: Array, mask: Array | None = None) -> tuple[Array, Any]:
    """The layer's output, and the collections that it changed."""
    return layer.apply(variables, x, mask=mask, mutable=["batch_stats"])


def output(layer: nn.Module, x: Array, mask: Array | None = None, variables: dict | None = None) -> Array:
    """The layer's output, from its initial variables unless given."""
    return update(layer, initial(layer, x) if variables is None else variables, x, mask)[0]
