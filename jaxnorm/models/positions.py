"""Where in the sequence a vector stands, added to it."""

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float


def add_positions(module: nn.Module, x: Float[Array, "B T D"], kind: str, max_length: int | None) -> Float[Array, "B T D"]:
    """``x`` plus one vector for each of its positions.

    Args:
      module: whose parameter ``positions`` the learned vectors are.
      x: embedded inputs.
      kind: ``sinusoidal`` (see ``sinusoids``), for any T; or ``learned``, a table whose initial values have a standard deviation of 0.02,
        as in the Vision Transformer (Dosovitskiy et al. 2020, arXiv:2010.11929).
      max_length: rows of the table; None for the T of initialisation.

    Raises:
      ValueError: on another kind, or if ``x`` is longer than the table.
    """
    length, width = x.shape[1:]
    if kind == "sinusoidal":
        return x + sinusoids(length, width)[None]
    if kind != "learned":
        raise ValueError(f"positions are sinusoidal or learned, not {kind!r}")
    rows = max_length or length
    if length > rows:
        raise ValueError(f"a sequence of {length} positions is longer than the table of {rows} learned ones: give a larger max_length")
    return x + module.param("positions", nn.initializers.normal(0.02), (rows, width))[None, :length]


def sinusoids(length: int, width: int) -> Float[Array, "T D"]:
    """``sin(t / 10000^(2i / D))`` at feature 2i and the cosine of the same at feature 2i + 1.

    Reference: A. Vaswani et al., "Attention Is All You Need", 2017, arXiv:1706.03762, section 3.5.
    """
    rates = 10_000.0 ** (-jnp.arange(0, width, 2) / width)  # (D / 2,)
    angles = jnp.arange(length)[:, None] * rates[None, :]
    return jnp.stack([jnp.sin(angles), jnp.cos(angles)], -1).reshape(length, -1)[:, :width]
