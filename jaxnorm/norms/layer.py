"""Normalization of each example by itself: LayerNorm and RMSNorm."""

from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from flax.typing import Axes, Dtype, Initializer
from jax import Array
from jax.nn import initializers

from jaxnorm.norms.linen import normalize_over


class LayerNorm(nn.Module):
    """Layer normalization: each example is normalized over its own features.

    ``y = (x - mean) / sqrt(var + epsilon) * scale + bias``

    The statistics run over ``reduction_axes``: for ``(B, T, D)`` over D, giving B x T means and variances. In a CNN, ``reduction_axes=(1,
    2, 3)`` is the layer of Wu & He (over H, W and C; B values), and the default is Linen's (over C; B x H x W values): two different
    layers, in the table "layer_all" and "layer".

    It keeps no state: training and evaluation are the same function, and no example depends on another.

    Attributes:
        epsilon: added to the variance.
        dtype: number format of the result (default: what x and the parameters promote to).
        param_dtype: number format of the parameters.
        use_bias: whether ``bias`` is added.
        use_scale: whether the result is multiplied by ``scale``.
        bias_init: initial ``bias``.
        scale_init: initial ``scale``.
        reduction_axes: axes of the statistics.
        feature_axes: axes along which ``scale`` and ``bias`` vary.
        axis_name: named axis over which the statistics are pooled as well, where the features of one example are spread over devices.
        axis_index_groups: groups of indices of that axis, each pooled by itself.
        use_fast_variance: ``E[x^2] - E[x]^2`` instead of the stable formula.
        force_float32_reductions: statistics in float32 at least, whatever the input.

    >>> import jax, jax.numpy as jnp
    >>> variables = LayerNorm().init(jax.random.key(0), jnp.ones((2, 3, 4)))
    >>> jax.tree.map(jnp.shape, variables)
    {'params': {'bias': (4,), 'scale': (4,)}}

    Differences. From Linen: the variance is stable by default; masked-out values never matter, NaN included, and an example without any
    valid element stays finite (mean 0, variance 1); with ``axis_name``, statistics pool by count. From PyTorch: epsilon is 1e-6, there
    1e-5, and parameters are named scale and bias, there weight and bias.

    Reference: J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer Normalization", 2016, arXiv:1607.06450, equation 3.
    """

    epsilon: float = 1e-6
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    use_bias: bool = True
    use_scale: bool = True
    bias_init: Initializer = initializers.zeros
    scale_init: Initializer = initializers.ones
    reduction_axes: Axes = -1
    feature_axes: Axes = -1
    axis_name: str | None = None
    axis_index_groups: Any = None
    use_fast_variance: bool = False
    force_float32_reductions: bool = True

    @nn.compact
    def __call__(self, x: Array, *, mask: Array | None = None) -> Array:
        """Normalize ``x`` (any shape); ``mask`` broadcasts to it and is true where an element counts. The result has the shape of ``x``."""
        return normalize_over(self, x, mask, self.reduction_axes, self.feature_axes)


class RMSNorm(nn.Module):
    """Root mean square normalization: each example is divided by the root mean square of its features, and not centred.

    ``y = x / sqrt(mean(x^2) + epsilon) * scale``

    The statistics run over ``reduction_axes``: for ``(B, T, D)`` over D, giving B x T mean squares.

    It keeps no state: training and evaluation are the same function, and no example depends on another.

    Attributes:
        epsilon: added to the mean square.
        dtype: number format of the result (default: what x and the parameters promote to).
        param_dtype: number format of the parameters.
        use_scale: whether the result is multiplied by ``scale``.
        scale_init: initial ``scale``.
        reduction_axes: axes of the statistics.
        feature_axes: axes along which ``scale`` varies.
        axis_name: named axis over which the statistics are pooled as well, where the features of one example are spread over devices.
        axis_index_groups: groups of indices of that axis, each pooled by itself.
        use_fast_variance: without effect (nothing is subtracted); kept for Linen's signature.
        force_float32_reductions: statistics in float32 at least, whatever the input.

    >>> import jax, jax.numpy as jnp
    >>> variables = RMSNorm().init(jax.random.key(0), jnp.ones((2, 3, 4)))
    >>> jax.tree.map(jnp.shape, variables)
    {'params': {'scale': (4,)}}

    Differences. From Linen: masked-out values never matter, NaN included, and an example without any valid element stays finite; with
    ``axis_name``, statistics pool by count. From PyTorch: epsilon is 1e-6, there the machine epsilon of the input.

    Reference: B. Zhang, R. Sennrich, "Root Mean Square Layer Normalization", 2019, arXiv:1910.07467, equation 4.
    """

    epsilon: float = 1e-6
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    use_scale: bool = True
    scale_init: Initializer = initializers.ones
    reduction_axes: Axes = -1
    feature_axes: Axes = -1
    axis_name: str | None = None
    axis_index_groups: Any = None
    use_fast_variance: bool = False
    force_float32_reductions: bool = True

    @nn.compact
    def __call__(self, x: Array, *, mask: Array | None = None) -> Array:
        """Normalize ``x`` (any shape); ``mask`` broadcasts to it and is true where an element counts. The result has the shape of ``x``."""
        return normalize_over(self, x, mask, self.reduction_axes, self.feature_axes, use_mean=False)
