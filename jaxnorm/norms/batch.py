"""Normalization over the batch: BatchNorm, and the running statistics that replace the batch in evaluation."""

from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from flax.typing import Dtype, Initializer
from jax import Array
from jax.nn import initializers

from jaxnorm.norms.functional import canonical_axes, kept_shape
from jaxnorm.norms.linen import normalize, prepare, scale_and_bias
from jaxnorm.norms.running import RunningStatistics, batch_moments


def momentum_for_batch_size(momentum: float, batch_size: int, reference: int) -> float:
    """The momentum per update that gives running statistics the same window in examples at every batch size.

    Args:
        momentum: decay per update of ``reference`` examples.
        batch_size: examples per update.
        reference: batch size, in examples, at which ``momentum`` is stated.

    Returns:
        ``momentum ** (batch_size / reference)``: 0.9 at 128 examples is 0.9869 at 16.
    """
    return momentum ** (batch_size / reference)


class BatchNorm(nn.Module):
    """Batch normalization: each feature is normalized over the examples of the batch, and by running statistics in evaluation.

    ``y = (x - mean) / sqrt(var + epsilon) * scale + bias``; in training, mean and var are those of the batch, and the running ones follow:
    ``running = momentum * running + (1 - momentum) * batch``.

    The statistics run over all axes but ``axis``: for ``(B, D)`` over B, for ``(B, T, D)`` over B and T, for ``(B, H, W, C)`` over B, H
    and W; one mean and one variance per feature.

    State, in ``batch_stats``: ``mean`` and ``var``, one of each per feature, and with ``debias`` the scalar ``weight``. Initialisation
    leaves it at (0, 1), and so does every update whose elements are all masked out.

    Attributes:
        use_running_average: whether the running statistics are used (evaluation) or those of the batch; may be given at the call instead.
        axis: the feature axis, or several.
        momentum: decay per update of the running statistics (PyTorch's momentum is 1 minus this).
        epsilon: added to the variance.
        dtype: number format of the result (default: what x and the parameters promote to).
        param_dtype: number format of the parameters.
        use_bias: whether ``bias`` is added.
        use_scale: whether the result is multiplied by ``scale``.
        bias_init: initial ``bias``.
        scale_init: initial ``scale``.
        axis_name: named axis over which the batch is spread (not an axis of replicas: it would mix networks).
        axis_index_groups: groups of indices of that axis, each pooled by itself.
        use_fast_variance: ``E[x^2] - E[x]^2`` instead of the stable formula.
        force_float32_reductions: statistics in float32 at least, whatever the input.
        debias: whether the running statistics average the batches seen so far and nothing else, instead of starting from (0, 1), which
            still weighs ``momentum ** t`` after t updates. ``weight = 1 - momentum ** t``, and each update moves the stored, always
            usable values by the rate ``(1 - momentum) / weight``: the correction of Adam (Kingma & Ba 2014, arXiv:1412.6980, section 3),
            applied in place. A checkpoint without ``weight`` counts as warm: 1.
        unbiased_variance: whether the running variance is multiplied by n / (n - 1), n being the count of pooled elements. The batch itself
            is normalized by the biased variance all the same.

    >>> import jax, jax.numpy as jnp
    >>> variables = BatchNorm(use_running_average=False).init(jax.random.key(0), jnp.ones((2, 3)))
    >>> jax.tree.map(jnp.shape, variables)
    {'batch_stats': {'mean': (3,), 'var': (3,)}, 'params': {'bias': (3,), 'scale': (3,)}}

    Differences. From Linen: training on one element per feature raises; the variance is stable by default; masked-out values never
    matter, NaN included, and a batch without any valid element stays finite and leaves the state alone; with ``axis_name``, statistics
    pool by count; ``debias`` and ``unbiased_variance``. From PyTorch: features last, there second; momentum is 0.99, there 0.1 of the
    opposite meaning; the running variance is biased by default, there always unbiased.

    Reference: S. Ioffe, C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift", 2015,
    arXiv:1502.03167, algorithms 1 and 2.
    """

    use_running_average: bool | None = None
    axis: int = -1
    momentum: float = 0.99
    epsilon: float = 1e-5
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    use_bias: bool = True
    use_scale: bool = True
    bias_init: Initializer = initializers.zeros
    scale_init: Initializer = initializers.ones
    axis_name: str | None = None
    axis_index_groups: Any = None
    use_fast_variance: bool = False
    force_float32_reductions: bool = True
    debias: bool = False
    unbiased_variance: bool = False

    @nn.compact
    def __call__(self, x: Array, use_running_average: bool | None = None, *, mask: Array | None = None) -> Array:
        """Normalize ``x`` (any shape); ``mask`` broadcasts to it and is true where an element counts. The result has the shape of ``x``.

        Raises:
            ValueError: in training, if each feature has one element only; if ``use_running_average`` is given both here and as a field,
                or nowhere.
        """
        use_running_average = nn.merge_param("use_running_average", self.use_running_average, use_running_average)
        x, mask = prepare(x, mask)
        feature_axes = canonical_axes(x.ndim, self.axis)
        feature_shape = tuple(x.shape[axis] for axis in feature_axes)
        broadcast_shape = kept_shape(x.shape, feature_axes)
        running = RunningStatistics(self, x.dtype, feature_shape, use_running_average)
        if use_running_average:
            used = running.stored(broadcast_shape)
        else:
            used = batch_moments(self, x, mask, feature_axes)
            if not self.is_initializing():
                running.update(used)
        scale, bias = scale_and_bias(self, feature_shape, broadcast_shape)
        return normalize(self, x, used, scale, bias)
