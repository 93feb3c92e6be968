"""Every norm against its float64 reference: values, masks, offsets, number formats, transformations, derivatives."""

import functools

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
    jit_as_for_users,
    reference_norm,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from norms.conftest import SMALL, build_small
from norms.running import KEY, initial, output

from jaxnorm.norms import NORMS

EPSILON = 1e-5


def _normalized_in_pairs(x: np.ndarray, *, epsilon: float, mask: np.ndarray | None = None) -> np.ndarray:
    valid = np.broadcast_to(True if mask is None else mask, x.shape)
    pairs = [slice(first, first + 2) for first in range(0, len(x), 2)]
    return np.concatenate([reference_norm(x[pair], (0, 1, 2), epsilon=epsilon, mask=valid[pair]) for pair in pairs])


def _renormalized(x: np.ndarray, *, epsilon: float, mask: np.ndarray | None = None) -> np.ndarray:
    """Corrected towards the initial running statistics, (0, 1)."""
    exact, limits, valid = x.astype(np.float64), SMALL["renorm"], np.broadcast_to(True if mask is None else mask, x.shape)
    count = np.maximum(valid.sum((0, 1, 2)), 1)
    mean = np.where(valid, exact, 0).sum((0, 1, 2)) / count
    var = np.where(valid, (exact - mean) ** 2, 0).sum((0, 1, 2)) / count
    r = np.clip(np.sqrt((var + epsilon) / (1 + epsilon)), 1 / limits["r_max"], limits["r_max"])
    d = np.clip(mean / np.sqrt(1 + epsilon), -limits["d_max"], limits["d_max"])
    return reference_norm(x, (0, 1, 2), epsilon=epsilon, mask=mask) * r + d


REFERENCES = {
    "batch": functools.partial(reference_norm, axes=(0, 1, 2)),
    "ghost": _normalized_in_pairs,
    "renorm": _renormalized,
    "noisy": functools.partial(reference_norm, axes=(0, 1, 2)),  # no stream of noise, no noise
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


@functools.partial(jit_as_for_users, static_argnums=0)
def _output_as_for_users(layer, x):
    """The layer's output, from its initial variables."""
    return layer.init_with_output(KEY, x)[0]


def test_every_norm_has_a_reference():
    assert set(REFERENCES) == set(NORMS)


def test_norm_matches_reference(norm_name, build, images):
    expected = REFERENCES[norm_name](np.asarray(images), epsilon=EPSILON)
    np.testing.assert_allclose(_output_as_for_users(build(), images), expected, atol=FLOAT32_TOLERANCE, rtol=FLOAT32_TOLERANCE)


@pytest.mark.parametrize("offset", [1e3, -1e5])
def test_norm_matches_reference_far_from_zero(norm_name, build, images, offset):
    """As far as a float32 mean can tell: a sum of 72 terms is good to 4 units in its last place; the least standard deviation is 0.4."""
    x = images + offset
    expected = REFERENCES[norm_name](np.asarray(x), epsilon=EPSILON)
    rounding = 4 * float(np.spacing(np.float32(abs(offset)))) / 0.4
    np.testing.assert_allclose(_output_as_for_users(build(), x), expected, atol=FLOAT32_TOLERANCE + rounding, rtol=FLOAT32_TOLERANCE)


@pytest.mark.parametrize("shape", [(6, 3, 4, 1), (4, 6)])
def test_norm_matches_reference_with_masks_that_broadcast(norm_name, build, images, mask, shape):
    index = tuple(slice(size) for size in shape)
    small, x = np.asarray(mask)[(0,) * (4 - len(shape))][index], np.asarray(images)
    expected = REFERENCES[norm_name](x, epsilon=EPSILON, mask=small)
    y = output(build(), np.where(small | (norm_name == "none"), x, np.nan), small)
    valid = np.broadcast_to(small, images.shape)
    np.testing.assert_allclose(np.asarray(y)[valid], expected[valid], atol=FLOAT32_TOLERANCE, rtol=FLOAT32_TOLERANCE)


@functools.partial(jax.jit, static_argnums=0)
def _everything(layer, variables, x, mask, weights):
    """The output, the changed collections, and the gradients of a weighted sum of the output with respect to parameters and input."""

    def loss(params, x):
        y, updated = layer.apply({**variables, "params": params}, x, mask=mask, mutable=["batch_stats"])
        return jnp.sum(weights * jnp.sin(y) * y), (y, updated)

    gradients, (y, updated) = jax.grad(loss, argnums=(0, 1), has_aux=True)(variables.get("params", {}), x)
    return y, updated, gradients


def test_masked_values_never_matter(norm_name, build, images, mask):
    if norm_name == "none":
        assert build().apply({}, images, mask=mask) is images
        return
    layer, x, mask = build(), np.asarray(images), np.asarray(mask)
    variables = initial(layer, images)
    seen = mask.astype(np.float32)
    y, *expected = jax.device_get(_everything(layer, variables, np.where(mask, x, 0), mask, seen))
    for pad in (np.nan, np.inf, -np.inf, 3e38, 7.0):
        y_padded, *found = jax.device_get(_everything(layer, variables, np.where(mask, x, np.float32(pad)), mask, seen))
        np.testing.assert_array_equal(y_padded[mask], y[mask])
        chex.assert_trees_all_equal(found, expected)
        assert np.all(found[1][1][~mask] == 0)


def test_masked_finite_values_are_normalized_like_the_others(build, images, mask):
    y = np.asarray(_everything(build(), initial(build(), images), images, mask, np.ones(mask.shape, np.float32))[0])
    assert np.isfinite(y).all()
    assert np.any(y[~np.asarray(mask)] != 0)


def test_all_masked_stays_finite(norm_name, build, images):
    layer, hidden = build(), np.zeros(images.shape, bool)
    variables = initial(layer, images)
    padded = np.full(images.shape, np.nan if norm_name != "none" else 0, np.float32)
    y, updated, gradients = _everything(layer, variables, padded, hidden, np.ones(images.shape, np.float32))
    chex.assert_tree_all_finite((y, updated, gradients))
    chex.assert_trees_all_equal(updated.get("batch_stats", {}), variables.get("batch_stats", {}))


@pytest.mark.parametrize("name", sorted(NORMS))
@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**16), keep=st.floats(0, 1), offset=st.floats(-10, 10, width=32), by=st.integers(1, 15))
def test_masked_norm_matches_reference_for_any_mask(name, seed, keep, offset, by):
    """Per element, example, pixel, channel or any of their combinations, by the four bits of ``by``; valid pools of 0 or 1 elements too."""
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(6, 3, 4, 6)) * rng.uniform(0.5, 2, 6) + offset).astype(np.float32)
    mask = np.broadcast_to(rng.random([size if by >> axis & 1 else 1 for axis, size in enumerate(x.shape)]) < keep, x.shape)
    layer = build_small(name)
    y, *_ = _everything(layer, initial(layer, x), np.where(mask | (name == "none"), x, np.nan), mask, mask.astype(np.float32))
    expected = REFERENCES[name](x, epsilon=EPSILON, mask=mask)
    rounding = 4 * float(np.spacing(np.float32(abs(offset) + 10))) / np.sqrt(EPSILON)  # pools of equal values have no spread but epsilon
    np.testing.assert_allclose(np.asarray(y)[mask], expected[mask], atol=FLOAT32_TOLERANCE + rounding, rtol=FLOAT32_TOLERANCE)


