"""The tidy table: read as it was written, whatever its order; nothing missing is passed over; what counts as diverged."""

import math

import numpy as np
import pandas as pd
import pytest
from stats.synthetic import NUM_CLASSES, make_frame

from jaxnorm.experiments.compare.study import CompareArm, CompareConfig
from jaxnorm.stats.metrics import METRICS
from jaxnorm.stats.table import VALUE_COLUMNS, chance_levels, count_as_chance, find_diverged, read_arms, tidy

CONFIG = CompareConfig(seeds=3, epochs=4)


def test_tidy_and_read_arms_are_inverse():
    arm = CompareArm("batch", 16)
    metrics = {name: np.random.default_rng(0).uniform(0, 1, (3, 4)) for name in ("train_loss", "train_accuracy", "validation_loss")}
    metrics |= {
        "validation_accuracy": np.full((3, 4), 0.5),
        "test_loss": np.array([1.0, 2.0, 0.5]),
        "test_accuracy": np.array([0.1, 0.2, 0.3]),
        "probed": np.arange(15.0).reshape(3, 5),
        "probed_once": np.array([7.0, 8.0, 9.0]),
    }
    frame = tidy(arm, {"seed": [4, 5, 6]}, metrics)
    assert tuple(frame.columns) == ("norm", "batch_size", "seed", *VALUE_COLUMNS)
    assert set(frame.loc[frame["metric"] == "test_loss", "epoch"]) == {4}
    assert set(frame.loc[frame["metric"] == "probed", "epoch"]) == {0, 1, 2, 3, 4}
    (table,) = read_arms(frame, [arm], NUM_CLASSES)
    assert table.seeds == [4, 5, 6]
    assert table.epochs == 4
    for name, values in metrics.items():
        np.testing.assert_array_equal(table.curves[name], values.reshape(3, -1))
    np.testing.assert_array_equal(table.at_epoch("probed", 0), metrics["probed"][:, 0])
    np.testing.assert_array_equal(table.at_epoch("train_loss", 2), metrics["train_loss"][:, 1])
    np.testing.assert_array_equal(table.trained("probed"), metrics["probed"][:, 1:])
    np.testing.assert_array_equal(table.trained("probed_once"), metrics["probed_once"][:, None])


def _equal(first, second) -> bool:
    return all(
        (one.arm, one.seeds, one.diverged) == (other.arm, other.seeds, other.diverged)
        and all(np.array_equal(one.curves[metric], other.curves[metric]) for metric in one.curves)
        for one, other in zip(first, second, strict=True)
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.sample(frac=1, random_state=1),
        lambda frame: frame.assign(role="reported", note=3),
        lambda frame: frame[frame["norm"] == "layer"],
        lambda frame: frame[[*reversed(frame.columns)]],
    ],
    ids=["order of rows", "other columns", "other arms", "order of columns"],
)
def test_read_arms_ignores(change):
    arms, frame = CONFIG.arms[2:], make_frame(CONFIG)
    tables = read_arms(frame, arms, NUM_CLASSES)
    assert [table.arm for table in tables] == list(arms)
    assert _equal(tables, read_arms(change(frame), arms, NUM_CLASSES))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda frame: frame.drop(columns="seed"), "seed"),
        (lambda frame: frame.drop(columns="batch_size"), "batch_size"),
        (lambda frame: frame[frame["norm"] != "layer"], "layer-16"),
        (lambda frame: frame.drop(index=0), "batch-16 .*train_loss"),
        (lambda frame: pd.concat([frame, frame.iloc[:1]]), "batch-16 .*train_loss"),
        (lambda frame: frame[frame["metric"] != "test_loss"], "test_loss"),
        (lambda frame: frame[(frame["norm"] != "layer") | (frame["seed"] != 2)], "layer-16 .*batch-16"),
        (lambda frame: frame[(frame["norm"] != "layer") | (frame["epoch"] != 4)], "layer-16"),
    ],
)
def test_read_arms_names_what_a_table_lacks(spoil, message):
    with pytest.raises(ValueError, match=message):
        read_arms(spoil(make_frame(CONFIG)), CONFIG.arms, NUM_CLASSES)


def _curves(train_loss: list[list[float]], accuracy: float = 0.9) -> dict[str, np.ndarray]:
    return {"train_loss": np.array(train_loss), "test_accuracy": np.full((len(train_loss), 1), accuracy)}


@pytest.mark.parametrize("classes", [2, 10, 1000])
def test_levels_of_chance_are_those_of_equal_odds(classes):
    chance = chance_levels(classes)
    assert set(chance) == set(METRICS)
    assert {value for name, value in chance.items() if name.endswith("loss")} == {math.log(classes)}
    assert {value for name, value in chance.items() if name.endswith("accuracy")} == {1 / classes}


@pytest.mark.parametrize(
    ("first", "last", "diverged"),
    [
        (1.0, 0.5, False),
        (1.0, np.nan, True),
        (np.inf, 0.5, True),
        (2.0, 2.43, True),  # more than 5 % above ln 10 = 2.303, and worse than at first
        (2.0, 2.41, False),
        (3.0, 2.5, False),  # above chance, and better than at first
        (9e5, 4.7, True),  # better than at first, and beyond twice the level of chance
        (9e5, 4.6, False),
    ],
)
def test_find_diverged_follows_its_rule(first, last, diverged):
    assert find_diverged(_curves([[first, last]]), 10).tolist() == [diverged]


def test_find_diverged_sees_all_metrics_of_performance_and_no_others():
    assert find_diverged(_curves([[1.0, 0.5]], accuracy=np.nan), 10).all()
    assert not find_diverged(_curves([[1.0, 0.5]]) | {"gradient_norm": np.array([[np.nan, np.inf]])}, 10).any()


def test_count_as_chance_caps_diverged_seeds_and_nothing_else():
    curves = _curves([[3.0, 2.5], [1.0, np.nan], [5.0, np.inf]], accuracy=np.nan)
    repaired = count_as_chance(curves, np.array([False, True, True]), 4)
    np.testing.assert_array_equal(repaired["train_loss"], [[3.0, 2.5], [1.0, math.log(4)], [math.log(4), math.log(4)]])
    np.testing.assert_array_equal(repaired["test_accuracy"], [[np.nan], [0.25], [0.25]])


def test_own_metrics_keep_their_last_finite_value():
    probed = np.array([[1.0, np.nan, 3.0], [1.0, 2.0, np.inf], [np.nan, np.nan, np.nan]])
    repaired = count_as_chance({"gradient_norm": probed}, np.array([False, True, True]), 4)["gradient_norm"]
    np.testing.assert_array_equal(repaired, [[1.0, 1.0, 3.0], [1.0, 2.0, 2.0], [0.0, 0.0, 0.0]])
