"""Which arms the landscape instrument sets against which, at which losses, what D8 makes of known effects, and what is drawn."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from experiments.judging import judged, words_of

from jaxnorm.experiments.landscape.claims import METRICS, make_plan
from jaxnorm.experiments.landscape.figures import WORDS
from jaxnorm.experiments.landscape.study import LandscapeConfig
from jaxnorm.experiments.landscape.train import INSTRUMENT
from jaxnorm.report.style import styled
from jaxnorm.stats.table import tidy

CONFIG = LandscapeConfig(seeds=16, epochs=8, loss_levels=(2.0, 0.5, 0.3, 0.2, 0.001))
SPEED = {"none": 0.4, "batch": 0.7, "layer": 0.5, "noisy": 0.6}
"""How fast an arm's loss falls per epoch."""


def make_frame(config, effect):
    """A run in which every quantity grows with the loss, and an arm's differs by a given effect at equal loss, in decades."""
    rng = np.random.default_rng(0)
    frames = []
    for arm in config.arms:
        epochs = np.arange(config.epochs + 1)
        probed = 1.5 * np.exp(-SPEED[arm.norm] * epochs) * np.exp(0.02 * rng.normal(size=(config.seeds, len(epochs))))
        loss = probed[:, 1:]
        metrics = {"train_loss": loss, "validation_loss": loss, "train_accuracy": 1 - loss / 4, "validation_accuracy": 1 - loss / 4}
        metrics |= {"test_loss": loss[:, -1:], "test_accuracy": 1 - loss[:, -1:] / 4, "probed_loss": probed}
        for metric in METRICS:
            metrics[metric] = 2 * np.log10(probed) + effect(arm.norm, metric) + 0.02 * rng.normal(size=probed.shape)
        frames.append(tidy(arm, {"seed": list(config.seed_numbers)}, metrics))
    return pd.concat(frames, ignore_index=True)


def summarised(config=CONFIG, effect=lambda norm, metric: 0.0):
    return judged(config, INSTRUMENT, make_frame(config, effect))


@pytest.fixture(scope="module")
def alike():
    """Arms that learn at different speeds in the same landscape."""
    return summarised()


def test_only_losses_that_all_networks_pass_while_training_count(alike):
    assert [[point.setting["matched_loss"] for point in sweep.points] for sweep in alike.sweeps] == [[0.5, 0.3, 0.2]] * 4
    assert alike.facts == {"levels": [0.5, 0.3, 0.2]}


def test_equal_landscapes_are_equal_at_equal_loss_and_differ_at_equal_epochs(alike):
    assert words_of(alike) == {"D8": ("negligible", 0, 8)}
    batch = {each.measure: each for each in alike.comparisons if each.weights == {"batch-64": 1.0, "none-64": -1.0}}
    assert batch["sharpness_matched"].mean == pytest.approx(0.0, abs=0.02)
    assert batch["sharpness_area"].finding == "lower"


def test_matched_value_is_the_mean_over_the_levels(alike):
    """Every quantity is twice the decimal logarithm of the loss."""
    expected = 2 * np.log10([0.5, 0.3, 0.2]).mean()
    for arm, sweep in zip(alike.arms, alike.sweeps, strict=True):
        mean = arm.measures["range_scaled_matched"].mean
        assert mean == pytest.approx(expected, abs=0.02)
        assert np.mean([point.measures["range_scaled_matched"].mean for point in sweep.points]) == pytest.approx(mean)


@pytest.mark.parametrize(
    ("lower", "verdict"),
    [
        (lambda metric: -0.5, ("supported", 8, 8)),
        (lambda metric: 0.5, ("refuted", 0, 8)),
        (lambda metric: 0.0 if metric.endswith("_scaled") else -0.5, ("mixed", 4, 8)),  # smooth only because its weights have grown
        (lambda metric: 0.5 if metric == "log_sharpness" else -0.5, ("mixed", 7, 8)),
    ],
)
def test_d8_needs_every_quantity_raw_and_scaled(lower, verdict):
    config = dataclasses.replace(CONFIG, norms=("none", "batch"))
    assert words_of(summarised(config, lambda norm, metric: lower(metric) if norm == "batch" else 0.0)) == {"D8": verdict}


def test_without_a_common_loss_nothing_is_claimed():
    summary = summarised(dataclasses.replace(CONFIG, loss_levels=(5.0, 0.0001)))
    assert not summary.verdicts
    assert not summary.sweeps
    assert summary.facts == {"levels": []}
    assert not any(each.measure.endswith("_matched") for each in summary.comparisons)
    assert "against_loss" not in WORDS.figures_of(summary)


@pytest.mark.parametrize(
    ("norms", "pairs"),
    [
        (CONFIG.norms, [("batch", "none"), ("layer", "none"), ("noisy", "none"), ("noisy", "batch")]),
        (("batch", "noisy"), [("noisy", "batch")]),
        (("none",), []),
    ],
)
def test_each_norm_is_set_against_the_first_and_the_noisy_one_against_batch_norm(norms, pairs):
    plan = make_plan(dataclasses.replace(CONFIG, norms=norms), (0.5,))
    assert [each.weights for each in plan.contrasts] == [{f"{one}-64": 1.0, f"{other}-64": -1.0} for one, other in pairs]
    assert plan.number == 18 * len(pairs) + 6 * (len(norms) - 1)  # measures times contrasts, and the best of six columns


def test_panels_draw_the_means_at_every_level(alike):
    with styled():
        figure = WORDS.drawings["against_loss"].make(alike, WORDS)
    sharpness = next(ax for ax in figure.axes if ax.get_ylabel().startswith("sharpness"))
    batch = next(line for line in sharpness.get_lines() if line.get_label() == "BatchNorm")
    points = next(sweep for sweep in alike.sweeps if sweep.norm == "batch").points
    np.testing.assert_array_equal(batch.get_xdata(), [0.5, 0.3, 0.2])
    np.testing.assert_array_equal(batch.get_ydata(), [point.measures["sharpness_matched"].mean for point in points])
    assert sharpness.get_xlim()[0] > sharpness.get_xlim()[1]  # training runs to the right
    assert len(figure.axes) == 8


def test_curves_begin_before_training(alike):
    with styled():
        figure = WORDS.drawings["over_epochs"].make(alike, WORDS)
    line = figure.axes[0].get_lines()[0]
    np.testing.assert_array_equal(line.get_xdata(), np.arange(CONFIG.epochs + 1))
    np.testing.assert_array_equal(line.get_ydata(), alike.arms[0].curves["log_range"].mean)
