"""What Linen's own tests say of these layers, said of ours. Tolerances, shapes and offsets are theirs."""

import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from norms.running import KEY, normal, output, update

from jaxnorm.norms import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm

PLAIN: dict[str, Any] = {"use_bias": False, "use_scale": False, "epsilon": 1e-5}


@functools.partial(jax.jit, static_argnums=0)
def _init_with_output(layer, x, mask=None):
    return layer.init_with_output(KEY, x, mask=mask)


def _by_hand(x, axes):
    """The formula in float64: far from zero, that of Linen's tests, in float32, is not exact."""
    exact = x.astype(np.float64)
    return (exact - exact.mean(axes, keepdims=True)) / np.sqrt(exact.var(axes, keepdims=True) + 1e-5)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.complex64])
@pytest.mark.parametrize("masked", [False, True])
def test_batch_norm_normalizes_and_averages(masked, dtype):
    x = (normal(0, 4, 3, 2) + 1j * normal(1, 4, 3, 2) if dtype == jnp.complex64 else normal(0, 4, 3, 2)).astype(dtype)
    mask = (normal(2, 4, 3, 1) > 0) | (np.arange(4).reshape(4, 1, 1) == 0) if masked else None
    valid = np.broadcast_to(True if mask is None else mask, x.shape)
    layer = BatchNorm(momentum=0.9, use_running_average=False, dtype=dtype)
    padded = np.where(valid, x, np.float32(np.nan))
    y, variables = _init_with_output(layer, padded, mask=mask)
    y = np.asarray(y)
    np.testing.assert_allclose(y.mean((0, 1), where=valid), np.zeros(2), atol=1e-4)
    np.testing.assert_allclose(y.var((0, 1), where=valid), np.ones(2), rtol=1e-4)
    assert y.dtype == dtype
    _, updated = update(layer, variables, padded, mask)
    running = updated["batch_stats"]
    np.testing.assert_allclose(running["mean"], 0.1 * x.mean((0, 1), where=valid), atol=1e-4)
    np.testing.assert_allclose(running["var"], 0.9 + 0.1 * x.var((0, 1), where=valid), rtol=1e-4)


@pytest.mark.parametrize(("axes", "offset"), [(-1, 0), (1, 0), ((1, 2), 0), ((0, 1, 2), 0), (-1, 1e6)])
def test_layer_norm_is_the_formula_even_far_from_zero(axes, offset):
    x = normal(0, 2, 3, 4) + np.float32(offset)
    y, _ = _init_with_output(LayerNorm(**PLAIN, reduction_axes=axes), x)
    np.testing.assert_allclose(_by_hand(x, axes), y, atol=1e-5)


@pytest.mark.parametrize("axes", [-1, 1, (1, 2)])
def test_rms_norm_is_the_formula(axes):
    x = normal(0, 2, 3, 4)
    y, _ = _init_with_output(RMSNorm(use_scale=False, epsilon=1e-5, reduction_axes=axes), x)
    np.testing.assert_allclose(x / np.sqrt(np.mean(x**2, axes, keepdims=True) + 1e-5), y, atol=1e-4)


@pytest.mark.parametrize(("shape", "axes"), [((2, 5, 4, 4, 32), None), ((2, 5, 4, 4, 32), (0, 1, 3, 4)), ((3, 4, 32), (-3, -2, -1))])
def test_group_norm_is_the_formula(shape, axes):
    x = normal(0, *shape)
    y, _ = _init_with_output(GroupNorm(num_groups=2, reduction_axes=axes, **PLAIN), x)
    positions = range(1, len(shape) - 1) if axes is None else [axis % len(shape) for axis in axes[:-1]]
    expected = _by_hand(x.reshape(*shape[:-1], 2, 16), (*positions, len(shape)))
    np.testing.assert_allclose(expected.reshape(shape), y, atol=1e-4)


def test_group_norm_with_negative_axes_takes_more_leading_axes_than_at_init():
    x = normal(0, 3, 4, 32)
    layer = GroupNorm(num_groups=2, reduction_axes=(-3, -2, -1), **PLAIN)
    y, variables = _init_with_output(layer, x)
    np.testing.assert_allclose(output(layer, np.stack([x] * 5), None, variables)[3], y, atol=1e-4)


def test_instance_norm_is_the_formula():
    x = normal(0, 2, 3, 4, 5)
    for feature_axes, axes in ((-1, (1, 2)), ((1, 2), (3,)), ((1, 2, 3), ())):
        y, _ = _init_with_output(InstanceNorm(**PLAIN, feature_axes=feature_axes), x)
        np.testing.assert_allclose(_by_hand(x, axes), y, atol=1e-6)
    far = x + np.float32(1e4)
    y, _ = _init_with_output(InstanceNorm(**PLAIN), far)
    np.testing.assert_allclose(_by_hand(far, (1, 2)), y, atol=1e-6)


@pytest.mark.parametrize("feature_axes", [0, -4, (0, 3), (2, -4)])
def test_instance_norm_rejects_the_batch_as_a_channel(feature_axes):
    with pytest.raises(ValueError, match="The channel axes cannot include the leading dimension as this is assumed to be the batch axis"):
        InstanceNorm(feature_axes=feature_axes).init(KEY, jnp.ones((2, 3, 4, 5)))


UNIFORM: dict[str, Any] = {"scale_init": nn.initializers.uniform(), "bias_init": nn.initializers.uniform()}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (LayerNorm(feature_axes=(1, 2)), InstanceNorm(feature_axes=(1, 2))),
        (LayerNorm(reduction_axes=(1, 2)), InstanceNorm()),
        (LayerNorm(reduction_axes=-2, feature_axes=(1, 3), **UNIFORM), InstanceNorm(feature_axes=(1, -1), **UNIFORM)),
        (LayerNorm(reduction_axes=(1, 2, 3), **UNIFORM), GroupNorm(num_groups=1, **UNIFORM)),
        (InstanceNorm(**UNIFORM), GroupNorm(num_groups=None, group_size=1, **UNIFORM)),
    ],
)
def test_norms_are_choices_of_axes(first, second):
    x = normal(0, 2, 3, 4, 5)
    np.testing.assert_allclose(_init_with_output(first, x)[0], _init_with_output(second, x)[0], atol=1e-7)


@pytest.mark.parametrize("layer", [LayerNorm(), RMSNorm(), GroupNorm(7, use_bias=False, use_scale=False)])
def test_masked_nan_leaves_the_rest_normalized(layer):
    x = normal(0, 13, 3, 5, 77)
    mask = (normal(1, *x.shape) > 0) | (np.arange(77) < 2)
    y, _ = _init_with_output(layer, np.where(mask, x, np.float32(np.nan)), mask=mask)
    shape, axes = ((13, 3, 5, 7, 11), (1, 2, 4)) if isinstance(layer, GroupNorm) else (x.shape, (-1,))
    squares = np.square(y).reshape(shape)
    np.testing.assert_allclose(squares.mean(axes, where=mask.reshape(shape)), 1, atol=1e-4)


class _Twice(nn.Module):
    @nn.compact
    def __call__(self, x):
        norm = BatchNorm(name="norm", use_running_average=False, axis_name="batch")
        x = norm(x)
        return x, norm(x)


def test_batch_norm_shared_in_a_module_initialises_without_its_named_axis():
    (first, second), variables = jax.jit(_Twice().init_with_output)(KEY, normal(0, 2, 4))
    np.testing.assert_allclose(first, second, rtol=0.005)
    assert set(variables) == {"params", "batch_stats"}
