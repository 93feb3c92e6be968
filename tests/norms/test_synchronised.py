"""Statistics over a named axis are those of the pooled data, at unequal counts too, under vmap and on several devices."""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import EXACT_TOLERANCE, FLOAT32_TOLERANCE
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.sharding import AxisType, PartitionSpec
from norms.running import initial, normal, output

from jaxnorm.norms import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm

X = (np.random.default_rng(8).normal(size=(2, 6, 4)) * [[[1.0]], [[3.0]]] + [[[0.0]], [[5.0]]]).astype(np.float32)
MASK = np.asarray(np.arange(6)[None, :, None] < np.array([6, 2])[:, None, None])  # six valid rows on one device, two on the other
SYNCHRONISED = BatchNorm(use_running_average=False, axis_name="device", momentum=0.0)
POOLED = BatchNorm(use_running_average=False, momentum=0.0)
VARIABLES = initial(POOLED, X[0])


@functools.partial(jax.jit, static_argnums=0)
def _apply(layer, x, mask):
    """The output and the running statistics that one update leaves."""
    y, updated = layer.apply(VARIABLES, x, mask=mask, mutable=["batch_stats"])
    return y, updated["batch_stats"]


def _over_devices(function, check_vma):
    mesh = jax.make_mesh((2,), ("device",), axis_types=(AxisType.Auto,))
    split = PartitionSpec("device")

    def local(x, mask):
        return jax.tree.map(lambda leaf: leaf[None], function(x[0], None if mask is None else mask[0]))

    return jax.jit(jax.shard_map(local, mesh=mesh, in_specs=split, out_specs=split, check_vma=check_vma))


MAPPED = {
    "vmap": lambda function: jax.jit(jax.vmap(function, axis_name="device")),
    "shard_map": functools.partial(_over_devices, check_vma=False),
    "shard_map, checked": functools.partial(_over_devices, check_vma=True),
}


@pytest.mark.parametrize("how", MAPPED)
@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_batch_norm_pools_by_count(how, fast, masked):
    mask = MASK if masked else None
    layer, pooled = (layer.clone(use_fast_variance=fast) for layer in (SYNCHRONISED, POOLED))
    expected_y, expected = _apply(pooled, X.reshape(12, 4), None if mask is None else mask.reshape(12, 1))
    y, stats = MAPPED[how](functools.partial(_apply, layer))(X, mask)
    np.testing.assert_allclose(y.reshape(12, 4), expected_y, rtol=FLOAT32_TOLERANCE, atol=FLOAT32_TOLERANCE)
    chex.assert_trees_all_close(stats, jax.tree.map(lambda leaf: np.stack([leaf, leaf]), expected), rtol=FLOAT32_TOLERANCE)


@functools.cache
def _synchronised(how):
    return MAPPED[how](functools.partial(_apply, SYNCHRONISED))


