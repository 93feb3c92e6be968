"""What Linen's dialect adds to the formulas: where scale and bias live, and which number format comes out.

Each function takes the module whose fields it reads; the fields have Linen's names and meanings.
"""

from typing import Any

import jax.numpy as jnp
from flax.linen.dtypes import canonicalize_dtype
from flax.typing import Axes
from jax import Array

from jaxnorm.norms.functional import (
    Moments,
    Pool,
    canonical_axes,
    full_rank_mask,
    hide_padding,
    kept_shape,
    moments,
    standardize,
    statistics_dtype,
)


def prepare(x: Array, mask: Array | None) -> tuple[Array, Array | None]:
    """The input as an array that is safe to normalize, and the mask at its rank."""
    x = jnp.asarray(x)
    if mask is None:
        return x, None
    mask = full_rank_mask(mask, x.shape)
    return hide_padding(x, mask), mask


def own_moments(module: Any, x: Array, mask: Array | None, pool: Pool, *, use_mean: bool = True) -> Moments:
    """``functional.moments`` in the module's number format and with its variance formula."""
    x = x.astype(statistics_dtype(x.dtype, module.dtype, module.force_float32_reductions))
    return moments(x, pool, mask=mask, use_mean=use_mean, use_fast_variance=module.use_fast_variance)


def require_several(module: Any, count: int | Array, shape: tuple[int, ...]) -> None:
    """Refuse means over one element each, static and on one device: the result would be constant, and the gradient 0."""
    if module.axis_name is None and isinstance(count, int) and count == 1:
        raise ValueError(
            f"{type(module).__name__} needs more than one element per mean, and an input of shape {shape} has one: the result would be "
            "the bias, whatever the input. Use wider features or fewer groups."
        )


def scale_and_bias(module: Any, shape: tuple[int, ...], broadcast_shape: tuple[int, ...]) -> tuple[Array | None, Array | None]:
    """The module's parameters of shape ``shape``, reshaped to ``broadcast_shape``; None for one that the module does not have."""

    def parameter(name: str) -> Array | None:
        if not getattr(module, f"use_{name}", False):
            return None
        value = module.param(name, getattr(module, f"{name}_init"), shape, module.param_dtype).reshape(broadcast_shape)
        return value if module.force_float32_reductions else jnp.asarray(value, module.param_dtype)

    return parameter("scale"), parameter("bias")


def normalize(module: Any, x: Array, of: Moments, scale: Array | None, bias: Array | None) -> Array:
    """``functional.standardize``, cast to the module's dtype, or else to the format that x, scale and bias promote to."""
    y = standardize(x, of, module.epsilon, scale=scale, bias=bias)
    return jnp.asarray(y, canonicalize_dtype(x, scale, bias, dtype=module.dtype))


def normalize_over(
    module: Any,
    x: Array,
    mask: Array | None,
    reduction_axes: Axes,
    feature_axes: Axes,
    *,
    use_mean: bool = True,
    channel_groups: int | None = None,
) -> Array:
    """``x`` normalized by its own moments over ``reduction_axes`` (see ``Pool``), scaled and shifted along ``feature_axes``."""
    x, mask = prepare(x, mask)
    feature_axes = canonical_axes(x.ndim, feature_axes)
    pool = Pool(canonical_axes(x.ndim, reduction_axes), module.axis_name, module.axis_index_groups, channel_groups)
    if use_mean and pool.axes:
        require_several(module, pool.count(x.shape, None), x.shape)
    own = own_moments(module, x, mask, pool, use_mean=use_mean)
    scale, bias = scale_and_bias(module, tuple(x.shape[axis] for axis in feature_axes), kept_shape(x.shape, feature_axes))
    return normalize(module, x, own, scale, bias)
