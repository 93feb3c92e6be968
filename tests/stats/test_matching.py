"""Values read at equal losses: exact where the answer is known, and told apart where a network was not there."""

import numpy as np
import pytest
from stats.synthetic import arm_table

from jaxnorm.stats.matching import common_levels, match, read_at


def test_value_is_linear_in_the_logarithm_of_the_loss():
    epochs = np.arange(5.0)
    losses, values = np.exp(-np.outer([1.0, 0.5], epochs)), 3 + np.outer([2.0, 0.5], epochs)  # value = 3 - slope * log(loss)
    levels = np.exp([-0.3, -1.9])
    matched = read_at(levels, losses, values)
    np.testing.assert_allclose(matched.values, [3 - 2 * np.log(levels), 3 - np.log(levels)])
    assert matched.reached.all()
    assert matched.inside.all()


def test_first_crossing_counts():
    losses, values = np.array([[1.0, 0.1, 1.0, 0.01]]), np.array([[1.0, 2.0, 30.0, 40.0]])
    assert read_at(np.array([0.1]), losses, values).values.item() == pytest.approx(2.0)
    assert read_at(np.array([0.05]), losses, values).values.item() > 30


def test_network_that_was_not_there_counts_with_the_nearest_epoch():
    losses, values = np.array([[0.5, 0.4], [0.05, 0.01]]), np.array([[1.0, 2.0], [3.0, 4.0]])
    matched = read_at(np.array([0.1]), losses, values)
    np.testing.assert_array_equal(matched.values, [[2.0], [3.0]])
    np.testing.assert_array_equal(matched.reached, [[False], [True]])
    np.testing.assert_array_equal(matched.inside, [[False], [False]])


def test_loss_of_zero_is_below_every_level():
    assert read_at(np.array([0.1]), np.array([[0.2, 0.0]]), np.array([[1.0, 2.0]])).values.item() == pytest.approx(1.0, abs=0.02)


def test_levels_are_common_where_every_network_of_every_arm_comes_down_to_them():
    fast, slow = np.array([[0.9, 0.1, 0.01]] * 2), np.array([[1.2, 0.8, 0.4], [1.2, 0.6, 0.2]])
    assert common_levels(np.array([1.0, 0.7, 0.5, 0.3]), [fast, slow]).tolist() == [False, True, True, False]


def test_arms_are_read_at_the_levels_that_all_pass_and_their_mean_stands_at_the_last_epoch():
    tables = [arm_table(np.array([[1.0, 0.1, 0.01], [1.0, 0.1, 0.01]]), sharpness=np.array([[4.0, 2.0, 1.0], [8.0, 6.0, 5.0]]))]
    equal = match(tables, "train_loss", {"sharpness_matched": "sharpness"}, [0.01, 0.1, 5.0])
    assert equal.levels == [0.1, 0.01]
    (rows,) = equal.rows
    assert rows[["seed", "epoch", "metric", "value"]].to_numpy().tolist() == [
        [0, 3, "sharpness_matched", 1.5],
        [1, 3, "sharpness_matched", 5.5],
    ]
    (sweep,) = equal.sweeps
    assert [(point.setting, point.measures["sharpness_matched"].mean) for point in sweep.points] == [
        ({"matched_loss": 0.1}, 4.0),
        ({"matched_loss": 0.01}, 3.0),
    ]


def test_no_rows_and_no_sweeps_where_no_level_is_passed():
    equal = match([arm_table(np.array([[1.0, 0.5]]), sharpness=np.ones((1, 2)))], "train_loss", {"matched": "sharpness"}, [0.1])
    assert (equal.levels, equal.rows, equal.sweeps) == ([], [], [])
