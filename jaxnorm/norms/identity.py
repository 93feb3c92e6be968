"""The control arm: no normalization."""

from flax import linen as nn
from jax import Array


class NoNorm(nn.Module):
    """No normalization: the input as it is, so that a network without norms is built like all others.

    ``y = x``

    No statistics, no state, no parameters.

    >>> import jax, jax.numpy as jnp
    >>> NoNorm().init(jax.random.key(0), jnp.ones((2, 3)))
    {}

    Neither Linen nor PyTorch has it as a norm; PyTorch's ``nn.Identity`` is the same function.
    """

    @nn.compact
    def __call__(self, x: Array, *, mask: Array | None = None) -> Array:
        """``x``; the mask is accepted, as by every norm, and has no effect."""
        del mask
        return x
