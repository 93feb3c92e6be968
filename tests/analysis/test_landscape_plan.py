"""Which arms the landscape instrument sets against which, at which losses, and what D8 makes of known effects."""

import numpy as np
import pandas as pd
import pytest

from jaxnorm.analysis.landscape import METRICS, describe_levels, make_plan, match_losses
from jaxnorm.analysis.summarise import summarise
from jaxnorm.analysis.summary import ALPHA
from jaxnorm.analysis.table import tidy
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.experiments.landscape.study import LandscapeConfig

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


def make_summary(config=CONFIG, effect=lambda norm, metric: 0.0):
    frame = make_frame(config, effect)
    equal = match_losses(config, frame, 10)
    return summarise(
        pd.concat([frame, equal.rows()], ignore_index=True),
        make_plan(config, equal.levels),
        DecisionRule(),
        instrument="landscape",
        question="?",
        num_classes=10,
        setting="synthetic",
        seconds={arm.key: [1.0] for arm in config.arms},
        sweeps=equal.sweeps(),
        notes=describe_levels(config, equal.levels),
    )


@pytest.fixture(scope="module")
def alike():
    """Arms that learn at different speeds in the same landscape."""
    return make_summary()


def test_only_losses_that_all_networks_pass_while_training_count(alike):
    assert [[point.setting["probed_loss"] for point in sweep.points] for sweep in alike.sweeps] == [[0.5, 0.3, 0.2]] * 4
    assert "(0.5, 0.3, 0.2 nats)" in alike.notes[1]


def test_equal_landscapes_are_equal_at_equal_loss_and_differ_at_equal_epochs(alike):
    (verdict,) = alike.verdicts
    assert (verdict.claim, verdict.word) == ("D8", "equivalent")
    by_measure = {d.measure: d for d in alike.differences if d.label.startswith("BatchNorm − no norm")}
    assert by_measure["sharpness_matched"].estimate.mean == pytest.approx(0.0, abs=0.02)
    assert by_measure["sharpness_area"].p_beyond <= ALPHA


def test_matched_value_is_the_mean_over_the_levels(alike):
    """Every quantity is twice the decimal logarithm of the loss."""
    expected = 2 * np.log10([0.5, 0.3, 0.2]).mean()
    for arm, sweep in zip(alike.arms, alike.sweeps, strict=True):
        assert arm.measures["range_scaled_matched"].mean == pytest.approx(expected, abs=0.02)
        assert np.mean([point.measures["log_range_scaled"].mean for point in sweep.points]) == pytest.approx(
            arm.measures["range_scaled_matched"].mean
        )


@pytest.mark.parametrize(
    ("lower", "word"),
    [
        (lambda metric: -0.5, "holds"),
        (lambda metric: 0.5, "contradicted"),
        (lambda metric: 0.0 if metric.endswith("_scaled") else -0.5, "equivalent"),  # smooth only because its weights have grown
        (lambda metric: 0.5 if metric == "log_sharpness" else -0.5, "contradicted"),
    ],
)
def test_d8_needs_every_quantity_raw_and_scaled(lower, word):
    config = LandscapeConfig(**{**vars(CONFIG), "norms": ("none", "batch")})
    (verdict,) = make_summary(config, lambda norm, metric: lower(metric) if norm == "batch" else 0.0).verdicts
    assert verdict.word == word
    assert len(verdict.evidence) == 8


def test_without_a_common_loss_nothing_is_claimed():
    config = LandscapeConfig(**{**vars(CONFIG), "loss_levels": (5.0, 0.0001)})
    summary = make_summary(config)
    assert not summary.verdicts
    assert not summary.sweeps
    assert "no loss level" in summary.notes[1]
    assert not any(difference.measure.endswith("_matched") for difference in summary.differences)


def test_control_is_set_against_batch_norm_and_the_others_against_no_norm():
    plan = make_plan(CONFIG, (0.5,))
    labels = [contrast.label.removesuffix(" at batch size 64") for contrasts in plan.contrasts.values() for contrast in contrasts]
    assert labels == ["BatchNorm − no norm", "LayerNorm − no norm", "NoisyBatchNorm − no norm", "NoisyBatchNorm − BatchNorm"]
