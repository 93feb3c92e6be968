"""How best learning rates are chosen, which arms are set against which, what claim C2 makes of known effects, and how all is shown."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from jaxnorm.analysis.architectures import (
    compiled,
    describe_rates,
    find_best_rates,
    interaction,
    make_plan,
    rate_arms,
    rows_at_rates,
    summarise_sweeps,
    sweep_table,
)
from jaxnorm.analysis.summarise import summarise
from jaxnorm.analysis.table import tidy
from jaxnorm.experiments.architectures.study import ArchitecturesConfig
from jaxnorm.reporting.architectures import make_accuracy, make_differences, make_learning_rate
from jaxnorm.reporting.report import render_report
from jaxnorm.reporting.style import styled

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
        accuracy = 0.9 + bonus - lost_S1 + 0.002 * rng.normal(size=(len(seed_S), config.epochs))
        metrics = {"train_loss": 1 - accuracy, "validation_loss": 1 - accuracy, "train_accuracy": accuracy, "validation_accuracy": accuracy}
        metrics |= {"test_loss": 1 - accuracy[:, -1:], "test_accuracy": accuracy[:, -1:]}
        frames.append(tidy(arm, {"seed": seed_S.tolist(), "learning_rate": rate_S.tolist()}, metrics))
    return pd.concat(frames, ignore_index=True)


def best_rates(config, frame):
    return find_best_rates(config, sweep_table(config, frame, NUM_CLASSES))


def make_summary(config, frame):
    table = sweep_table(config, frame, NUM_CLASSES)
    best = find_best_rates(config, table)
    return summarise(
        rows_at_rates(config, frame, best),
        make_plan(config, best),
        config,
        instrument="architectures",
        question="?",
        num_classes=NUM_CLASSES,
        setting="synthetic",
        seconds={arm.key: [1.0] for arm in rate_arms(config)},
        sweeps=summarise_sweeps(config, table, best),
        notes=describe_rates(config, best),
    )


def set_where(frame, mask, metric, value):
    """A copy in which one metric has another value in some rows."""
    changed = frame.copy()
    changed.loc[mask & (changed["metric"] == metric), "value"] = value
    return changed


@pytest.fixture(scope="module")
def frame():
    """A run without any advantage."""
    return make_frame(CONFIG)


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
    best = best_rates(CONFIG, frame)
    rows = rows_at_rates(CONFIG, frame, best)
    assert set(rows["seed"]) == set(CONFIG.seed_numbers)
    for arm in rate_arms(CONFIG):
        own = rows[(rows["norm"] == arm.norm) & (rows["model"] == arm.model) & (rows["rate"] == arm.rate)]
        assert set(own["learning_rate"]) == {best[compiled(arm)] if arm.rate == "best" else CONFIG.learning_rate}
        assert len(own[own["metric"] == "test_accuracy"]) == CONFIG.seeds


def test_interaction_is_the_difference_of_advantages():
    assert interaction("lstm", "best").weights == {
        "batch-cnn-best": 1.0,
        "layer-cnn-best": -1.0,
        "batch-lstm-best": -1.0,
        "layer-lstm-best": 1.0,
    }


@pytest.mark.parametrize(("in_cnn", "word"), [(0.03, "holds"), (-0.03, "contradicted"), (0.0, "equivalent")])
def test_advantage_that_only_the_cnn_has_is_seen(in_cnn, word):
    summary = make_summary(CONFIG, make_frame(CONFIG, lambda model: in_cnn if model == "cnn" else 0.0))
    (verdict,) = summary.verdicts
    assert (verdict.claim, verdict.word) == ("C2", word)


def test_advantage_over_one_other_architecture_is_not_enough():
    summary = make_summary(CONFIG, make_frame(CONFIG, lambda model: 0.0 if model == "lstm" else 0.03))
    assert summary.verdicts[0].word != "holds"


def test_claim_is_judged_at_the_best_rates_where_the_shared_rate_would_mislead(frame):
    summary = make_summary(CONFIG, frame)
    means = {difference.label: difference.estimate.mean for difference in summary.differences if difference.measure == "test_accuracy"}
    assert means["CNN, best rates: BatchNorm − LayerNorm"] == pytest.approx(0.0, abs=0.005)
    assert means["CNN, shared rate: BatchNorm − LayerNorm"] == pytest.approx(-0.05, abs=0.005)


def test_arm_whose_best_rate_is_the_shared_one_is_not_set_against_itself(frame):
    plan = make_plan(CONFIG, best_rates(CONFIG, frame))
    assert [contrast.label for contrast in plan.contrasts[""] if "shared rate" in contrast.label and "best" in contrast.label] == [
        f"{model}, BatchNorm: best instead of shared rate" for model in ("CNN", "LSTM", "Transformer")
    ]


def test_sweeps_are_means_of_the_reported_seeds_at_every_rate(frame):
    sweep = make_summary(CONFIG, frame).sweeps[1]
    assert sweep.factors == {"norm": "batch", "model": "cnn"}
    assert sweep.marked == {"best": {"learning_rate": 0.1}, "shared": {"learning_rate": 0.01}}
    for point in sweep.points:
        rows = frame[(frame["norm"] == "batch") & (frame["model"] == "cnn") & (frame["learning_rate"] == point.setting["learning_rate"])]
        rows = rows[rows["seed"].isin(list(CONFIG.seed_numbers)) & (rows["metric"] == "test_accuracy")]
        assert point.measures["test_accuracy"].mean == pytest.approx(rows["value"].mean())
        assert point.measures["test_accuracy"].n == CONFIG.seeds


def test_notes_name_the_best_rates_and_warn_of_the_ends_of_the_grid(frame):
    notes = describe_rates(CONFIG, best_rates(CONFIG, frame))
    assert "seeds 12 to 15, not reported" in notes[0]
    assert notes[1] == "Best learning rates, CNN: LayerNorm 0.01; BatchNorm 0.1, an end of the grid."


def test_claim_needs_a_cnn_both_norms_and_a_model_of_sequences():
    for lacking in ({"models": ("mlp", "lstm")}, {"models": ("mlp", "cnn")}, {"norms": ("batch", "none")}):
        config = dataclasses.replace(CONFIG, **lacking)
        plan = make_plan(config, dict.fromkeys(config.arms, config.learning_rate))
        assert not plan.claims
        assert not any(contrast.label.startswith("(BatchNorm − LayerNorm)") for contrast in plan.contrasts[""])
    (claim,) = make_plan(CONFIG, dict.fromkeys(CONFIG.arms, 0.01)).claims
    assert "the LSTM and the Transformer" in claim.statement


def drawn(make, frame):
    """The axes of a figure, in the style of reports."""
    with styled():
        return make(make_summary(CONFIG, frame)).axes


def test_differences_figure_has_a_panel_per_rate_and_the_interactions_last(frame):
    best, shared = drawn(make_differences, frame)
    labels = [label.get_text() for label in best.get_yticklabels()]
    assert labels == [
        "CNN: BatchNorm − LayerNorm",
        "LSTM: BatchNorm − LayerNorm",
        "Transformer: BatchNorm − LayerNorm",
        "(BatchNorm − LayerNorm), CNN instead of LSTM",
        "(BatchNorm − LayerNorm), CNN instead of Transformer",
    ]
    assert best.get_title(loc="left").startswith("Each at its best learning rate:")
    assert shared.get_title(loc="left").startswith("All at the learning rate 0.01:")


def test_learning_rate_figure_rings_the_best_rate_of_each_norm(frame):
    axes = drawn(make_learning_rate, frame)
    assert [ax.get_title(loc="left") for ax in axes] == ["CNN", "LSTM", "Transformer"]
    rings = [line for line in axes[0].lines if line.get_markerfacecolor() == "none"]
    assert [np.asarray(line.get_xdata()).tolist() for line in rings] == [[0.01], [0.1]]


def test_accuracy_figure_marks_every_network(frame):
    best, _ = drawn(make_accuracy, frame)
    networks = [line for line in best.lines if np.size(line.get_xdata()) == CONFIG.seeds]
    assert len(networks) == len(CONFIG.arms)


def test_report_lists_the_notes_once(frame):
    summary = make_summary(CONFIG, frame)
    report = render_report(summary, "command", {})
    assert all(report.count(note) == 1 for note in summary.notes)
