"""Normalization of the weights instead of the activations: weight standardization, as a function and around a layer.

Weight normalization (Salimans & Kingma 2016, arXiv:1602.07868) and spectral normalization are in Linen already, as ``nn.WeightNorm`` and
``nn.SpectralNorm``, and are not repeated here; ``WeightStandardization`` wraps a layer in the same way.
"""

from typing import Any

import jax
from flax import linen as nn
from flax.typing import Axes
from jax import Array

from jaxnorm.norms.functional import Pool, canonical_axes, moments, standardize, statistics_dtype


def standardize_kernel(kernel: Array, *, feature_axes: Axes = -1, epsilon: float = 1e-5) -> Array:
    """The kernel with mean 0 and variance 1 over the inputs of each unit: ``(w - mean) / sqrt(var + epsilon)``.

    Args:
        kernel: any shape; in Linen ``(D, F)`` for Dense and ``(H, W, C, F)`` for Conv.
        feature_axes: the axes of the units; mean and variance run over all others.
        epsilon: added to the variance.

    Returns:
        The standardized kernel, of the same shape and number format; computed in float32 at least.

    It removes two directions of each unit's weights, their mean and their length, from what the loss depends on. A unit's output is
    about sqrt(fan-in) times larger than under the usual initial scales: a norm of the activations is meant to follow.

    Reference: S. Qiao, H. Wang, C. Liu, W. Shen, A. Yuille, "Weight Standardization", 2019, arXiv:1903.10520, section 3. The authors'
    PyTorch code divides by the unbiased standard deviation plus epsilon; the paper's formula, which is this one, by sqrt(var + epsilon).
    """
    features = canonical_axes(kernel.ndim, feature_axes)
    wide = kernel.astype(statistics_dtype(kernel.dtype, None, True))
    own = moments(wide, Pool(tuple(axis for axis in range(kernel.ndim) if axis not in features)))
    return standardize(wide, own, epsilon).astype(kernel.dtype)


class WeightStandardization(nn.Module):
    """Weight standardization: the layer inside runs with each ``kernel`` of its parameters standardized.

    ``kernel' = (kernel - mean) / sqrt(var + epsilon)``, see ``standardize_kernel``.

    The statistics run over all axes of a kernel but ``feature_axes``: for a Conv kernel ``(H, W, C, F)`` over H, W and C, giving F means
    and variances.

    State: none of its own. The parameters are those of the layer inside, as it made them: a checkpoint fits with or without the
    wrapper.

    Attributes:
        layer_instance: the layer, Dense or Conv or any module with parameters named ``kernel``.
        epsilon: added to the variance.
        feature_axes: axes of the units in a kernel.

    >>> import jax, jax.numpy as jnp
    >>> layer = WeightStandardization(nn.Conv(8, (3, 3)))
    >>> jax.tree.map(jnp.shape, layer.init(jax.random.key(0), jnp.ones((1, 5, 5, 2))))
    {'params': {'layer_instance': {'bias': (8,), 'kernel': (3, 3, 2, 8)}}}

    Differences. Neither Linen nor PyTorch has it. From ``nn.WeightNorm``, whose call form it has: kernels are centred as well, no scale
    is learned, and initialisation stores kernels as drawn, there normalized.

    Reference: see ``standardize_kernel``.
    """

    layer_instance: nn.Module
    epsilon: float = 1e-5
    feature_axes: Axes = -1

    @nn.compact
    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """What ``layer_instance(*arguments, **options)`` gives with standardized kernels."""
        if self.is_initializing():  # so that the parameters are stored as the layer draws them; map_variables would store them standardized
            self.layer_instance(*arguments, **options)
        run = nn.map_variables(lambda layer: layer(*arguments, **options), "params", self._standardize)
        return run(self.layer_instance)

    def _standardize(self, params: Any) -> Any:
        def transform(path: tuple[Any, ...], leaf: Array) -> Array:
            is_kernel = getattr(path[-1], "key", None) == "kernel"
            return standardize_kernel(leaf, feature_axes=self.feature_axes, epsilon=self.epsilon) if is_kernel else leaf

        return jax.tree_util.tree_map_with_path(transform, params)
