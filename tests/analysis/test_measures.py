"""Laws of the measures: each against a curve whose answer is known by hand."""

import itertools

import numpy as np
import pytest

from jaxnorm.analysis.measures import (
    MEASURES,
    area,
    defined_measures,
    epochs_to_converge,
    final,
    find_measure,
    measure_arm,
    noise,
    unconverged,
)
from jaxnorm.analysis.table import ArmTable
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.experiments.compare.study import CompareArm

RULE = DecisionRule(convergence_loss=0.2)
ROUNDING = 1e-12
"""Float64 arithmetic on numbers near 1."""


def _table(curves_SE: np.ndarray) -> ArmTable:
    """An arm on which every metric has the same curves."""
    metrics = {measure.metric for measure in MEASURES.values()}
    return ArmTable(CompareArm("batch", 16), list(range(len(curves_SE))), dict.fromkeys(metrics, curves_SE), [])


def test_epochs_to_converge_interpolates_and_censors():
    curves = np.array([[0.5, 0.3, 0.1, 0.05], [0.1, 0.1, 0.1, 0.1], [0.9, 0.8, 0.7, 0.6], [0.4, 0.2, 0.3, 0.1], [0.25, 0.25, 0.25, 0.15]])
    np.testing.assert_allclose(epochs_to_converge(curves, RULE), [2.5, 1.0, 4.0, 2.0, 3.5], atol=ROUNDING)
    table = ArmTable(CompareArm("batch", 16), [7, 8, 9, 10, 11], {"train_loss": curves}, [])
    assert unconverged(table, RULE) == [9]


def test_epochs_to_converge_falls_as_the_target_rises():
    curves = np.exp(-np.random.default_rng(0).uniform(0.2, 1, (20, 1)) * np.arange(10))
    times = [epochs_to_converge(curves, DecisionRule(convergence_loss=target)) for target in (0.1, 0.2, 0.4, 0.8)]
    assert all((later >= earlier).all() for later, earlier in itertools.pairwise(times))


def test_area_is_the_mean_and_final_the_last():
    curves = np.array([[4.0, 2.0, 0.0]])
    assert area(curves, RULE) == [2.0]
    assert final(curves, RULE) == [0.0]


def test_noise_ignores_offset_and_slope_and_scales():
    curves = np.random.default_rng(0).normal(size=(5, 10))
    line = 3.0 + 0.7 * np.arange(10)
    np.testing.assert_allclose(noise(curves + line, RULE), noise(curves, RULE), rtol=1e-10)
    np.testing.assert_allclose(noise(2 * curves, RULE), 2 * noise(curves, RULE), rtol=ROUNDING)


def test_noise_looks_at_the_second_half_only():
    curves = np.random.default_rng(0).normal(size=(5, 10))
    changed = curves.copy()
    changed[:, :4] += 100
    np.testing.assert_array_equal(noise(changed, RULE), noise(curves, RULE))
    np.testing.assert_allclose(noise(curves, RULE), np.diff(curves[:, 4:]).std(axis=1, ddof=1), rtol=ROUNDING)


@pytest.mark.parametrize("epochs", range(1, 8))
def test_defined_measures_are_finite_at_every_length(epochs):
    table = _table(np.random.default_rng(0).uniform(0.1, 1, (3, epochs)))
    names = defined_measures(table)
    assert ("validation_noise" in names) == (epochs >= 4)
    assert all(np.isfinite(measure_arm(name, table, RULE)).all() for name in names)


def test_measures_of_metrics_that_were_not_taken_are_left_out():
    table = _table(np.ones((3, 5)))
    assert set(defined_measures(table)) == set(MEASURES)
    del table.curves["test_loss"]
    assert "test_loss" not in defined_measures(table)


def test_measure_at_an_epoch_counts_from_one_and_zero_is_before_training():
    table = _table(np.array([[5.0, 6.0, 7.0]]))
    table.curves["validation_accuracy"] = np.array([[0.1, 0.2, 0.3, 0.4]])
    assert measure_arm("train_loss@2", table, RULE) == [6.0]
    assert measure_arm("validation_accuracy@2", table, RULE) == [0.3]
    assert measure_arm("validation_accuracy@0", table, RULE) == [0.1]
    assert table.trained("validation_accuracy").tolist() == [[0.2, 0.3, 0.4]]
    assert find_measure("train_loss@2").title == "training loss at epoch 2"
    with pytest.raises(KeyError):
        find_measure("loss_of_hair")