@settings(deadline=None, max_examples=15)
@given(how=st.sampled_from(list(MAPPED)), seed=st.integers(0, 2**16), keep=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_any_masks_pool_by_count(how, seed, keep):
    mask = np.random.default_rng(seed).random(MASK.shape) < np.reshape(keep, (2, 1, 1))
    expected_y, expected = _apply(POOLED, X.reshape(12, 4), mask.reshape(12, 1))
    y, stats = _synchronised(how)(np.where(mask, X, np.float32(np.nan)), mask)
    valid = np.broadcast_to(mask, X.shape)
    np.testing.assert_allclose(
        np.asarray(y)[valid], np.asarray(expected_y).reshape(X.shape)[valid], rtol=FLOAT32_TOLERANCE, atol=FLOAT32_TOLERANCE
    )
    twice = jax.tree.map(lambda leaf: np.stack([leaf, leaf]), expected)
    chex.assert_trees_all_close(stats, twice, rtol=FLOAT32_TOLERANCE, atol=EXACT_TOLERANCE)


@pytest.mark.parametrize("how", MAPPED)
def test_derivatives_through_pooled_statistics_are_those_of_the_pooled_data(how):
    """The gradient, and its own derivative along a direction: forward over reverse."""
    weights = np.cos(np.arange(48, dtype=np.float32)).reshape(2, 6, 4)

    def synchronised(x):
        return jnp.where(MASK, weights * jnp.sin(_synchronised(how)(x, MASK)[0]), 0).sum()

    def pooled(x):
        y = _apply(POOLED, x.reshape(12, 4), MASK.reshape(12, 1))[0].reshape(x.shape)
        return jnp.where(MASK, weights * jnp.sin(y), 0).sum()

    padded, direction = np.where(MASK, X, np.float32(np.nan)), normal(11, *X.shape)
    found, expected = (jax.jit(lambda x, loss=loss: jax.jvp(jax.grad(loss), (x,), (direction,)))(padded) for loss in (synchronised, pooled))
    chex.assert_trees_all_close(found, expected, rtol=FLOAT32_TOLERANCE, atol=FLOAT32_TOLERANCE)


def test_one_device_may_be_all_masked():
    mask = MASK & (np.arange(2) == 0).reshape(2, 1, 1)
    y, stats = MAPPED["vmap"](functools.partial(_apply, SYNCHRONISED))(np.where(mask, X, np.float32(np.nan)), mask)
    expected_y, expected = _apply(POOLED, X[0], None)
    np.testing.assert_allclose(y[0], expected_y, rtol=FLOAT32_TOLERANCE, atol=FLOAT32_TOLERANCE)
    chex.assert_trees_all_close(jax.tree.map(lambda leaf: leaf[1], stats), expected, rtol=FLOAT32_TOLERANCE)


def test_one_example_per_device_is_enough_with_a_named_axis():
    run = MAPPED["vmap"](lambda x: output(SYNCHRONISED, x, None, VARIABLES))
    expected, _ = _apply(POOLED, X[:, 0], None)
    np.testing.assert_allclose(run(X[:, :1])[:, 0], expected, rtol=FLOAT32_TOLERANCE, atol=FLOAT32_TOLERANCE)


def test_unbiased_variance_counts_all_devices():
    layer = SYNCHRONISED.clone(unbiased_variance=True)
    _, stats = MAPPED["vmap"](functools.partial(_apply, layer))(X, MASK)
    valid = np.asarray(X, np.float64)[np.broadcast_to(MASK, X.shape)].reshape(-1, 4)
    np.testing.assert_allclose(stats["var"][0], valid.var(0, ddof=1), rtol=FLOAT32_TOLERANCE)


def test_synchronised_variance_is_exact_at_large_offset():
    x = X + np.float32([[[1000]], [[3000]]])
    _, stats = MAPPED["vmap"](lambda x: _apply(SYNCHRONISED, x, None))(x)
    np.testing.assert_allclose(stats["var"][0], np.asarray(x, np.float64).reshape(-1, 4).var(0), rtol=EXACT_TOLERANCE)


@pytest.mark.parametrize(
    ("layer", "axis"),
    [(LayerNorm(), -1), (RMSNorm(), -1), (InstanceNorm(), 1), (GroupNorm(num_groups=2), 1)],
)
def test_an_example_spread_over_devices_is_normalized_as_a_whole(layer, axis):
    """The features (or positions) of each example are cut in two; the statistics must not notice. Scale and bias are left out."""
    layer = layer.clone(use_scale=False, **({"use_bias": False} if hasattr(layer, "use_bias") else {}))
    x = normal(9, 3, 8, 4) + np.float32(2)
    mask = np.random.default_rng(10).random((3, 8, 4)) < 0.7
    halves, half_masks = (np.stack(np.split(array, 2, axis)) for array in (x, mask))
    run = MAPPED["vmap"](lambda x, mask: layer.clone(axis_name="device").apply({}, x, mask=mask))
    found = np.concatenate(run(halves, half_masks), axis)
    np.testing.assert_allclose(found, output(layer, x, mask, {}), rtol=FLOAT32_TOLERANCE, atol=FLOAT32_TOLERANCE)


def test_axis_index_groups_pool_apart():
    """With one device in each group, nothing is shared, and the state says so."""
    layer = SYNCHRONISED.clone(axis_index_groups=((0,), (1,)))
    _, stats = _over_devices(functools.partial(_apply, layer), check_vma=False)(X, None)
    apart = [_apply(POOLED, x, None)[1] for x in X]
    chex.assert_trees_all_close(stats, jax.tree.map(lambda *leaves: np.stack(leaves), *apart), rtol=FLOAT32_TOLERANCE)
