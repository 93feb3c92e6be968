"""What varies between networks of one compiled arm: read setting by setting, the best chosen on the seeds that are given."""

import numpy as np
import pandas as pd
import pytest
from stats.synthetic import NUM_CLASSES, flat_curves

from jaxnorm.experiments.compare.study import CompareArm
from jaxnorm.experiments.measures import MEASURES
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.stats.sweeps import SweepTable, rows_at
from jaxnorm.stats.table import tidy

ARMS = [CompareArm("batch", 16), CompareArm("layer", 16)]
SETTINGS = [{"learning_rate": rate} for rate in (0.001, 0.01, 0.1)]
SEEDS = (0, 1, 2, 3)
ACCURACIES = {"batch": (0.7, 0.9, 0.8), "layer": (0.9, 0.8, 0.7)}
"""Of each norm at each rate; on seed 3 in reverse."""
LOSSES = (0.5, 0.4, 0.3)


@pytest.fixture(scope="module")
def table() -> SweepTable:
    parts = []
    for arm in ARMS:
        for setting, accuracy, opposite, loss in zip(SETTINGS, ACCURACIES[arm.norm], ACCURACIES[arm.norm][::-1], LOSSES, strict=True):
            curves = flat_curves([loss + seed / 100 for seed in SEEDS], [accuracy] * 3 + [opposite], epochs=2)
            parts.append(tidy(arm, {"seed": SEEDS, "learning_rate": [setting["learning_rate"]] * 4}, curves))
    return SweepTable(pd.concat(parts, ignore_index=True), SETTINGS, NUM_CLASSES, DecisionRule())


def test_arm_is_read_at_every_setting_on_the_seeds_that_are_asked_for(table):
    tables = table.read(ARMS[0], (0, 2))
    assert [each.seeds for each in tables] == [[0, 2]] * 3
    for each, loss in zip(tables, LOSSES, strict=True):
        np.testing.assert_allclose(each.curves["train_loss"], [[loss] * 2, [loss + 0.02] * 2])


def test_best_is_chosen_by_validation_accuracy_on_those_seeds(table):
    assert [table.best(arm, (0, 1, 2)) for arm in ARMS] == [SETTINGS[1], SETTINGS[0]]
    assert [table.best(arm, (3,)) for arm in ARMS] == [SETTINGS[1], SETTINGS[2]]
    assert table.merits(ARMS[0], (0, 1))[2] == pytest.approx((0.8, -0.305))


def test_equal_accuracies_are_told_apart_by_the_loss(table):
    equal = table.frame.assign(value=table.frame["value"].where(table.frame["metric"] != "validation_accuracy", 0.5))
    assert SweepTable(equal, SETTINGS, NUM_CLASSES, DecisionRule()).best(ARMS[0], SEEDS) == SETTINGS[2]


def test_sweep_holds_means_and_intervals_of_every_setting(table):
    sweep = table.summarise(ARMS[1], (0, 1), {"train_loss": MEASURES["train_loss"]}, {"best": SETTINGS[0]})
    assert (sweep.norm, sweep.marked) == ("layer", {"best": SETTINGS[0]})
    assert [point.setting for point in sweep.points] == SETTINGS
    assert [point.measures["train_loss"].mean for point in sweep.points] == pytest.approx([loss + 0.005 for loss in LOSSES])
    assert {point.measures["train_loss"].n for point in sweep.points} == {2}


def test_diverged_networks_are_counted_at_their_setting(table):
    spoilt = table.frame.copy()
    here = (spoilt["norm"] == "batch") & (spoilt["learning_rate"] == 0.1) & (spoilt["seed"] == 2) & (spoilt["metric"] == "train_loss")
    spoilt.loc[here, "value"] = np.nan
    sweep = SweepTable(spoilt, SETTINGS, NUM_CLASSES, DecisionRule()).summarise(ARMS[0], SEEDS, {"train_loss": MEASURES["train_loss"]}, {})
    assert [point.diverged for point in sweep.points] == [[], [], [2]]


def test_setting_that_is_missing_is_an_error(table):
    lacking = table.frame[table.frame["learning_rate"] != 0.01]
    with pytest.raises(ValueError, match=r"0\.01"):
        SweepTable(lacking, SETTINGS, NUM_CLASSES, DecisionRule()).read(ARMS[0], SEEDS)


def test_rows_are_those_of_each_arm_at_its_setting(table):
    chosen = {ARMS[0]: SETTINGS[1], ARMS[1]: SETTINGS[0]}
    rows = rows_at(table.frame, (1, 2), chosen)
    assert set(zip(rows["norm"], rows["learning_rate"], strict=True)) == {("batch", 0.01), ("layer", 0.001)}
    assert set(rows["seed"]) == {1, 2}
    assert len(rows) == len(table.frame) * (2 / 4) * (1 / 3)
