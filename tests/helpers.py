"""Named tolerances, float64 references, and the compiler as users have it, shared by the tests."""

import functools

import jax
import numpy as np
from compiling import USERS

FLOAT32_TOLERANCE = 1e-5
"""Relative error allowed between a float32 layer and its float64 reference."""
EXACT_TOLERANCE = 1e-6
"""Relative error allowed where two float32 computations should be the same formula."""
GRADIENT_TOLERANCE = 1e-4
"""Error, relative to the largest gradient, of a float32 gradient: sums of hundreds of products, some of which cancel."""
FINITE_DIFFERENCE_TOLERANCE = 1e-6
"""Relative error of central differences in float64 with a step of 1e-5: the step squared, plus rounding over the step."""
HALF_PRECISION_TOLERANCE = {"bfloat16": 2e-2, "float16": 3e-3}
"""Absolute error of an output of order 1 to 4: some units in the last of 8 or 11 significant bits."""

jit_as_for_users = functools.partial(jax.jit, compiler_options=USERS)
"""``jax.jit`` with all of XLA's optimizations."""


def reference_norm(
    x: np.ndarray, axes: tuple[int, ...], *, epsilon: float, mask: np.ndarray | None = None, center: bool = True, groups: int | None = None
) -> np.ndarray:
    """``(x - mean) / sqrt(var + epsilon)`` over ``axes`` in float64, the valid elements of each pool picked out one by one.

    Args:
        x: any shape.
        axes: pooled axes; with ``groups``, those besides the channels.
        epsilon: added to the variance.
        mask: true where an element counts; pools without any have mean 0 and variance 1.
        center: whether the mean is subtracted.
        groups: number of groups of channels on the last axis, pooled as well.
    """
    if groups is not None:
        split = (*x.shape[:-1], groups, x.shape[-1] // groups)
        mask = None if mask is None else np.broadcast_to(mask, x.shape).reshape(split)
        return reference_norm(x.reshape(split), (*axes, x.ndim), epsilon=epsilon, mask=mask, center=center).reshape(x.shape)
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    valid = np.ones(x.shape, bool) if mask is None else np.broadcast_to(mask, x.shape)
    values, valid = (np.transpose(array, kept + list(axes)).reshape(*[x.shape[axis] for axis in kept], -1) for array in (x, valid))
    y = np.empty(values.shape)
    for index in np.ndindex(*values.shape[:-1]):
        pooled = values[index][valid[index]].astype(np.float64)
        mean = pooled.mean() if center and pooled.size else 0.0
        var = np.mean((pooled - mean) ** 2) if pooled.size else 1.0
        y[index] = (values[index].astype(np.float64) - mean) / np.sqrt(var + epsilon)
    y = y.reshape([x.shape[axis] for axis in kept] + [x.shape[axis] for axis in axes])
    return np.transpose(y, np.argsort(kept + list(axes)))
