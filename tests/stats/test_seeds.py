"""How many seeds: those with which the rule would decide what was observed, and no fewer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxnorm.stats.intervals import critical_value, find, intervals, level_of
from jaxnorm.stats.seeds import FEWEST, MOST_SEEDS, seeds_needed, smallest_shown
from jaxnorm.stats.verdicts import weigh

"""Sizes that are tried grow by at most 3 % (and by one at least): the first that decides is that close to the fewest that do."""


def _half(deviation, number, n, test_error=0.0, step=0.0):
    error = np.hypot(deviation / np.sqrt(n), test_error)
    return float(critical_value(n, level_of(number)) * error + step / 2)


@given(
    st.floats(-3, 3),
    st.floats(0.01, 3),
    st.floats(0.0, 2),
    st.integers(1, 200),
    st.floats(0, 0.2),
    st.floats(0, 0.2),
    st.sampled_from(["higher", "same", "different"]),
)
def test_so_many_seeds_decide_and_fewer_do_not(mean, deviation, margin, number, test_error, step, expected):
    needed = seeds_needed(mean, deviation, margin, number, test_error=test_error, step=step, of_margin=expected in ("same", "different"))

    def is_open(n):
        return weigh(expected, mean, _half(deviation, number, n, test_error, step), margin) == "open"

    if needed is None:
        assert is_open(MOST_SEEDS)
        return
    assert FEWEST <= needed <= MOST_SEEDS
    assert not is_open(needed)
    assert needed == FEWEST or is_open(needed - 1)


@pytest.mark.parametrize(("mean", "margin"), [(0.0, 0.0), (1.0, 1.0)])
def test_what_no_number_decides_is_none(mean, margin):
    assert seeds_needed(mean, 1.0, margin, 10, of_margin=True) is None


def test_error_of_the_test_set_stays_however_many_seeds():
    assert seeds_needed(0.1, 1.0, 0.0, 1) is not None
    assert seeds_needed(0.1, 1.0, 0.0, 1, test_error=0.1) is None


def test_more_comparisons_need_more_seeds():
    needed = [seeds_needed(0.5, 1.0, 0.01, number) for number in (1, 10, 100, 1000)]
    assert needed == sorted(needed)
    assert needed[0] < needed[-1]


@pytest.mark.parametrize("n", [3, 12, 32])
@pytest.mark.parametrize("number", [1, 60])
def test_smallest_shown_is_where_a_finding_begins(n, number):
    smallest = smallest_shown(n, number)
    values = np.linspace(-1, 1, n)
    values /= values.std(ddof=1)
    findings = []
    for factor in (0.999, 1.001):
        found = intervals(values[None] + factor * smallest, number)
        findings.append(find(found.mean[0], found.half[0], 0.0))
    assert findings == ["open", "higher"]


@pytest.mark.parametrize("n", [1, 2])
def test_too_few_seeds_show_nothing_however_large(n):
    assert smallest_shown(n, 1) is None
