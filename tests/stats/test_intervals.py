"""The one rule: against scipy and statsmodels, its guards, and a simulation of whole reports that must be able to fail."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import DescrStatsW, ttost_paired

from jaxnorm.stats.intervals import (
    FEWEST,
    FEWEST_EQUAL,
    Intervals,
    critical_value,
    find,
    intervals,
    level_of,
    zero_rounding,
)
from jaxnorm.stats.intervals import test_set_error as error_of_test_set  # under its own name pytest would collect it

TOLERANCE = 1e-9
"""Relative, of float64 arithmetic and of the quantile function."""
REPORTS = 4000


@pytest.fixture(scope="module")
def differences() -> np.ndarray:
    return np.random.default_rng(0).normal(0.3, 1.0, (7, 12))


@pytest.mark.parametrize("n", [3, 5, 16, 128])
@pytest.mark.parametrize("number", [1, 7, 88, 1000])
def test_critical_value_is_students_at_the_level_of_bonferroni(n, number):
    expected = stats.t.ppf(1 - 0.05 / number / 2, n - 1)
    assert critical_value(n, level_of(number)) == pytest.approx(expected, rel=TOLERANCE)


def test_joint_and_plain_intervals_are_those_of_statsmodels(differences):
    found = intervals(differences, 40)
    for index, row in enumerate(differences):
        for half, alpha in ((found.half, 0.05 / 40), (found.half_alone, 0.05)):
            low, high = DescrStatsW(row).tconfint_mean(alpha)
            assert (found.mean[index] - half[index], found.mean[index] + half[index]) == pytest.approx((low, high), rel=TOLERANCE)
    np.testing.assert_allclose(found.deviation, differences.std(axis=1, ddof=1))


def test_sides_that_are_found_are_those_of_bonferroni_corrected_t_tests():
    differences = np.random.default_rng(1).normal(1.0, 1.0, (60, 9))
    corrected = multipletests(stats.ttest_1samp(differences, 0, axis=1).pvalue, method="bonferroni")[1]
    found = _findings(intervals(differences, 60), margin=0.0)
    assert [each != "open" for each in found] == (corrected <= 0.05).tolist()
    assert 0 < sum(corrected <= 0.05) < 60


@pytest.mark.parametrize("margin", [0.3, 0.6, 1.0])
def test_sameness_that_is_found_is_stricter_than_two_one_sided_tests_at_half_the_level(margin):
    """A two-sided interval at level 1 - a within the margin is TOST at a / 2 (Schuirmann 1987)."""
    pairs = np.random.default_rng(2).normal(0.1, 1.0, (40, 2, 30))
    found = _findings(intervals(pairs[:, 0] - pairs[:, 1], 5), margin)
    p_values = [ttost_paired(first, second, -margin, margin)[0] for first, second in pairs]
    assert [each == "negligible" for each in found] == [p < 0.05 / 5 / 2 for p in p_values]


def _findings(found: Intervals, margin: float) -> list[str]:
    return [find(mean, half, margin) for mean, half in zip(found.mean, found.half, strict=True)]


@pytest.mark.parametrize(
    ("mean", "half", "margin", "finding"),
    [
        (5.0, 0.1, 1.0, "higher"),
        (-5.0, 0.1, 1.0, "lower"),
        (0.5, 0.1, 1.0, "negligible"),  # not zero, and yet smaller than the margin
        (-0.5, 0.1, 1.0, "negligible"),
        (0.0, 0.9, 1.0, "negligible"),
        (0.95, 0.1, 1.0, "higher"),  # it crosses the margin, not zero
        (0.5, 0.5, 1.0, "open"),  # it touches zero, and the margin
        (0.0, 1.0, 1.0, "open"),
        (0.9, 1.0, 1.0, "open"),
        (5.0, np.inf, 1.0, "open"),
        (0.2, 0.1, 0.0, "higher"),
        (-0.2, 0.1, 0.0, "lower"),
        (0.0, 0.1, 0.0, "open"),
        (0.0, 0.0, 0.0, "open"),  # a margin of zero has no inside
        (0.0, 0.0, 1.0, "negligible"),
        (0.0, np.inf, 1.0, "open"),
    ],
)
def test_findings_follow_the_table(mean, half, margin, finding):
    assert find(mean, half, margin) == finding


@pytest.mark.parametrize("n", [1, 2])
def test_fewer_than_three_seeds_find_nothing(n):
    found = intervals(np.full((2, n), [[0.0], [100.0]]), 1)
    assert np.isinf(found.half).all()
    assert _findings(found, margin=1.0) == ["open", "open"]


def test_three_seeds_can_find_something():
    assert _findings(intervals(np.array([[1.0, 1.001, 0.999]]), 1), margin=0.1) == ["higher"]
    assert FEWEST == 3


@pytest.mark.parametrize("value", [0.0, 0.1, 5.0])
def test_equal_values_of_few_seeds_are_no_evidence(value):
    for n in range(3, FEWEST_EQUAL):
        assert _findings(intervals(np.full((1, n), value), 1), margin=1.0) == ["open"]
    found = intervals(np.full((1, FEWEST_EQUAL), value), 1)
    assert (found.half[0], found.deviation[0]) == (0.0, 0.0)
    assert _findings(found, margin=1.0) == ["higher" if value > 1 else "negligible"]


def test_rounding_is_zero():
    first, second = 0.1 + 0.2, 0.3
    assert first != second
    assert zero_rounding(np.array([first - second]), np.array([first + second])) == [0.0]
    assert zero_rounding(np.array([1e-9]), np.array([0.6])) == [1e-9]
    assert zero_rounding(np.zeros(1), np.zeros(1)) == [0.0]


def test_error_of_the_test_set_adds_in_squares():
    differences = np.array([[-1.0, 1.0] * 8])
    error = 0.3
    found = intervals(differences, 5, test_error_M=[error])
    expected = np.hypot(differences.std(ddof=1) / 4, error)
    assert found.half[0] == pytest.approx(stats.t.ppf(1 - 0.05 / 5 / 2, 15) * expected, rel=TOLERANCE)
    assert found.half_alone[0] == pytest.approx(stats.t.ppf(0.975, 15) * expected, rel=TOLERANCE)
    assert found.deviation[0] == pytest.approx(differences.std(ddof=1))


def test_error_of_the_test_set_is_that_of_a_mean_over_its_examples():
    """20 seeds, 200 examples: a share of seeds is right on each; the mean difference is one of accuracies."""
    right_2SN = np.random.default_rng(0).uniform(size=(2, 20, 200)) < 0.8
    share_2N = right_2SN.mean(axis=1)
    expected = stats.sem(share_2N[0] - share_2N[1])
    assert error_of_test_set(share_2N[0] - share_2N[1]) == pytest.approx(expected, rel=TOLERANCE)
    assert error_of_test_set(np.zeros((2, 5))).tolist() == [0.0, 0.0]


def test_step_of_a_grid_adds_half_of_itself_to_either_side():
    differences = np.stack([np.zeros(16), np.linspace(-1, 1, 16)])
    plain, stepped = intervals(differences, 3), intervals(differences, 3, step_M=[0.25, 0.25])
    np.testing.assert_allclose(stepped.half - plain.half, 0.125)
    np.testing.assert_allclose(stepped.half_alone - plain.half_alone, 0.125)
    assert [find(0.0, half, 0.1) for half in (plain.half[0], stepped.half[0])] == ["negligible", "open"]


@pytest.mark.parametrize("confidence", [0.8, 0.99])
def test_confidence_is_that_of_all_intervals_together(differences, confidence):
    half = intervals(differences, 6, confidence=confidence).half
    np.testing.assert_allclose(half, intervals(differences, 1, confidence=1 - (1 - confidence) / 6).half_alone)


finite = st.floats(-100, 100).map(lambda value: round(value, 3))
samples = st.integers(2, 20).flatmap(lambda n: arrays(float, (2, n), elements=finite))


@given(samples, st.integers(1, 500), st.floats(0, 50))
def test_opposite_differences_have_opposite_findings(values, number, margin):
    opposite = {"higher": "lower", "lower": "higher"}
    found, turned = (intervals(sign * values, number) for sign in (1, -1))
    np.testing.assert_array_equal(found.half, turned.half)
    assert _findings(turned, margin) == [opposite.get(each, each) for each in _findings(found, margin)]


@given(samples, st.integers(1, 500), st.floats(0, 50), st.sampled_from([0.125, 4.0, 1024.0]))
def test_findings_do_not_depend_on_the_unit(values, number, margin, factor):
    """Powers of two, which scale without rounding."""
    found, scaled = intervals(values, number), intervals(factor * values, number)
    np.testing.assert_array_equal(scaled.half, factor * found.half)
    assert _findings(scaled, factor * margin) == _findings(found, margin)


@given(samples, st.integers(1, 500))
def test_intervals_are_wider_the_more_comparisons_there_are(values, number):
    one, more, alone = intervals(values, number), intervals(values, number + 1), intervals(values, 1)
    np.testing.assert_array_equal(one.mean, more.mean)
    np.testing.assert_array_equal(one.half_alone, more.half_alone)
    moves = np.isfinite(one.half) & (one.deviation > 0)
    assert (more.half[moves] > one.half[moves]).all()
    assert (one.half >= alone.half).all()
    np.testing.assert_array_equal(np.isfinite(one.half), np.isfinite(more.half))


@given(samples, st.integers(1, 50))
def test_a_comparison_does_not_depend_on_the_others(values, number):
    both, first = intervals(values, number), intervals(values[:1], number)
    assert [each[0] for each in both] == [each[0] for each in first]


def _coverage(number: int, corrected_for: int, rng: np.random.Generator) -> float:
    """Share of reports whose ``number`` intervals all cover. Comparisons share a baseline and a seed's luck, as those of a report do."""
    n, true_M = 10, np.linspace(-1, 1, number)
    covered = 0
    for _ in range(REPORTS):
        values_MS = rng.normal(size=(number + 1, n)) + rng.normal(size=n)
        found = intervals(true_M[:, None] + values_MS[1:] - values_MS[0], corrected_for)
        covered += (np.abs(found.mean - true_M) <= found.half).all()
    return covered / REPORTS


def test_all_intervals_of_a_report_cover_together_as_often_as_they_say_and_not_without_correction():
    """Three standard errors of 4,000 simulated reports are 1.0 percentage points."""
    rng = np.random.default_rng(0)
    error = 3 * np.sqrt(0.95 * 0.05 / REPORTS)
    assert _coverage(12, 12, rng) >= 0.95 - error
    assert _coverage(12, 1, rng) < 0.95 - error
    assert _coverage(1, 1, rng) == pytest.approx(0.95, abs=error)  # alone an interval is exact: no wider than it must be
