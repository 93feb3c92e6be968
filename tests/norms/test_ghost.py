"""GhostBatchNorm: BatchNorm of each part of the batch, and running statistics that follow all parts alike."""

import functools
from typing import Any

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import EXACT_TOLERANCE, FLOAT32_TOLERANCE
from norms.running import initial, normal, output, update
from norms.test_synchronised import MAPPED

from jaxnorm.norms import BatchNorm, GhostBatchNorm

TRAIN: dict[str, Any] = {"use_running_average": False, "momentum": 0.9}
X = normal(20, 8, 5, 3) * np.float32([0.5, 1, 2]) + np.float32([0, 1, 5])  # (B, T, D)
MASK = (np.arange(5)[None, :] < np.array([5, 4, 1, 2, 0, 0, 3, 5])[:, None])[..., None]  # (B, T, 1), one pair without any


@functools.partial(jax.jit, static_argnums=0)
def _everything(layer, variables, x, mask):
    """Output, updated state, and the gradients of parameters and input."""

    def loss(params, x):
        y, updated = layer.apply({**variables, "params": params}, x, mask=mask, mutable=["batch_stats"])
        return jnp.sum(jnp.cos(jnp.arange(float(y.size))).reshape(y.shape) * jnp.sin(y)), (y, updated)

    gradients, others = jax.grad(loss, argnums=(0, 1), has_aux=True)(variables["params"], x)
    return gradients, others


BOTH_OPTIONS = {"debias": True, "unbiased_variance": True}


@pytest.mark.parametrize(
    ("options", "mask"),
    [({}, MASK[:1]), (BOTH_OPTIONS, None), (BOTH_OPTIONS, MASK)],
    ids=["mask of positions", "options", "options and mask"],
)
def test_one_ghost_batch_is_batch_norm(options, mask):
    """Law 7."""
    ghost, batch = GhostBatchNorm(8, **TRAIN, **options), BatchNorm(**TRAIN, **options)
    variables = initial(batch, X)
    chex.assert_trees_all_equal(initial(ghost, X), variables)
    found, expected = (_everything(layer, variables, X, mask) for layer in (ghost, batch))
    chex.assert_trees_all_close(found, expected, rtol=EXACT_TOLERANCE, atol=EXACT_TOLERANCE)


@pytest.mark.parametrize("mask", [None, MASK])
def test_each_ghost_batch_is_normalized_by_itself(mask):
    ghost, batch = GhostBatchNorm(2, **TRAIN), BatchNorm(**TRAIN)
    variables = initial(batch, X)
    parts = [(X[first : first + 2], None if mask is None else mask[first : first + 2]) for first in range(0, 8, 2)]
    expected = np.concatenate([output(batch, x, part, variables) for x, part in parts])
    np.testing.assert_allclose(output(ghost, X, mask, variables), expected, rtol=EXACT_TOLERANCE, atol=EXACT_TOLERANCE)


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_running_statistics_follow_all_ghost_batches_by_count(masked, unbiased):
    layer = GhostBatchNorm(2, **TRAIN, unbiased_variance=unbiased)
    mask = MASK if masked else None
    x = np.where(MASK, X, np.float32(np.nan)) if masked else X
    _, updated = update(layer, initial(layer, X), x, mask)
    valid = np.broadcast_to(MASK if masked else True, X.shape)
    pools = [np.asarray(X, np.float64)[first : first + 2][valid[first : first + 2]].reshape(-1, 3) for first in range(0, 8, 2)]
    pools = [pool for pool in pools if len(pool)]
    count = sum(map(len, pools))
    squares = sum(len(pool) * pool.var(0) for pool in pools)
    var = squares / (count - len(pools) if unbiased else count)
    np.testing.assert_allclose(updated["batch_stats"]["mean"], 0.1 * np.concatenate(pools).mean(0), rtol=FLOAT32_TOLERANCE)
    np.testing.assert_allclose(updated["batch_stats"]["var"], 0.9 + 0.1 * var, rtol=FLOAT32_TOLERANCE)


def test_unbiased_variance_needs_a_ghost_batch_of_two_valid_elements():
    layer = GhostBatchNorm(2, use_running_average=False, momentum=0.0, unbiased_variance=True)
    x, mask = X[:, 0], np.arange(8).reshape(8, 1) % 2 == 0  # one valid example in each pair
    stats = update(layer, initial(layer, x), x, mask)[1]["batch_stats"]
    np.testing.assert_array_equal(stats["var"], np.ones(3))
    np.testing.assert_allclose(stats["mean"], x[::2].mean(0), rtol=FLOAT32_TOLERANCE)


