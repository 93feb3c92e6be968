"""What the probes measure, against networks whose gradients and activations are known by hand."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from common_training import make_data, make_replicas

from jaxnorm.models import MLP, observe
from jaxnorm.norms import NORMS
from jaxnorm.training import OPTIMIZERS, TrainState, make_probe, make_train, run_replicas
from jaxnorm.training.probes import describe, look_inside, mean_similarity
from jaxnorm.training.replicas import compile_programs, make_mesh

FLOAT32 = {"rtol": 1e-5, "atol": 1e-6}


class TwoLinear(nn.Module):
    """``logits = (x A) B``, observed after A."""

    @nn.compact
    def __call__(self, x, *, train, lengths=None):
        del train, lengths
        hidden = observe(self, "hidden", nn.Dense(3, use_bias=False, name="first")(x))
        return nn.Dense(2, use_bias=False, name="second")(hidden)


def test_gradients_are_those_of_the_chain_rule():
    model, x, labels = TwoLinear(), jax.random.normal(jax.random.key(0), (5, 4)), jnp.array([0, 1, 1, 0, 1])
    params = model.init(jax.random.key(1), x, train=False)["params"]
    look = look_inside(model, TrainState(params, {}, None), x, None, labels)
    first, second = params["first"]["kernel"], params["second"]["kernel"]
    error = (jax.nn.softmax(x @ first @ second) - jnp.eye(2)[labels]) / 5  # (B, K)
    np.testing.assert_allclose(look.activations["hidden"], x @ first, **FLOAT32)
    np.testing.assert_allclose(look.activation_gradients["hidden"], error @ second.T, **FLOAT32)
    np.testing.assert_allclose(look.kernel_gradients["first"], x.T @ error @ second.T, **FLOAT32)
    np.testing.assert_allclose(look.kernel_gradients["second"], (x @ first).T @ error, **FLOAT32)


@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
def test_probe_agrees_with_finite_differences_through_batch_statistics(norm):
    with jax.enable_x64(True):
        model = MLP(num_classes=2, norm=NORMS[norm].with_options(param_dtype=jnp.float64), hidden_sizes=(4, 4), activation=nn.tanh)
        x, labels = jax.random.normal(jax.random.key(0), (6, 3)), jnp.array([0, 1, 1, 0, 1, 0])
        variables = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), model.init(jax.random.key(1), x, train=False))
        state = TrainState(variables["params"], variables.get("batch_stats", {}), None)
        look = look_inside(model, state, x, None, labels)

        def loss(kernel):
            moved = variables | {"params": variables["params"] | {"dense_0": variables["params"]["dense_0"] | {"kernel": kernel}}}
            logits, _ = model.apply(moved, x, train=True, mutable=["batch_stats"])
            return -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1).mean()

        kernel, step = variables["params"]["dense_0"]["kernel"], 1e-6
        slope = (loss(kernel.at[1, 2].add(step)) - loss(kernel.at[1, 2].add(-step))) / (2 * step)
        np.testing.assert_allclose(look.kernel_gradients["dense_0"][1, 2], slope, rtol=1e-6)


def test_described_activation_is_what_its_names_say():
    units = jnp.array([[0.0, 1.0, 3.0, 0.5], [0.0, -1.0, 3.0, 0.5], [0.0, 0.0, 2.98, 0.6]])
    numbers = {name: float(value) for name, value in describe(units, bounds=(-1.0, 3.0)).items()}
    np.testing.assert_allclose(numbers["activation_mean"], units.mean(), **FLOAT32)
    np.testing.assert_allclose(numbers["activation_std"], units.std(), **FLOAT32)
    np.testing.assert_allclose([numbers[f"activation_p{p}"] for p in (15, 50, 85)], np.percentile(units, [15, 50, 85]), **FLOAT32)
    assert numbers["dead_share"] == 0.25  # the first unit is 0 for every example
    np.testing.assert_allclose(numbers["saturated_share"], 4 / 12, **FLOAT32)  # -1, 3, 3 and 2.98 lie within 5 % of the range
    assert "saturated_share" not in describe(units)


def test_similarity_is_the_mean_cosine_over_pairs():
    vectors = jax.random.normal(jax.random.key(0), (7, 5)).at[2].set(0.0)
    lengths = np.linalg.norm(vectors, axis=1)
    cosines = [float(vectors[i] @ vectors[j]) / max(lengths[i] * lengths[j], 1e-30) for i in range(7) for j in range(7) if i != j]
    np.testing.assert_allclose(mean_similarity(vectors), np.mean(cosines), **FLOAT32)


def test_training_records_a_probe_before_the_first_and_after_every_epoch():
    data, model = make_data(), MLP(num_classes=2, norm=NORMS["batch"], hidden_sizes=(4, 4))
    probe = make_probe(model, examples=16, quantities=("gradient_norm",))
    train = make_train(model, OPTIMIZERS["sgd"](weight_decay=0.0, sgd_momentum=0.0), 8, probe)
    mesh = make_mesh()
    programs = compile_programs(train, 2, 3, data, mesh)
    history = run_replicas(programs, make_replicas([0, 1]), 3, data)
    assert history.metrics["train_loss"].shape == (2, 3)
    observed = ("block_0", "block_1", "input_0", "input_1")
    assert {name for name in history.metrics if "." in name} == {f"gradient_norm.{name}" for name in observed}
    recorded = history.metrics["gradient_norm.block_1"]
    assert recorded.shape == (2, 4)
    state, initial = train.start(jax.tree.map(lambda leaf: leaf[1], make_replicas([0, 1])), data)
    np.testing.assert_allclose(recorded[1, 0], initial["gradient_norm.block_1"], rtol=1e-4)
    np.testing.assert_allclose(initial["gradient_norm.block_1"], probe(state, data)["gradient_norm.block_1"], rtol=1e-6)


def test_observing_leaves_a_model_as_it_is():
    model, x = MLP(num_classes=2, norm=NORMS["batch"], hidden_sizes=(4,)), jnp.ones((3, 5)).at[0].set(2.0)
    variables = model.init(jax.random.key(0), x, train=False)
    assert set(variables) == {"params", "batch_stats"}
    _, updated = model.apply(variables, x, train=True, mutable=["batch_stats"])
    assert set(updated) == {"batch_stats"}
