"""A frozen norm is BatchNorm up to its last update with batch statistics, and BatchNorm in evaluation from then on, for good."""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnorm.norms import BatchNorm
from jaxnorm.norms.frozen import FrozenBatchNorm

SETTINGS = {"momentum": 0.7, "debias": True, "unbiased_variance": True}
FREEZE_AFTER, NUM_BATCHES = 2, 4


@functools.partial(jax.jit, static_argnums=(0, 4))
def step(layer, variables, x, cotangent, evaluating=False):
    """Output, new statistics, and the gradients with respect to parameters and input."""

    def loss(params, x):
        stats = {"batch_stats": variables["batch_stats"]}
        y, updated = layer.apply({"params": params, **stats}, x, use_running_average=evaluating, mutable=["batch_stats"])
        return jnp.vdot(y, cotangent), (y, updated["batch_stats"])

    gradients, (y, stats) = jax.grad(loss, argnums=(0, 1), has_aux=True)(variables["params"], x)
    return y, {**variables["batch_stats"], **stats}, gradients


def normal(*shape):
    return np.random.default_rng(len(shape)).normal(1.0, 2.0, shape).astype(np.float32)


@pytest.fixture(scope="module")
def history():
    """Of each update: the input, the statistics before it, and what the frozen norm made of them. Parameters are not the initial ones."""
    batches, layer = normal(NUM_BATCHES, 6, 3), FrozenBatchNorm(freeze_after=FREEZE_AFTER, **SETTINGS)
    params = {"scale": np.float32([0.5, 1.0, 2.0]), "bias": np.float32([0.0, 1.0, -1.0])}
    stats = layer.init(jax.random.key(0), batches[0], use_running_average=True)["batch_stats"]
    seen = []
    for x in batches:
        found = step(layer, {"params": params, "batch_stats": stats}, x, normal(6, 3))
        seen.append((x, {"params": params, "batch_stats": stats}, found))
        stats = found[1]
    return seen


def without_count(variables):
    stats = {name: value for name, value in variables["batch_stats"].items() if name != "updates"}
    return {**variables, "batch_stats": stats}


def test_before_the_switch_it_is_batch_norm(history):
    for x, variables, (y, stats, gradients) in history[:FREEZE_AFTER]:
        expected = step(BatchNorm(**SETTINGS), without_count(variables), x, normal(6, 3))
        stats = {name: value for name, value in stats.items() if name != "updates"}
        chex.assert_trees_all_close((y, stats, gradients), expected, rtol=1e-6, atol=1e-6)


def test_after_the_switch_it_is_batch_norm_in_evaluation_and_keeps_its_statistics(history):
    for x, variables, (y, stats, gradients) in history[FREEZE_AFTER:]:
        y_expected, _, gradients_expected = step(BatchNorm(**SETTINGS), without_count(variables), x, normal(6, 3), evaluating=True)
        chex.assert_trees_all_close((y, gradients), (y_expected, gradients_expected), rtol=1e-6, atol=1e-6)
        chex.assert_trees_all_equal(stats, variables["batch_stats"])


def test_frozen_output_is_the_affine_map_by_the_mean_of_the_batches_before_the_switch(history):
    x, variables, (y, _, _) = history[-1]
    batches = np.stack([seen[0] for seen in history[:FREEZE_AFTER]]).astype(np.float64)  # (2, B, D)
    weights = SETTINGS["momentum"] ** np.arange(FREEZE_AFTER - 1, -1, -1.0)
    mean, var = (np.average(of_batch, axis=0, weights=weights) for of_batch in (batches.mean(1), batches.var(1, ddof=1)))
    scale, bias = (np.asarray(variables["params"][name], np.float64) for name in ("scale", "bias"))
    np.testing.assert_allclose(y, (x - mean) / np.sqrt(var + 1e-5) * scale + bias, rtol=1e-5, atol=1e-5)


def test_evaluation_needs_no_count_and_is_that_of_batch_norm(history):
    x, variables, _ = history[-1]
    layers = (FrozenBatchNorm(use_running_average=True, freeze_after=FREEZE_AFTER, **SETTINGS), BatchNorm(True, **SETTINGS))
    np.testing.assert_array_equal(*(layer.apply(without_count(variables), x) for layer in layers))


def test_initialisation_counts_no_update_and_a_count_stops_at_the_switch(history):
    assert [int(variables["batch_stats"]["updates"]) for _, variables, _ in history] == [0, 1, 2, 2]


def test_freezing_before_any_batch_is_refused():
    with pytest.raises(ValueError, match="freeze_after must be at least 1, and is 0"):
        FrozenBatchNorm(use_running_average=False, freeze_after=0).init(jax.random.key(0), normal(6, 3))
