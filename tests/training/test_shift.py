"""Probes of internal covariate shift, against percentiles of NumPy and gradients by hand."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from common_training import make_data, make_replicas

from jaxnorm.models import MLP
from jaxnorm.norms import NORMS
from jaxnorm.training import OPTIMIZERS, ParameterGroup, Split, TrainState, make_gradient_probe, make_input_probe, make_train
from jaxnorm.training.shift import compare

FLOAT64 = {"rtol": 1e-9}
RATE = 0.5
BATCH_SIZE = 4


class ThreeLinear(nn.Module):
    """``logits = x A B C``."""

    @nn.compact
    def __call__(self, x, *, train, lengths=None):
        del train, lengths
        for size, name in ((3, "first"), (3, "second"), (2, "third")):
            x = nn.Dense(size, use_bias=False, name=name)(x)
        return x


LAYERS = [ParameterGroup(name, (name,)) for name in ("first", "second", "third")]


def by_hand(x, labels, kernels):
    """Gradients of the mean cross-entropy with respect to A, B and C, in float64."""
    a, b, c = kernels
    logits = x @ a @ b @ c
    softmax = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    error = (softmax - np.eye(2)[labels]) / len(x)
    return x.T @ error @ c.T @ b.T, (x @ a).T @ error @ c.T, (x @ a @ b).T @ error


def cosine(before, after):
    return (before * after).sum() / np.linalg.norm(before) / np.linalg.norm(after)


@pytest.fixture(scope="module")
def linear():
    """A three-layer linear network, its training set, and what the probe says of two batches, in float64."""
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(8, 5)), rng.integers(0, 2, 8)
    params = {name: {"kernel": 0.5 * rng.normal(size=shape)} for name, shape in (("first", (5, 3)), ("second", (3, 3)), ("third", (3, 2)))}
    optimizer = OPTIMIZERS["sgd"](weight_decay=0.0, sgd_momentum=0.0)
    probe = make_gradient_probe(ThreeLinear(), optimizer, RATE, LAYERS, batch_size=BATCH_SIZE, num_batches=2)
    with jax.enable_x64(True):
        data = make_data()._replace(train=Split(jnp.asarray(x), jnp.asarray(labels)), mean=None, std=None)
        state = TrainState(jax.tree.map(jnp.asarray, params), {}, optimizer(jnp.asarray(RATE)).init(params))
        seen = jax.device_get(jax.jit(probe)(state, data))
    return x, labels, [params[name]["kernel"] for name in params], seen


def test_gradients_are_those_before_and_after_only_lower_layers_took_their_step(linear):
    x, labels, kernels, seen = linear
    shifts = []
    for batch in (slice(0, BATCH_SIZE), slice(BATCH_SIZE, None)):
        before = by_hand(x[batch], labels[batch], kernels)
        a, b = (kernel - RATE * slope for kernel, slope in zip(kernels[:2], before[:2], strict=True))
        after_first = by_hand(x[batch], labels[batch], (a, *kernels[1:]))
        after_second = by_hand(x[batch], labels[batch], (a, b, kernels[2]))
        shifts.append([(before[1], after_first[1]), (before[2], after_second[2])])
    for layer, name in enumerate(("second", "third")):
        pairs = [batch[layer] for batch in shifts]
        distances = [np.linalg.norm(after - before) for before, after in pairs]
        changes = [distance / np.linalg.norm(before) for distance, (before, _) in zip(distances, pairs, strict=True)]
        np.testing.assert_allclose(seen[f"gradient_cosine.{name}"], np.mean([cosine(*pair) for pair in pairs]), **FLOAT64)
        np.testing.assert_allclose(seen[f"gradient_distance.{name}"], np.mean(distances), **FLOAT64)
        np.testing.assert_allclose(seen[f"gradient_change.{name}"], np.mean(changes), **FLOAT64)


def test_mean_is_over_all_layers_but_the_first(linear):
    seen = linear[-1]
    assert "gradient_cosine.first" not in seen
    for quantity in ("gradient_cosine", "gradient_distance", "gradient_change"):
        np.testing.assert_allclose(seen[quantity], (seen[f"{quantity}.second"] + seen[f"{quantity}.third"]) / 2, rtol=1e-6)


def test_vectors_are_compared_by_angle_and_distance():
    seen = compare(jnp.array([3.0, 0.0]), jnp.array([0.0, 4.0]))
    assert {name: float(value) for name, value in seen.items()} == pytest.approx({"cosine": 0.0, "distance": 5.0, "change": 5 / 3})
    assert {name: float(value) for name, value in compare(jnp.zeros(2), jnp.zeros(2)).items()} == {
        "cosine": 1.0,
        "distance": 0.0,
        "change": 0.0,
    }


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_percentiles_are_those_of_what_the_nonlinearity_is_given(norm):
    data, model = make_data(), MLP(num_classes=2, norm=NORMS[norm], hidden_sizes=(6, 4), activation=nn.sigmoid)
    train = make_train(model, OPTIMIZERS["sgd"](weight_decay=0.0, sgd_momentum=0.0), 8)
    state, _ = train.start(jax.tree.map(lambda leaf: leaf[0], make_replicas([3])), data)
    seen = jax.jit(make_input_probe(model, observed="input_1", examples=24, units=3))(state, data)
    params = jax.tree.map(np.asarray, state.params)
    hidden = (np.asarray(data.train.inputs[:24], np.float64).reshape(24, -1) - 100) / 60
    for layer in range(2):
        hidden = hidden @ params[f"dense_{layer}"]["kernel"] + params[f"dense_{layer}"].get("bias", 0.0)
        if norm == "batch":  # scale 1 and bias 0 before training
            hidden = (hidden - hidden.mean(0)) / np.sqrt(hidden.var(0) + model.norm(train=True).epsilon)
        given, hidden = hidden, 1 / (1 + np.exp(-hidden))
    for row, percent in zip(np.percentile(given, [15, 50, 85], axis=0), (15, 50, 85), strict=True):
        np.testing.assert_allclose([seen[f"input_p{percent}.unit_{unit}"] for unit in range(3)], row[:3], rtol=2e-4, atol=2e-5)
    assert "input_p50.unit_3" not in seen


def test_gradient_that_vanishes_has_turned():
    """Only where both are zero has nothing turned."""
    one, none = jnp.array([1.0, 2.0]), jnp.zeros(2)
    assert [float(compare(*pair)["cosine"]) for pair in ((one, none), (none, one), (none, none), (one, one))] == pytest.approx([0, 0, 1, 1])
