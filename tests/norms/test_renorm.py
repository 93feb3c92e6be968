"""BatchRenorm: between BatchNorm and its own evaluation network, by limits that a schedule may loosen."""

import functools
from typing import Any

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import EXACT_TOLERANCE, FLOAT32_TOLERANCE, GRADIENT_TOLERANCE
from norms.running import initial, output, update
from norms.test_synchronised import MAPPED

from jaxnorm.norms import BatchNorm, BatchRenorm, Ramp, renorm_schedule

TRAIN: dict[str, Any] = {"use_running_average": False, "momentum": 0.9}
UNLIMITED: dict[str, Any] = {"r_max": np.inf, "d_max": np.inf}
X = (np.random.default_rng(30).normal(size=(8, 3)) * [0.5, 1.0, 8.0] + [0, 1, 5]).astype(np.float32)  # (B, D)
MASK = np.arange(8).reshape(8, 1) < 6
STATS = {"mean": np.float32([0.5, 1.0, 4.0]), "var": np.float32([0.3, 1.0, 5.0])}
VARIABLES = {"params": {"scale": np.float32([1.0, 2.0, 0.5]), "bias": np.float32([0.0, 1.0, -1.0])}, "batch_stats": STATS}
WEIGHTS = np.cos(np.arange(24, dtype=np.float32)).reshape(8, 3)


@functools.partial(jax.jit, static_argnums=0)
def _everything(layer, variables, x, mask):
    """Output, updated state, and the gradients of parameters and input."""

    def loss(params, x):
        y, updated = layer.apply({**variables, "params": params}, x, mask=mask, mutable=["batch_stats"])
        return jnp.sum(WEIGHTS * jnp.sin(y)), (y, updated)

    return jax.grad(loss, argnums=(0, 1), has_aux=True)(variables["params"], x)


@pytest.mark.parametrize(("options", "mask"), [({}, None), ({"unbiased_variance": True}, MASK)], ids=["plain", "unbiased and masked"])
def test_limits_of_one_and_zero_are_batch_norm(options, mask):
    """Law 7."""
    renorm, batch = BatchRenorm(**TRAIN, **options, r_max=1.0, d_max=0.0), BatchNorm(**TRAIN, **options)
    chex.assert_trees_all_equal(initial(renorm, X), initial(batch, X))
    found, expected = (_everything(layer, VARIABLES, X, mask) for layer in (renorm, batch))
    chex.assert_trees_all_close(found, expected, rtol=EXACT_TOLERANCE, atol=EXACT_TOLERANCE)


@pytest.mark.parametrize("mask", [None, MASK])
def test_within_the_limits_training_is_the_evaluation_network(mask):
    """Law 7, and more: for running statistics of any value, those before the update."""
    expected = output(BatchNorm(use_running_average=True), X, None, VARIABLES)
    y, updated = update(BatchRenorm(**TRAIN, **UNLIMITED), VARIABLES, X, mask)
    np.testing.assert_allclose(y, expected, rtol=FLOAT32_TOLERANCE, atol=FLOAT32_TOLERANCE)
    _, moved = update(BatchNorm(**TRAIN), VARIABLES, X, mask)
    chex.assert_trees_all_close(updated, moved, rtol=EXACT_TOLERANCE)
    np.testing.assert_array_equal(output(BatchRenorm(use_running_average=True), X, None, VARIABLES), expected)


def test_exact_statistics_need_no_correction():
    """Law 7: with the batch's own statistics as the running ones, limits do not matter and training is evaluation."""
    exact = {**VARIABLES, "batch_stats": {"mean": X.mean(0), "var": X.var(0)}}
    expected = output(BatchNorm(use_running_average=True), X, None, exact)
    for layer in (BatchRenorm(**TRAIN), BatchRenorm(**TRAIN, r_max=1.0, d_max=0.0)):
        np.testing.assert_allclose(output(layer, X, None, exact), expected, atol=FLOAT32_TOLERANCE)


def _by_hand(x, scale, bias, corrections):
    r, d = corrections
    return ((x - x.mean(0, keepdims=True)) / jnp.sqrt(x.var(0, keepdims=True) + 1e-5) * r + d) * scale + bias


def test_corrections_are_clipped_and_constant_to_the_derivative():
    """Some features are at a limit of r or d, others are not."""
    exact, (mean, var) = np.asarray(X, np.float64), (np.asarray(STATS[name], np.float64) for name in ("mean", "var"))
    free_r, free_d = np.sqrt((exact.var(0) + 1e-5) / (var + 1e-5)), (exact.mean(0) - mean) / np.sqrt(var + 1e-5)
    r, d = np.clip(free_r, 1 / 1.2, 1.2), np.clip(free_d, -0.6, 0.6)
    for free, clipped in ((free_r, r), (free_d, d)):
        assert set(free == clipped) == {True, False}
    corrections = jax.tree.map(lambda value: jnp.asarray(value, jnp.float32)[None], (r, d))

    def loss(params, x):
        y = _by_hand(x, params["scale"][None], params["bias"][None], corrections)
        return jnp.sum(WEIGHTS * jnp.sin(y)), y

    expected, expected_y = jax.jit(jax.grad(loss, argnums=(0, 1), has_aux=True))(VARIABLES["params"], X)
    gradients, (y, _) = _everything(BatchRenorm(**TRAIN, r_max=1.2, d_max=0.6), VARIABLES, X, None)
    np.testing.assert_allclose(y, expected_y, rtol=FLOAT32_TOLERANCE, atol=FLOAT32_TOLERANCE)
    chex.assert_trees_all_close(gradients, expected, rtol=GRADIENT_TOLERANCE, atol=GRADIENT_TOLERANCE)


