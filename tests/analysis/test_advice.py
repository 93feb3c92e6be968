"""What to use when follows from the run alone."""

import dataclasses

import numpy as np
from analysis.synthetic import summarise_compare

from jaxnorm.analysis.advice import advice, hold_contests
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.experiments.compare.study import CompareConfig


def _effect(factors):
    """Training losses multiplied by a factor for each arm."""
    return lambda arm, losses: losses * factors.get(arm.key, 1.0)


def test_arm_that_is_better_than_all_others_is_named_alone():
    summary = summarise_compare(CompareConfig(seeds=16, epochs=6), effect=_effect({"layer-16": 0.3}))
    fast, *_ = advice(summary)
    assert fast.startswith("To learn fast: LayerNorm 16 (area under the training loss ")
    assert fast.endswith("all 3 others are shown to be worse by more than the margin.")


def test_arms_that_are_not_told_apart_are_named_beside_the_best():
    def same(arm, losses):
        noise = np.random.default_rng(len(arm.key)).normal(size=losses.shape)
        return (0.1 if arm.key in ("layer-16", "batch-128") else 0.5) + 0.001 * noise

    fast, *_ = advice(summarise_compare(CompareConfig(seeds=16, epochs=6), effect=same))
    assert "not shown to be worse beyond the margin: " in fast
    assert "BatchNorm 128" in fast
    assert "LayerNorm 16" in fast
    assert "LayerNorm 128" not in fast


def test_one_arm_is_no_choice():
    (fast, accurate) = advice(summarise_compare(CompareConfig(norms=("layer",), batch_sizes=(16,), seeds=4, epochs=2)))
    assert fast.startswith("To learn fast: there is one arm, LayerNorm 16")
    assert accurate.startswith("For accuracy on new data: there is one arm")


def test_arm_is_worse_only_beyond_the_margin_and_the_correction():
    seeds = np.linspace(-0.001, 0.001, 16)
    values = {"test_accuracy": np.array([0.9 + seeds, 0.8 + seeds[::-1], 0.899 + seeds])}
    contest = hold_contests(values, DecisionRule(accuracy_margin=0.005))["test_accuracy"]
    assert (contest.best, contest.worse) == (0, [1])
    alike = {"test_accuracy": np.random.default_rng(0).normal(0.9, 0.01, (50, 16))}
    assert hold_contests(alike, DecisionRule(accuracy_margin=0))["test_accuracy"].worse == []


def test_network_that_blew_up_and_came_back_does_not_hide_how_bad_its_arm_is():
    def one_blows_up(arm, losses):
        if arm.key != "none-16":
            return losses
        blown = np.full_like(losses, 2.0)  # nearly as bad as guessing, and one of them far worse for an epoch
        blown[3, 1] = 1e7
        return blown

    config = CompareConfig(norms=("batch", "layer", "none"), batch_sizes=(16,), seeds=16, epochs=6)
    summary = summarise_compare(config, effect=one_blows_up)
    assert summary.arms[2].measures["train_loss_area"].mean > 1e4
    assert not summary.arms[2].diverged
    assert "no norm" not in advice(summary)[0]


def test_networks_that_stand_in_two_arms_are_named_once():
    summary = summarise_compare(CompareConfig(seeds=16, epochs=6), effect=_effect({"layer-16": 0.3}))
    best = next(index for index, arm in enumerate(summary.arms) if arm.key == "layer-16")
    again = dataclasses.replace(summary.arms[best], key="again", factors={"norm": "layer", "batch_size": 17})
    fast, *_ = advice(dataclasses.replace(summary, arms=[*summary.arms, again]))
    assert fast.startswith("To learn fast: LayerNorm 16 (")
    assert "LayerNorm 17" not in fast


def test_of_many_arms_that_are_not_told_apart_their_number_is_named():
    def same(arm, losses):
        noise = np.random.default_rng([*arm.key.encode()]).normal(size=losses.shape)
        return (0.5 if arm.batch_size == 512 else 0.1) + 0.001 * noise

    fast, *_ = advice(summarise_compare(CompareConfig(batch_sizes=(4, 8, 16, 512), seeds=16, epochs=6), effect=same))
    assert fast.startswith("To learn fast: on average ")
    assert fast.endswith("; 5 of 7 others are not shown to be worse beyond the margin.")
