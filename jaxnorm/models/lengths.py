"""Which positions of a batch of sequences count."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Int


def length_mask(lengths: Int[Array, " B"] | None, num_positions: int) -> Bool[Array, "B T"] | None:
    """True at the first ``lengths[b]`` of T positions; None where all count."""
    return None if lengths is None else jnp.arange(num_positions)[None, :] < lengths[:, None]


def refuse_lengths(model: str, lengths: Int[Array, " B"] | None) -> None:
    """Raise ``ValueError`` if ``lengths`` were given to a model of images, which has no positions to leave out."""
    if lengths is not None:
        raise ValueError(f"{model} classifies inputs of one size, and lengths were given: use a model of sequences, or give no lengths")
