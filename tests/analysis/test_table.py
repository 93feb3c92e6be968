"""Laws of the one place that knows pandas."""

import math

import numpy as np
import pandas as pd
import pytest
from analysis.synthetic import NUM_CLASSES, make_frame

from jaxnorm.analysis.table import VALUE_COLUMNS, count_as_guessing, find_diverged, read_arms, tidy
from jaxnorm.experiments.compare.study import CompareArm, CompareConfig

CONFIG = CompareConfig(seeds=3, epochs=4)


def test_tidy_and_read_arms_are_inverse():
    arm = CompareArm("batch", 16)
    metrics = {name: np.random.default_rng(0).uniform(0, 1, (3, 4)) for name in ("train_loss", "train_accuracy", "validation_loss")}
    metrics |= {
        "validation_accuracy": np.full((3, 4), 0.5),
        "test_loss": np.array([1.0, 2.0, 0.5]),
        "test_accuracy": np.array([0.1, 0.2, 0.3]),
    }
    frame = tidy(arm, {"seed": [4, 5, 6]}, metrics)
    assert tuple(frame.columns) == ("norm", "batch_size", "seed", *VALUE_COLUMNS)
    assert set(frame.loc[frame["metric"] == "test_loss", "epoch"]) == {4}
    (table,) = read_arms(frame, [arm], NUM_CLASSES)
    assert table.seeds == [4, 5, 6]
    assert table.epochs == 4
    for name, values in metrics.items():
        np.testing.assert_array_equal(table.curves[name], values.reshape(3, -1))


def test_read_arms_ignores_row_order_and_other_arms():
    frame = make_frame(CONFIG)
    shuffled = frame.sample(frac=1, random_state=1)
    first, second = (read_arms(rows, CONFIG.arms[1:3], NUM_CLASSES) for rows in (frame, shuffled))
    assert [table.arm for table in first] == list(CONFIG.arms[1:3])
    for one, other in zip(first, second, strict=True):
        assert all(np.array_equal(one.curves[metric], other.curves[metric]) for metric in one.curves)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda frame: frame.drop(columns="seed"), "lacks the columns"),
        (lambda frame: frame[frame["norm"] != "layer"], "no rows of arm layer-16"),
        (lambda frame: frame.drop(index=0), "batch-16 needs train_loss"),
        (lambda frame: pd.concat([frame, frame.iloc[:1]]), "batch-16 needs train_loss"),
        (lambda frame: frame[frame["metric"] != "test_loss"], "needs test_loss"),
        (lambda frame: frame[(frame["norm"] != "layer") | (frame["seed"] != 2)], "cannot be paired"),
    ],
)
def test_read_arms_rejects_incomplete_tables(spoil, message):
    with pytest.raises(ValueError, match=message):
        read_arms(spoil(make_frame(CONFIG)), CONFIG.arms, NUM_CLASSES)


def _curves(train_loss: list[list[float]], accuracy: float = 0.9) -> dict[str, np.ndarray]:
    return {"train_loss": np.array(train_loss), "test_accuracy": np.full((len(train_loss), 1), accuracy)}


def test_find_diverged_follows_its_rule():
    rows = [[1.0, 0.5], [1.0, np.nan], [np.inf, 0.5], [2.0, 2.43], [2.0, 2.41], [3.0, 2.5], [1.0, 2.2], [9e5, 7.0]]  # ln 10 = 2.303
    assert find_diverged(_curves(rows), 10).tolist() == [False, True, True, True, False, False, False, True]


def test_find_diverged_sees_accuracies_that_are_not_finite():
    assert find_diverged(_curves([[1.0, 0.5]], accuracy=np.nan), 10).all()


def test_count_as_guessing_caps_diverged_seeds_and_nothing_else():
    curves = _curves([[3.0, 2.5], [1.0, np.nan], [5.0, np.inf]], accuracy=np.nan)
    repaired = count_as_guessing(curves, np.array([False, True, True]), 4)
    np.testing.assert_array_equal(repaired["train_loss"], [[3.0, 2.5], [1.0, math.log(4)], [math.log(4), math.log(4)]])
    np.testing.assert_array_equal(repaired["test_accuracy"], [[np.nan], [0.25], [0.25]])


def test_own_metrics_keep_their_last_finite_value():
    probed = np.array([[1.0, np.nan, 3.0], [1.0, 2.0, np.inf], [np.nan, np.nan, np.nan]])
    repaired = count_as_guessing({"gradient_norm": probed}, np.array([False, True, True]), 4)["gradient_norm"]
    np.testing.assert_array_equal(repaired, [[1.0, 1.0, 3.0], [1.0, 2.0, 2.0], [0.0, 0.0, 0.0]])