def test_all_masked_batch_changes_no_state():
    layer = GhostBatchNorm(4, **TRAIN, debias=True, unbiased_variance=True)
    variables = initial(layer, X)
    y, updated = update(layer, variables, np.full_like(X, np.nan), np.zeros((8, 1, 1), bool))
    chex.assert_trees_all_equal(updated["batch_stats"], variables["batch_stats"])
    chex.assert_tree_all_finite(y)


def test_evaluation_is_that_of_batch_norm_for_batches_of_any_size():
    stats = {"mean": jnp.asarray([0.5, 1.0, 4.0]), "var": jnp.asarray([0.3, 1.0, 5.0])}
    variables = {**initial(GhostBatchNorm(8, **TRAIN), X), "batch_stats": stats}
    for x in (X, X[:3], X[:1], X[0]):
        found, expected = (output(layer(use_running_average=True), x, None, variables) for layer in (GhostBatchNorm, BatchNorm))
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("how", MAPPED)
@pytest.mark.parametrize("masked", [False, True])
def test_how_a_batch_is_spread_over_devices_changes_nothing(how, masked):
    """Law 9: at unequal counts too, one device having two ghost batches with any valid element and the other one."""
    layer = GhostBatchNorm(2, **TRAIN, unbiased_variance=True)
    variables = initial(layer, X)
    mask = MASK if masked else None

    def apply(layer, x, mask):
        y, updated = layer.apply(variables, x, mask=mask, mutable=["batch_stats"])
        return y, updated["batch_stats"]

    expected_y, expected = jax.jit(functools.partial(apply, layer))(X, mask)
    halves = [array if array is None else array.reshape(2, 4, *array.shape[1:]) for array in (X, mask)]
    y, stats = MAPPED[how](functools.partial(apply, layer.clone(axis_name="device")))(*halves)
    np.testing.assert_allclose(y.reshape(X.shape), expected_y, rtol=FLOAT32_TOLERANCE, atol=FLOAT32_TOLERANCE)
    chex.assert_trees_all_close(stats, jax.tree.map(lambda leaf: np.stack([leaf, leaf]), expected), rtol=FLOAT32_TOLERANCE)


def test_statistics_are_a_scan_carry_under_a_mask():
    layer = GhostBatchNorm(2, **TRAIN, debias=True)
    variables = initial(layer, X)

    def step(stats, x):
        return layer.apply({**variables, "batch_stats": stats}, x, mask=MASK, mutable=["batch_stats"])[1]["batch_stats"], None

    stats, _ = jax.jit(functools.partial(jax.lax.scan, step))(variables["batch_stats"], np.stack([X, X]))
    expected = update(layer, variables, X, MASK)[1]["batch_stats"]  # of two equal batches, debiased, the average is the first
    np.testing.assert_allclose(stats["mean"], expected["mean"], rtol=FLOAT32_TOLERANCE)


@pytest.mark.parametrize(
    ("options", "shape", "message"),
    [
        ({"ghost_batch_size": 4}, (6, 3), "6 examples does not fall into ghost batches of 4"),
        ({"ghost_batch_size": 8}, (4, 3), "4 examples does not fall into ghost batches of 8"),
        ({"ghost_batch_size": 0}, (4, 3), "4 examples does not fall into ghost batches of 0"),
        ({"ghost_batch_size": 4, "axis": 0}, (4, 3), "axis 0 of an input of shape \\(4, 3\\) is the leading one"),
    ],
)
def test_what_does_not_fit_is_named_in_initialisation_too(options, shape, message):
    with pytest.raises(ValueError, match=message):
        GhostBatchNorm(use_running_average=False, **options).init(jax.random.key(0), jnp.ones(shape))


def test_one_element_per_feature_raises_and_initialisation_takes_one_example():
    variables = initial(GhostBatchNorm(8, **TRAIN), X[:1])
    assert output(GhostBatchNorm(8, **TRAIN), X, None, variables).shape == X.shape
    with pytest.raises(ValueError, match=r"GhostBatchNorm.*ghost batch of shape \(1, 3\).*bigger batch"):
        update(GhostBatchNorm(1, **TRAIN), variables, X[:, 0])
    assert output(GhostBatchNorm(1, **TRAIN), X, None, variables).shape == X.shape, "five time steps are several elements"
