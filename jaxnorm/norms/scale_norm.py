"""RMSNorm with one learned number: ScaleNorm."""

from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from flax.typing import Axes, Dtype, Initializer
from jax import Array
from jax.nn import initializers

from jaxnorm.norms.functional import Pool, canonical_axes
from jaxnorm.norms.linen import normalize, own_moments, prepare, scale_and_bias


class ScaleNorm(nn.Module):
    """Scaled l2 normalization: each example is put on a sphere, whose radius is learned.

    ``y = x / sqrt(mean(x^2) + epsilon) * scale`` with one scalar ``scale``, which is ``g * x / ||x||`` with ``g = scale * sqrt(D)``.

    The statistics run over ``reduction_axes``: for ``(B, T, D)`` over D, giving B x T mean squares.

    It keeps no state: training and evaluation are the same function, and no example depends on another.

    Attributes:
        epsilon: added to the mean square.
        dtype: number format of the result (default: what x and the parameters promote to).
        param_dtype: number format of the parameters.
        use_scale: whether the result is multiplied by ``scale``.
        scale_init: initial ``scale``.
        reduction_axes: axes of the statistics.
        axis_name: named axis over which the statistics are pooled as well, where the features of one example are spread over devices.
        axis_index_groups: groups of indices of that axis, each pooled by itself.
        use_fast_variance: without effect (nothing is subtracted); kept for the signature of the other layers.
        force_float32_reductions: statistics in float32 at least, whatever the input.

    >>> import jax, jax.numpy as jnp
    >>> variables = ScaleNorm().init(jax.random.key(0), jnp.ones((2, 3, 4)))
    >>> jax.tree.map(jnp.shape, variables)
    {'params': {'scale': ()}}

    Differences. Neither Linen nor PyTorch has it. From the paper: ``scale`` is relative to its initial g = sqrt(D), so that it starts at
    1 like every other layer's and a learning rate means the same at every width; epsilon is under the root and relative to D. Masks: as
    RMSNorm here.

    Reference: T. Q. Nguyen, J. Salazar, "Transformers without Tears: Improving the Normalization of Self-Attention", 2019,
    arXiv:1910.05895, section 2.2.
    """

    epsilon: float = 1e-6
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    use_scale: bool = True
    scale_init: Initializer = initializers.ones
    reduction_axes: Axes = -1
    axis_name: str | None = None
    axis_index_groups: Any = None
    use_fast_variance: bool = False
    force_float32_reductions: bool = True

    @nn.compact
    def __call__(self, x: Array, *, mask: Array | None = None) -> Array:
        """Normalize ``x`` (any shape); ``mask`` broadcasts to it and is true where an element counts. The result has the shape of ``x``."""
        x, mask = prepare(x, mask)
        pool = Pool(canonical_axes(x.ndim, self.reduction_axes), self.axis_name, self.axis_index_groups)
        own = own_moments(self, x, mask, pool, use_mean=False)
        scale, bias = scale_and_bias(self, (), (1,) * x.ndim)
        return normalize(self, x, own, scale, bias)
