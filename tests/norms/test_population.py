"""Law 12: statistics re-estimated from K batches are those of all their examples, whatever the split."""

import functools

import chex
import flax.linen as nn
import jax
import numpy as np
import pytest
from flax.core import FrozenDict, freeze
from helpers import EXACT_TOLERANCE, FLOAT32_TOLERANCE
from norms.running import KEY, initial, normal

from jaxnorm.models import MLP
from jaxnorm.norms import NORMS, BatchNorm
from jaxnorm.norms.population import reestimate_statistics

TRAIN = BatchNorm(use_running_average=False)
LAYERS = {"ours": TRAIN, "unbiased": TRAIN.clone(unbiased_variance=True, debias=True), "linen": nn.BatchNorm(use_running_average=False)}


def _examples(number=24, features=3):
    """(N, D), each feature with a mean and a spread of its own, and a drift that makes batches differ."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(number, features)) * np.linspace(0.5, 2, features) + np.linspace(-1, 2, features)
    return (x + np.linspace(-1, 1, number)[:, None]).astype(np.float32)


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("sizes", [(12, 12), (4,) * 6, (2, 12, 10)], ids=str)
def test_reestimated_statistics_are_those_of_the_concatenation(layer, sizes):
    x = _examples()
    batches = np.split(x, np.cumsum(sizes)[:-1])
    batches = np.stack(batches) if len(set(sizes)) == 1 else batches
    stats = reestimate_statistics(layer, initial(layer, x[:2]), batches)["batch_stats"]
    exact, ddof = x.astype(np.float64), int(getattr(layer, "unbiased_variance", False))
    np.testing.assert_allclose(stats["mean"], exact.mean(0), rtol=EXACT_TOLERANCE)
    np.testing.assert_allclose(stats["var"], exact.var(0, ddof=ddof), rtol=EXACT_TOLERANCE)


def test_reestimation_stays_exact_over_many_batches_far_from_zero():
    """At a mean of 10,000 standard deviations, the means of two batches differ by a few units in their last place."""
    x = np.random.default_rng(1).normal(size=(1000, 4, 5)).astype(np.float32) + np.float32(1e4)
    stats = reestimate_statistics(TRAIN, initial(TRAIN, x[0]), x)["batch_stats"]
    exact = x.astype(np.float64).reshape(-1, 5)
    np.testing.assert_allclose(stats["mean"], exact.mean(0), rtol=EXACT_TOLERANCE)
    np.testing.assert_allclose(stats["var"], exact.var(0), rtol=EXACT_TOLERANCE)


def test_reestimation_counts_valid_elements_only_and_keeps_features_without_any():
    x, mask = _examples(), np.random.default_rng(2).random((24, 3)) < 0.5
    mask[:, 2] = False
    x = np.where(mask, x, np.nan)
    layer = TRAIN.clone(unbiased_variance=True)

    class Masked(nn.Module):
        @nn.compact
        def __call__(self, x, mask):
            return layer.copy(name="norm_0")(x, mask=mask)

    variables = jax.jit(Masked().init)(KEY, x, mask)
    batches = [(x[:8], mask[:8]), (x[8:], mask[8:])]
    stats = reestimate_statistics(Masked(), variables, batches)["batch_stats"]["norm_0"]
    valid = [x[mask[:, feature], feature].astype(np.float64) for feature in range(2)]
    np.testing.assert_allclose(stats["mean"], [*(values.mean() for values in valid), 0], rtol=EXACT_TOLERANCE)
    np.testing.assert_allclose(stats["var"], [*(values.var(ddof=1) for values in valid), 1], rtol=EXACT_TOLERANCE)


@pytest.mark.parametrize("name", sorted(NORMS))
def test_reestimation_knows_every_norm_of_the_table(name):
    x = _examples(64, 6).reshape(2, 16, 2, 6)  # (K, B, T, D)
    build = functools.partial(NORMS[name], **({"num_groups": 2} if name == "group" else {}))
    variables = jax.jit(build(train=False).init)(KEY, x[0])
    precise = reestimate_statistics(build(train=True), variables, x)
    chex.assert_trees_all_equal_shapes_and_dtypes(precise, variables)
    if "batch_stats" in variables:
        exact = np.asarray(x, np.float64).reshape(64, 6)
        np.testing.assert_allclose(precise["batch_stats"]["mean"], exact.mean(0), rtol=EXACT_TOLERANCE)
        np.testing.assert_allclose(precise["batch_stats"]["var"], exact.var(0), rtol=EXACT_TOLERANCE)
    else:
        assert precise is variables


@pytest.fixture(scope="module")
def network():
    """An MLP of two hidden layers, its variables with statistics that are wrong, and batches (K, B, H, W, C)."""
    norm = NORMS["batch"].with_options(debias=True)
    model = MLP(num_classes=2, norm=norm, hidden_sizes=(4, 3))
    batches = _examples(30, 5).reshape(3, 10, 5, 1, 1)
    shapes = jax.eval_shape(functools.partial(model.init, train=True), KEY, batches[0])

    def draw(path, leaf):
        return np.ones((2, *leaf.shape), np.float32) if path[-1].key in ("var", "weight") else normal(leaf.size, 2, *leaf.shape)

    return model, jax.tree_util.tree_map_with_path(draw, shapes), batches


@pytest.fixture(scope="module")
def reestimate(network):
    model, _, batches = network
    return jax.jit(lambda variables: reestimate_statistics(model, variables, batches, train=True))  # one program for all that follows


def _one(tree, index):
    return jax.tree.map(lambda leaf: leaf[index], tree)


def test_deeper_layers_pool_what_enters_them_in_training(network, reestimate):
    model, many, batches = network
    variables = _one(many, 1)
    stats = reestimate(variables)["batch_stats"]

    @jax.jit
    def entering(x):
        _, seen = model.apply(variables, x, train=True, mutable=["batch_stats", "intermediates"], capture_intermediates=True)
        return [seen["intermediates"][f"dense_{layer}"]["__call__"][0] for layer in range(2)]

    for layer, inputs in enumerate(zip(*map(entering, batches), strict=True)):
        exact = np.concatenate(inputs).astype(np.float64)
        np.testing.assert_allclose(stats[f"norm_{layer}"]["mean"], exact.mean(0), rtol=FLOAT32_TOLERANCE, atol=EXACT_TOLERANCE)
        np.testing.assert_allclose(stats[f"norm_{layer}"]["var"], exact.var(0), rtol=FLOAT32_TOLERANCE)


def test_reestimation_changes_running_statistics_only_and_leaves_them_warm(network, reestimate):
    _, many, _ = network
    variables = _one(many, 0)
    precise = reestimate(variables)
    chex.assert_trees_all_equal(precise["params"], variables["params"])
    chex.assert_trees_all_equal_shapes_and_dtypes(precise, variables)
    assert [precise["batch_stats"][f"norm_{layer}"]["weight"] for layer in range(2)] == [1, 1]
    frozen = reestimate(freeze(variables))
    assert isinstance(frozen, FrozenDict)
    chex.assert_trees_all_equal(frozen.unfreeze(), precise)


@pytest.mark.parametrize("many_at_once", [jax.vmap, lambda function: functools.partial(jax.lax.map, function)], ids=["vmap", "map"])
def test_reestimation_works_for_a_replica_axis_under_jit(network, reestimate, many_at_once):
    _, many, _ = network
    together = jax.jit(many_at_once(reestimate))(many)
    alone = jax.tree.map(lambda *leaves: np.stack(leaves), *(reestimate(_one(many, index)) for index in range(2)))
    chex.assert_trees_all_close(together, alone, rtol=FLOAT32_TOLERANCE, atol=EXACT_TOLERANCE)


class _Shared(nn.Module):
    """One norm for all time steps."""

    @nn.compact
    def __call__(self, x):
        norm = BatchNorm(use_running_average=False, name="norm")
        return sum(norm(x[:, step]) for step in range(x.shape[1]))


class _Scanned(nn.Module):
    """Three layers of one scan, each with a norm, recomputed in the backward pass."""

    @nn.compact
    def __call__(self, x):
        @nn.remat
        class Layer(nn.Module):
            @nn.compact
            def __call__(self, x, _):
                return nn.BatchNorm(use_running_average=False, name="norm")(x) * 2 + 1, None

        layers = nn.scan(Layer, variable_axes={"params": 0, "batch_stats": 0}, split_rngs={"params": True}, length=3)
        return layers(name="layers")(x, None)[0]


def test_a_layer_called_more_than_once_pools_its_calls():
    x = _examples().reshape(2, 4, 3, 3)  # (K, B, T, D)
    variables = jax.jit(_Shared().init)(KEY, x[0])
    stats = reestimate_statistics(_Shared(), variables, x)["batch_stats"]["norm"]
    exact = x.astype(np.float64).reshape(-1, 3)
    np.testing.assert_allclose(stats["mean"], exact.mean(0), rtol=EXACT_TOLERANCE)
    np.testing.assert_allclose(stats["var"], exact.var(0), rtol=EXACT_TOLERANCE)


def test_reestimation_reaches_layers_inside_lifted_transformations():
    x = _examples().reshape(2, 12, 3)
    variables = jax.jit(_Scanned().init)(KEY, x[0])
    stats = reestimate_statistics(_Scanned(), variables, x)["batch_stats"]["layers"]["norm"]
    np.testing.assert_allclose(stats["mean"][0], x.astype(np.float64).mean((0, 1)), rtol=EXACT_TOLERANCE)
    np.testing.assert_allclose(stats["mean"][1:], np.ones((2, 3)), rtol=FLOAT32_TOLERANCE)  # 2 * 0 + 1 behind a norm
    np.testing.assert_allclose(stats["var"][1:], np.full((2, 3), 4), rtol=1e-4)  # epsilon takes 1e-5 / var of it


def test_reestimation_pools_a_batch_spread_over_a_named_axis():
    x = _examples().reshape(2, 3, 4, 3)  # (device, K, B, D)
    layer = TRAIN.clone(axis_name="device")
    spread = jax.vmap(lambda x: reestimate_statistics(layer, initial(layer, x[0]), x)["batch_stats"], axis_name="device")
    stats = jax.jit(spread)(x)
    exact = x.astype(np.float64).reshape(-1, 3)
    np.testing.assert_allclose(stats["mean"], np.stack([exact.mean(0)] * 2), rtol=EXACT_TOLERANCE)
    np.testing.assert_allclose(stats["var"], np.stack([exact.var(0)] * 2), rtol=EXACT_TOLERANCE)


class _Dropout(nn.Module):
    @nn.compact
    def __call__(self, x):
        return BatchNorm(use_running_average=False, name="norm")(nn.Dropout(0.5, deterministic=False)(x))


def test_reestimation_draws_anew_for_every_batch():
    x = np.ones((2, 6, 3), np.float32)
    variables = jax.jit(_Dropout().init)({"params": KEY, "dropout": KEY}, x[0])
    both, first = (reestimate_statistics(_Dropout(), variables, batches, rngs={"dropout": KEY}) for batches in (x, x[:1]))
    assert not np.array_equal(both["batch_stats"]["norm"]["mean"], first["batch_stats"]["norm"]["mean"])


def test_reestimation_refuses_evaluation_mode_and_no_batches():
    x = _examples().reshape(2, 12, 3)
    variables = initial(TRAIN, x[0])
    with pytest.raises(ValueError, match=r"training mode, such as train=True"):
        reestimate_statistics(BatchNorm(), variables, x, use_running_average=True)
    for nothing in (x[:0], []):
        with pytest.raises(ValueError, match="at least one batch"):
            reestimate_statistics(TRAIN, variables, nothing)
