"""BatchNorm whose training network is, up to limits, its evaluation network: BatchRenorm, and the schedule of the limits."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from flax.linen.dtypes import canonicalize_dtype
from flax.typing import Dtype, Initializer
from jax import Array, lax
from jax.nn import initializers

from jaxnorm.norms.functional import Moments, affine, canonical_axes, kept_shape, standardize
from jaxnorm.norms.linen import normalize, prepare, scale_and_bias
from jaxnorm.norms.running import RunningStatistics, batch_moments

Limit = float | Callable[[int | Array], Array]
"""A number, or a function of the number of updates so far."""


@dataclasses.dataclass(frozen=True)
class Ramp:
    """A limit that is ``start`` up to update ``begin``, ``stop`` from update ``end`` on, and linear in between.

    Hashable and equal by content, so that a layer that has it remains so.
    """

    start: float
    stop: float
    begin: int
    end: int

    def __call__(self, step: int | Array) -> Array:
        """The limit after ``step`` updates."""
        return self.start + (self.stop - self.start) * jnp.clip((step - self.begin) / (self.end - self.begin), 0, 1)


def renorm_schedule(warmup: int = 5_000, r_end: int = 40_000, d_end: int = 25_000) -> dict[str, Any]:
    """The fields ``r_max`` and ``d_max`` of BatchRenorm as in its paper (section 4): BatchNorm at first, then ever looser limits.

    Args:
        warmup: number of updates with limits 1 and 0.
        r_end: number of updates after which ``r_max`` is 3.
        d_end: number of updates after which ``d_max`` is 5.

    Returns:
        A ``Ramp`` for each of the two.

    >>> limits = renorm_schedule(warmup=100, r_end=300, d_end=200)
    >>> [(float(limits["r_max"](step)), float(limits["d_max"](step))) for step in (0, 100, 200, 300)]
    [(1.0, 0.0), (1.0, 0.0), (2.0, 5.0), (3.0, 5.0)]
    """
    return {"r_max": Ramp(1.0, 3.0, warmup, r_end), "d_max": Ramp(0.0, 5.0, warmup, d_end)}


class BatchRenorm(nn.Module):
    """Batch renormalization: BatchNorm, corrected in training so that each example comes out as evaluation would have it.

    ``y = ((x - mean) / sqrt(var + epsilon) * r + d) * scale + bias`` with the mean and var of the batch, and

    - ``r = sqrt((var + epsilon) / (running_var + epsilon))``, clipped to [1 / r_max, r_max];
    - ``d = (mean - running_mean) / sqrt(running_var + epsilon)``, clipped to [-d_max, d_max];

    both constants to the derivative. Where neither is clipped, y is that of the evaluation network before this update; with r_max = 1
    and d_max = 0 it is BatchNorm's. In evaluation, mean and var are the running ones, r = 1 and d = 0. The running statistics follow as in
    BatchNorm: ``running = momentum * running + (1 - momentum) * batch``.

    The statistics run over all axes but ``axis``: for ``(B, D)`` over B, for ``(B, H, W, C)`` over B, H and W; one mean, var, r and d per
    feature.

    State, in ``batch_stats``: as BatchNorm, ``mean`` and ``var``, one of each per feature, and with ``debias`` the scalar ``weight``; where
    a limit is scheduled also ``step``, the number of updates so far.

    Attributes:
        use_running_average: whether the running statistics are used (evaluation) or those of the batch; may be given at the call instead.
        axis: the feature axis, or several.
        momentum: decay per update of the running statistics.
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
        debias: as in BatchNorm. The first update then is BatchNorm's, there being no running statistics to correct towards; without it,
            the first corrections are towards (0, 1), and a schedule should begin with limits of 1 and 0.
        unbiased_variance: as in BatchNorm.
        r_max: limit of r, 1 or more; or a function of the number of updates (see ``renorm_schedule``).
        d_max: limit of d, 0 or more; or a function of the number of updates.

    >>> import jax, jax.numpy as jnp
    >>> layer = BatchRenorm(use_running_average=False, **renorm_schedule())
    >>> jax.tree.map(jnp.shape, layer.init(jax.random.key(0), jnp.ones((2, 3))))
    {'batch_stats': {'mean': (3,), 'step': (), 'var': (3,)}, 'params': {'bias': (3,), 'scale': (3,)}}

    Differences. Neither Linen nor PyTorch has it. From the paper: the running ``var`` is an average of variances, as in BatchNorm, there
    of standard deviations; limits are constant unless scheduled. Fields and masks: as BatchNorm here.

    Reference: S. Ioffe, "Batch Renormalization: Towards Reducing Minibatch Dependence in Batch-Normalized Models", 2017,
    arXiv:1702.03275, algorithm 1.
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
    r_max: Limit = 3.0
    d_max: Limit = 5.0

    @nn.compact
    def __call__(self, x: Array, use_running_average: bool | None = None, *, mask: Array | None = None) -> Array:
        """Normalize ``x`` (any shape); ``mask`` broadcasts to it and is true where an element counts. The result has the shape of ``x``.

        Raises:
            ValueError: in training, if each feature has one element only; if a constant limit is below its least value; if
                ``use_running_average`` is given both here and as a field, or nowhere.
        """
        use_running_average = nn.merge_param("use_running_average", self.use_running_average, use_running_average)
        x, mask = prepare(x, mask)
        feature_axes = canonical_axes(x.ndim, self.axis)
        feature_shape = tuple(x.shape[axis] for axis in feature_axes)
        broadcast_shape = kept_shape(x.shape, feature_axes)
        running = RunningStatistics(self, x.dtype, feature_shape, use_running_average)
        scale, bias = scale_and_bias(self, feature_shape, broadcast_shape)
        step = self._step(use_running_average)
        stored = running.stored(broadcast_shape)
        if use_running_average:
            return normalize(self, x, stored, scale, bias)
        batch = batch_moments(self, x, mask, feature_axes)
        r, d = self._corrections(lax.stop_gradient(batch), stored, 0 if step is None else step.value)
        r, d = jnp.where(running.started, r, 1), jnp.where(running.started, d, 0)  # nothing to correct towards before the first update
        if not self.is_initializing():
            running.update(batch)
            if step is not None:
                step.value += jnp.any(batch.count > 0).astype(step.value.dtype)
        y = standardize(x, batch, self.epsilon, scale=affine(r, scale, None), bias=affine(d, scale, bias))
        return jnp.asarray(y, canonicalize_dtype(x, scale, bias, dtype=self.dtype))

    def _step(self, use_running_average: bool) -> nn.Variable | None:
        """The number of updates, where a limit depends on it."""
        if not (callable(self.r_max) or callable(self.d_max)) or (use_running_average and not self.is_initializing()):
            return None
        return self.variable("batch_stats", "step", jnp.zeros, (), jnp.int32)

    def _corrections(self, batch: Moments, stored: Moments, step: int | Array) -> tuple[Array, Array]:
        """Return r and d of the batch towards the running statistics, after ``step`` updates."""
        r_max, d_max = (self._limit(name, least, step).astype(stored.var.dtype) for name, least in (("r_max", 1), ("d_max", 0)))
        deviation = jnp.sqrt(stored.var + self.epsilon)
        r = jnp.clip(jnp.sqrt(batch.var + self.epsilon) / deviation, 1 / r_max, r_max)
        d = jnp.clip((batch.mean - stored.mean) / deviation, -d_max, d_max)
        return r, d

    def _limit(self, name: str, least: int, step: int | Array) -> Array:
        limit = getattr(self, name)
        if callable(limit):
            return jnp.asarray(limit(step))
        if limit < least:
            raise ValueError(f"{name} must be at least {least}, and is {limit}")
        return jnp.asarray(limit)
