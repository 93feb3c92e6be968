"""BatchNorm's state: running statistics, their debiasing, the unbiased variance, and the errors that name what to do."""

import functools

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.errors import ModifyScopeVariableError
from helpers import EXACT_TOLERANCE, FLOAT32_TOLERANCE
from norms.running import initial, normal, output, update

from jaxnorm.norms import BatchNorm, momentum_for_batch_size

TRAIN = BatchNorm(use_running_average=False, momentum=0.9)


def _batches(count, shape=(6, 3)):
    return (np.random.default_rng(0).normal(size=(count, *shape)) * [0.5, 1.0, 2.0] + [0, 1, 2]).astype(np.float32)


@functools.partial(jax.jit, static_argnums=0)
def _train(layer, batches, stats=None, mask=None):
    """The ``batch_stats`` after one update per batch, as the carry of a scan."""
    variables = initial(layer, batches[0])

    def update(stats, x):
        _, updated = layer.apply({**variables, "batch_stats": stats}, x, mask=mask, mutable=["batch_stats"])
        return updated["batch_stats"], None

    return jax.lax.scan(update, variables["batch_stats"] if stats is None else stats, batches)[0]


def test_running_statistics_follow_the_formula():
    batches = _batches(5)
    mean, var = np.zeros(3), np.ones(3)
    for x in np.asarray(batches, np.float64):
        mean, var = 0.9 * mean + 0.1 * x.mean(0), 0.9 * var + 0.1 * x.var(0)
    stats = _train(TRAIN, batches)
    np.testing.assert_allclose(stats["mean"], mean, rtol=FLOAT32_TOLERANCE)
    np.testing.assert_allclose(stats["var"], var, rtol=FLOAT32_TOLERANCE)


@pytest.mark.parametrize("momentum", [0.0, 0.9, 0.99])
def test_debiased_statistics_are_the_weighted_mean_of_the_batches(momentum):
    batches = _batches(7)
    stats = _train(BatchNorm(use_running_average=False, momentum=momentum, debias=True), batches)
    exact = np.asarray(batches, np.float64)
    weights = momentum ** np.arange(6.0, -1, -1)  # the newest batch weighs most
    np.testing.assert_allclose(stats["weight"], 1 - momentum**7, rtol=FLOAT32_TOLERANCE)
    np.testing.assert_allclose(stats["mean"], np.average(exact.mean(1), axis=0, weights=weights), rtol=FLOAT32_TOLERANCE)
    np.testing.assert_allclose(stats["var"], np.average(exact.var(1), axis=0, weights=weights), rtol=FLOAT32_TOLERANCE)


def test_debias_after_one_update_is_exactly_that_batch():
    batches = _batches(1) * 1e-4
    stats = _train(BatchNorm(use_running_average=False, momentum=0.99, debias=True), batches)
    np.testing.assert_allclose(stats["var"], np.asarray(batches[0], np.float64).var(0), rtol=EXACT_TOLERANCE)
    np.testing.assert_allclose(stats["mean"], np.asarray(batches[0], np.float64).mean(0), rtol=EXACT_TOLERANCE)


def test_debias_starts_neutral_and_a_momentum_of_one_never_moves():
    layer = BatchNorm(use_running_average=False, momentum=1.0, debias=True)
    cold = initial(layer, _batches(1)[0])["batch_stats"]
    assert jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype.name), cold) == {
        "mean": ((3,), "float32"),
        "var": ((3,), "float32"),
        "weight": ((), "float32"),
    }
    chex.assert_trees_all_equal(cold, {"mean": jnp.zeros(3), "var": jnp.ones(3), "weight": jnp.zeros(())})
    chex.assert_trees_all_equal(_train(layer, _batches(3)), cold)


