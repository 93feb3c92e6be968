"""The cells of the table "ours, flax, torch" in docs/norms.md: what each library does today. One test per row."""

import importlib.util

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnorm import norms

with_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed (extra bench)")

BOTH = pytest.mark.parametrize("room", [norms, nn], ids=["ours", "flax"])


def train(module, x, variables=None, **arguments):
    """Output and new running statistics of one update."""
    variables = module.init(jax.random.key(0), x) if variables is None else variables
    output, updated = module.apply(variables, x, mutable=["batch_stats"], **arguments)
    return output, updated["batch_stats"]


@BOTH
def test_all_masked_batch(room):
    x = jnp.ones((4, 3))
    output, statistics = train(room.BatchNorm(use_running_average=False), x, mask=jnp.zeros((4, 1), bool))
    finite = bool(np.isfinite(output).all() and np.isfinite(statistics["mean"]).all() and np.isfinite(statistics["var"]).all())
    assert finite == (room is norms)


@BOTH
def test_synchronised_statistics_at_unequal_counts(room):
    x = jnp.array([[[1.0], [2.0]], [[9.0], [0.0]]])  # device 0 has 1 and 2, device 1 only 9
    mask = jnp.array([[[True], [True]], [[True], [False]]])
    module = room.BatchNorm(use_running_average=False, axis_name="device", momentum=0.0)
    variables = room.BatchNorm(use_running_average=False).init(jax.random.key(0), x[0])
    update = jax.vmap(lambda x, mask: train(module, x, variables, mask=mask)[1]["mean"], axis_name="device")
    by_count, mean_of_means = 12 / 3, (1.5 + 9) / 2
    np.testing.assert_allclose(update(x, mask)[0], [by_count if room is norms else mean_of_means], rtol=1e-6)


def test_running_variance_biased_or_unbiased():
    x = jnp.array([[0.0], [2.0]])
    assert train(nn.BatchNorm(use_running_average=False, momentum=0.0), x)[1]["var"] == 1.0
    assert train(norms.BatchNorm(use_running_average=False, momentum=0.0), x)[1]["var"] == 1.0
    assert train(norms.BatchNorm(use_running_average=False, momentum=0.0, unbiased_variance=True), x)[1]["var"] == 2.0


@with_torch
def test_running_variance_of_torch_is_unbiased():
    import torch

    layer = torch.nn.BatchNorm1d(1, momentum=1.0)
    layer(torch.tensor([[0.0], [2.0]]))
    assert layer.running_var.item() == 2.0


@pytest.mark.parametrize(("module", "left"), [(nn.BatchNorm(), 0.366), (norms.BatchNorm(), 0.366), (norms.BatchNorm(debias=True), 0.0)])
def test_weight_of_the_initial_statistics_after_100_updates(module, left):
    x = 5 + jnp.array([[-1.0], [1.0]])  # mean 5 every time, initially 0
    variables = module.init(jax.random.key(0), x, use_running_average=False)

    def update(statistics, _):
        return module.apply(variables | {"batch_stats": statistics}, x, use_running_average=False, mutable=["batch_stats"])[1][
            "batch_stats"
        ], None

    statistics, _ = jax.lax.scan(update, variables["batch_stats"], None, length=100)
    np.testing.assert_allclose(1 - statistics["mean"] / 5, left, atol=1e-3)


@with_torch
def test_weight_of_the_initial_statistics_in_torch():
    import torch

    layer = torch.nn.BatchNorm1d(1, momentum=0.01)
    for _ in range(100):
        layer(torch.tensor([[4.0], [6.0]]))
    assert 1 - layer.running_mean.item() / 5 == pytest.approx(0.366, abs=1e-3)


def test_one_example_per_feature_in_training():
    x = jnp.array([[3.0, 4.0]])
    gradient = jax.grad(lambda x: train(nn.BatchNorm(use_running_average=False), x)[0].sum())(x)
    np.testing.assert_array_equal(train(nn.BatchNorm(use_running_average=False), x)[0], jnp.zeros((1, 2)))
    np.testing.assert_array_equal(gradient, jnp.zeros((1, 2)))
    layer = norms.BatchNorm(use_running_average=False)
    with pytest.raises(ValueError, match=r"\(1, 2\)"):
        train(layer, x)


@with_torch
def test_one_example_per_feature_in_torch_raises():
    import torch

    with pytest.raises(ValueError, match="more than 1 value per channel"):
        torch.nn.BatchNorm1d(2)(torch.tensor([[3.0, 4.0]]))


@pytest.mark.parametrize(("room", "error_below", "error_above"), [(norms, 1e-6, 0.0), (nn, np.inf, 0.01)], ids=["ours", "flax"])
def test_variance_at_a_mean_of_1000_standard_deviations(room, error_below, error_above):
    x = 1000 + jax.random.normal(jax.random.key(0), (4096, 1))
    exact = np.asarray(x, np.float64).var()
    error = abs(train(room.BatchNorm(use_running_average=False, momentum=0.0), x)[1]["var"][0] / exact - 1)
    assert error_above <= error <= error_below


@with_torch
def test_variance_at_a_mean_of_1000_standard_deviations_in_torch():
    import torch

    x = np.asarray(1000 + jax.random.normal(jax.random.key(0), (4096, 1)))
    layer = torch.nn.BatchNorm1d(1, momentum=1.0)
    layer(torch.from_numpy(x.copy()))
    assert abs(layer.running_var.item() / x.astype(np.float64).var(ddof=1) - 1) < 1e-4
