"""A bounded function in place of a norm: dynamic tanh."""

import jax.numpy as jnp
from flax import linen as nn
from flax.linen.dtypes import canonicalize_dtype
from flax.typing import Axes, Dtype, Initializer
from jax import Array
from jax.nn import initializers

from jaxnorm.norms.functional import affine, canonical_axes, kept_shape, statistics_dtype
from jaxnorm.norms.linen import prepare


class DyT(nn.Module):
    """Dynamic tanh: no statistics at all, but a squashing of each element whose steepness is learned.

    ``y = tanh(alpha * x) * scale + bias`` with one scalar ``alpha``.

    No axes and no statistics: no element depends on another.

    It keeps no state: training and evaluation are the same function.

    Attributes:
        dtype: number format of the result (default: what x and the parameters promote to); tanh is taken in float32 at least.
        param_dtype: number format of the parameters.
        use_bias: whether ``bias`` is added.
        use_scale: whether the result is multiplied by ``scale``.
        alpha_init: initial ``alpha``.
        bias_init: initial ``bias``.
        scale_init: initial ``scale``.
        feature_axes: axes along which ``scale`` and ``bias`` vary.

    >>> import jax, jax.numpy as jnp
    >>> variables = DyT().init(jax.random.key(0), jnp.ones((2, 3, 4)))
    >>> jax.tree.map(jnp.shape, variables)
    {'params': {'alpha': (), 'bias': (4,), 'scale': (4,)}}

    Neither Linen nor PyTorch has it. A mask has no effect but that masked-out NaN and infinity do not reach the gradients of the
    parameters.

    Reference: J. Zhu, X. Chen, K. He, Y. LeCun, Z. Liu, "Transformers without Normalization", 2025, arXiv:2503.10622, section 4 and
    algorithm 1.
    """

    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    use_bias: bool = True
    use_scale: bool = True
    alpha_init: Initializer = initializers.constant(0.5)
    bias_init: Initializer = initializers.zeros
    scale_init: Initializer = initializers.ones
    feature_axes: Axes = -1

    @nn.compact
    def __call__(self, x: Array, *, mask: Array | None = None) -> Array:
        """Squash ``x`` (any shape); ``mask`` broadcasts to it and is true where an element counts. The result has the shape of ``x``."""
        x, _ = prepare(x, mask)
        axes = canonical_axes(x.ndim, self.feature_axes)
        shape, broadcast_shape = tuple(x.shape[axis] for axis in axes), kept_shape(x.shape, axes)
        alpha = self.param("alpha", self.alpha_init, (), self.param_dtype)
        scale = self.param("scale", self.scale_init, shape, self.param_dtype).reshape(broadcast_shape) if self.use_scale else None
        bias = self.param("bias", self.bias_init, shape, self.param_dtype).reshape(broadcast_shape) if self.use_bias else None
        y = affine(jnp.tanh(x.astype(statistics_dtype(x.dtype, self.dtype, True)) * alpha), scale, bias)
        return jnp.asarray(y, canonicalize_dtype(x, alpha, scale, bias, dtype=self.dtype))
