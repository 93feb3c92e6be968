"""What BatchNorm and its relatives share: the moments of a batch, and the running statistics that replace them in evaluation.

As in ``linen.py``, the module is handed over for its fields, which have Linen's names and meanings.
"""

import math
from typing import Any

import chex
import jax.numpy as jnp
from flax.typing import Dtype
from jax import Array

from jaxnorm.norms.functional import Moments, Pool, moments_at, statistics_dtype
from jaxnorm.norms.linen import own_moments


def batch_moments(module: Any, x: Array, mask: Array | None, feature_axes: tuple[int, ...]) -> Moments:
    """Moments of the batch; while initialising, of the local one only, since the named axis need not exist yet.

    Raises:
        ValueError: after initialisation, if each feature has one element only.
    """
    axes = tuple(axis for axis in range(x.ndim) if axis not in feature_axes)
    if module.is_initializing():
        return own_moments(module, x, mask, Pool(axes))
    if module.axis_name is None:
        require_several_elements(module, math.prod(x.shape[axis] for axis in axes), f"an input of shape {x.shape}")
    return own_moments(module, x, mask, Pool(axes, module.axis_name, module.axis_index_groups))


def require_several_elements(module: Any, elements: int, source: str) -> None:
    """Raise ``ValueError`` if each feature of ``source`` (in words) has one of its ``elements`` only."""
    if elements == 1:
        raise ValueError(
            f"{type(module).__name__} in training needs more than one element per feature, and {source} has one: the result "
            "would be the bias, whatever the input. Use a bigger batch, use_running_average=True, or a norm that does not depend on "
            "the batch."
        )


class RunningStatistics:
    """The module's ``mean`` and ``var`` in ``batch_stats``, and with ``debias`` the ``weight`` of what they average."""

    def __init__(self, module: Any, x_dtype: Dtype, shape: tuple[int, ...], use_running_average: bool) -> None:
        """Take or make the variables, of ``shape``, in the number format that updates give them, so that they can be a scan's carry."""
        self._module = module
        warm = module.has_variable("batch_stats", "mean") and not module.is_initializing()
        dtype = statistics_dtype(x_dtype, module.dtype, True) if module.force_float32_reductions else module.param_dtype
        self._mean = module.variable("batch_stats", "mean", jnp.zeros, shape, dtype)
        self._var = module.variable("batch_stats", "var", jnp.ones, shape, jnp.finfo(dtype).dtype)
        for variable in (self._mean, self._var):
            chex.assert_shape(variable.value, shape)
        self._weight = None
        if module.debias and not (use_running_average and not module.is_initializing()):
            self._weight = module.variable("batch_stats", "weight", jnp.full, (), float(warm), jnp.float32)

    @property
    def started(self) -> bool | Array:
        """Whether the values are an average of batches: not so under ``debias`` before the first update."""
        return self._weight is None or self._weight.value > 0

    def stored(self, shape: tuple[int, ...]) -> Moments:
        """Mean and variance, reshaped to ``shape``."""
        values = (self._mean.value, self._var.value)
        if not self._module.force_float32_reductions:
            values = tuple(jnp.asarray(value, self._module.param_dtype) for value in values)
        mean, var = (value.reshape(shape) for value in values)
        return moments_at(mean, var)

    def update(self, batch: Moments, pools: int | Array = 1) -> None:
        """Move towards the batch's moments; statistics with too few valid elements stay as they are.

        Args:
            batch: the moments, one of each per feature.
            pools: number of pools, each with a mean of its own, within which the variance was taken: the unbiased variance has
                ``count - pools`` degrees of freedom.
        """
        mean, var, count = batch.mean, batch.var, batch.count
        rate = self._rate(count)
        enough = count >= 1
        self._move(self._mean, mean, rate, enough)
        if self._module.unbiased_variance:
            enough = count - pools >= 1
            var = var * (count / jnp.maximum(count - pools, 1))
        self._move(self._var, var, rate, enough)

    def _rate(self, count: int | Array) -> float | Array:
        rate = 1 - self._module.momentum
        if self._weight is None:
            return rate
        weight = self._module.momentum * self._weight.value + rate
        self._weight.value = jnp.where(jnp.any(count > 0), weight, self._weight.value)
        return rate / jnp.maximum(weight, jnp.finfo(jnp.float32).tiny)  # a momentum of 1 never moves: 0 / tiny

    @staticmethod
    def _move(variable: Any, value: Array, rate: float | Array, enough: bool | Array) -> None:
        old = variable.value.reshape(value.shape)
        moved = (1 - rate) * old + rate * value  # exactly the batch's at rate 1, unlike old + rate * (value - old)
        new = jnp.where(enough, moved, old)
        variable.value = new.reshape(variable.value.shape).astype(jnp.promote_types(old.dtype, value.dtype))
