"""Every norm against its float64 reference: values, masks, offsets, number formats, transformations, derivatives."""

import functools
from typing import Any

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import (
    EXACT_TOLERANCE,
    FINITE_DIFFERENCE_TOLERANCE,
    FLOAT32_TOLERANCE,
    HALF_PRECISION_TOLERANCE,
    reference_norm,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from norms.conftest import SMALL
from norms.running import initial, output, update

from jaxnorm.norms import NORMS
from jaxnorm.norms.functional import Pool, moments

EPSILON = 1e-5


def _normalized_in_pairs(x: np.ndarray, *, epsilon: float, mask: np.ndarray | None = None) -> np.ndarray:
    valid = np.broadcast_to(True if mask is None else mask, x.shape)
    pairs = [slice(first, first + 2) for first in range(0, len(x), 2)]
    return np.concatenate([reference_norm(x[pair], (0, 1, 2), epsilon=epsilon, mask=valid[pair]) for pair in pairs])


def _renormalized(x: np.ndarray, *, epsilon: float, mask: np.ndarray | None = None) -> np.ndarray:
    """Corrected towards the initial running statistics, (0, 1)."""
    over: dict[str, Any] = {"axis": (0, 1, 2), "where": np.broadcast_to(True if mask is None else mask, x.shape)}
    exact, limits = x.astype(np.float64), SMALL["renorm"]
    r = np.clip(np.sqrt((exact.var(**over) + epsilon) / (1 + epsilon)), 1 / limits["r_max"], limits["r_max"])
    d = np.clip(exact.mean(**over) / np.sqrt(1 + epsilon), -limits["d_max"], limits["d_max"])
    return reference_norm(x, (0, 1, 2), epsilon=epsilon, mask=mask) * r + d


REFERENCES = {
    "batch": functools.partial(reference_norm, axes=(0, 1, 2)),
    "ghost": _normalized_in_pairs,
    "renorm": _renormalized,
    "layer": functools.partial(reference_norm, axes=(3,)),
    "layer_all": functools.partial(reference_norm, axes=(1, 2, 3)),
    "rms": functools.partial(reference_norm, axes=(3,), center=False),
    "scale": functools.partial(reference_norm, axes=(3,), center=False),
    "dyt": lambda x, **_: np.tanh(0.5 * x),
    "group": functools.partial(reference_norm, axes=(1, 2), groups=2),
    "instance": functools.partial(reference_norm, axes=(1, 2)),
    "none": lambda x, **_: x,
}
"""What each norm of the table does to (B, H, W, C)."""


def test_every_norm_has_a_reference():
    assert set(REFERENCES) == set(NORMS)


def test_norm_matches_reference(norm_name, build, images):
    expected = REFERENCES[norm_name](np.asarray(images), epsilon=EPSILON)
    np.testing.assert_allclose(output(build(), images), expected, atol=FLOAT32_TOLERANCE, rtol=FLOAT32_TOLERANCE)


@pytest.mark.parametrize("offset", [1e3, -1e5])
def test_norm_matches_reference_far_from_zero(norm_name, build, images, offset):
    """As far as a float32 mean can tell: a sum of 72 terms is good to 4 units in its last place; the least standard deviation is 0.4."""
    x = images + offset
    expected = REFERENCES[norm_name](np.asarray(x), epsilon=EPSILON)
    rounding = 4 * float(np.spacing(np.float32(abs(offset)))) / 0.4
    np.testing.assert_allclose(output(build(), x), expected, atol=FLOAT32_TOLERANCE + rounding, rtol=FLOAT32_TOLERANCE)


@pytest.mark.parametrize("shape", [(6, 3, 4, 6), (6, 3, 4, 1), (4, 6)])
def test_norm_matches_reference_with_masks_of_any_shape(norm_name, build, images, mask, shape):
    index = tuple(slice(size) for size in shape)
    small = mask[(0,) * (4 - len(shape))][index]
    expected = REFERENCES[norm_name](np.asarray(images), epsilon=EPSILON, mask=np.asarray(small))
    padded = jnp.where(small, images, jnp.nan) if norm_name != "none" else images
    y = output(build(), padded, small)
    valid = np.broadcast_to(small, images.shape)
    np.testing.assert_allclose(np.asarray(y)[valid], expected[valid], atol=FLOAT32_TOLERANCE, rtol=FLOAT32_TOLERANCE)


def test_masked_values_never_matter(norm_name, build, images, mask):
    if norm_name == "none":
        assert build().apply({}, images, mask=mask) is images
        return
    layer = build()
    variables = initial(layer, images)

    def loss(params, x):
        y = output(layer, x, mask, {**variables, "params": params})
        return jnp.sum(jnp.where(mask, jnp.sin(y) * y, 0))

    value_and_gradient = jax.jit(jax.value_and_grad(loss, argnums=(0, 1)))
    expected = value_and_gradient(variables["params"], jnp.where(mask, images, 0))
    for pad in (np.nan, np.inf, -np.inf, 3e38, 7.0):
        found = value_and_gradient(variables["params"], jnp.where(mask, images, pad))
        chex.assert_trees_all_equal(found, expected)
        assert bool(jnp.all(found[1][1][~mask] == 0))


def test_masked_finite_values_are_normalized_like_the_others(build, images, mask):
    y = output(build(), images, mask)
    assert bool(jnp.isfinite(y).all())
    assert bool(jnp.any(y[~mask] != 0))


def test_all_masked_stays_finite(norm_name, build, images):
    if norm_name == "none":
        images = jnp.zeros_like(images)
    layer, hidden = build(), jnp.zeros(images.shape, bool)
    variables = initial(layer, images)
    padded = jnp.full_like(images, jnp.nan) if norm_name != "none" else images
    y, updated = update(layer, variables, padded, hidden)
    gradient = jax.jit(jax.grad(lambda x: output(layer, x, hidden, variables).sum()))(padded)
    chex.assert_tree_all_finite((y, updated, gradient))
    chex.assert_trees_all_equal(updated.get("batch_stats", {}), variables.get("batch_stats", {}))


def test_constant_input_has_finite_output_and_gradients(build):
    layer, zeros = build(), jnp.zeros((4, 3, 3, 6))
    variables = initial(layer, zeros)

    def loss(variables, x):
        return jnp.sum(jnp.sin(output(layer, x, None, variables)) * jnp.arange(1.0, 7.0).reshape(1, 1, 1, 6))

    gradient = functools.partial(jax.grad(loss, argnums=(0, 1)), variables)
    gradient_and_curvature = jax.jit(lambda x: jax.jvp(gradient, (x,), (zeros.at[0].set(1.0),)))
    for value in (0.0, 3.0, 1e4):
        chex.assert_tree_all_finite((output(layer, zeros + value, None, variables), gradient_and_curvature(zeros + value)))


@pytest.mark.parametrize("shape", [(4096, 4), (4, 4096), (64, 9, 9, 3)])
@pytest.mark.parametrize(("offset", "tolerance"), [(0.0, 1e-6), (1e3, 1e-6), (-1e5, 1e-6)])
def test_variance_is_exact_at_large_offset(shape, offset, tolerance):
    axes = (0,) if shape == (4096, 4) else tuple(range(1, len(shape)))
    x = (np.random.default_rng(2).normal(size=shape) + offset).astype(np.float32)
    found = jax.jit(lambda x: moments(x, Pool(axes)))(x)
    exact = x.astype(np.float64)
    np.testing.assert_allclose(found.var, exact.var(axes, keepdims=True), rtol=tolerance)
    np.testing.assert_allclose(found.mean, exact.mean(axes, keepdims=True), rtol=EXACT_TOLERANCE, atol=EXACT_TOLERANCE)


def test_fast_variance_is_the_one_that_fails_at_large_offset():
    x = (np.random.default_rng(2).normal(size=(512, 4)) + 1e3).astype(np.float32)
    found = moments(jnp.asarray(x), Pool((0,)), use_fast_variance=True).var
    assert np.abs(np.asarray(found)[0] / x.astype(np.float64).var(0) - 1).max() > 1e-3


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_input_has_float32_statistics(norm_name, build, images, dtype):
    x = (images + 20).astype(dtype)
    layer = build(dtype=jnp.dtype(dtype))
    y = output(layer, x)
    assert y.dtype == jnp.dtype(dtype)
    if norm_name == "none":
        return
    expected = REFERENCES[norm_name](np.asarray(x, np.float64), epsilon=EPSILON)
    np.testing.assert_allclose(np.asarray(y, np.float64), expected, atol=HALF_PRECISION_TOLERANCE[dtype])


def test_half_precision_input_and_float32_parameters_promote(norm_name, build, images):
    y = output(build(), images.astype(jnp.bfloat16))
    assert y.dtype == (jnp.bfloat16 if norm_name == "none" else jnp.float32)


def test_small_float16_values_do_not_underflow(build, images):
    x = (images * 1e-3).astype(jnp.float16)
    y = output(build(dtype=jnp.dtype("float16"), epsilon=1e-12), x, None)
    assert float(jnp.abs(y).max()) > (0.5 if "epsilon" in vars(build()) else 0)


def test_float16_masked_with_infinity_stays_finite(build, images, mask):
    x = jnp.where(mask, images, 6e4).astype(jnp.float16)
    chex.assert_tree_all_finite(output(build(dtype=jnp.dtype("float16")), x, mask)[mask])


def test_jit_vmap_and_scan_agree(build, images, mask):
    layer = build()
    variables = initial(layer, images)
    stacked = jnp.stack([images, 2 * images + 1, -images])
    plain = jnp.stack([output(layer, x, mask, variables) for x in stacked])

    def run(x):
        return output(layer, x, mask, variables)

    for found in (jax.jit(jax.vmap(run))(stacked), jax.lax.map(run, stacked)):
        np.testing.assert_allclose(found, plain, atol=EXACT_TOLERANCE * 10, rtol=EXACT_TOLERANCE * 10)


REACHED_LIMITS = {"renorm": {"r_max": 1.01, "d_max": 0.01}}
"""The corrections r and d count as constants in the derivative; at limits that every channel reaches they are constant indeed."""


def test_gradients_match_finite_differences(norm_name, build, images):
    with jax.enable_x64(True):
        x = jnp.asarray(images[:4], jnp.float64)
        layer = build(param_dtype=jnp.float64, **REACHED_LIMITS.get(norm_name, {}))
        variables = jax.tree.map(lambda leaf: leaf + 0.3 * np.cos(np.arange(leaf.size)).reshape(leaf.shape), initial(layer, x))
        weights = np.cos(np.arange(x.size)).reshape(x.shape)

        def loss(params, x):
            return jnp.sum(weights * jnp.sin(output(layer, x, None, {**variables, "params": params})))

        arguments = (variables.get("params", {}), x)
        direction = jax.tree.map(lambda leaf: np.sin(1 + np.arange(leaf.size)).reshape(leaf.shape), arguments)
        _check_directional(loss, jax.grad(loss, argnums=(0, 1)), arguments, direction)


def _check_directional(loss, gradient, arguments, direction, step=1e-5):
    """Reverse, forward, forward over reverse and reverse over reverse mode, each against central differences along ``direction``."""

    def difference(function):
        up = function(*jax.tree.map(lambda a, d: a + step * d, arguments, direction))
        down = function(*jax.tree.map(lambda a, d: a - step * d, arguments, direction))
        return jax.tree.map(lambda up, down: (up - down) / (2 * step), up, down)

    tolerance: dict[str, Any] = {"rtol": FINITE_DIFFERENCE_TOLERANCE, "atol": FINITE_DIFFERENCE_TOLERANCE}

    def slope(*arguments):
        return sum(jax.tree.leaves(jax.tree.map(jnp.vdot, gradient(*arguments), direction)))

    def all_modes(*arguments):
        return jax.jvp(loss, arguments, direction)[1], jax.jvp(gradient, arguments, direction), jax.grad(slope, argnums=(0, 1))(*arguments)

    forward, (reverse, forward_over_reverse), reverse_over_reverse = jax.jit(all_modes)(*arguments)
    loss, gradient = jax.jit(loss), jax.jit(gradient)
    products = jax.tree.map(np.vdot, reverse, direction)
    np.testing.assert_allclose(sum(jax.tree.leaves(products)), difference(loss), **tolerance)
    np.testing.assert_allclose(forward, difference(loss), **tolerance)
    for curvature in (forward_over_reverse, reverse_over_reverse):
        chex.assert_trees_all_close(curvature, difference(gradient), **tolerance)


def test_float64_input_keeps_float64_statistics(build, images):
    with jax.enable_x64(True):
        x = jnp.asarray(images, jnp.float64) + 1e6
        layer = build()
        variables = initial(layer, x)
        y, updated = update(layer, variables, x)
        assert y.dtype == jnp.float64
        chex.assert_trees_all_equal_dtypes(updated.get("batch_stats", {}), variables.get("batch_stats", {}))


@jax.jit
def _masked_moments(x, mask):
    return moments(x, Pool((0,)), mask=mask)


@settings(deadline=None, max_examples=25)
@given(
    rows=st.integers(0, 12),
    offset=st.floats(-1e3, 1e3, width=32),
    seed=st.integers(0, 2**16),
    keep=st.floats(0, 1),
)
def test_masked_moments_are_those_of_the_concatenated_valid_elements(rows, offset, seed, keep):
    rng = np.random.default_rng(seed)
    x, mask = (rng.normal(size=(12, 5)) + offset).astype(np.float32), rng.random((12, 5)) < keep
    mask[rows:] = False
    found = jax.device_get(_masked_moments(np.where(mask, x, np.nan), mask))
    for column in range(5):
        valid = x[mask[:, column], column].astype(np.float64)
        assert found.count[0, column] == valid.size
        np.testing.assert_allclose(found.mean[0, column], valid.mean() if valid.size else 0, rtol=EXACT_TOLERANCE, atol=EXACT_TOLERANCE)
        variance = valid.var() if valid.size else 1
        np.testing.assert_allclose(found.var[0, column], variance, rtol=FLOAT32_TOLERANCE, atol=EXACT_TOLERANCE)


def test_mask_that_does_not_broadcast_is_rejected(norm_name, build, images):
    if norm_name == "none":
        return
    with pytest.raises(AssertionError, match="broadcast"):
        output(build(), images, jnp.ones((4, 1, 1, 1), bool))
