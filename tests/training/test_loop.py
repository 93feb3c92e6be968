"""The training of one replica: what an epoch, an update and an evaluation are."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from common_training import make_arm, make_data, make_replicas

from jaxnorm.models import MLP
from jaxnorm.norms import NORMS
from jaxnorm.training import OPTIMIZERS, make_train
from jaxnorm.training import step as steps
from jaxnorm.training.loop import replica_keys


def one(seed=0, **settings):
    return jax.tree.map(lambda leaf: leaf[0], make_replicas([seed], **settings))


def test_update_is_one_step_of_gradient_descent_on_the_standardised_batch():
    data, replica = make_data(num_train=8), one(learning_rate=0.5)
    model = MLP(num_classes=2, norm=NORMS["none"], hidden_sizes=())
    train = make_train(model, OPTIMIZERS["sgd"](weight_decay=0.0, sgd_momentum=0.0), batch_size=8)
    before, _ = train.start(replica, data)
    after, metrics = train.advance((replica, before), (jnp.array([1]), data))
    x = (np.asarray(data.train.inputs, np.float64).reshape(8, -1) - 100) / 60
    kernel, bias = (np.asarray(before.params["logits"][name], np.float64) for name in ("kernel", "bias"))
    logits = x @ kernel + bias
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    error = (probabilities - np.eye(2)[data.train.labels]) / 8
    np.testing.assert_allclose(after.params["logits"]["kernel"], kernel - 0.5 * x.T @ error, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(after.params["logits"]["bias"], bias - 0.5 * error.sum(0), rtol=1e-5, atol=1e-6)
    loss = -np.log(probabilities[np.arange(8), data.train.labels]).mean()
    np.testing.assert_allclose(metrics["train_loss"], [loss], rtol=1e-5)
    np.testing.assert_allclose(metrics["train_accuracy"], [(logits.argmax(1) == data.train.labels).mean()])


@pytest.mark.parametrize(("norm", "optimizer"), [("batch", "adam"), ("layer", "adamw"), ("none", "sgd")])
def test_training_learns(norm, optimizer):
    data, replica = make_data(), one()
    train = make_arm(norm, optimizer=optimizer)
    state, metrics = jax.jit(train.advance)((replica, train.start(replica, data)[0]), (jnp.arange(1, 31), data))
    assert metrics["train_loss"][-1] < 0.1 < metrics["train_loss"][0]
    assert train.finish(state, data)["test_accuracy"] == 1.0


def test_order_of_examples_is_another_permutation_for_every_seed_and_epoch():

    def order(seed, epoch):
        return jax.random.permutation(jax.random.fold_in(replica_keys(one(seed))[1], epoch), 40).tolist()

    assert order(0, 1) == order(0, 1)
    assert len({tuple(order(seed, epoch)) for seed in (0, 1) for epoch in (1, 2)}) == 4
    assert sorted(order(0, 1)) == list(range(40))


@pytest.mark.parametrize("generator", ["rbg", "unsafe_rbg"])
def test_seed_gives_the_same_network_and_order_under_any_default_generator(generator):
    data, train = make_data(), make_arm()

    def trained():
        return train.advance((one(), train.start(one(), data)[0]), (jnp.arange(1, 3), data))[0].params

    usual = trained()
    with jax.default_prng_impl(generator):
        jax.tree.map(np.testing.assert_array_equal, usual, trained())


@pytest.mark.parametrize("number", [7, 33])
def test_correct_examples_are_those_of_the_test_accuracy(number, monkeypatch):
    monkeypatch.setattr(steps, "EVALUATION_BATCH", 10)
    data, train = make_data(num_test=number), make_arm()
    state, _ = train.start(one(), data)
    model = MLP(num_classes=2, norm=NORMS["batch"], hidden_sizes=(16,))
    logits = model.apply({"params": state.params, "batch_stats": state.batch_stats}, steps.standardise(data.test.inputs, data), train=False)
    finished = train.finish(state, data)
    np.testing.assert_array_equal(finished["test_correct"], logits.argmax(-1) == data.test.labels)
    assert finished["test_correct"].dtype == np.uint8
    np.testing.assert_allclose(finished["test_correct"].mean(), finished["test_accuracy"], rtol=1e-6)


@pytest.mark.parametrize("number", [7, 33])
def test_evaluation_in_batches_equals_evaluation_at_once(number, monkeypatch):
    monkeypatch.setattr(steps, "EVALUATION_BATCH", 10)
    data, replica = make_data(num_test=number), one()
    train = make_arm()
    state, _ = train.start(replica, data)
    model = MLP(num_classes=2, norm=NORMS["batch"], hidden_sizes=(16,))
    variables = {"params": state.params, "batch_stats": state.batch_stats}
    at_once = steps.metrics_of(model.apply(variables, steps.standardise(data.test.inputs, data), train=False), data.test.labels)
    np.testing.assert_allclose(train.finish(state, data)["test_loss"], at_once.loss.mean(), rtol=1e-6)
    np.testing.assert_allclose(train.finish(state, data)["test_accuracy"], at_once.accuracy.mean(), rtol=1e-6)


def test_init_scale_multiplies_kernels_only():
    data = make_data()
    small, large = (make_arm().start(one(init_scale=scale), data)[0].params for scale in (1.0, 4.0))
    for (path, low), high in zip(jax.tree_util.tree_leaves_with_path(small), jax.tree.leaves(large), strict=True):
        np.testing.assert_array_equal(high, low * (4.0 if path[-1].key == "kernel" else 1.0))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_weight_decay_shrinks_kernels_and_spares_the_rest(optimizer):
    params = {"dense_0": {"kernel": jnp.ones((2, 2)), "bias": jnp.ones(2)}, "norm_0": {"scale": jnp.ones(2), "bias": jnp.ones(2)}}
    rule = OPTIMIZERS[optimizer](weight_decay=0.1, sgd_momentum=0.0)(jnp.float32(0.5))
    updates, _ = rule.update(jax.tree.map(jnp.zeros_like, params), rule.init(params), params)
    assert (updates["dense_0"]["kernel"] < 0).all()
    assert all((leaf == 0).all() for leaf in (updates["dense_0"]["bias"], *updates["norm_0"].values()))


def test_training_uses_whole_batches_only():
    data, replica = make_data(num_train=40), one()
    train = make_arm(batch_size=16)
    state, _ = train.advance((replica, train.start(replica, data)[0]), (jnp.array([1]), data))
    assert int(state.opt_state[0].count) == 2
