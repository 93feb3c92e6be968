"""Mean and variance of pools, against float64: at large offsets, in any order of the values, and with masks."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import (
    EXACT_TOLERANCE,
    FLOAT32_TOLERANCE,
    jit_as_for_users,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxnorm.norms.functional import Pool, moments


@functools.partial(jit_as_for_users, static_argnums=1)
def _moments(x, axes):
    return moments(x, Pool(axes))


@pytest.mark.parametrize("shape", [(4096, 4), (4, 4096), (64, 9, 9, 3)])
@pytest.mark.parametrize(("offset", "tolerance"), [(0.0, 1e-6), (1e3, 1e-6), (-1e5, 1e-6)])
def test_variance_is_exact_at_large_offset(shape, offset, tolerance):
    axes = (0,) if shape == (4096, 4) else tuple(range(1, len(shape)))
    x = (np.random.default_rng(2).normal(size=shape) + offset).astype(np.float32)
    found = _moments(x, axes)
    exact = x.astype(np.float64)
    np.testing.assert_allclose(found.var, exact.var(axes, keepdims=True), rtol=tolerance)
    np.testing.assert_allclose(found.mean, exact.mean(axes, keepdims=True), rtol=EXACT_TOLERANCE, atol=EXACT_TOLERANCE)


def _darken_border(images):
    images[:, [0, 1, -2, -1]] = 0
    images[:, :, [0, 1, -2, -1]] = 0


def _structured(shape, spoil):
    x = np.random.default_rng(3).normal(size=shape) + 1e3
    spoil(x)
    return x.astype(np.float32)


@pytest.mark.parametrize(
    ("x", "axes"),
    [
        (_structured((16, 14, 14, 3), lambda x: x[0, 0].fill(0)), (0, 1, 2)),
        (
            _structured((16, 14, 14, 3), lambda x: (x[:, :2].fill(0), x[:, -2:].fill(0), x[:, :, :2].fill(0), x[:, :, -2:].fill(0))),
            (0, 1, 2),
        ),
        (_structured((8, 512), lambda x: x[:, :8].fill(0)), (1,)),
        (_structured((4096, 2), lambda x: x[:8].fill(3e4)), (0,)),
        (_structured((4096, 2), lambda x: x.sort(0)), (0,)),
        (_structured((8, 32, 4), lambda x: x[:, 16:].fill(0)), (0, 1)),
    ],
    ids=["dark row", "dark border", "dark head", "far head", "sorted", "half padded"],
)
def test_variance_is_exact_where_values_are_not_in_random_order(x, axes):
    np.testing.assert_allclose(_moments(x, axes).var, x.astype(np.float64).var(axes, keepdims=True), rtol=1e-6)


def test_fast_variance_is_the_one_that_fails_at_large_offset():
    x = (np.random.default_rng(2).normal(size=(512, 4)) + 1e3).astype(np.float32)
    found = moments(jnp.asarray(x), Pool((0,)), use_fast_variance=True).var
    assert np.abs(np.asarray(found)[0] / x.astype(np.float64).var(0) - 1).max() > 1e-3


@jax.jit
def _masked_moments(x, mask):
    return moments(x, Pool((0,)), mask=mask)


@settings(deadline=None, max_examples=15)
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
