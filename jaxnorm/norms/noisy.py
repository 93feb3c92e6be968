"""BatchNorm whose output is made to shift again: the control by which Santurkar et al. tell stable distributions from a smooth loss."""

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import Array

from jaxnorm.norms.batch import BatchNorm
from jaxnorm.norms.functional import canonical_axes, kept_shape


class NoisyBatchNorm(BatchNorm):
    """Noisy batch normalization: BatchNorm, then noise from a distribution that is another one for each feature and at every update.

    ``y = s * BatchNorm(x) + m``. Each update draws, per feature, a centre of the shifts ``mu ~ U(-mean_range, mean_range)`` and of the
    scales ``sigma ~ U(1, largest_scale)``, and then, per element, ``m ~ U(mu - spread, mu + spread)`` and ``s ~ N(sigma, spread)``, a
    standard deviation. So no feature keeps its mean and variance from one update to the next.

    Statistics and state: those of BatchNorm, which sees its input before the noise. Noise is there in training only, and only where
    Linen's stream ``noise`` is given: without it, as in a probe, and in evaluation, this is BatchNorm.

    Attributes: those of BatchNorm, and
        mean_range: farthest that the mean of a feature is shifted.
        largest_scale: largest factor on a feature, on average.
        spread: how far single elements stray from the shift and the factor of their feature.

    >>> import jax, jax.numpy as jnp
    >>> variables = NoisyBatchNorm(use_running_average=False).init(jax.random.key(0), jnp.ones((2, 3)))
    >>> jax.tree.map(jnp.shape, variables)
    {'batch_stats': {'mean': (3,), 'var': (3,)}, 'params': {'bias': (3,), 'scale': (3,)}}

    Neither Linen nor PyTorch has it.

    Reference: S. Santurkar, D. Tsipras, A. Ilyas, A. Madry, "How Does Batch Normalization Help Optimization?", 2018, arXiv:1805.11604,
    section 2.1: i.i.d. noise of non-zero mean and non-unit variance on every activation, whose distribution changes at every update. The
    distributions are those of the algorithm in the appendix.
    """

    mean_range: float = 0.5
    largest_scale: float = 1.25
    spread: float = 0.1

    @nn.compact
    def __call__(self, x: Array, use_running_average: bool | None = None, *, mask: Array | None = None) -> Array:
        """Normalize ``x`` (any shape) as BatchNorm does, with its errors, and add the noise. The result has the shape of ``x``."""
        y = super().__call__(x, use_running_average, mask=mask)
        evaluating = nn.merge_param("use_running_average", self.use_running_average, use_running_average)
        if evaluating or self.is_initializing() or not self.has_rng("noise"):
            return y
        feature_shape = kept_shape(y.shape, canonical_axes(y.ndim, self.axis))
        mu_key, sigma_key, shift_key, scale_key = jax.random.split(self.make_rng("noise"), 4)
        mu = jax.random.uniform(mu_key, feature_shape, jnp.float32, -self.mean_range, self.mean_range)
        sigma = jax.random.uniform(sigma_key, feature_shape, jnp.float32, 1.0, self.largest_scale)
        shift = mu + jax.random.uniform(shift_key, y.shape, jnp.float32, -self.spread, self.spread)
        scale = sigma + self.spread * jax.random.normal(scale_key, y.shape, jnp.float32)
        return (scale * y + shift).astype(y.dtype)
