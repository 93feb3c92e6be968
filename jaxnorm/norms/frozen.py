"""BatchNorm whose statistics are frozen after some updates, while training goes on."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import Array

from jaxnorm.norms.batch import BatchNorm
from jaxnorm.norms.functional import canonical_axes, kept_shape
from jaxnorm.norms.linen import normalize, prepare, scale_and_bias
from jaxnorm.norms.running import RunningStatistics, batch_moments


class FrozenBatchNorm(BatchNorm):
    """``BatchNorm`` for the first ``freeze_after`` updates; from then on training too uses the running statistics, which stay as they are.

    ``y = (x - mean) / sqrt(var + epsilon) * scale + bias``; in update t = 1, 2, ... mean and var are

    - those of the batch while ``t <= freeze_after``, and the running ones follow them: ``BatchNorm`` exactly;
    - the running ones later, constant to derivatives: an affine layer, without noise from the batch and the same in evaluation.

    Statistics run over the same axes as ``BatchNorm``'s. State, in ``batch_stats``: that of ``BatchNorm``, and the scalar ``updates``,
    which counts up to ``freeze_after``.

    Attributes:
        freeze_after: updates with the statistics of the batch; at least 1, since frozen statistics are an average of batches.

    >>> import jax, jax.numpy as jnp
    >>> layer = FrozenBatchNorm(use_running_average=False, freeze_after=100)
    >>> jax.tree.map(jnp.shape, layer.init(jax.random.key(0), jnp.ones((2, 3)))["batch_stats"])
    {'mean': (3,), 'updates': (), 'var': (3,)}

    Differences. In Linen and PyTorch the same is done by hand: evaluation mode for the norms alone, while the others train. A switch at a
    given update needs no second program here.

    Reference: the practice of fine-tuning with "frozen" norms: K. He et al., "Deep Residual Learning for Image Recognition", 2015,
    arXiv:1512.03385, appendix A ("the BN layers become linear activations with constant offsets and scales"); the comparison of batch
    and frozen statistics late in training: Y. Wu, J. Johnson, "Rethinking 'Batch' in BatchNorm", 2021, arXiv:2105.07576, section 4.
    """

    freeze_after: int = 1

    @nn.compact
    def __call__(self, x: Array, use_running_average: bool | None = None, *, mask: Array | None = None) -> Array:
        """Normalize ``x`` (any shape); ``mask`` broadcasts to it and is true where an element counts. The result has the shape of ``x``.

        Raises:
            ValueError: if ``freeze_after`` is below 1; in training, if each feature has one element only; if ``use_running_average`` is
                given both here and as a field, or nowhere.
        """
        if self.freeze_after < 1:
            raise ValueError(f"freeze_after must be at least 1, and is {self.freeze_after}")
        evaluating = nn.merge_param("use_running_average", self.use_running_average, use_running_average)
        x, mask = prepare(x, mask)
        feature_axes = canonical_axes(x.ndim, self.axis)
        feature_shape = tuple(x.shape[axis] for axis in feature_axes)
        broadcast_shape = kept_shape(x.shape, feature_axes)
        running = RunningStatistics(self, x.dtype, feature_shape, evaluating)
        updates = self._updates(evaluating)
        used = running.stored(broadcast_shape)
        if updates is not None:
            batch, live = batch_moments(self, x, mask, feature_axes), updates.value < self.freeze_after
            used = jax.tree.map(lambda of_batch, stored: jnp.where(live, of_batch, stored), batch, used)
            if not self.is_initializing():
                running.update(batch._replace(count=jnp.where(live, batch.count, 0)))  # a batch of no elements moves nothing
                updates.value += live
        scale, bias = scale_and_bias(self, feature_shape, broadcast_shape)
        return normalize(self, x, used, scale, bias)

    def _updates(self, evaluating: bool) -> Any:
        """The variable that counts them; evaluation of a trained network has no use for it."""
        if evaluating and not self.is_initializing():
            return None
        return self.variable("batch_stats", "updates", jnp.zeros, (), jnp.int32)