def test_constant_input_has_finite_output_and_gradients(build):
    layer, zeros = build(), np.zeros((4, 3, 3, 6), np.float32)
    variables = initial(layer, zeros)
    direction = zeros.copy()
    direction[0] = 1

    def loss(variables, x):
        y = layer.apply(variables, x, mutable=["batch_stats"])[0]
        return jnp.sum(jnp.sin(y) * jnp.arange(1.0, 7.0).reshape(1, 1, 1, 6)), y

    gradient = functools.partial(jax.grad(loss, argnums=(0, 1), has_aux=True), variables)
    output_gradient_and_curvature = jax.jit(lambda x: jax.jvp(gradient, (x,), (direction,)))
    for value in (0.0, 3.0, 1e4):
        chex.assert_tree_all_finite(output_gradient_and_curvature(zeros + np.float32(value)))


@pytest.mark.parametrize("dtype", sorted(HALF_PRECISION_TOLERANCE))
def test_half_precision_input_has_float32_statistics(norm_name, build, images, dtype):
    """Beside values around 20, tiny ones (whose squares underflow) in float16, in the same program."""
    layer = build(dtype=jnp.dtype(dtype), epsilon=1e-12)
    x = np.asarray(images + 20).astype(jnp.dtype(dtype))
    y = output(layer, x)
    assert y.dtype == jnp.dtype(dtype)
    if norm_name != "none":
        expected = REFERENCES[norm_name](np.asarray(x, np.float64), epsilon=1e-12)
        np.testing.assert_allclose(np.asarray(y, np.float64), expected, atol=HALF_PRECISION_TOLERANCE[dtype])
    small = np.asarray(output(layer, (np.asarray(images) * 1e-3).astype(jnp.dtype(dtype))), np.float64)
    assert np.abs(small).max() > (0.5 if "epsilon" in vars(layer) else 0)


def test_half_precision_input_and_float32_parameters_promote(norm_name, build, images):
    y = jax.eval_shape(build().init_with_output, KEY, images.astype(jnp.bfloat16))[0]
    assert y.dtype == (jnp.bfloat16 if norm_name == "none" else jnp.float32)


