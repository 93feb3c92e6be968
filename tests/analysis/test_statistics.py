"""Laws of the statistics: against brute force, scipy, statsmodels and a textbook. ``test_coverage`` has what is simulated."""

import itertools

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from jaxnorm.analysis.bootstrap import bca_interval, expanded_tail
from jaxnorm.analysis.statistics import (
    FAMILIES,
    could_show,
    equivalence_p,
    exceedance_p,
    holm,
    mean_interval,
    paired_interval,
    sign_flip_p,
    t_interval,
)
from jaxnorm.analysis.summary import ALPHA

ROUNDING = 1e-10


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
    np.testing.assert_allclose(function(differences)[2:4], function(differences[2:4]), rtol=ROUNDING)


def test_t_interval_is_that_of_a_textbook():
    """Mean 5, standard deviation 2, n = 4: 5 ± 3.182 * 2 / sqrt(4), with 3.182 from Student's table at 3 degrees of freedom."""
    low, high = t_interval(5 + np.array([-1, -1, 1, 1]) * np.sqrt(3))
    assert (float(low), float(high)) == pytest.approx((5 - 3.1824, 5 + 3.1824), abs=1e-4)


@pytest.mark.parametrize("n", [2, 4, 8, 16, 64])
def test_paired_interval_reaches_as_far_as_the_wider_of_its_two_parts(n):
    differences = np.random.default_rng(n).exponential(size=(30, n))
    low, high = paired_interval(differences)
    (t_low, t_high), (bca_low, bca_high) = t_interval(differences), bca_interval(differences, expanded_tail(n, 0.95))
    np.testing.assert_array_equal(low, np.where(t_low < bca_low, t_low, bca_low))
    np.testing.assert_array_equal(high, np.where(t_high > bca_high, t_high, bca_high))


def test_paired_interval_of_one_outlier_stays_within_reach_of_the_data():
    """As where one of 16 networks went astray: its difference is 2 nats, the others' a thousandth."""
    differences = np.append(np.random.default_rng(0).normal(0, 1e-3, 15), 2.0)
    low, high = paired_interval(differences)
    assert low < 0 < 0.125 < high < 1.0


def test_paired_interval_follows_skewness():
    differences = np.random.default_rng(0).exponential(size=(20, 32))
    low, high = paired_interval(differences)
    mean = differences.mean(axis=1)
    assert ((high - mean) > (mean - low)).mean() > 0.9


@pytest.mark.parametrize("n", [2, 8, 32])
def test_interval_of_equal_values_is_a_point(n):
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


@pytest.mark.parametrize("n", [3, 24])
@pytest.mark.parametrize("test", [sign_flip_p, lambda values: equivalence_p(values, 1.0), lambda values: exceedance_p(values, 1.0)])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_p_of_what_is_not_finite_is_one_and_leaves_the_others_alone(test, n, value):
    differences = np.random.default_rng(0).normal(1.2, 0.3, (3, n))
    alone = test(differences[[0, 2]])
    differences[1, 0] = value
    assert test(differences)[1] == 1.0
    np.testing.assert_allclose(test(differences)[[0, 2]], alone, rtol=ROUNDING)


def test_two_seeds_have_an_interval_and_hardly_a_p():
    low, high = paired_interval([0.1, 0.3])
    expected = stats.ttest_1samp([0.1, 0.3], 0).confidence_interval(0.95)
    assert (float(low), float(high)) == pytest.approx((expected.low, expected.high), rel=ROUNDING)
    assert sign_flip_p([0.1, 0.3]) == 0.5


def test_margin_tests_are_certain_of_equal_values():
    values = np.full((2, 6), [[0.1], [0.3]])
    assert equivalence_p(values, 0.2).tolist() == [0.0, 1.0]
    assert exceedance_p(values, 0.2).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("count", [0, 1, 2, 7, 30])
def test_holm_equals_statsmodels(count):
    p_values = np.random.default_rng(count).uniform(0, 0.2, count) ** 2
    expected = multipletests(p_values, method="holm")[1] if count else p_values
    np.testing.assert_allclose(holm(p_values), np.asarray(expected), rtol=ROUNDING)


@pytest.mark.parametrize(("n", "number", "could"), [(12, 30, False), (13, 30, True), (5, 1, False), (32, 1000, True)])
def test_few_seeds_cannot_show_anything_of_a_report(n, number, could):
    assert could_show(n, number) is could
    smallest = sign_flip_p(np.ones(n))
    assert (smallest * number * FAMILIES <= ALPHA) == could
