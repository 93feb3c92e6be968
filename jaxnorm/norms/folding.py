"""Folding: BatchNorm in evaluation is an affine map of each feature, and the linear layer before it can do its work."""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
from flax.core import FrozenDict, unfreeze
from flax.traverse_util import flatten_dict, unflatten_dict
from jax import Array

Path = tuple[str, ...]


def fold_batch_norm(variables: FrozenDict[str, Any] | dict[str, Any], pairs: Mapping[str, str], *, epsilon: float) -> dict[str, Any]:
    """Fold each BatchNorm, with its running statistics, into the Dense or Conv whose output it normalizes.

    ``gain = scale / sqrt(var + epsilon)``;  ``kernel' = kernel * gain``,  ``bias' = bias * gain + beta - mean * gain``

    with the norm's ``scale``, ``beta`` (its bias), ``mean`` and ``var``, and ``gain`` along the kernel's last axis, the output features:
    for Dense ``(D, F)`` and for Conv ``(H, W, C / groups, F)`` alike, grouped and depthwise ones included. The result equals the network in
    evaluation mode to rounding. Nothing may lie between the two layers, and no other layer may use the linear one's output.

    The result is the variable tree of the *same network without these norms*, in which each folded layer has a bias: so build the network
    for inference with no norm (or an identity) where they were, and ``use_bias=True`` on layers that had none. For networks that
    are handed their norm that is one field:

    >>> import jax
    >>> from jaxnorm.models import MLP
    >>> from jaxnorm.norms import NORMS
    >>> model, x = MLP(num_classes=3, norm=NORMS["batch"], hidden_sizes=(4,)), jnp.ones((2, 5))
    >>> variables = model.init(jax.random.key(0), x, train=False)
    >>> folded = fold_batch_norm(variables, {"norm_0": "dense_0"}, epsilon=1e-5)
    >>> jax.tree.map(jnp.shape, folded["params"]["dense_0"])
    {'bias': (4,), 'kernel': (5, 4)}
    >>> jnp.shape(model.clone(norm=NORMS["none"]).apply(folded, x, train=False))
    (2, 3)

    Args:
        variables: ``params`` and ``batch_stats``. All leaves may lead with a replica axis, or several: statistics ``(S, F)`` beside kernels
            ``(S, ..., F)``.
        pairs: for each norm the layer before it, by name; parts of a path are joined by a slash: ``{"block_0/norm": "block_0/conv"}``.
        epsilon: the norms' own.

    Returns:
        A new tree of dicts: without the norms' entries, and without ``batch_stats`` where none is left. Number formats stay; a new bias has
        that of its kernel.

    Raises:
        ValueError: if a norm has no running statistics under its path, or a layer no kernel; if their shapes do not fit; if two norms name
            the same layer.
    """
    leaves: dict[Any, Any] = dict(flatten_dict(unfreeze(variables)))
    layers = list(pairs.values())
    for norm, layer in pairs.items():
        if layers.count(layer) > 1:
            raise ValueError(f"more than one norm is to be folded into {layer!r}; each needs a layer of its own")
        _fold(leaves, tuple(norm.split("/")), tuple(layer.split("/")), epsilon)
    return unflatten_dict(leaves)


def _fold(leaves: dict[Path, Array], norm: Path, layer: Path, epsilon: float) -> None:
    """Change ``leaves`` in place."""
    kernel = _leaf(leaves, ("params", *layer, "kernel"))
    mean, var = (_leaf(leaves, ("batch_stats", *norm, name)) for name in ("mean", "var"))
    scale = leaves.get(("params", *norm, "scale"), jnp.ones_like(var))
    beta = leaves.get(("params", *norm, "bias"), jnp.zeros_like(mean))
    bias = leaves.get(("params", *layer, "bias"), jnp.zeros(mean.shape, kernel.dtype))
    _check_shapes("/".join(norm), "/".join(layer), kernel, (mean, var, scale, beta, bias))
    gain = scale / jnp.sqrt(var + epsilon)
    along_kernel = gain.reshape(*gain.shape[:-1], *(1,) * (kernel.ndim - gain.ndim), gain.shape[-1])
    leaves["params", *layer, "kernel"] = (kernel * along_kernel).astype(kernel.dtype)
    leaves["params", *layer, "bias"] = ((bias - mean) * gain + beta).astype(bias.dtype)
    for path in [path for path in leaves if path[0] in ("params", "batch_stats") and path[1:-1] == norm]:
        del leaves[path]


def _leaf(leaves: Mapping[Path, Array], path: Path) -> Array:
    if path not in leaves:
        collection, *_, name = path
        known = sorted("/".join(other[1:-1]) for other in leaves if other[0] == collection and other[-1] == name)
        wanted = "/".join(path[1:-1])
        raise ValueError(f"{wanted!r} has no {name} in {collection}; those that have one: {', '.join(known) or 'none'}")
    return leaves[path]


def _check_shapes(norm: str, layer: str, kernel: Array, others: tuple[Array, ...]) -> None:
    shape = others[0].shape
    fits = kernel.ndim > len(shape) and kernel.shape[: len(shape) - 1] == shape[:-1] and kernel.shape[-1:] == shape[-1:]
    if not fits or any(other.shape != shape for other in others):
        raise ValueError(
            f"{norm!r} with statistics of shape {shape} does not fit {layer!r} with a kernel of shape {kernel.shape}: after the same "
            "replica axes, if any, both must end in the same number of features"
        )
