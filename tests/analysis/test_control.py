"""Laws of the A/A control: it claims nothing where nothing is, finds what is there, and leaves the rest of the report alone."""

import dataclasses

import numpy as np
import pytest
from analysis.synthetic import NUM_CLASSES, SETTING, make_frame, make_seconds

from jaxnorm.analysis.compare import make_plan
from jaxnorm.analysis.control import Repetition, describe_control, measure_control
from jaxnorm.analysis.statistics import FAMILIES
from jaxnorm.analysis.summarise import summarise
from jaxnorm.analysis.summary import ALPHA
from jaxnorm.analysis.table import ArmTable
from jaxnorm.stats.arm import ControlArm
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.experiments.compare.study import CompareArm, CompareConfig

ARM = CompareArm("batch", 16)
RATE = ALPHA / FAMILIES
SIMULATED_CONTROLS = 400


def summarise_with_control(seeds=12, shift=0.0):
    """A run and its control, whose training losses are higher by ``shift`` nats."""
    config = CompareConfig(seeds=seeds, epochs=6)
    again = dataclasses.replace(config, norms=("batch",), batch_sizes=(16,), first_seed=seeds)
    rows = make_frame(again, effect=lambda arm, loss: loss + shift, rng_seed=1)
    return summarise(
        make_frame(config),
        make_plan(config),
        DecisionRule(),
        instrument="compare",
        question=config.question,
        num_classes=NUM_CLASSES,
        setting=SETTING,
        seconds=make_seconds(config),
        control=Repetition(ControlArm.of(ARM), rows),
    )


def test_control_claims_nothing_where_nothing_differs():
    control = summarise_with_control().control
    assert control is not None
    assert control.claimed == []
    assert control.seeds == list(range(12, 24))
    assert set(control.findings) <= {"open", "too small"}
    assert describe_control(control) == (
        "Control: BatchNorm at batch size 16 against itself, trained again on seeds 12 to 23: 6 measures compared, none claimed to differ."
    )


def test_control_names_what_it_claims_wrongly():
    control = summarise_with_control(shift=0.3).control
    assert control is not None
    claimed = {difference.measure for difference in control.claimed}
    assert {"train_loss", "train_loss_area"} <= claimed
    assert "the opposite" in control.findings  # the arm is lower than its control
    assert f"{len(claimed)} claimed to differ, wrongly (area under the training loss: −0.3" in describe_control(control)


def test_control_admits_too_few_seeds():
    control = summarise_with_control(seeds=4).control
    assert control is not None
    assert describe_control(control).endswith("none claimed to differ; 4 seeds could not have shown any.")


def test_control_leaves_all_other_numbers_alone():
    with_control, without = summarise_with_control(shift=0.3), summarise_with_control()
    assert dataclasses.replace(with_control, control=None) == dataclasses.replace(without, control=None)


def test_controls_claim_a_difference_as_rarely_as_they_say():
    """12 seeds each, two measures: the share of simulated controls that claim anything, and its bound by three standard errors."""
    rng = np.random.default_rng(0)

    def table(arm, first):
        curves = {"train_loss": rng.normal(1, 0.3, (12, 1)), "test_accuracy": rng.normal(0.9, 0.02, (12, 1))}
        return ArmTable(arm, list(range(first, first + 12)), curves, [])

    controls = [
        measure_control(table(ARM, 0), table(ControlArm.of(ARM), 12), ["train_loss", "test_accuracy"], DecisionRule())
        for _ in range(SIMULATED_CONTROLS)
    ]
    share = np.mean([bool(control.claimed) for control in controls])
    assert 0 < share <= RATE + 3 * np.sqrt(RATE * (1 - RATE) / SIMULATED_CONTROLS)


@pytest.mark.parametrize("config", [CompareConfig(), CompareConfig(norms=("rms", "none"), batch_sizes=(64, 8), first_seed=3, seeds=5)])
def test_control_is_the_baseline_at_the_first_batch_size_on_seeds_that_follow(config):
    assert config.control_arm == ControlArm.of(config.arms[0])
    assert config.control_arm.factors == config.arms[0].factors
    assert config.control_arm.key not in {arm.key for arm in config.arms}
    assert list(config.control_seed_numbers) == [seed + config.seeds for seed in config.seed_numbers]
    assert dataclasses.replace(config, control=False).control_arm is None
