"""The smaller relatives: ScaleNorm, DyT, the two layers called LayerNorm, channels on any axis, and weight standardization."""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from helpers import EXACT_TOLERANCE, FLOAT32_TOLERANCE, GRADIENT_TOLERANCE
from norms.running import KEY, initial, normal, output

from jaxnorm.norms import NORMS, DyT, GroupNorm, LayerNorm, RMSNorm, ScaleNorm, WeightStandardization, standardize_kernel

X = 2 * normal(40, 4, 5, 6) + np.float32(0.5)  # (B, T, D)


def test_scale_norm_puts_examples_on_a_sphere_of_learned_radius():
    y = output(ScaleNorm(epsilon=0.0), X, None, {"params": {"scale": jnp.asarray(1.5)}})
    np.testing.assert_allclose(np.linalg.norm(y, axis=-1), 1.5 * np.sqrt(6), rtol=FLOAT32_TOLERANCE)
    np.testing.assert_allclose(y, 1.5 * np.sqrt(6) * X / np.linalg.norm(X, axis=-1, keepdims=True), rtol=FLOAT32_TOLERANCE)


@pytest.mark.parametrize("axes", [-1, (1, 2)])
def test_scale_norm_is_rms_norm_with_equal_scales(axes):
    mask = np.random.default_rng(41).random(X.shape) < 0.7
    found = output(ScaleNorm(reduction_axes=axes), X, mask, {"params": {"scale": jnp.asarray(2.0)}})
    expected = output(RMSNorm(reduction_axes=axes), X, mask, {"params": {"scale": jnp.full(6, 2.0)}})
    np.testing.assert_allclose(found, expected, rtol=EXACT_TOLERANCE)


def test_scale_norm_of_an_example_spread_over_devices():
    """Law 9."""
    layer, params = ScaleNorm(axis_name="device"), {"params": {"scale": jnp.asarray(1.0)}}
    halves = np.stack(np.split(X, 2, -1))
    found = jax.jit(jax.vmap(functools.partial(layer.apply, params), axis_name="device"))(halves)
    np.testing.assert_allclose(np.concatenate(found, -1), output(ScaleNorm(), X, None, params), rtol=FLOAT32_TOLERANCE)


def test_dyt_is_the_formula_and_learns_one_steepness():
    layer = DyT(feature_axes=(1, 2))
    initially = initial(layer, X)["params"]
    assert jax.tree.map(jnp.shape, initially) == {"alpha": (), "scale": (5, 6), "bias": (5, 6)}
    assert initially["alpha"] == 0.5
    params = {"alpha": np.float32(0.7), "scale": normal(41, 5, 6), "bias": np.linspace(0, 1, 30, dtype=np.float32).reshape(5, 6)}
    expected = np.tanh(0.7 * X) * params["scale"] + params["bias"]
    np.testing.assert_allclose(output(layer, X, None, {"params": params}), expected, rtol=FLOAT32_TOLERANCE, atol=FLOAT32_TOLERANCE)
    bare = DyT(use_scale=False, use_bias=False)
    assert set(initial(bare, X)["params"]) == {"alpha"}
    np.testing.assert_allclose(output(bare, X), np.tanh(0.5 * X), rtol=FLOAT32_TOLERANCE)


def test_dyt_squashes_half_precision_in_float32():
    x = jnp.asarray([[3e4, -3e4, 1e-3]], jnp.float16)
    params = {"params": {"alpha": jnp.asarray(8.0)}}  # 8 * 3e4 is more than float16 holds
    y = output(DyT(dtype=jnp.dtype("float16"), use_scale=False, use_bias=False), x, None, params)
    np.testing.assert_allclose(y, [[1, -1, 8e-3]], rtol=1e-3)  # 11 significant bits


def test_the_two_layer_norms_of_the_table(images):
    """Law 6 and the names: over the last axis, and over all but the batch's; on vectors they are one."""
    last, everything = (NORMS[name](train=True, epsilon=1e-5) for name in ("layer", "layer_all"))
    over_last = np.asarray(output(last, images))
    np.testing.assert_allclose(over_last.mean(-1), 0, atol=FLOAT32_TOLERANCE)
    expected = output(LayerNorm(epsilon=1e-5, reduction_axes=(1, 2, 3)), images)
    np.testing.assert_allclose(output(everything, images), expected, atol=FLOAT32_TOLERANCE)
    assert np.abs(over_last - expected).max() > 1e-1
    np.testing.assert_allclose(output(last, X[0]), output(everything, X[0]), atol=FLOAT32_TOLERANCE)


