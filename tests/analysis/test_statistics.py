"""Laws of the statistics: against brute force, against statsmodels, against simulation."""

import itertools

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from jaxnorm.analysis.statistics import equivalence_p, exceedance_p, holm, mean_interval, paired_interval, sign_flip_p, t_interval

ROUNDING = 1e-10
MONTE_CARLO = 3.0
"""Standard errors by which a simulated rate may differ from the true one."""


def _brute_force_p(differences: np.ndarray) -> float:
    signs = np.array(list(itertools.product([1, -1], repeat=len(differences))))
    means = (signs * differences).mean(axis=1)
    above, below = (means >= differences.mean() - 1e-12).mean(), (means <= differences.mean() + 1e-12).mean()
    return min(1.0, 2 * min(above, below))


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 11])
def test_sign_flip_p_equals_enumeration(n):
    differences = np.random.default_rng(n).normal(0.4, 1, (3, n))
    np.testing.assert_allclose(sign_flip_p(differences), [_brute_force_p(row) for row in differences], rtol=ROUNDING)


def test_sign_flip_p_is_one_where_nothing_can_be_said():
    assert sign_flip_p([[0.3]]) == [1.0]
    assert sign_flip_p(np.zeros((2, 8))).tolist() == [1.0, 1.0]
    assert sign_flip_p(np.zeros((1, 32))) == [1.0]


def test_sign_flip_p_equals_scipy_where_exact():
    differences = np.random.default_rng(0).normal(0.5, 1, 10)
    expected = stats.permutation_test((differences,), np.mean, permutation_type="samples", n_resamples=2**10)
    assert sign_flip_p(differences) == pytest.approx(expected.pvalue, rel=ROUNDING)


def test_sign_flip_p_is_small_where_all_differences_agree():
    assert sign_flip_p(np.full(16, 0.3)) == 2 / 2**16
    assert sign_flip_p(np.full(32, 0.3)) == pytest.approx(1e-5)


def test_sign_flip_p_approaches_the_t_test():
    differences = np.random.default_rng(0).normal(0.3, 1, 40)
    assert sign_flip_p(differences) == pytest.approx(
        stats.ttest_1samp(differences, 0)[1], abs=0.01
    )  # the two differ by more than their 99,999 flips


@pytest.mark.parametrize("function", [sign_flip_p, lambda values: paired_interval(values)[0]])
def test_results_do_not_depend_on_the_other_comparisons(function):
    differences = np.random.default_rng(0).normal(size=(6, 24))
    np.testing.assert_array_equal(function(differences)[2:4], function(differences[2:4]))


@pytest.mark.parametrize(("n", "repetitions"), [(8, 3000), (32, 1500)])
def test_paired_interval_covers_the_true_mean(n, repetitions):
    """Both intervals aim at 95 %; the expanded BCa bootstrap's own error was below one point in 2000 simulations."""
    differences = np.random.default_rng(n).normal(1.0, 2.0, (repetitions, n))
    low, high = paired_interval(differences)
    covered = ((low <= 1.0) & (high >= 1.0)).mean()
    assert covered == pytest.approx(0.95, abs=0.01 + MONTE_CARLO * np.sqrt(0.95 * 0.05 / repetitions))


def test_paired_interval_follows_skewness():
    differences = np.random.default_rng(0).exponential(size=(20, 32))
    low, high = paired_interval(differences)
    mean = differences.mean(axis=1)
    assert ((high - mean) > (mean - low)).mean() > 0.9


@pytest.mark.parametrize("n", [2, 8, 32])
def test_intervals_of_equal_values_are_points(n):
    values = np.full((2, n), 0.1)
    values[1] = np.linspace(0, 1, n)
    low, high = paired_interval(values)
    assert low[0] == high[0] == pytest.approx(0.1, rel=ROUNDING)
    assert low[1] < 0.5 < high[1]


def test_mean_interval_is_students_and_absent_for_one_value():
    values = np.random.default_rng(0).normal(size=10)
    estimate = mean_interval(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (estimate.low, estimate.high) == pytest.approx((expected.low, expected.high), rel=ROUNDING)
    assert estimate.n == 10
    single = mean_interval([2.5])
    assert (single.mean, single.low, single.high, single.n) == (2.5, None, None, 1)


def test_equivalence_p_equals_statsmodels():
    rng = np.random.default_rng(0)
    for shift in (0.0, 0.3, -0.5, 1.4):
        first, second = rng.normal(shift, 1, 15), rng.normal(size=15)
        expected = ttost_paired(first, second, -1.0, 1.0)[0]
        assert equivalence_p(first - second, 1.0) == pytest.approx(expected, rel=ROUNDING)


def test_exceedance_p_agrees_with_the_t_interval():
    differences = np.random.default_rng(0).normal(1.0, 1.0, (200, 12))
    low, high = t_interval(differences)
    beyond = (low > 0.6) | (high < -0.6)
    np.testing.assert_array_equal(exceedance_p(differences, 0.6) <= 0.05, beyond)
    assert 0.05 < beyond.mean() < 0.95


@pytest.mark.parametrize("test", [equivalence_p, exceedance_p])
def test_margin_tests_say_nothing_of_one_seed(test):
    assert test([[0.1]], 1.0) == [1.0]


def test_margin_tests_are_certain_of_equal_values():
    values = np.full((2, 6), [[0.1], [0.3]])
    assert equivalence_p(values, 0.2).tolist() == [0.0, 1.0]
    assert exceedance_p(values, 0.2).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("count", [0, 1, 2, 7, 30])
def test_holm_equals_statsmodels(count):
    p_values = np.random.default_rng(count).uniform(0, 0.2, count) ** 2
    expected = multipletests(p_values, method="holm")[1] if count else p_values
    np.testing.assert_allclose(holm(p_values), np.asarray(expected), rtol=ROUNDING)
