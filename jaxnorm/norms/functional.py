"""The formulas, once: pooled moments, and the normalization that they feed. A layer is a choice of axes.

Three decisions hold for every layer.

- **Stable moments in one pass.** With ``c`` any number near the values and ``d = x - c``, ``mean = c + mean(d)`` and
  ``var = mean(d^2) - mean(d)^2`` (Chan, Golub, LeVeque, "Algorithms for computing the sample variance", The American Statistician 37,
  1983, section 3). The second difference multiplies rounding by ``1 + (c - mean)^2 / var``, so ``c`` is the mean of a few of the values,
  spread over all that are pooled, and the factor is about 1; it exceeds 10 only where just those few lie three standard deviations away.
  Close numbers are subtracted without rounding, so an offset common to all values costs nothing at all. Where a mask or several devices
  decide which values there are, ``c`` is their whole mean, at the price of a second pass.
- **The centre is a constant to the derivative.** The moments are the same functions of x whatever ``c`` is, so ``c`` may be held constant
  in derivatives of every order. The backward pass then needs only the two sums that it cannot do without (of the cotangent, and of the
  cotangent times ``d``), although nothing of it is written by hand: forward mode, forward over reverse, ``vmap``, ``scan`` and
  ``shard_map`` work as for any other function.
- **Counts, not means of means.** Sums and counts are pooled over axes and devices before one is divided by the other.
"""

import dataclasses
import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
import numpy as np
from flax.typing import Axes, Dtype
from jax import Array, lax

LARGEST_HIDDEN_VALUE = np.float32(1e18)
"""Magnitude from which a masked-out value is replaced: its product with 1 / sqrt(epsilon) stays finite in float32 and bfloat16."""


SAMPLE, SAMPLE_PER_AXIS, SAMPLED_OF = 32, 8, 16
"""How many values of each pool, and along each of its axes, and of how many there one, are averaged to have a number near all of them."""


class Moments(NamedTuple):
    """Pooled statistics; every pooled axis has size one, so that they broadcast against the input."""

    origin: Array
    """A number near the mean, constant to derivatives."""
    drift: Array
    """The mean, counted from ``origin``: their sum would round away what it knows."""
    var: Array
    """Biased: divided by ``count``. Real and non-negative."""
    count: int | Array
    """Number of elements pooled into each value: a static number, or with a mask an integer array that broadcasts."""

    @property
    def mean(self) -> Array:
        """The mean."""
        return self.origin + self.drift


def moments_at(mean: Array, var: Array, count: int | Array = 0) -> Moments:
    """Moments whose mean is known as one number."""
    origin = lax.stop_gradient(mean)
    return Moments(origin, _with_derivative(jnp.zeros_like(mean), mean - origin), var, count)


def canonical_axes(ndim: int, axes: Axes) -> tuple[int, ...]:
    """``axes`` (negative and repeated ones allowed) as distinct, sorted, non-negative numbers.

    Raises:
        ValueError: if an axis is not one of the ``ndim`` axes.
    """
    listed = tuple(axes) if isinstance(axes, Iterable) else (axes,)
    if any(not -ndim <= axis < ndim for axis in listed):
        raise ValueError(f"axes {listed} are not all axes of an array of rank {ndim}")
    return tuple(sorted({axis % ndim for axis in listed}))


