"""How best learning rates are chosen, which arms are set against which, what claim C2 makes of known effects, and how all is shown."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from experiments.judging import judged, words_of

from jaxnorm.experiments.architectures.claims import (
    find_best_rates,
    find_origins,
    interaction,
    make_plan,
    rate_arms,
    rows_at_rates,
    sweep_table,
)
from jaxnorm.experiments.architectures.figures import WORDS
from jaxnorm.experiments.architectures.study import ArchitectureArm, ArchitecturesConfig, RateArm
from jaxnorm.experiments.architectures.train import INSTRUMENT
from jaxnorm.report.blocks import Details, Table
from jaxnorm.report.style import styled
from jaxnorm.stats.contrasts import of_arms
from jaxnorm.stats.table import tidy

NUM_CLASSES = 10
CONFIG = ArchitecturesConfig(
    norms=("layer", "batch"),
    models=("cnn", "lstm", "transformer"),
    learning_rates=(0.001, 0.01, 0.1),
    learning_rate=0.01,
    seeds=12,
    tuning_seeds=4,
    epochs=2,
)
OPTIMUM = {"batch": 0.1, "layer": 0.01}
"""The learning rate at which the networks of a norm are best."""


def make_frame(config, advantage=lambda model: 0.0):
    """A run in which a norm loses 5 points of accuracy per decade from its optimum, and BatchNorm has a given advantage."""
    rng = np.random.default_rng(0)
    seeds = [*config.seed_numbers, *config.tuning_seed_numbers]
    seed_S, rate_S = np.tile(seeds, len(config.learning_rates)), np.repeat(config.learning_rates, len(seeds))
    frames = []
    for arm in config.arms:
        lost_S1 = 0.05 * np.abs(np.log10(rate_S / OPTIMUM[arm.norm]))[:, None]
        bonus = advantage(arm.model) if arm.norm == "batch" else 0.0
        accuracy = 0.9 + bonus - lost_S1 + 0.001 * rng.normal(size=(len(seed_S), config.epochs))
        metrics = {"train_loss": 1 - accuracy, "validation_loss": 1 - accuracy, "train_accuracy": accuracy, "validation_accuracy": accuracy}
        metrics |= {"test_loss": 1 - accuracy[:, -1:], "test_accuracy": accuracy[:, -1:]}
        frames.append(tidy(arm, {"seed": seed_S.tolist(), "learning_rate": rate_S.tolist()}, metrics))
    return pd.concat(frames, ignore_index=True)


def best_rates(config, frame):
    best = find_best_rates(config, sweep_table(config, frame, NUM_CLASSES))
    return {arm: setting["learning_rate"] for arm, setting in best.items()}


def all_at(config, rate):
    """As if one rate were best everywhere."""
    return {arm: {"learning_rate": rate} for arm in config.arms}


def set_where(frame, mask, metric, value):
    """A copy in which one metric has another value in some rows."""
    changed = frame.copy()
    changed.loc[mask & (changed["metric"] == metric), "value"] = value
    return changed


@pytest.fixture(scope="module")
def frame():
    """A run without any advantage."""
    return make_frame(CONFIG)


@pytest.fixture(scope="module")
def summary(frame):
    return judged(CONFIG, INSTRUMENT, frame)


def test_tuning_seeds_are_others_than_the_reported_ones():
    assert not set(CONFIG.seed_numbers) & set(CONFIG.tuning_seed_numbers)
    assert len(CONFIG.tuning_seed_numbers) == CONFIG.tuning_seeds


def test_best_rate_is_the_one_with_the_best_validation_accuracy(frame):
    assert best_rates(CONFIG, frame) == {arm: OPTIMUM[arm.norm] for arm in CONFIG.arms}


def test_best_rate_does_not_depend_on_the_reported_seeds(frame):
    reported = frame["seed"].isin(list(CONFIG.seed_numbers))
    changed = frame.copy()
    changed.loc[reported, "value"] = np.random.default_rng(1).random(int(reported.sum()))
    assert best_rates(CONFIG, changed) == best_rates(CONFIG, frame)


def test_best_rate_depends_on_the_tuning_seeds(frame):
    at_smallest = frame["seed"].isin(list(CONFIG.tuning_seed_numbers)) & (frame["learning_rate"] == 0.001)
    assert set(best_rates(CONFIG, set_where(frame, at_smallest, "validation_accuracy", 0.99)).values()) == {0.001}


def test_best_rate_does_not_depend_on_the_test_set(frame):
    changed = set_where(frame, frame["learning_rate"] == 0.001, "test_accuracy", 1.0)
    assert best_rates(CONFIG, changed) == best_rates(CONFIG, frame)


def test_best_rate_among_equal_accuracies_has_the_lower_loss(frame):
    everywhere = pd.Series(True, index=frame.index)
    equal = set_where(frame, everywhere, "validation_accuracy", 0.9)
    equal = set_where(equal, equal["learning_rate"] == 0.001, "validation_loss", 0.01)
    assert set(best_rates(CONFIG, equal).values()) == {0.001}


def test_diverged_tuning_network_counts_as_guessing(frame):
    best = (frame["norm"] == "batch") & (frame["learning_rate"] == 0.1) & (frame["seed"] == CONFIG.tuning_seed_numbers[0])
    rates = best_rates(CONFIG, set_where(frame, best, "validation_accuracy", math.nan))
    assert {rates[arm] for arm in CONFIG.arms if arm.norm == "batch"} == {0.01}


def test_rows_hold_the_reported_seeds_at_best_and_shared_rates(frame):
    best = find_best_rates(CONFIG, sweep_table(CONFIG, frame, NUM_CLASSES))
    rows, origins = rows_at_rates(CONFIG, frame, best), find_origins(CONFIG, best)
    assert set(rows["seed"]) == set(CONFIG.seed_numbers)
    for arm in rate_arms(CONFIG):
        own = rows[(rows["norm"] == arm.norm) & (rows["model"] == arm.model) & (rows["rate"] == arm.rate)]
        rate = OPTIMUM[arm.norm] if arm.rate == "best" else CONFIG.learning_rate
        assert set(own["learning_rate"]) == {rate}
        assert origins[arm] == (ArchitectureArm(arm.norm, arm.model), {"learning_rate": rate})
        assert len(own[own["metric"] == "test_accuracy"]) == CONFIG.seeds


def test_interaction_is_the_difference_of_advantages():
    assert interaction("lstm", "best").weights == {
        "batch-cnn-best": 1.0,
        "layer-cnn-best": -1.0,
        "batch-lstm-best": -1.0,
        "layer-lstm-best": 1.0,
    }


def test_claim_is_that_the_advantage_is_higher_in_the_cnn_at_the_best_rates():
    (claim,) = make_plan(CONFIG, all_at(CONFIG, 0.01)).claims
    expected = [(interaction(model, "best").weights, "test_accuracy", "higher") for model in ("lstm", "transformer")]
    assert [(contrast.weights, measure, expects) for contrast, measure, expects in claim.comparisons] == expected
    assert (claim.id, claim.slots) == ("C2", {"others": ["lstm", "transformer"]})


@pytest.mark.parametrize(("in_cnn", "verdict"), [(0.03, ("supported", 2, 2)), (-0.03, ("refuted", 0, 2)), (0.0, ("negligible", 0, 2))])
def test_advantage_that_only_the_cnn_has_is_seen(in_cnn, verdict):
    frame = make_frame(CONFIG, lambda model: in_cnn if model == "cnn" else 0.0)
    assert words_of(judged(CONFIG, INSTRUMENT, frame)) == {"C2": verdict}


def test_advantage_over_one_other_architecture_is_not_enough():
    frame = make_frame(CONFIG, lambda model: 0.0 if model == "lstm" else 0.03)
    assert words_of(judged(CONFIG, INSTRUMENT, frame)) == {"C2": ("mixed", 1, 2)}


def test_best_and_shared_rates_are_compared_apart(summary):
    found = {
        rate: next(
            each.mean
            for each in summary.comparisons
            if each.measure == "test_accuracy"
            and each.weights == of_arms(RateArm("batch", "cnn", rate), RateArm("layer", "cnn", rate)).weights
        )
        for rate in ("best", "shared")
    }
    assert found == {"best": pytest.approx(0.0, abs=0.005), "shared": pytest.approx(-0.05, abs=0.005)}


def test_arm_whose_best_rate_is_the_shared_one_is_not_set_against_itself(frame):
    plan = make_plan(CONFIG, find_best_rates(CONFIG, sweep_table(CONFIG, frame, NUM_CLASSES)))
    tuned = [contrast.weights for contrast in plan.contrasts if {key.rpartition("-")[2] for key in contrast.weights} == {"best", "shared"}]
    assert tuned == [{f"batch-{model}-best": 1.0, f"batch-{model}-shared": -1.0} for model in CONFIG.models]


def test_number_of_comparisons_is_that_of_the_listed_ones_and_the_best_marks(frame):
    plan = make_plan(CONFIG, find_best_rates(CONFIG, sweep_table(CONFIG, frame, NUM_CLASSES)))
    norms, tuning, interactions, measures = 2 * 3, 3, 2 * 2, 5  # two epochs have no noise
    assert plan.number == (norms + tuning + interactions) * measures + 3 * 3


def test_sweeps_are_means_of_the_reported_seeds_at_every_rate(frame, summary):
    sweep = summary.sweeps[1]
    assert sweep.factors == {"norm": "batch", "model": "cnn"}
    assert sweep.marked == {"best": {"learning_rate": 0.1}, "shared": {"learning_rate": 0.01}}
    for point in sweep.points:
        estimate = point.measures["test_accuracy"]
        assert (estimate.mean, estimate.n) == (
            pytest.approx(mean_of(frame, "batch", "cnn", point.setting["learning_rate"], "test_accuracy")),
            CONFIG.seeds,
        )


def mean_of(frame, norm, model, rate, metric):
    """The mean of the reported seeds after the last epoch."""
    rows = frame[(frame["norm"] == norm) & (frame["model"] == model) & (frame["learning_rate"] == rate)]
    rows = rows[rows["seed"].isin(list(CONFIG.seed_numbers)) & (rows["metric"] == metric) & (rows["epoch"] == CONFIG.epochs)]
    return rows["value"].mean()


def test_best_rates_at_an_end_of_the_grid_are_told(summary):
    (details,) = WORDS.more(summary)
    assert isinstance(details, Details)
    (table,) = [block for block in details.blocks if isinstance(block, Table)]
    best = [row[1] for row in table.rows]
    assert [cell.text for cell in best] == ["0.01", "0.1"] * 3
    assert [bool(cell.small) for cell in best] == [False, True] * 3


def test_claim_needs_a_cnn_both_norms_and_a_model_of_sequences():
    for lacking in ({"models": ("mlp", "lstm")}, {"models": ("mlp", "cnn")}, {"norms": ("batch", "none")}):
        config = dataclasses.replace(CONFIG, **lacking)
        plan = make_plan(config, all_at(config, config.learning_rate))
        assert not plan.claims
        assert all(len(contrast.weights) == 2 for contrast in plan.contrasts)


def drawn(name, summary):
    """The axes of a figure, in the style of reports."""
    with styled():
        return WORDS.drawings[name].make(summary, WORDS).axes


def test_learning_rate_figure_draws_means_and_rings_the_best_rate_of_each_norm(frame, summary):
    axes = drawn("learning_rate", summary)
    assert len(axes) == len(CONFIG.models)
    means = {line.get_label(): line.get_ydata() for line in axes[1].lines if np.size(line.get_xdata()) == len(CONFIG.learning_rates)}
    expected = [100 * mean_of(frame, "batch", "lstm", rate, "validation_accuracy") for rate in CONFIG.learning_rates]
    np.testing.assert_allclose(means["BatchNorm"], expected)
    rings = [line for line in axes[0].lines if line.get_markerfacecolor() == "none"]
    assert [np.asarray(line.get_xdata()).tolist() for line in rings] == [[0.01], [0.1]]


def test_accuracy_figure_draws_every_run_and_the_means(frame, summary):
    for ax, rate in zip(drawn("accuracy", summary), ("best", "shared"), strict=True):
        arms = [arm for arm in summary.arms if arm.factors["rate"] == rate]
        dots = [np.asarray(line.get_ydata()) for line in ax.lines if np.size(line.get_xdata()) == CONFIG.seeds]
        np.testing.assert_allclose(dots, [100 * np.array(arm.by_seed["test_accuracy"]) for arm in arms])
        means = [float(container.lines[0].get_ydata()[0]) for container in ax.containers]
        rates = {norm: optimum if rate == "best" else 0.01 for norm, optimum in OPTIMUM.items()}
        expected = [100 * mean_of(frame, arm.norm, arm.factors["model"], rates[arm.norm], "test_accuracy") for arm in arms]
        np.testing.assert_allclose(means, expected)


def test_diverged_arm_is_crossed_out_in_the_accuracy_figure(frame):
    changed = frame.copy()
    gone = (changed["norm"] == "batch") & (changed["model"] == "cnn") & (changed["seed"] == 3) & (changed["learning_rate"] == 0.01)
    changed.loc[gone & (changed["metric"] == "train_loss"), "value"] = math.nan
    best, shared = drawn("accuracy", judged(CONFIG, INSTRUMENT, changed))
    assert [sum(line.get_marker() == "x" for line in ax.lines) for ax in (best, shared)] == [0, 1]
