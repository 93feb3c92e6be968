"""The twin of a running variance is what BatchNorm would have kept, had it been told to."""

import chex
import jax
import numpy as np
import pytest

from jaxnorm.norms import BatchNorm
from jaxnorm.norms.twin import TwinBatchNorm, exchange_variances


def train(layer, batches, masks):
    """Variables and outputs after one pass over the batches."""
    variables = layer.init(jax.random.key(0), batches[0], use_running_average=True)
    outputs = []
    for batch, mask in zip(batches, masks, strict=True):
        y, updated = layer.apply(variables, batch, use_running_average=False, mask=mask, mutable=["batch_stats"])
        variables = {**variables, **updated}
        outputs.append(y)
    return variables, outputs


@pytest.fixture(scope="module")
def batches():
    """Three batches ``(B, D)``, of which 6, 3 and 2 examples count."""
    x = np.random.default_rng(0).normal(size=(3, 6, 4)).astype(np.float32)
    return x, np.arange(6)[None, :, None] < np.array([6, 3, 2])[:, None, None]


@pytest.mark.parametrize("debias", [False, True])
@pytest.mark.parametrize("unbiased", [False, True])
def test_twin_keeps_both_variances_exactly(unbiased, debias, batches):
    settings = {"momentum": 0.7, "debias": debias}
    both, outputs = train(TwinBatchNorm(unbiased_variance=unbiased, **settings), *batches)
    own, expected = train(BatchNorm(unbiased_variance=unbiased, **settings), *batches)
    other, _ = train(BatchNorm(unbiased_variance=not unbiased, **settings), *batches)
    chex.assert_trees_all_equal(outputs, expected)
    chex.assert_trees_all_equal(both["params"], own["params"])
    stats = dict(both["batch_stats"])
    chex.assert_trees_all_equal(stats.pop("twin"), other["batch_stats"])
    chex.assert_trees_all_equal(stats, own["batch_stats"])
    assert not np.allclose(own["batch_stats"]["var"], other["batch_stats"]["var"])


def test_exchange_takes_the_twins_variances_and_comes_back(batches):
    both, _ = train(TwinBatchNorm(), *batches)
    stats = {"block": {"norm": both["batch_stats"]}, "plain": {"mean": np.zeros(2), "var": np.ones(2)}}
    exchanged = exchange_variances(stats)
    np.testing.assert_array_equal(exchanged["block"]["norm"]["var"], both["batch_stats"]["twin"]["var"])
    np.testing.assert_array_equal(exchanged["block"]["norm"]["mean"], both["batch_stats"]["mean"])
    chex.assert_trees_all_equal(exchanged["plain"], stats["plain"])
    chex.assert_trees_all_equal_structs(exchanged, stats)
