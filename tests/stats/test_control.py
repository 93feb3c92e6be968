"""The control, an arm against itself: it finds nothing where nothing is, and what is there, and leaves the rest alone."""

import dataclasses

import numpy as np
import pytest
from stats.synthetic import DATA, NUM_CLASSES, make_frame, make_seconds

from jaxnorm.experiments.compare.claims import make_plan
from jaxnorm.experiments.compare.study import CompareArm, CompareConfig
from jaxnorm.stats.arm import ControlArm
from jaxnorm.stats.intervals import critical_value, level_of
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.stats.summarise import Repetition, summarise
from jaxnorm.stats.summary import Control

ARM = CompareArm("batch", 16)


def _summarise(plan, rows, seconds, control=None):
    return summarise(
        rows, plan, DecisionRule(), instrument="compare", settings={}, data=DATA, num_classes=NUM_CLASSES, seconds=seconds, control=control
    )


def with_control(seeds=12, shift=0.0):
    """A run and its control, whose training losses are higher by ``shift`` nats."""
    config = CompareConfig(seeds=seeds, epochs=6)
    again = dataclasses.replace(config, norms=("batch",), batch_sizes=(16,), first_seed=seeds)
    rows = make_frame(again, effect=lambda arm, loss: loss + shift, rng_seed=1)
    return _summarise(make_plan(config), make_frame(config), make_seconds(config), Repetition(ControlArm.of(ARM), rows))


def control_of(shift=0.0, seeds=12) -> Control:
    control = with_control(seeds, shift).control
    assert control is not None
    return control


def test_control_finds_nothing_where_nothing_differs():
    control = control_of()
    assert (control.key, control.seeds) == ("batch-16", list(range(12, 24)))
    assert [each.measure for each in control.comparisons] == list(make_plan(CompareConfig(epochs=6)).measures)
    assert {each.finding for each in control.comparisons} <= {"open", "negligible"}


def test_control_finds_what_is_there():
    found = {each.measure: each for each in control_of(shift=0.3).comparisons}
    assert found["train_loss"].finding == found["train_loss_area"].finding == "lower"  # the arm is lower than its control
    assert found["train_loss"].mean == pytest.approx(-0.3, abs=0.01)


def test_control_is_corrected_for_its_own_comparisons():
    control = control_of()
    for each in control.comparisons:
        critical = critical_value(12, level_of(len(control.comparisons)))
        assert each.half == pytest.approx(critical * each.deviation / np.sqrt(12))


def test_too_few_seeds_find_nothing():
    assert {each.finding for each in control_of(shift=9.0, seeds=2).comparisons} == {"open"}


def test_control_leaves_all_other_numbers_alone():
    with_it, other = with_control(shift=0.3), with_control()
    assert dataclasses.replace(with_it, control=None) == dataclasses.replace(other, control=None)


@pytest.mark.parametrize("config", [CompareConfig(), CompareConfig(norms=("rms", "none"), batch_sizes=(64, 8), first_seed=3, seeds=5)])
def test_control_is_the_baseline_at_the_first_batch_size_on_seeds_that_follow(config):
    assert config.control_arm == ControlArm.of(config.arms[0])
    assert config.control_arm.factors == config.arms[0].factors
    assert config.control_arm.key not in {arm.key for arm in config.arms}
    assert list(config.control_seed_numbers) == [seed + config.seeds for seed in config.seed_numbers]
    assert dataclasses.replace(config, control=False).control_arm is None