def test_float16_masked_with_infinity_stays_finite(build, images, mask):
    mask = np.asarray(mask)
    x = np.where(mask, images, 6e4).astype(np.float16)
    chex.assert_tree_all_finite(np.asarray(output(build(dtype=jnp.dtype("float16")), x, mask))[mask])


def test_jit_vmap_and_scan_agree(build, images, mask):
    layer, x = build(), np.asarray(images)
    variables = initial(layer, images)
    stacked = np.stack([x, 2 * x + 1, -x, x - 1])
    plain = np.stack([_everything(layer, variables, x, mask, np.ones_like(x))[0] for x in stacked])

    def run(x):
        return layer.apply(variables, x, mask=mask, mutable=["batch_stats"])[0]

    found = jax.jit(lambda pairs: jax.lax.map(jax.vmap(run), pairs))(stacked.reshape(2, 2, *x.shape))
    np.testing.assert_allclose(found, plain.reshape(found.shape), atol=EXACT_TOLERANCE * 10, rtol=EXACT_TOLERANCE * 10)


REACHED_LIMITS = {"renorm": {"r_max": 1.01, "d_max": 0.01}}
"""The corrections r and d count as constants in the derivative; at limits that every channel reaches they are constant indeed."""


def test_gradients_match_finite_differences(norm_name, build, images):
    with jax.enable_x64(True):
        x = np.asarray(images, np.float64)[:4]
        layer = build(param_dtype=jnp.float64, **REACHED_LIMITS.get(norm_name, {}))
        variables = jax.tree.map(lambda leaf: leaf + 0.3 * np.cos(np.arange(leaf.size)).reshape(leaf.shape), initial(layer, x))
        weights = np.cos(np.arange(x.size)).reshape(x.shape)

        def loss(params, x):
            y, _ = layer.apply({**variables, "params": params}, x, mutable=["batch_stats"])
            return jnp.sum(weights * jnp.sin(y))

        arguments = (variables.get("params", {}), x)
        direction = jax.tree.map(lambda leaf: np.sin(1 + np.arange(leaf.size)).reshape(leaf.shape), arguments)
        all_modes = _all_modes(loss, direction)
        _check_directional(all_modes, arguments, direction, step=1e-5)
        constant = (arguments[0], np.full_like(x, 2.3))  # of variance 0, where the function bends within sqrt(epsilon) = 3e-3
        _check_directional(all_modes, constant, direction, step=1e-7)


def _all_modes(loss, direction):
    """The loss and, along ``direction``: its forward derivative; its gradient; forward over reverse; reverse over reverse. One program."""
    gradient = jax.grad(loss, argnums=(0, 1))

    def slope(*arguments):
        return sum(jax.tree.leaves(jax.tree.map(jnp.vdot, gradient(*arguments), direction)))

    @jax.jit
    def all_modes(*arguments):
        value_and_forward, reverse_and_curvature = (jax.jvp(function, arguments, direction) for function in (loss, gradient))
        return *value_and_forward, *reverse_and_curvature, jax.grad(slope, argnums=(0, 1))(*arguments)

    return all_modes


def _check_directional(all_modes, arguments, direction, step):
    """Reverse, forward, forward over reverse and reverse over reverse mode, each against central differences along ``direction``."""
    _, forward, reverse, *curvatures = all_modes(*arguments)
    up, down = (all_modes(*jax.tree.map(lambda a, d, by=by: a + by * d, arguments, direction)) for by in (step, -step))
    difference, _, difference_of_gradients, *_ = jax.tree.map(lambda up, down: (up - down) / (2 * step), up, down)

    def assert_close(found, expected):
        largest = max(1, *(np.abs(leaf).max() for leaf in jax.tree.leaves(expected)))
        chex.assert_trees_all_close(found, expected, rtol=FINITE_DIFFERENCE_TOLERANCE, atol=FINITE_DIFFERENCE_TOLERANCE * largest)

    assert_close(sum(jax.tree.leaves(jax.tree.map(np.vdot, reverse, direction))), difference)
    assert_close(forward, difference)
    for curvature in curvatures:  # forward over reverse, reverse over reverse
        assert_close(curvature, difference_of_gradients)


def test_float64_input_keeps_float64_statistics(build, images):
    with jax.enable_x64(True):
        layer, x = build(), jax.ShapeDtypeStruct(images.shape, jnp.float64)
        variables = jax.eval_shape(layer.init, KEY, x)
        y, updated = jax.eval_shape(functools.partial(layer.apply, mutable=["batch_stats"]), variables, x)
        assert y.dtype == jnp.float64
        chex.assert_trees_all_equal_dtypes(updated.get("batch_stats", {}), variables.get("batch_stats", {}))


def test_mask_that_does_not_broadcast_is_rejected(norm_name, build, images):
    if norm_name == "none":
        return
    with pytest.raises(AssertionError, match="broadcast"):
        output(build(), images, jnp.ones((4, 1, 1, 1), bool))
