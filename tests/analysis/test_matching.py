"""Curves at equal loss, where the answer is known."""

import numpy as np

from jaxnorm.analysis.matching import at_loss_levels, common_levels

LEVELS = np.array([2.0, 0.5, 0.3, 0.05])


def test_values_that_follow_the_logarithm_of_the_loss_are_found_exactly():
    losses = np.array([[1.0, 0.6, 0.2, 0.1], [1.5, 1.0, 0.4, 0.25]])
    values = at_loss_levels(losses, 3 - 2 * np.log(losses), LEVELS)
    expected = np.where([[False, True, True, False]] * 2, 3 - 2 * np.log(LEVELS), np.nan)
    np.testing.assert_allclose(values, expected, rtol=1e-12)


def test_first_passage_counts_and_a_level_met_exactly_is_passed():
    losses = np.array([[1.0, 0.4, 0.9, 0.3, 0.2]])
    values = np.array([[0.0, 1.0, 2.0, 3.0, 4.0]])
    found = at_loss_levels(losses, values, np.array([0.4, 0.3]))
    np.testing.assert_allclose(found, [[1.0, 3.0]])


def test_levels_are_common_where_every_network_of_every_arm_passed_them():
    fast, slow = np.array([[0.9, 0.1, 0.01]] * 2), np.array([[1.2, 0.8, 0.4], [1.2, 0.6, 0.2]])
    levels = np.array([1.0, 0.7, 0.5, 0.3])
    passed = [at_loss_levels(losses, losses, levels) for losses in (fast, slow)]
    assert common_levels(passed).tolist() == [False, True, True, False]
