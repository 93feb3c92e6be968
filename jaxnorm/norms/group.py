"""Normalization of each example by groups of its channels: GroupNorm, and InstanceNorm with one channel a group."""

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax.typing import Axes, Dtype, Initializer
from jax import Array
from jax.nn import initializers

from jaxnorm.norms.functional import Pool, canonical_axes, full_rank_mask
from jaxnorm.norms.linen import normalize, normalize_over, own_moments, prepare, require_several, scale_and_bias

WIDE_GROUP = 8
"""Channels from which on a group is reduced fastest as an axis of its own: as many float32 numbers as a vector register holds."""


def _number_of_groups(channels: int, num_groups: int | None, group_size: int | None) -> int:
    if (num_groups is None) == (group_size is None):
        raise ValueError("give either num_groups or group_size, and None for the other one (num_groups is 32 by default)")
    if group_size is not None:
        if group_size <= 0 or channels % group_size:
            raise ValueError(f"{channels} channels are not a multiple of the group size {group_size}")
        return channels // group_size
    if not isinstance(num_groups, int) or num_groups <= 0 or channels % num_groups:
        raise ValueError(f"{num_groups} groups do not divide {channels} channels")
    return num_groups


def most_groups(channels: int, at_most: int, positions: int) -> int:
    """The largest number of equal groups, up to ``at_most``, that leaves several elements to a group where that is possible.

    >>> most_groups(256, 32, positions=1), most_groups(24, 32, positions=16), most_groups(24, 32, positions=1), most_groups(10, 32, 1)
    (32, 24, 12, 5)
    """
    several = [groups for groups in range(1, min(channels, at_most) + 1) if channels % groups == 0 and channels * positions > groups]
    return max(several, default=1)


