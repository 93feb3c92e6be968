"""What a number of seeds can show, against a simulation and against a power calculation of statsmodels."""

import numpy as np
import pytest
from scipy import stats

from jaxnorm.analysis.power import POWER, detectable_difference, seeds_needed


@pytest.mark.parametrize("n", [8, 32])
def test_detectable_difference_is_found_four_times_in_five(n):
    rng = np.random.default_rng(0)
    sample = stats.norm.ppf((np.arange(n) + 0.5) / n)
    sample /= sample.std(ddof=1)
    difference = detectable_difference(sample)
    found = stats.ttest_1samp(difference + rng.normal(size=(20_000, n)), 0, axis=1).pvalue <= 0.05
    assert found.mean() == pytest.approx(POWER, abs=0.02)


@pytest.mark.parametrize("effect", [0.3, 0.5, 1.0])
def test_seeds_needed_are_those_of_a_power_calculation(effect):
    from statsmodels.stats.power import TTestPower

    exact = TTestPower().solve_power(effect_size=effect, power=POWER, alpha=0.05)
    sample = effect + np.array([-1.0, 1.0]) / np.sqrt(2)
    assert seeds_needed(sample) == pytest.approx(exact, abs=1.5)


def test_what_no_number_of_seeds_would_show_is_none():
    assert seeds_needed([1.0]) is None
    assert detectable_difference([1.0]) is None
    assert seeds_needed([-1.0, 1.0]) is None
    assert seeds_needed([-1.0, 1.0 + 1e-6]) is None
    assert seeds_needed([2.0, 2.0]) == 2