def test_debias_takes_a_checkpoint_without_weight_for_warm():
    batches = _batches(4)
    plain = _train(TRAIN, batches)
    continued = BatchNorm(use_running_average=False, momentum=0.9, debias=True)
    evaluation = {"params": {"scale": jnp.ones(3), "bias": jnp.zeros(3)}, "batch_stats": plain}
    evaluated = output(continued.clone(use_running_average=True), batches[0], None, evaluation)
    assert np.isfinite(evaluated).all()
    variables = {**initial(TRAIN, batches[0]), "batch_stats": plain}
    _, updated = update(continued, variables, batches[0])
    assert updated["batch_stats"].pop("weight") == 1
    chex.assert_trees_all_close(updated["batch_stats"], _train(TRAIN, batches[:1], plain), rtol=EXACT_TOLERANCE)


@pytest.mark.parametrize("shape", [(2, 3), (6, 3), (2, 4, 3)])
def test_unbiased_variance_divides_by_one_less_than_the_pooled_elements(shape):
    batches = _batches(1, shape)
    layer = BatchNorm(use_running_average=False, momentum=0.0, unbiased_variance=True)
    exact = np.asarray(batches[0], np.float64).reshape(-1, 3)
    np.testing.assert_allclose(_train(layer, batches)["var"], exact.var(0, ddof=1), rtol=FLOAT32_TOLERANCE)
    variables = initial(layer, batches[0])
    both = (layer, layer.clone(unbiased_variance=False))
    outputs = [update(either, variables, batches[0])[0] for either in both]
    np.testing.assert_array_equal(outputs[0], outputs[1], "the batch itself is normalized by the biased variance")


def test_unbiased_variance_counts_valid_elements_and_needs_two():
    x, mask = _batches(1), np.array([[1, 1, 0], [1, 0, 0], [1, 0, 0], [0, 1, 1], [0, 0, 0], [0, 0, 0]], bool)
    stats = _train(BatchNorm(use_running_average=False, momentum=0.0, unbiased_variance=True), x, mask=mask)
    valid = [np.asarray(x[0], np.float64)[np.asarray(mask)[:, feature], feature] for feature in range(3)]
    np.testing.assert_allclose(stats["var"], [valid[0].var(ddof=1), valid[1].var(ddof=1), 1.0], rtol=FLOAT32_TOLERANCE)
    np.testing.assert_allclose(stats["mean"], [values.mean() for values in valid], rtol=FLOAT32_TOLERANCE)


@pytest.mark.parametrize("options", [{}, {"debias": True}, {"unbiased_variance": True, "debias": True}])
def test_all_masked_batch_changes_no_state(options):
    layer = BatchNorm(use_running_average=False, **options)
    stats = _train(layer, _batches(3))
    hidden = np.full((2, 6, 3), np.nan, np.float32)
    chex.assert_trees_all_equal(_train(layer, hidden, stats, mask=np.zeros((6, 1), bool)), stats)


@pytest.mark.parametrize("batch_size", [2, 4, 16, 128])
def test_evaluation_spread_after_training_on_small_batches(batch_size):
    """Law 10: sqrt(B / (B - 1)) with the biased running variance, 1 with the unbiased."""
    rng = np.random.default_rng(1)
    batches, examples = (rng.normal(size=size).astype(np.float32) for size in ((1500, batch_size, 16), (4000, 16)))
    for unbiased, expected in ((False, np.sqrt(batch_size / (batch_size - 1))), (True, 1.0)):
        layer = BatchNorm(use_running_average=False, momentum=0.999, debias=True, unbiased_variance=unbiased)
        variables = {**initial(layer, batches[0]), "batch_stats": _train(layer, batches)}
        spread = np.std(output(layer.clone(use_running_average=True), examples, None, variables))
        assert spread == pytest.approx(expected, rel=0.015)  # 64,000 normal numbers and 1,500 batches: 0.5 % of noise


def test_initialisation_leaves_the_statistics_alone_and_takes_any_batch():
    for batch_size in (1, 6, 50):
        variables = initial(TRAIN, np.full((batch_size, 3), 7, np.float32))
        chex.assert_trees_all_equal(variables["batch_stats"], {"mean": jnp.zeros(3), "var": jnp.ones(3)})
        y, _ = update(TRAIN, variables, _batches(1)[0])
        np.testing.assert_allclose(np.mean(y, 0), 0, atol=FLOAT32_TOLERANCE)


