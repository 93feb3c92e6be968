"""NoisyBatchNorm: BatchNorm where there is no noise, and noise of the described distribution where there is."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from norms.running import normal

from jaxnorm.models import GRU, MLP
from jaxnorm.models.rnn import SPLIT_RNGS
from jaxnorm.norms import NORMS, BatchNorm
from jaxnorm.norms.noisy import NoisyBatchNorm

X = 2 * normal(3, 64, 400) + np.float32(0.5)  # (B, D)
NOISE = {"noise": jax.random.key(7)}


def apply(layer, x=X, **arguments):
    variables = NORMS["batch"](train=False).init(jax.random.key(0), x)
    return layer.apply(variables, x, mutable=["batch_stats"], **arguments)


def test_without_its_stream_and_in_evaluation_it_is_batch_norm():
    for training, rngs in ((True, {}), (False, {}), (False, NOISE)):
        plain = apply(BatchNorm(use_running_average=not training))
        for found, expected in zip(
            *(jax.tree.leaves(each) for each in (apply(NoisyBatchNorm(not training), rngs=rngs), plain)), strict=True
        ):
            np.testing.assert_array_equal(found, expected)


def test_running_statistics_are_those_before_the_noise():
    (noisy, updated), (plain, expected) = apply(NoisyBatchNorm(False), rngs=NOISE), apply(BatchNorm(False))
    assert np.abs(noisy - plain).max() > 0.1
    for name in ("mean", "var"):
        np.testing.assert_array_equal(updated["batch_stats"][name], expected["batch_stats"][name])


def lines(noisy, plain):
    """Slope and intercept of the noisy on the plain output, feature by feature, and the largest distance from the line."""
    slope = ((noisy - noisy.mean(0)) * (plain - plain.mean(0))).sum(0) / ((plain - plain.mean(0)) ** 2).sum(0)
    intercept = noisy.mean(0) - slope * plain.mean(0)
    return slope, intercept, np.abs(noisy - slope * plain - intercept)


def test_each_feature_is_shifted_and_scaled_by_what_is_drawn_for_it():
    plain = np.asarray(apply(BatchNorm(False))[0], np.float64)
    slope, intercept, off = lines(np.asarray(apply(NoisyBatchNorm(False, spread=0.0), rngs=NOISE)[0], np.float64), plain)
    assert off.max() < 1e-5
    for drawn, low, high in ((slope, 1.0, 1.25), (intercept, -0.5, 0.5)):
        assert low - 1e-5 <= drawn.min() < low + 0.03 * (high - low)
        assert high - 0.03 * (high - low) < drawn.max() <= high + 1e-5
        assert drawn.mean() == pytest.approx((low + high) / 2, abs=0.05 * (high - low))  # three standard errors of 400 uniform draws
    assert abs(np.corrcoef(slope, intercept)[0, 1]) < 0.15


def test_single_elements_stray_within_the_spread():
    plain = np.asarray(apply(BatchNorm(False))[0], np.float64)
    centre = np.asarray(apply(NoisyBatchNorm(False, spread=0.0), rngs=NOISE)[0], np.float64)
    stray = np.asarray(apply(NoisyBatchNorm(False, spread=0.1), rngs=NOISE)[0], np.float64) - centre
    expected = 0.1 * np.sqrt(1 / 3 + plain**2)  # a uniform draw, of standard deviation 0.1 / sqrt(3), and a normal one times the output
    assert (stray / expected).std() == pytest.approx(1.0, abs=0.02)
    assert abs((stray / expected).mean()) < 0.02
    assert (np.abs(stray) > 0.1 * (1 + np.abs(plain))).any()  # which no uniform draw of the factor would reach
    near_zero = np.abs(plain) < 0.05
    assert np.abs(stray[near_zero]).max() < 0.1 + 0.05 * 0.5  # there the shift is all, and it keeps within the spread


def test_another_update_draws_another_distribution():
    shifts = [np.asarray(apply(NoisyBatchNorm(False), rngs={"noise": jax.random.key(key)})[0]).mean(0) for key in (0, 1)]
    assert abs(np.corrcoef(*shifts)[0, 1]) < 0.15


def test_noise_reaches_the_mlp():
    model, x = MLP(3, NORMS["noisy"], (4,)), normal(0, 6, 5)
    variables = model.init(jax.random.key(0), x, train=False)
    first, second = (
        model.apply(variables, x, train=True, mutable=["batch_stats"], rngs={"noise": jax.random.key(key)})[0] for key in (0, 1)
    )
    assert jnp.abs(first - second).max() > 1e-3


def test_noise_reaches_recurrent_networks_anew_at_every_step():
    model, x = GRU(num_classes=2, norm=NORMS["noisy"], hidden_size=2), normal(0, 6, 2, 3)

    @functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
    def logits(key):
        variables = model.init(jax.random.key(0), x, train=False)
        return model.apply(variables, x, train=True, mutable=["batch_stats"], rngs={"noise": key})[0]

    assert jnp.abs(logits(jax.random.key(0)) - logits(jax.random.key(1))).max() > 1e-4
    over_time = nn.vmap(NoisyBatchNorm, {"params": None, "batch_stats": 0}, SPLIT_RNGS, in_axes=1, out_axes=1)(False)
    steps = jnp.broadcast_to(X[:, None, :5], (64, 2, 5))
    y, _ = over_time.apply(over_time.init(jax.random.key(0), steps), steps, mutable=["batch_stats"], rngs=NOISE)
    assert jnp.abs(y[:, 0] - y[:, 1]).max() > 0.1