def kept_shape(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """``shape`` with size one on every axis that is not in ``axes``."""
    return tuple(size if axis in axes else 1 for axis, size in enumerate(shape))


def statistics_dtype(x_dtype: Dtype, dtype: Dtype | None, force_float32_reductions: bool) -> Dtype:
    """The number format of statistics: float32 at least, unless the caller opts out; float64 and complex stay what they are."""
    chosen = jnp.dtype(x_dtype if dtype is None else dtype)
    opted_out = jnp.issubdtype(chosen, jnp.inexact) and not force_float32_reductions
    return chosen if opted_out else jnp.promote_types(chosen, jnp.float32)


def full_rank_mask(mask: Array, shape: tuple[int, ...]) -> Array:
    """``mask`` as booleans, with leading axes of size one up to the rank of ``shape``, to which it must broadcast."""
    mask = jnp.asarray(mask, bool)
    mask = mask.reshape((1,) * (len(shape) - mask.ndim) + mask.shape)
    chex.assert_is_broadcastable(mask.shape, shape)
    return mask


def hide_padding(x: Array, mask: Array) -> Array:
    """``x`` with zero in place of masked-out values that no arithmetic survives: NaN, infinity, and what would overflow.

    A masked-out value enters no statistic, but it is normalized like the others (as Linen does), and a NaN there would reach the gradient
    of scale as ``0 * NaN`` even where the loss ignores it. This is the first of the two ``where`` that prevent it; ``moments`` has the
    other.
    """
    return jnp.where(mask | (jnp.abs(x) < LARGEST_HIDDEN_VALUE), x, 0)


def _sum_in_groups(channels: Array, groups: int) -> Array:
    """(..., C) -> (..., C): in place of each channel, the sum over the C / G channels of its group."""
    grouped = channels.reshape(*channels.shape[:-1], groups, channels.shape[-1] // groups)  # (..., G, C / G)
    return jnp.broadcast_to(grouped.sum(-1, keepdims=True), grouped.shape).reshape(channels.shape)


@dataclasses.dataclass(frozen=True)
class Pool:
    """Which elements are averaged together.

    ``axes`` of the array; with ``channel_groups``, the channels of each of so many groups along the last axis too; and across devices a
    named axis, or groups of its indices. Positions are summed before channels, so that the input keeps its layout.
    """

    axes: tuple[int, ...]
    axis_name: str | None = None
    axis_index_groups: Any = None
    channel_groups: int | None = None

    def count(self, shape: tuple[int, ...], mask: Array | None) -> int | Array:
        """The number of elements in each sum: static without a mask, else an integer array with size one on the pooled axes."""
        sizes = [shape[axis] for axis in self.axes if mask is None or mask.shape[axis] == 1]
        if self.channel_groups is not None and (mask is None or mask.shape[-1] == 1):
            sizes.append(shape[-1] // self.channel_groups)
        if mask is None:
            return self._across_devices(math.prod(sizes))
        return self._across_devices(self._sum(mask, jnp.int32) * math.prod(sizes))

    def means(self, divisor: int | Array, *values: Array) -> list[Array]:
        """The sum of each of ``values`` over ``divisor``, size one on the pooled axes; never accumulated below float32."""
        sums = self._across_devices([self._sum(value, jnp.promote_types(value.dtype, jnp.float32)) for value in values])
        return [(total / divisor).astype(value.dtype) for total, value in zip(sums, values, strict=True)]

    def _sum(self, value: Array, dtype: Dtype) -> Array:
        total = jnp.sum(value, self.axes, dtype=dtype, keepdims=True)
        return total if self.channel_groups is None or total.shape[-1] == 1 else _sum_in_groups(total, self.channel_groups)

    def _across_devices(self, sums: Any) -> Any:
        """A tree of local sums, summed over the named axis in one collective."""
        return sums if self.axis_name is None else lax.psum(sums, self.axis_name, axis_index_groups=self.axis_index_groups)


def _squared(x: Array) -> Array:
    """|x|^2, real."""
    return lax.square(x.real) + lax.square(x.imag) if jnp.iscomplexobj(x) else lax.square(x)


@jax.custom_jvp
def _with_derivative(value: Array, source: Array) -> Array:
    """``value`` itself, so that the compiler can share what is computed from it; its derivative is that of ``source``."""
    del source
    return value


@_with_derivative.defjvp
def _with_derivative_jvp(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    return _with_derivative(*primals), tangents[1]


def _without_rounding_below_zero(var: Array) -> Array:
    """``var`` clipped at zero in value only: the derivative stays that of the formula, at constant input too."""
    return _with_derivative(jnp.maximum(var, 0), var)


def moments(x: Array, pool: Pool, *, mask: Array | None = None, use_mean: bool = True, use_fast_variance: bool = False) -> Moments:
    """Mean and biased variance of ``x`` over ``pool``, and how many elements they rest on.

    Args:
        x: any shape; statistics come in its number format (see ``statistics_dtype``).
        pool: what is averaged together.
        mask: of full rank (see ``full_rank_mask``), true where an element counts. Values elsewhere never matter, NaN included.
        use_mean: if false, the mean is zero and the variance is the mean square.
        use_fast_variance: ``E[x^2] - E[x]^2``, which loses all digits once the mean exceeds some 3000 standard deviations in float32.

    Returns:
        The moments. Of no elements at all: mean 0, variance 1, count 0.
    """
    count = pool.count(x.shape, mask)
    divisor = count if mask is None else jnp.maximum(count, 1)
    valid = x if mask is None else jnp.where(mask, x, 0)
    if not use_mean:
        (var,) = pool.means(divisor, _squared(valid))
        found = moments_at(jnp.zeros_like(var), var, count)
    elif use_fast_variance:
        mean, mean_square = pool.means(divisor, valid, _squared(valid))
        found = moments_at(mean, _without_rounding_below_zero(mean_square - _squared(mean)), count)
    else:
        origin = lax.stop_gradient(_near_mean(x, pool) if mask is None else pool.means(divisor, valid)[0])
        deviation = x - origin if mask is None else jnp.where(mask, x - origin, 0)
        drift, mean_square = pool.means(divisor, deviation, _squared(deviation))
        found = Moments(origin, drift, _without_rounding_below_zero(mean_square - _squared(drift)), count)
    return found if mask is None else found._replace(var=jnp.where(count > 0, found.var, 1))


def _near_mean(x: Array, pool: Pool) -> Array:
    """The mean of a few elements spread over each pool; of all elements where they lie on several devices."""
    if pool.axis_name is None:
        left = SAMPLE
        for axis in pool.axes:
            x = _spread_out(x, axis, min(left, SAMPLE_PER_AXIS, -(-x.shape[axis] // SAMPLED_OF)))
            left = max(left // max(x.shape[axis], 1), 1)
    return pool.means(pool.count(x.shape, None), x)[0]


def _spread_out(x: Array, axis: int, number: int) -> Array:
    """At most ``number`` elements along an axis, each from the middle of an equal stretch of it."""
    stride = max(-(-x.shape[axis] // number), 1)
    return lax.slice_in_dim(x, (stride - 1) // 2, x.shape[axis], stride, axis)


def affine(x: Array, scale: Array | None, bias: Array | None) -> Array:
    """``x * scale + bias``, either of them optional."""
    x = x if scale is None else x * scale
    return x if bias is None else x + bias


def standardize(x: Array, of: Moments, epsilon: float, *, scale: Array | None = None, bias: Array | None = None) -> Array:
    """``(x - mean) / sqrt(var + epsilon) * scale + bias``, all of which broadcast to the shape of ``x``.

    Where scale and statistics together are fewer than the elements (BatchNorm, InstanceNorm, GroupNorm on images), scale and bias are
    folded into the statistics first.
    """
    gain = lax.rsqrt(of.var + epsilon)
    offset = -of.drift * gain
    shapes = [value.shape for value in (gain, scale, bias) if value is not None]
    if math.prod(jnp.broadcast_shapes(*shapes)) < x.size:
        return (x - of.origin) * affine(gain, scale, None) + affine(offset, scale, bias)
    return affine((x - of.origin) * gain + offset, scale, bias)