@pytest.mark.parametrize(("channel_axis", "reduction_axes"), [(1, None), (-3, None), (2, None), (1, (1, 3)), (1, (-3,)), (0, (0, -1))])
def test_group_norm_with_channels_on_any_axis_is_that_of_the_moved_input(images, mask, channel_axis, reduction_axes):
    x, mask = np.asarray(images), np.asarray(mask) | (np.arange(6) == 0).reshape(6, 1, 1, 1)
    order = [axis for axis in range(4) if axis != channel_axis % 4]
    moved_axes = reduction_axes
    if reduction_axes is not None:
        moved_axes = tuple(3 if axis % 4 == channel_axis % 4 else order.index(axis % 4) for axis in reduction_axes)
    layer = GroupNorm(num_groups=None, group_size=x.shape[channel_axis] if x.shape[channel_axis] % 2 else 2)
    here = layer.clone(channel_axis=channel_axis, reduction_axes=reduction_axes)
    last = layer.clone(reduction_axes=moved_axes)
    x_last, mask_last = (np.moveaxis(array, channel_axis, -1) for array in (x, mask))
    channels = x.shape[channel_axis]
    params = {"scale": np.linspace(1, 2, channels, dtype=np.float32), "bias": np.linspace(-1, 1, channels, dtype=np.float32)}
    variables = {"params": params}
    assert jax.tree.map(jnp.shape, jax.eval_shape(here.init, KEY, x)) == jax.tree.map(jnp.shape, variables)
    expected = np.moveaxis(np.asarray(output(last, x_last, mask_last, variables)), -1, channel_axis)
    np.testing.assert_allclose(output(here, x, mask, variables), expected, rtol=EXACT_TOLERANCE, atol=EXACT_TOLERANCE)


KERNEL = normal(42, 3, 3, 2, 8) * np.float32(0.3) + np.float32(0.1)  # (H, W, C, F)
standardized = jax.jit(standardize_kernel, static_argnames=("feature_axes", "epsilon"))


@pytest.mark.parametrize(("features", "axes"), [(-1, (0, 1, 2)), ((2, 3), (0, 1))])
def test_standardized_kernel_has_mean_zero_and_variance_one_per_unit(features, axes):
    exact = np.asarray(KERNEL, np.float64)
    expected = (exact - exact.mean(axes, keepdims=True)) / np.sqrt(exact.var(axes, keepdims=True) + 1e-5)
    np.testing.assert_allclose(standardized(KERNEL, feature_axes=features), expected, rtol=FLOAT32_TOLERANCE, atol=EXACT_TOLERANCE)


def test_standardized_kernel_does_not_notice_scale_and_mean_of_a_unit():
    changed = (KERNEL * np.linspace(1, 5, 8) + np.linspace(-1, 1, 8)).astype(np.float32)
    found, expected = (standardized(kernel, epsilon=1e-12) for kernel in (changed, KERNEL))
    np.testing.assert_allclose(found, expected, atol=FLOAT32_TOLERANCE)
    gradient = np.asarray(jax.jit(jax.grad(lambda kernel: jnp.sum(jnp.sin(3 * standardize_kernel(kernel, epsilon=1e-12)))))(KERNEL))
    size = float(np.abs(gradient).max())
    np.testing.assert_allclose(gradient.sum((0, 1, 2)), 0, atol=GRADIENT_TOLERANCE * size)
    np.testing.assert_allclose((gradient * KERNEL).sum((0, 1, 2)), 0, atol=GRADIENT_TOLERANCE * size)


def test_standardized_kernel_keeps_its_number_format_and_is_finite_when_constant():
    half = np.asarray(standardized(KERNEL.astype(jnp.bfloat16)))
    assert half.dtype == jnp.bfloat16
    np.testing.assert_allclose(half.astype(np.float32), standardized(KERNEL), atol=4e-2)  # bfloat16 has 8 bits
    gradient = jax.jit(jax.grad(lambda kernel: standardize_kernel(kernel).sum()))(np.ones((4, 3), np.float32))
    chex.assert_tree_all_finite(gradient)


def test_wrapped_layer_keeps_its_parameters_and_runs_with_standardized_kernels():
    x, layer = normal(43, 2, 6, 6, 2), nn.Conv(8, (3, 3), kernel_init=nn.initializers.uniform(0.5))
    wrapped = WeightStandardization(layer)
    y, variables = jax.jit(wrapped.init_with_output)(KEY, x)
    params = variables["params"]["layer_instance"]
    bare = jax.eval_shape(layer.init, KEY, x)["params"]
    assert jax.tree.map(jnp.shape, params) == jax.tree.map(jnp.shape, bare)
    assert np.std(params["kernel"]) < 0.8, "the kernel is stored as it was drawn, not standardized"
    expected = jax.jit(layer.apply)({"params": {**params, "kernel": standardized(params["kernel"])}}, x)
    for found in (y, jax.jit(wrapped.apply)(variables, x)):
        np.testing.assert_allclose(found, expected, rtol=FLOAT32_TOLERANCE, atol=FLOAT32_TOLERANCE)


class _Network(nn.Module):
    @nn.compact
    def __call__(self, x):
        drawn = nn.initializers.uniform(0.5)
        x = WeightStandardization(nn.Dense(6, kernel_init=drawn, name="dense"), name="standardized")(x)
        return WeightStandardization(nn.Dense(3, kernel_init=drawn))(NORMS["layer"](train=True)(x))


def test_wrapped_layers_train_inside_a_network_of_many_replicas():
    x = X[:, 0]
    model = _Network()

    def gradient(key):
        variables = model.init(key, x)
        return jax.grad(lambda params: jnp.sum(jnp.sin(jnp.asarray(model.apply({"params": params}, x)))))(variables["params"])

    keys = jax.random.split(KEY, 2)
    gradients = jax.jit(jax.vmap(gradient))
    together, exchanged = gradients(keys), gradients(keys[::-1])
    assert set(together) == {"dense", "Dense_0", "LayerNorm_0"}
    assert float(jnp.abs(together["dense"]["kernel"]).max()) > 0
    chex.assert_trees_all_equal(jax.tree.map(lambda leaf: leaf[::-1], exchanged), together)
