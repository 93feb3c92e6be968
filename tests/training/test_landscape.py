"""The loss around a network, against quadratics, a linear network done by hand, dense Hessians, and exact invariances."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from common_training import make_data
from jax.flatten_util import ravel_pytree

from jaxnorm.models import MLP
from jaxnorm.norms import NORMS
from jaxnorm.training import TrainState, make_landscape_probe
from jaxnorm.training.landscape import along_gradient, in_weight_units, top_eigenvalue

FLOAT32 = {"rtol": 2e-5, "atol": 1e-6}
RNG = np.random.default_rng(0)
STEPS = np.array([0.05, 0.1, 0.3, 0.4])
KEY = jax.random.key(0)


def quadratic(matrix):
    matrix = jnp.asarray(matrix, jnp.float32)
    return lambda theta: theta @ matrix @ theta / 2


@pytest.mark.parametrize("relative", [False, True])
def test_along_the_gradient_of_a_quadratic(relative):
    root = RNG.normal(size=(5, 5))
    matrix, theta = root @ root.T / 5, RNG.normal(size=5)
    gradient = matrix @ theta
    factors = STEPS * np.linalg.norm(theta) / np.linalg.norm(gradient) if relative else STEPS
    path = along_gradient(quadratic(matrix), jnp.asarray(theta, jnp.float32), jnp.asarray(STEPS, jnp.float32), relative=relative)
    losses = [(theta - eta * gradient) @ matrix @ (theta - eta * gradient) / 2 for eta in factors]
    changes = factors * np.linalg.norm(matrix @ gradient)
    np.testing.assert_allclose(path.losses, losses, **FLOAT32)
    np.testing.assert_allclose(path.gradient_changes, changes, **FLOAT32)
    np.testing.assert_allclose(path.distances, factors * np.linalg.norm(gradient), **FLOAT32)
    np.testing.assert_allclose(path.range, max(losses) - min(losses), **FLOAT32)
    np.testing.assert_allclose(path.predictiveness, changes[-1], **FLOAT32)
    np.testing.assert_allclose(path.smoothness, np.linalg.norm(matrix @ gradient) / np.linalg.norm(gradient), **FLOAT32)
    if relative:
        np.testing.assert_allclose(path.distances, STEPS * np.linalg.norm(theta), **FLOAT32)


X, A, B, TARGET = (RNG.normal(size=shape) for shape in ((6, 4), (4, 3), (3, 2), (6, 2)))
LINEAR_STEPS = np.array([0.01, 0.02, 0.04])


def linear_loss(first, second):
    """Half the mean squared distance of ``X A B`` from the target, and its gradients by hand."""
    error = X @ first @ second - TARGET
    return (error**2).sum() / 12, X.T @ error @ second.T / 6, (X @ first).T @ error / 6


def network_loss(params):
    error = X.astype(np.float32) @ params["first"]["kernel"] @ params["second"]["kernel"] - TARGET.astype(np.float32)
    return (error**2).sum() / 12


PARAMS = {"first": {"kernel": jnp.asarray(A, jnp.float32)}, "second": {"kernel": jnp.asarray(B, jnp.float32)}}


def test_two_layer_linear_network_agrees_with_its_gradients_by_hand():
    _, of_a, of_b = linear_loss(A, B)
    losses, changes = [], []
    for eta in LINEAR_STEPS:
        loss, there_a, there_b = linear_loss(A - eta * of_a, B - eta * of_b)
        losses.append(loss)
        changes.append(np.sqrt(((there_a - of_a) ** 2).sum() + ((there_b - of_b) ** 2).sum()))
    distances = LINEAR_STEPS * np.sqrt((of_a**2).sum() + (of_b**2).sum())
    path = along_gradient(network_loss, PARAMS, jnp.asarray(LINEAR_STEPS, jnp.float32))
    np.testing.assert_allclose(path.range, max(losses) - min(losses), rtol=1e-4)
    np.testing.assert_allclose(path.predictiveness, max(changes), rtol=1e-4)
    np.testing.assert_allclose(path.smoothness, (changes / distances).max(), rtol=1e-4)


def test_two_layer_linear_network_in_weight_units_agrees_by_hand():
    """Units U = A / |A| move by eta |A| dA, so A moves by eta |A|^2 dA; gradients count |A| times."""
    size_a, size_b = np.linalg.norm(A), np.linalg.norm(B)
    _, of_a, of_b = linear_loss(A, B)
    length = np.sqrt(size_a**2 * (of_a**2).sum() + size_b**2 * (of_b**2).sum())
    losses, changes = [], []
    for eta in LINEAR_STEPS * np.sqrt(2) / length:  # two kernels of norm one
        loss, there_a, there_b = linear_loss(A - eta * size_a**2 * of_a, B - eta * size_b**2 * of_b)
        losses.append(loss)
        changes.append(np.sqrt(size_a**2 * ((there_a - of_a) ** 2).sum() + size_b**2 * ((there_b - of_b) ** 2).sum()))
    scaled, units = in_weight_units(network_loss, PARAMS)
    path = along_gradient(scaled, units, jnp.asarray(LINEAR_STEPS, jnp.float32), relative=True)
    np.testing.assert_allclose(path.range, max(losses) - min(losses), rtol=1e-4)
    np.testing.assert_allclose(path.predictiveness, max(changes), rtol=1e-4)
    np.testing.assert_allclose(path.smoothness, max(changes / (LINEAR_STEPS * np.sqrt(2))), rtol=1e-4)


def test_weight_units_leave_biases_and_norms_alone():
    params = {"dense": {"kernel": jnp.full((2, 2), 3.0), "bias": jnp.ones(2)}, "norm": {"scale": jnp.full(2, 5.0)}}
    scaled, units = in_weight_units(
        lambda tree: tree["dense"]["kernel"].sum() + tree["dense"]["bias"].sum() + tree["norm"]["scale"].sum(), params
    )
    assert list(units) == ["dense/kernel"]
    np.testing.assert_allclose(units["dense/kernel"], 0.5)
    assert scaled(units) == 12 + 2 + 10
    assert scaled({"dense/kernel": jnp.zeros((2, 2))}) == 2 + 10


def test_lanczos_agrees_with_a_dense_hessian():
    model = MLP(num_classes=3, norm=NORMS["batch"].with_options(epsilon=1e-5), hidden_sizes=(4,))
    x, labels = jax.random.normal(KEY, (16, 3)), jnp.arange(16) % 3
    variables = model.init(jax.random.key(1), x, train=False)

    def raw(params):
        logits, _ = model.apply(variables | {"params": params}, x, train=True, mutable=["batch_stats"])
        return -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1).mean()

    loss, where = in_weight_units(raw, variables["params"])
    flat, unravel = ravel_pytree(where)
    hessian = jax.jit(jax.hessian(lambda vector: loss(unravel(vector))))(flat)
    top = np.linalg.eigvalsh(np.asarray(hessian, np.float64))[-1]
    found, some = (float(jax.jit(lambda key, n=n: top_eigenvalue(loss, where, key, n))(KEY)) for n in (len(flat), 10))
    assert found == pytest.approx(top, rel=1e-4)
    assert some == pytest.approx(top, rel=0.01)
    assert some <= top * (1 + 1e-5)


@pytest.mark.parametrize(
    ("spectrum", "top"), [([3.0, 3.0, 3.0], 3.0), ([-1.0, -2.0, -2.0, -9.0], -1.0), ([0.0, 0.0], 0.0), ([1.0, -50.0, 2.0], 2.0)]
)
def test_largest_eigenvalue_is_by_sign_and_survives_breakdown(spectrum, top):
    """Lanczos finds as many vectors as there are distinct eigenvalues; the others must not add any."""
    rotation, _ = np.linalg.qr(RNG.normal(size=(len(spectrum), len(spectrum))))
    loss = quadratic(rotation @ np.diag(spectrum) @ rotation.T)
    assert float(top_eigenvalue(loss, jnp.ones(len(spectrum)), KEY, 20)) == pytest.approx(top, abs=1e-4)


MODEL = MLP(num_classes=2, norm=NORMS["noisy"].with_options(epsilon=1e-12), hidden_sizes=(5, 5))
PROBE = {"examples": 24, "steps": (0.05, 0.1), "relative_steps": (0.01, 0.04), "iterations": 6}


@pytest.fixture(scope="module")
def state():
    variables = MODEL.init(jax.random.key(3), jnp.zeros((1, 4, 4, 1)), train=False)
    return TrainState(variables["params"], variables["batch_stats"], None)


@pytest.fixture(scope="module")
def probed():
    data, probe = make_data(), jax.jit(make_landscape_probe(MODEL, **PROBE))
    return lambda state: {name: float(value) for name, value in probe(state, data).items()}


def rescaled(state, **factors):
    """The state with kernels multiplied."""
    return state._replace(
        params={
            name: leaves | ({"kernel": factors[name] * leaves["kernel"]} if name in factors else {})
            for name, leaves in state.params.items()
        }
    )


def test_scaled_landscape_does_not_see_kernels_grow_that_a_norm_makes_scale_invariant(state, probed):
    before, after = probed(state), probed(rescaled(state, dense_0=3.0, dense_1=0.5))
    scaled = [name for name in before if name.endswith("_scaled")]
    assert len(scaled) == 4
    np.testing.assert_allclose([after[name] for name in scaled], [before[name] for name in scaled], atol=1e-3)
    raw = [name for name in before if name.startswith("log_") and name not in scaled]
    assert all(abs(after[name] - before[name]) > 0.02 for name in raw)
    assert after["probed_loss"] == pytest.approx(before["probed_loss"], rel=1e-5)


def test_scaled_landscape_sees_the_logits_grow(state, probed):
    before, after = probed(state), probed(rescaled(state, logits=3.0))
    assert abs(after["log_sharpness_scaled"] - before["log_sharpness_scaled"]) > 0.1


def test_what_is_not_finite_counts_as_the_largest(state, probed):
    numbers = probed(rescaled(state, dense_0=jnp.nan))
    assert {value for name, value in numbers.items() if name.startswith("log_")} == {12.0}


def test_noise_of_training_does_not_reach_the_probe(state, probed):
    data, plain = make_data(), MODEL.clone(norm=NORMS["batch"].with_options(epsilon=1e-12))
    x, labels = (data.train.inputs[:24].astype(np.float32) - 100) / 60, data.train.labels[:24]
    logits, _ = plain.apply({"params": state.params, "batch_stats": state.batch_stats}, x, train=True, mutable=["batch_stats"])
    loss = -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1).mean()
    assert probed(state)["probed_loss"] == pytest.approx(float(loss), rel=1e-5)
