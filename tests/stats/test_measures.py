"""Measures: each against a curve whose answer is known by hand."""

import itertools

import numpy as np
import pytest
from stats.synthetic import arm_table

from jaxnorm.experiments.measures import MEASURES
from jaxnorm.stats.measures import Measure, area, deviation, epochs_to_converge, final, find_measure, noise
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.stats.units import EPOCHS, FRACTION, NATS

RULE = DecisionRule(convergence_loss=0.2)
ROUNDING = 1e-12
"""Float64 arithmetic on numbers near 1."""


def test_epochs_to_converge_interpolates_and_censors():
    curves = np.array([[0.5, 0.3, 0.1, 0.05], [0.1, 0.1, 0.1, 0.1], [0.9, 0.8, 0.7, 0.6], [0.4, 0.2, 0.3, 0.1], [0.25, 0.25, 0.25, 0.15]])
    np.testing.assert_allclose(epochs_to_converge(curves, RULE), [2.5, 1.0, 4.0, 2.0, 3.5], atol=ROUNDING)


def test_epochs_to_converge_falls_as_the_target_rises():
    curves = np.exp(-np.random.default_rng(0).uniform(0.2, 1, (20, 1)) * np.arange(10))
    times = [epochs_to_converge(curves, DecisionRule(convergence_loss=target)) for target in (0.1, 0.2, 0.4, 0.8)]
    assert all((later >= earlier).all() for later, earlier in itertools.pairwise(times))


def test_area_is_the_mean_and_final_the_last():
    curves = np.array([[4.0, 2.0, 0.0]])
    assert area(curves, RULE) == [2.0]
    assert final(curves, RULE) == [0.0]


def test_deviation_is_the_distance_from_the_median_of_the_last():
    curves = np.array([[9.0, 1.0], [9.0, 2.0], [9.0, 7.0]])
    assert deviation(curves, RULE).tolist() == [1.0, 0.0, 5.0]


def test_noise_ignores_slope_and_level_and_scales():
    curves = np.random.default_rng(0).normal(size=(5, 10))
    np.testing.assert_allclose(noise(curves + 3 - 2 * np.arange(10), RULE), noise(curves, RULE), rtol=1e-9)
    np.testing.assert_allclose(noise(2 * curves, RULE), 2 * noise(curves, RULE), rtol=ROUNDING)


def test_noise_looks_at_the_second_half_only():
    curves = np.random.default_rng(0).normal(size=(5, 10))
    changed = curves.copy()
    changed[:, :4] += 100
    np.testing.assert_array_equal(noise(changed, RULE), noise(curves, RULE))
    np.testing.assert_allclose(noise(curves, RULE), np.diff(curves[:, 4:]).std(axis=1, ddof=1), rtol=ROUNDING)


@pytest.mark.parametrize("epochs", range(1, 8))
def test_measures_of_runs_that_are_long_enough_are_finite(epochs):
    table = arm_table(np.random.default_rng(0).uniform(0.1, 1, (3, epochs)))
    measured = {name: measure.of(table, RULE) for name, measure in MEASURES.items() if measure.min_epochs <= epochs}
    assert ("validation_noise" in measured) == (epochs >= 4)
    assert all(values.shape == (3,) and np.isfinite(values).all() for values in measured.values())


def test_measure_at_an_epoch_counts_from_one_and_zero_is_before_training():
    table = arm_table(np.array([[5.0, 6.0, 7.0]]), validation_accuracy=np.array([[0.1, 0.2, 0.3, 0.4]]), test_accuracy=np.array([[0.9]]))

    def measured(name):
        return find_measure(name, MEASURES).of(table, RULE).tolist()

    assert measured("train_loss") == [7.0]
    assert measured("train_loss@2") == [6.0]
    assert measured("validation_accuracy@2") == [0.3]
    assert measured("validation_accuracy@0") == [0.1]
    assert measured("validation_accuracy") == [0.4]
    assert measured("test_accuracy") == [0.9]
    assert find_measure("train_loss@2", MEASURES).min_epochs == 2
    with pytest.raises(KeyError):
        find_measure("loss_of_hair", MEASURES)


@pytest.mark.parametrize(
    ("measure", "means", "margin"),
    [
        (Measure("", "", FRACTION, definition="", margin="accuracy"), [0.9, 0.1], 0.004),
        (Measure("", "", NATS, definition=""), [1.0, 3.0], 0.2),
        (Measure("", "", NATS, definition=""), [-1.0, -3.0], 0.2),
        (Measure("", "", NATS, definition=""), [1.0, 2.0, 3.0, 2.0], 0.2),
        (Measure("", "", EPOCHS, definition="", margin=0.5), [1.0, 3.0], 0.5),
    ],
)
def test_margin_is_that_of_accuracies_or_a_share_of_the_arms_mean_or_a_number(measure, means, margin):
    assert measure.margin_of(means, DecisionRule(accuracy_margin=0.004, loss_margin=0.1)) == pytest.approx(margin)