def test_first_debiased_update_is_batch_norm():
    """Before it there is nothing to correct towards; after it there is that batch."""
    layer = BatchRenorm(**TRAIN, **UNLIMITED, debias=True)
    variables = initial(layer, X)
    y, updated = update(layer, variables, X)
    np.testing.assert_allclose(y, output(BatchNorm(**TRAIN), X), rtol=EXACT_TOLERANCE, atol=EXACT_TOLERANCE)
    evaluated = output(layer.clone(use_running_average=True), 2 * X, None, {**variables, **updated})
    np.testing.assert_allclose(update(layer, {**variables, **updated}, 2 * X)[0], evaluated, rtol=FLOAT32_TOLERANCE, atol=FLOAT32_TOLERANCE)


def test_schedule_of_the_paper():
    limits = renorm_schedule()
    assert [float(limits["r_max"](step)) for step in (0, 5_000, 22_500, 40_000, 100_000)] == [1, 1, 2, 3, 3]
    assert [float(limits["d_max"](step)) for step in (0, 5_000, 15_000, 25_000, 100_000)] == [0, 0, 2.5, 5, 5]
    assert renorm_schedule() == limits
    assert hash(BatchRenorm(**limits)) == hash(BatchRenorm(**renorm_schedule()))


def test_scheduled_limits_follow_the_number_of_updates():
    """BatchNorm for two updates, then halfway, then the full limits: each update against a layer with the constant limits."""
    scheduled = BatchRenorm(**TRAIN, r_max=Ramp(1.0, 3.0, 1, 3), d_max=Ramp(0.0, 5.0, 1, 3))
    variables = initial(scheduled, X)
    assert variables["batch_stats"]["step"] == 0
    for step, (r_max, d_max) in enumerate([(1.0, 0.0), (1.0, 0.0), (2.0, 2.5), (3.0, 5.0), (3.0, 5.0)]):
        y, updated = update(scheduled, variables, X)
        expected = output(BatchRenorm(**TRAIN, r_max=r_max, d_max=d_max), X, None, variables)
        np.testing.assert_allclose(y, expected, rtol=EXACT_TOLERANCE, atol=EXACT_TOLERANCE)
        assert updated["batch_stats"]["step"] == step + 1
        chex.assert_trees_all_equal_dtypes(updated["batch_stats"], variables["batch_stats"])
        variables = {**variables, **updated}


def test_all_masked_batch_changes_no_state_and_takes_no_step():
    layer = BatchRenorm(**TRAIN, **renorm_schedule(), debias=True)
    variables = initial(layer, X)
    y, updated = update(layer, variables, np.full_like(X, np.nan), np.zeros((8, 1), bool))
    chex.assert_trees_all_equal(updated["batch_stats"], variables["batch_stats"])
    chex.assert_tree_all_finite(y)


def test_evaluation_needs_no_step():
    """A checkpoint of BatchNorm evaluates, and training goes on from it."""
    layer = BatchRenorm(**renorm_schedule(), momentum=0.9)
    expected = output(BatchNorm(use_running_average=True), X, None, VARIABLES)
    np.testing.assert_array_equal(output(layer.clone(use_running_average=True), X, None, VARIABLES), expected)
    assert update(layer.clone(use_running_average=False), VARIABLES, X)[1]["batch_stats"]["step"] == 1


@pytest.mark.parametrize("how", MAPPED)
def test_statistics_spread_over_devices_are_pooled_by_count(how):
    """Law 9: six valid examples, four of them on one device."""

    def apply(layer, x, mask):
        y, updated = layer.apply(VARIABLES, x, mask=mask, mutable=["batch_stats"])
        return y, updated["batch_stats"]

    expected_y, expected = jax.jit(functools.partial(apply, BatchRenorm(**TRAIN)))(X, MASK)
    synchronised = BatchRenorm(**TRAIN, axis_name="device")
    y, stats = MAPPED[how](functools.partial(apply, synchronised))(X.reshape(2, 4, 3), MASK.reshape(2, 4, 1))
    np.testing.assert_allclose(y.reshape(8, 3), expected_y, rtol=FLOAT32_TOLERANCE, atol=FLOAT32_TOLERANCE)
    chex.assert_trees_all_close(stats, jax.tree.map(lambda leaf: np.stack([leaf, leaf]), expected), rtol=FLOAT32_TOLERANCE)


@pytest.mark.parametrize(
    ("limits", "message"), [({"r_max": 0.5}, "r_max must be at least 1"), ({"d_max": -1.0}, "d_max must be at least 0")]
)
def test_limits_below_their_least_value_are_named(limits, message):
    with pytest.raises(ValueError, match=message):
        update(BatchRenorm(**TRAIN, **limits), VARIABLES, X)


def test_one_element_per_feature_raises():
    with pytest.raises(ValueError, match=r"BatchRenorm in training.*\(1, 3\).*bigger batch"):
        update(BatchRenorm(**TRAIN), VARIABLES, X[:1])
