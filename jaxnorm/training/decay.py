"""Which parameters weight decay shrinks: kernels and embeddings, never those of a norm."""

from collections.abc import Collection
from typing import Any

import jax


def decay_mask(params: Any, *, weights: Collection[str] = ("kernel", "embedding"), spare_biases: bool = False) -> Any:
    """True where weight decay belongs, False at the parameters of norms: a mask for optax.

    The size of a kernel before a norm does not change the network, and decay keeps it from growing. The norm's own ``scale`` and ``bias``
    do change it: they set the spread and the centre of what the next layer gets, and decay would pull both to zero.

    Names decide: ``weights`` decay, and a ``bias`` decays if a weight stands beside it in the same module. Nothing else does, so a norm of
    your own is spared whatever its parameters are called.

    Args:
        params: parameters, or updates, as nested dicts or a FrozenDict, with or without a replica axis.
        weights: names of the parameters that decay: Linen's, of Dense, Conv, attention and recurrent cells, and of Embed.
        spare_biases: whether every ``bias`` is spared.

    Returns:
        A tree of booleans of the same structure.

    >>> import jax.numpy as jnp
    >>> dense, norm = {"kernel": jnp.ones((2, 2)), "bias": jnp.ones(2)}, {"scale": jnp.ones(2), "bias": jnp.ones(2)}
    >>> decay_mask({"dense": dense, "norm": norm})
    {'dense': {'bias': True, 'kernel': True}, 'norm': {'bias': False, 'scale': False}}

    In use: ``optax.adamw(1e-3, weight_decay=0.1, mask=decay_mask)``, or ``mask=functools.partial(decay_mask, spare_biases=True)``.
    """
    leaves, structure = jax.tree_util.tree_flatten_with_path(params)
    paths = [tuple(jax.tree_util.keystr((key,), simple=True) for key in path) for path, _ in leaves]
    beside_weights = set() if spare_biases else {(*path[:-1], "bias") for path in paths if path[-1] in weights}
    return structure.unflatten([path[-1] in weights or path in beside_weights for path in paths])
