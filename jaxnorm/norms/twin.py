"""BatchNorm that keeps both running variances, the biased and the unbiased one, so that one training can be evaluated with either."""

from typing import Any

from flax import linen as nn
from flax.traverse_util import flatten_dict, unflatten_dict
from jax import Array

from jaxnorm.norms.batch import BatchNorm

TWIN = "twin"


class TwinBatchNorm(BatchNorm):
    """``BatchNorm``, and beside its running variance the one of the other kind, averaged over the same batches.

    Where batches differ in how many elements count, neither running average can be computed from the other: n / (n - 1) differs too.

    State, in ``batch_stats``: as ``BatchNorm``, and the same again under ``twin``, with ``unbiased_variance`` the other way round.
    Parameters and outputs are those of ``BatchNorm``.

    >>> import jax, jax.numpy as jnp
    >>> variables = TwinBatchNorm(use_running_average=False).init(jax.random.key(0), jnp.ones((2, 3)))
    >>> jax.tree.map(jnp.shape, variables["batch_stats"])
    {'mean': (3,), 'twin': {'mean': (3,), 'var': (3,)}, 'var': (3,)}
    """

    @nn.compact
    def __call__(self, x: Array, use_running_average: bool | None = None, *, mask: Array | None = None) -> Array:
        """As ``BatchNorm``."""
        evaluating = nn.merge_param("use_running_average", self.use_running_average, use_running_average)
        if not evaluating or self.is_initializing():
            shared = {name: getattr(self, name) for name in SHARED}
            other = BatchNorm(use_bias=False, use_scale=False, unbiased_variance=not self.unbiased_variance, name=TWIN, **shared)
            other(x, evaluating, mask=mask)
        return super().__call__(x, use_running_average, mask=mask)


SHARED = (
    "axis",
    "momentum",
    "epsilon",
    "dtype",
    "param_dtype",
    "axis_name",
    "axis_index_groups",
    "use_fast_variance",
    "force_float32_reductions",
    "debias",
)
"""Fields that the twin has in common."""


def exchange_variances(batch_stats: Any) -> Any:
    """The running statistics of a network with every running variance exchanged for its twin's; layers without a twin keep theirs."""
    leaves = flatten_dict(batch_stats)
    return unflatten_dict({path: leaves.get((*path[:-1], TWIN, path[-1]), leaf) for path, leaf in leaves.items()})