class GroupNorm(nn.Module):
    """Group normalization: each example is normalized over its positions and over groups of its channels.

    ``y = (x - mean) / sqrt(var + epsilon) * scale + bias``

    The statistics run over all positions and the C / G channels of a group: for ``(B, H, W, C)`` over H, W and C / G, giving B x G means
    and variances.

    It keeps no state: training and evaluation are the same function, and no example depends on another.

    Attributes:
        num_groups: number of groups G, which must divide the channels; None if ``group_size`` is given.
        group_size: channels in a group, instead of ``num_groups``.
        epsilon: added to the variance.
        dtype: number format of the result (default: what x and the parameters promote to).
        param_dtype: number format of the parameters.
        use_bias: whether ``bias`` is added.
        use_scale: whether the result is multiplied by ``scale``.
        bias_init: initial ``bias``.
        scale_init: initial ``scale``.
        reduction_axes: axes of the statistics, the channels among them (default: all but the first).
        axis_name: named axis over which the statistics are pooled as well, where one example is spread over devices.
        axis_index_groups: groups of indices of that axis, each pooled by itself.
        use_fast_variance: ``E[x^2] - E[x]^2`` instead of the stable formula.
        force_float32_reductions: statistics in float32 at least, whatever the input.
        channel_axis: the axis of the channels; one that is not the last is moved there and back.
        fewer_groups: whether there are fewer groups than ``num_groups`` where that many do not divide the channels, or would each hold
            a single number: the most that do.

    >>> import jax, jax.numpy as jnp
    >>> variables = GroupNorm(num_groups=2).init(jax.random.key(0), jnp.ones((2, 5, 5, 6)))
    >>> jax.tree.map(jnp.shape, variables)
    {'params': {'bias': (6,), 'scale': (6,)}}

    Differences. From Linen: the variance is stable by default; a mask of any shape that broadcasts works, ``(B, H, W, 1)`` too;
    masked-out values never matter, NaN included, and a group without any valid element stays finite; with ``axis_name``, statistics pool
    by count; ``channel_axis``. From PyTorch: channels last by default, there second; epsilon is 1e-6, there 1e-5.

    Reference: Y. Wu, K. He, "Group Normalization", 2018, arXiv:1803.08494, equation 7.
    """

    num_groups: int | None = 32
    group_size: int | None = None
    epsilon: float = 1e-6
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    use_bias: bool = True
    use_scale: bool = True
    bias_init: Initializer = initializers.zeros
    scale_init: Initializer = initializers.ones
    reduction_axes: Axes | None = None
    axis_name: str | None = None
    axis_index_groups: Any = None
    use_fast_variance: bool = False
    force_float32_reductions: bool = True
    channel_axis: int = -1
    fewer_groups: bool = False

    @nn.compact
    def __call__(self, x: Array, *, mask: Array | None = None) -> Array:
        """Normalize ``x (B, ..., C)``; ``mask`` broadcasts to it and is true where an element counts. The result has the shape of ``x``.

        Raises:
            ValueError: if the channels do not fall into equal groups, or their axis is not among ``reduction_axes``.
        """
        shape = jnp.shape(x)
        (channel_axis,) = canonical_axes(len(shape), self.channel_axis)
        axes = canonical_axes(len(shape), (*range(1, len(shape)), channel_axis) if self.reduction_axes is None else self.reduction_axes)
        if channel_axis not in axes:
            raise ValueError(f"reduction_axes {self.reduction_axes} must include the channels, axis {channel_axis} of the input {shape}")
        if channel_axis == len(shape) - 1:
            return self._channels_last(x, mask, axes)
        order = (*(axis for axis in range(len(shape)) if axis != channel_axis), channel_axis)
        mask = None if mask is None else full_rank_mask(mask, shape).transpose(order)
        moved_axes = canonical_axes(len(shape), [order.index(axis) for axis in axes])
        return self._channels_last(jnp.transpose(x, order), mask, moved_axes).transpose(np.argsort(order))

    def _channels_last(self, x: Array, mask: Array | None, axes: tuple[int, ...]) -> Array:
        channels = jnp.shape(x)[-1]
        num_groups = self.num_groups
        if self.fewer_groups and num_groups is not None:
            num_groups = most_groups(channels, num_groups, math.prod(jnp.shape(x)[axis] for axis in axes[:-1]))
        groups = _number_of_groups(channels, num_groups, self.group_size)
        if len(axes) == 1 or channels // groups >= WIDE_GROUP:
            return self._on_view_of_groups(*prepare(x, mask), axes, groups)
        return normalize_over(self, x, mask, axes[:-1], -1, channel_groups=groups)

    def _on_view_of_groups(self, x: Array, mask: Array | None, axes: tuple[int, ...], groups: int) -> Array:
        """The same on a view of the groups, which are pooled in one reduction."""
        split = (groups, x.shape[-1] // groups)  # C -> (G, C / G)
        grouped = x.reshape(*x.shape[:-1], *split)
        if mask is not None:
            mask = mask.reshape(*mask.shape[:-1], *(split if mask.shape[-1] > 1 else (1, 1)))
        pool = Pool((*axes[:-1], x.ndim), self.axis_name, self.axis_index_groups)
        require_several(self, pool.count(grouped.shape, None), x.shape)
        own = own_moments(self, grouped, mask, pool)
        scale, bias = scale_and_bias(self, (x.shape[-1],), (1,) * (x.ndim - 1) + split)
        return normalize(self, grouped, own, scale, bias).reshape(x.shape)


class InstanceNorm(nn.Module):
    """Instance normalization: each channel of each example is normalized over its positions.

    ``y = (x - mean) / sqrt(var + epsilon) * scale + bias``

    The statistics run over all axes but the first and ``feature_axes``: for ``(B, H, W, C)`` over H and W, giving B x C means and
    variances.

    It keeps no state: training and evaluation are the same function, and no example depends on another.

    Attributes:
        epsilon: added to the variance.
        dtype: number format of the result (default: what x and the parameters promote to).
        param_dtype: number format of the parameters.
        use_bias: whether ``bias`` is added.
        use_scale: whether the result is multiplied by ``scale``.
        bias_init: initial ``bias``.
        scale_init: initial ``scale``.
        feature_axes: the channels: axes that keep their own statistics, scale and bias.
        axis_name: named axis over which the statistics are pooled as well, where one example is spread over devices.
        axis_index_groups: groups of indices of that axis, each pooled by itself.
        use_fast_variance: ``E[x^2] - E[x]^2`` instead of the stable formula.
        force_float32_reductions: statistics in float32 at least, whatever the input.

    >>> import jax, jax.numpy as jnp
    >>> variables = InstanceNorm().init(jax.random.key(0), jnp.ones((2, 5, 5, 6)))
    >>> jax.tree.map(jnp.shape, variables)
    {'params': {'bias': (6,), 'scale': (6,)}}

    Differences. From Linen: an input without any position, ``(B, C)``, raises instead of giving the bias; the variance is stable by
    default; masked-out values never matter, NaN included, and a channel without any valid element stays finite; with ``axis_name``,
    statistics pool by count. From PyTorch: channels last, there first; scale and bias are on, there off; no running statistics; epsilon
    is 1e-6, there 1e-5.

    Reference: D. Ulyanov, A. Vedaldi, V. Lempitsky, "Instance Normalization: The Missing Ingredient for Fast Stylization", 2016,
    arXiv:1607.08022, equation in section 2.
    """

    epsilon: float = 1e-6
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    use_bias: bool = True
    use_scale: bool = True
    bias_init: Initializer = initializers.zeros
    scale_init: Initializer = initializers.ones
    feature_axes: Axes = -1
    axis_name: str | None = None
    axis_index_groups: Any = None
    use_fast_variance: bool = False
    force_float32_reductions: bool = True

    @nn.compact
    def __call__(self, x: Array, *, mask: Array | None = None) -> Array:
        """Normalize ``x (B, ..., C)``; ``mask`` broadcasts to it and is true where an element counts. The result has the shape of ``x``.

        Raises:
            ValueError: if ``x`` has no axis besides batch and channels, or ``feature_axes`` include the batch.
        """
        feature_axes = canonical_axes(jnp.ndim(x), self.feature_axes)
        if 0 in feature_axes:
            raise ValueError("The channel axes cannot include the leading dimension as this is assumed to be the batch axis.")
        if jnp.ndim(x) < 3:
            raise ValueError(
                f"InstanceNorm pools over positions, and an input of shape {jnp.shape(x)} has none: the result would be constant. "
                "Give it (B, ..., C), or use another norm."
            )
        reduction_axes = tuple(axis for axis in range(1, jnp.ndim(x)) if axis not in feature_axes)
        return normalize_over(self, x, mask, reduction_axes, feature_axes)