@pytest.mark.parametrize("shape", [(1, 3), (3,), (1, 1, 1, 3)])
def test_one_element_per_feature_raises_in_training_only(shape):
    x = np.ones(shape, np.float32)
    variables = initial(TRAIN, x)
    with pytest.raises(ValueError, match=r"one element per feature.*bigger batch.*use_running_average=True") as caught:
        update(TRAIN, variables, x)
    assert str(shape) in str(caught.value)
    assert output(BatchNorm(use_running_average=True), x, None, variables).shape == shape


def test_use_running_average_must_be_given_exactly_once():
    variables = initial(TRAIN, _batches(1)[0])
    with pytest.raises(ValueError, match="use_running_average"):
        TRAIN.apply(variables, _batches(1)[0], True)
    with pytest.raises(ValueError, match="use_running_average"):
        BatchNorm().apply(variables, _batches(1)[0])
    chex.assert_shape(BatchNorm().apply(variables, _batches(1)[0], True), (6, 3))


def test_training_needs_mutable_batch_stats():
    variables = initial(TRAIN, _batches(1)[0])
    with pytest.raises(ModifyScopeVariableError):
        TRAIN.apply(variables, _batches(1)[0])


def test_statistics_of_another_shape_are_rejected():
    variables = {**initial(TRAIN, _batches(1)[0]), "batch_stats": {"mean": jnp.zeros(1), "var": jnp.ones(1)}}
    with pytest.raises(AssertionError, match="shape"):
        BatchNorm(use_running_average=True).apply(variables, _batches(1)[0])


def test_evaluation_ignores_the_mask_where_values_are_finite_and_survives_where_not():
    x, variables = _batches(1)[0], initial(TRAIN, _batches(1)[0])
    layer = BatchNorm(use_running_average=True)
    np.testing.assert_array_equal(output(layer, x, np.zeros((6, 1), bool), variables), output(layer, x, None, variables))
    mask = np.arange(6).reshape(6, 1) < 4

    def loss(params):
        y = layer.apply({**variables, "params": params}, np.where(mask, x, np.float32(np.nan)), mask=mask)
        return jnp.where(mask, y, 0).sum()

    chex.assert_tree_all_finite(jax.jit(jax.grad(loss))(variables["params"]))


def test_momentum_for_batch_size_keeps_the_window_in_examples():
    assert momentum_for_batch_size(0.9, 128, 128) == 0.9
    assert momentum_for_batch_size(0.9, 16, 128) == pytest.approx(0.98692, abs=1e-5)
    assert momentum_for_batch_size(0.9, 16, 128) ** 8 == pytest.approx(momentum_for_batch_size(0.9, 128, 128))


class _Network(nn.Module):
    @nn.compact
    def __call__(self, x):
        return BatchNorm(use_running_average=False, name="norm_0")(nn.Dense(4, kernel_init=nn.initializers.uniform(), name="dense")(x))


def test_replicas_keep_their_own_statistics():
    """Under vmap each network has its own statistics: replicas do not mix."""
    x, moved_x = normal(1, 3, 8, 5), normal(1, 3, 8, 5) * np.float32([1, 1, 5]).reshape(3, 1, 1)
    keys = np.asarray([0, 1, 2], np.uint32)
    model = _Network()

    def run(seed, x):
        key = jax.random.key(seed)
        return model.apply(model.init(key, x), x, mutable=["batch_stats"])[1]["batch_stats"]

    run_all = jax.jit(jax.vmap(run))
    together, moved = jax.device_get((run_all(keys, x), run_all(keys, moved_x)))
    chex.assert_trees_all_equal(*(jax.tree.map(lambda leaf: leaf[:2], stats) for stats in (together, moved)))
    alone = jax.jit(run)(keys[1], x[1])
    chex.assert_trees_all_close(jax.tree.map(lambda leaf: leaf[1], together), alone, rtol=FLOAT32_TOLERANCE, atol=EXACT_TOLERANCE)
