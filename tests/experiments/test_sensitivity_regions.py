"""What a grid of learning rates tells of each seed, on losses whose answer is known by hand."""

import numpy as np
import pytest

from jaxnorm.experiments.sensitivity.regions import Region, largest, width

RATES = np.array([0.01, 0.1, 1.0, 10.0])
ROUNDING = 1e-12
"""Float64 arithmetic on numbers near 1."""


def make_region(losses_SR, diverged_SR=None):
    """A region at one initial scale."""
    losses = np.asarray(losses_SR, float)[..., None]
    return Region(RATES, losses, np.zeros(losses.shape, bool) if diverged_SR is None else np.asarray(diverged_SR, bool)[..., None])


def test_stable_is_near_the_lowest_loss_of_the_same_seed():
    region = make_region([[1.0, 0.10, 0.14, 0.16], [2.0, 1.00, 1.04, 1.06]])
    assert region.stable(0.05, 0.0)[..., 0].tolist() == [[False, True, True, False], [False, True, True, False]]
    assert region.stable(0.0, 0.05)[..., 0].tolist() == [[False, True, False, False], [False, True, True, False]]


def test_diverged_network_is_neither_stable_nor_workable():
    region = make_region([[0.1, 0.1, 0.1, 0.1]], [[False, False, True, False]])
    assert region.stable(0.05, 0.05)[0, :, 0].tolist() == [True, True, False, True]
    assert region.workable(0.2)[0, :, 0].tolist() == [True, True, False, True]


def test_scales_have_lowest_losses_of_their_own():
    losses = np.stack([[[0.1, 0.5, 0.1, 2.0]], [[1.0, 0.9, 2.0, 2.0]]], axis=-1)
    region = Region(RATES, losses, np.zeros(losses.shape, bool))
    assert region.stable(0.05, 0.0)[0].T.tolist() == [[True, False, True, False], [False, True, False, False]]


def test_workable_is_at_most_the_stated_loss():
    assert make_region([[0.3, 0.2, 0.1, 2.0]]).workable(0.2)[0, :, 0].tolist() == [False, True, True, False]


def test_always_stable_takes_means_and_no_diverged_seed():
    region = make_region([[0.10, 0.20, 0.9, 0.1], [0.30, 0.20, 0.9, 0.1]], [[False] * 4, [False, False, False, True]])
    assert region.always_stable(0.05)[:, 0].tolist() == [False, False, False, False]
    assert region.always_stable(1.0)[:, 0].tolist() == [True, True, False, False]


def test_largest_is_the_last_chosen_rate_and_one_step_below_the_grid_where_none_is():
    chosen = np.array([[True, True, False, True], [True, True, False, False], [False, False, False, False]])
    np.testing.assert_allclose(largest(RATES, chosen), [1.0, -1.0, -3.0], atol=ROUNDING)


def test_width_counts_decades_without_gaps():
    chosen = np.array([[True, True, False, True], [False, True, True, False], [False, False, False, False]])
    np.testing.assert_allclose(width(RATES, chosen), [3.0, 2.0, 0.0], atol=ROUNDING)


@pytest.mark.parametrize("rates", [[0.01, 0.1, 1.0], [0.01, 0.02, 0.05, 1.0]])
def test_width_of_all_rates_is_the_grid_and_half_a_step_at_either_end(rates):
    logs = np.log10(rates)
    whole = logs[-1] - logs[0] + (logs[1] - logs[0]) / 2 + (logs[-1] - logs[-2]) / 2
    np.testing.assert_allclose(width(np.array(rates), np.ones((1, len(rates)), bool)), [whole], atol=ROUNDING)
