"""Which elements are averaged together: for any shape, axes (however spelled) and masks, the float64 reference over the same axes."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from helpers import FLOAT32_TOLERANCE, reference_norm
from hypothesis import given, settings
from hypothesis import strategies as st
from norms.running import output

from jaxnorm.norms import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm

EPSILON = 0.1
"""Large, since small pools may hold nearly equal values, whose difference over a small epsilon is nothing but rounding."""

Case = tuple[nn.Module, tuple[int, ...], tuple[int, ...], dict]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A layer, an input shape, the axes that the layer pools, and what else its reference needs to know."""
    shape = tuple(draw(st.lists(st.sampled_from([1, 2, 3, 4]), min_size=2, max_size=4)))
    every = frozenset(range(len(shape)))
    chosen = draw(st.sets(st.integers(0, len(shape) - 1), min_size=1))
    kind = draw(st.sampled_from([BatchNorm, LayerNorm, RMSNorm, GroupNorm, InstanceNorm]))
    if kind is GroupNorm:
        groups = draw(st.sampled_from([groups for groups in range(1, shape[-1] + 1) if shape[-1] % groups == 0]))
        return GroupNorm(num_groups=groups, epsilon=EPSILON), shape, tuple(range(1, len(shape) - 1)), {"groups": groups}
    if kind is InstanceNorm:
        chosen = chosen - {0} or {len(shape) - 1}
    spelled = draw(st.permutations([draw(st.sampled_from([axis, axis - len(shape)])) for axis in sorted(chosen)]))
    if kind is BatchNorm:
        layer = BatchNorm(use_running_average=False, axis=tuple(spelled), epsilon=EPSILON)  # pyright: ignore[reportArgumentType]
        return layer, shape, tuple(every - chosen), {}
    if kind is InstanceNorm:
        return InstanceNorm(feature_axes=tuple(spelled), epsilon=EPSILON), shape, tuple(every - chosen - {0}), {}
    return kind(reduction_axes=tuple(spelled), epsilon=EPSILON), shape, tuple(chosen), {"center": kind is not RMSNorm}


@settings(deadline=None, max_examples=20)
@given(case=cases(), seed=st.integers(0, 2**16), keep=st.sampled_from([0.0, 0.5, 0.9, None]), by=st.integers(0, 15))
def test_any_axes_and_masks_match_the_reference(case: Case, seed: int, keep: float | None, by: int) -> None:
    """The mask has full size on the axes that the bits of ``by`` name, and size one on the others."""
    layer, shape, pooled, options = case
    rng = np.random.default_rng(seed)
    x = rng.normal(1, 2, shape).astype(np.float32)
    mask = None if keep is None else rng.random([size if by >> axis & 1 else 1 for axis, size in enumerate(shape)]) < keep
    channels = shape[-1] // options["groups"] if "groups" in options else 1
    alone = np.prod([shape[axis] for axis in pooled]) * channels == 1
    every_axis_a_feature = isinstance(layer, InstanceNorm) and len(shape) > 2 and not pooled  # constant by request, as in Linen
    if alone and not isinstance(layer, RMSNorm) and not every_axis_a_feature:
        with pytest.raises(ValueError, match=r"more than one element|constant"):
            output(layer, x, mask)
        return
    valid = np.broadcast_to(True if mask is None else mask, shape)
    y = np.asarray(output(layer, np.where(valid, x, np.float32(np.nan)), mask))
    assert y.dtype == jnp.float32
    assert np.isfinite(y).all()
    expected = reference_norm(x, tuple(sorted(pooled)), epsilon=EPSILON, mask=mask, **options)
    np.testing.assert_allclose(y[valid], expected[valid], rtol=FLOAT32_TOLERANCE, atol=FLOAT32_TOLERANCE)
