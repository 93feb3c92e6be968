"""The cells of the table "ours, flax, torch" in docs/norms.md: what each library does today. One test per row."""

import fnmatch
import functools
import importlib.util
import inspect
from pathlib import Path

import flax.linen as nn
import jax
import numpy as np
import pytest
from norms.running import normal

from jaxnorm import norms

with_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed (extra bench)")

BOTH = pytest.mark.parametrize("room", [norms, nn], ids=["ours", "flax"])


@functools.partial(jax.jit, static_argnums=0)
def train(module, x, mask=None):
    """Output and new running statistics of the first update."""
    output, updated = module.apply(module.init(jax.random.key(0), x), x, mask=mask, mutable=["batch_stats"])
    return output, updated["batch_stats"]


@BOTH
def test_all_masked_batch(room):
    x = np.ones((4, 3), np.float32)
    output, statistics = train(room.BatchNorm(use_running_average=False), x, mask=np.zeros((4, 1), bool))
    finite = bool(np.isfinite(output).all() and np.isfinite(statistics["mean"]).all() and np.isfinite(statistics["var"]).all())
    assert finite == (room is norms)


@BOTH
def test_synchronised_statistics_at_unequal_counts(room):
    x = np.float32([[[1], [2]], [[9], [0]]])  # device 0 has 1 and 2, device 1 only 9
    mask = np.array([[[True], [True]], [[True], [False]]])
    module = room.BatchNorm(use_running_average=False, axis_name="device", momentum=0.0)
    update = jax.jit(jax.vmap(lambda x, mask: train(module, x, mask)[1]["mean"], axis_name="device"))
    by_count, mean_of_means = 12 / 3, (1.5 + 9) / 2
    np.testing.assert_allclose(update(x, mask)[0], [by_count if room is norms else mean_of_means], rtol=1e-6)


def test_running_variance_biased_or_unbiased():
    x = np.float32([[0], [2]])
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
    x = np.float32([[4], [6]])  # mean 5 every time, initially 0

    @jax.jit
    def after_100_updates():
        variables = module.init(jax.random.key(0), x, use_running_average=False)

        def update(statistics, _):
            everything = {**variables, "batch_stats": statistics}
            return module.apply(everything, x, use_running_average=False, mutable=["batch_stats"])[1]["batch_stats"], None

        return jax.lax.scan(update, variables["batch_stats"], None, length=100)[0]

    statistics = after_100_updates()
    np.testing.assert_allclose(1 - statistics["mean"] / 5, left, atol=1e-3)


@with_torch
def test_weight_of_the_initial_statistics_in_torch():
    import torch

    layer = torch.nn.BatchNorm1d(1, momentum=0.01)
    for _ in range(100):
        layer(torch.tensor([[4.0], [6.0]]))
    assert 1 - layer.running_mean.item() / 5 == pytest.approx(0.366, abs=1e-3)


def test_one_example_per_feature_in_training():
    x = np.float32([[3, 4]])
    gradient = jax.jit(jax.grad(lambda x: train(nn.BatchNorm(use_running_average=False), x)[0].sum()))(x)
    np.testing.assert_array_equal(train(nn.BatchNorm(use_running_average=False), x)[0], np.zeros((1, 2)))
    np.testing.assert_array_equal(gradient, np.zeros((1, 2)))
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
    x = 1000 + normal(0, 4096, 1)
    exact = np.asarray(x, np.float64).var()
    error = abs(train(room.BatchNorm(use_running_average=False, momentum=0.0), x)[1]["var"][0] / exact - 1)
    assert error_above <= error <= error_below


@with_torch
def test_variance_at_a_mean_of_1000_standard_deviations_in_torch():
    import torch

    x = 1000 + normal(0, 4096, 1)
    layer = torch.nn.BatchNorm1d(1, momentum=1.0)
    layer(torch.from_numpy(x.copy()))
    assert abs(layer.running_var.item() / x.astype(np.float64).var(ddof=1) - 1) < 1e-4


PAGE = Path(__file__).parents[2] / "docs" / "norms.md"


def test_page_names_a_test_for_every_row():
    rows = PAGE.read_text().partition("test in `tests/norms/test_comparison.py`")[2].partition("\n\n")[0].splitlines()[2:]
    tests = [name for name in globals() if name.startswith("test_")]
    assert len(rows) >= 6
    for row in rows:
        pattern = row.split("|")[-2].partition("`")[2].partition("`")[0]
        assert fnmatch.filter(tests, f"test_{pattern}"), row


@with_torch
def test_layers_of_torch_take_no_mask():
    import torch

    assert list(inspect.signature(torch.nn.BatchNorm1d.forward).parameters) == ["self", "input"]


def test_running_window_in_examples():
    """After as many examples, in batches of 4 or of 16, as much is left of the initial statistics; with one momentum it is not."""

    def left(momentum, batch_size):
        return momentum ** (64 / batch_size)

    equal = [left(norms.momentum_for_batch_size(0.9, size, 16), size) for size in (4, 16)]
    assert equal[0] == pytest.approx(equal[1])
    assert left(0.9, 4) < left(0.9, 16) / 2


RELATIVES = ("GhostBatchNorm", "BatchRenorm", "reestimate_statistics", "fold_batch_norm")


def test_relatives_of_batch_norm():
    assert all(hasattr(norms, name) for name in RELATIVES)
    assert not any(word in name.lower() for name in dir(nn) for word in ("ghost", "renorm", "precise", "reestimate", "fold_batch", "fuse"))


@with_torch
def test_relatives_of_batch_norm_in_torch_are_folding():
    import torch
    from torch.nn.utils import fusion

    assert {"fuse_conv_bn_eval", "fuse_linear_bn_eval"} <= set(dir(fusion))
    assert not any(word in name.lower() for name in dir(torch.nn) for word in ("ghost", "renorm", "precise", "reestimate"))
