"""BatchNorm over parts of the batch: GhostBatchNorm."""

import math
from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from flax.typing import Dtype, Initializer
from jax import Array
from jax.nn import initializers

from jaxnorm.norms.functional import Moments, Pool, canonical_axes, kept_shape, moments_at
from jaxnorm.norms.linen import normalize, own_moments, prepare, scale_and_bias
from jaxnorm.norms.running import RunningStatistics, require_several_elements


class GhostBatchNorm(nn.Module):
    """Ghost batch normalization: BatchNorm within each of the small batches into which a big one is cut.

    ``y = (x - mean_g) / sqrt(var_g + epsilon) * scale + bias`` for the examples of ghost batch g; in evaluation, mean and var are the
    running ones. After a batch of G ghost batches, ``running = momentum * running + (1 - momentum) * mean over g of (mean_g, var_g)``.

    Ghost batch g is the ``ghost_batch_size`` (b) consecutive examples of the leading axis from ``g * b`` on. The statistics run over them
    and over all axes but ``axis``: for ``(B, D)`` over b, for ``(B, H, W, C)`` over b, H and W; B / b means and variances per feature.
    With b = B it is BatchNorm.

    State, in ``batch_stats``: as BatchNorm, ``mean`` and ``var``, one of each per feature, and with ``debias`` the scalar ``weight``.

    Attributes:
        ghost_batch_size: examples in a ghost batch, which must divide the batch in training. The default, 8, is half of the smallest
            batch that the package's comparison trains with; the paper has 128 of up to 4096.
        use_running_average: whether the running statistics are used (evaluation) or those of the batch; may be given at the call instead.
        axis: the feature axis, or several; not the leading one.
        momentum: decay per batch (not per ghost batch) of the running statistics.
        epsilon: added to the variance.
        dtype: number format of the result (default: what x and the parameters promote to).
        param_dtype: number format of the parameters.
        use_bias: whether ``bias`` is added.
        use_scale: whether the result is multiplied by ``scale``.
        bias_init: initial ``bias``.
        scale_init: initial ``scale``.
        axis_name: named axis over which the batch is spread. Ghost batches stay on their device; the running statistics follow those of
            all devices, so that how a batch is spread changes nothing.
        axis_index_groups: groups of indices of that axis, each with running statistics of its own.
        use_fast_variance: ``E[x^2] - E[x]^2`` instead of the stable formula.
        force_float32_reductions: statistics in float32 at least, whatever the input.
        debias: as in BatchNorm.
        unbiased_variance: whether the running variance is that of the ghost batches times n / (n - G), n being the count of elements and
            G that of ghost batches with any: unbiased at unequal counts too.

    >>> import jax, jax.numpy as jnp
    >>> variables = GhostBatchNorm(4, use_running_average=False).init(jax.random.key(0), jnp.ones((8, 3)))
    >>> jax.tree.map(jnp.shape, variables)
    {'batch_stats': {'mean': (3,), 'var': (3,)}, 'params': {'bias': (3,), 'scale': (3,)}}

    Differences. Neither Linen nor PyTorch has it. From the paper: its running statistics move once per ghost batch, in order, so that
    later ones weigh more and the window in examples shrinks with the batch; here all ghost batches weigh the same (with masks, by count),
    and ``momentum`` means what it means in BatchNorm. ``momentum = m ** (B / b)`` has the decay of the paper's m. Fields and masks: as
    BatchNorm here.

    Reference: E. Hoffer, I. Hubara, D. Soudry, "Train longer, generalize better: closing the generalization gap in large batch training
    of neural networks", 2017, arXiv:1705.08741, algorithm 1.
    """

    ghost_batch_size: int = 8
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
        """Normalize ``x (B, ...)``; ``mask`` broadcasts to it and is true where an element counts. The result has the shape of ``x``.

        Raises:
            ValueError: in training, if the ghost batch size does not divide the batch (a batch of one is welcome in initialisation) or each
                feature of a ghost batch has one element only; if the leading axis is a feature axis; if ``use_running_average`` is given
                both here and as a field, or nowhere.
        """
        use_running_average = nn.merge_param("use_running_average", self.use_running_average, use_running_average)
        x, mask = prepare(x, mask)
        feature_axes = canonical_axes(x.ndim, self.axis)
        if 0 in feature_axes:
            raise ValueError(f"axis {self.axis} of an input of shape {x.shape} is the leading one, from which ghost batches are cut")
        feature_shape = tuple(x.shape[axis] for axis in feature_axes)
        broadcast_shape = (1, *kept_shape(x.shape, feature_axes))
        number = 1 if use_running_average else self._number_of_ghosts(len(x))
        ghosts = x.reshape(number, len(x) // number, *x.shape[1:])  # (B, ...) -> (G, b, ...)
        running = RunningStatistics(self, x.dtype, feature_shape, use_running_average)
        if use_running_average:
            used = running.stored(broadcast_shape)
        else:
            used = self._moments(ghosts, _in_ghosts(mask, number), tuple(axis + 1 for axis in feature_axes))
            if not self.is_initializing():
                running.update(*self._over_ghosts(used))
        scale, bias = scale_and_bias(self, feature_shape, broadcast_shape)
        return normalize(self, ghosts, used, scale, bias).reshape(x.shape)

    def _number_of_ghosts(self, batch_size: int) -> int:
        if self.is_initializing() and batch_size == 1:
            return 1
        if self.ghost_batch_size < 1 or batch_size % self.ghost_batch_size:
            raise ValueError(f"a batch of {batch_size} examples does not fall into ghost batches of {self.ghost_batch_size}")
        return batch_size // self.ghost_batch_size

    def _moments(self, ghosts: Array, mask: Array | None, feature_axes: tuple[int, ...]) -> Moments:
        """Of each ghost batch: ``(G, 1, ..., C)``."""
        axes = tuple(axis for axis in range(1, ghosts.ndim) if axis not in feature_axes)
        if not self.is_initializing():
            elements = math.prod(ghosts.shape[axis] for axis in axes)
            require_several_elements(self, elements, f"a ghost batch of shape {ghosts.shape[1:]}")
        return own_moments(self, ghosts, mask, Pool(axes))

    def _over_ghosts(self, ghosts: Moments) -> tuple[Moments, int | Array]:
        """The average over ghost batches, weighted by their counts, and the number of those with any valid element."""
        pool = Pool((0,), self.axis_name, self.axis_index_groups)
        if isinstance(ghosts.count, int):
            number = pool.count(ghosts.mean.shape, None)
            mean, var = pool.means(number, ghosts.mean, ghosts.var)
            return moments_at(mean, var, number * ghosts.count), number
        counts = jnp.broadcast_to(ghosts.count, (len(ghosts.mean), *ghosts.count.shape[1:]))
        (total,) = pool.means(1, counts)
        shares = (counts / jnp.maximum(total, 1)).astype(ghosts.var.dtype)
        mean, var = pool.means(1, shares * ghosts.mean, shares * ghosts.var)
        return moments_at(mean, var, total), pool.count(counts.shape, counts > 0)


def _in_ghosts(mask: Array | None, number: int) -> Array | None:
    """The mask of ``(B, ...)`` as one that broadcasts to ``(G, b, ...)``."""
    if mask is None or len(mask) == 1:
        return mask if mask is None else mask[None]
    return mask.reshape(number, len(mask) // number, *mask.shape[1:])
