"""Axes on which losses and errors of all sizes can be told apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from jaxnorm.report.axes import FEWEST_TICKS, loss_ticks, spread_axis
from jaxnorm.stats.units import FRACTION, NATS


@given(st.floats(1e-4, 10), st.floats(1.2, 1e4))
def test_ticks_are_round_numbers_within_the_axis(low, ratio):
    high = low * ratio
    ticks = loss_ticks(low, high)
    assert all(low <= tick <= high for tick in ticks)
    assert ticks == sorted(ticks)
    assert len(ticks) >= FEWEST_TICKS or ratio < 4
    assert all(float(f"{tick:.2g}") == tick for tick in ticks)


@pytest.mark.parametrize(
    ("values", "scale"), [([1.0, 2.0], "linear"), ([0.01, 2.0], "log"), ([0.0, 0.0], "linear"), ([0.0, 0.01, 2.0], "log")]
)
def test_losses_are_logarithmic_where_they_span_much(values, scale):
    ax = Figure().subplots()
    ax.plot(values)
    spread_axis(ax, NATS, np.array(values))
    assert ax.get_yscale() == scale


def test_accuracies_are_spread_by_the_errors_that_they_leave():
    ax = Figure().subplots()
    values = np.array([50.0, 90.0, 99.0])
    ax.plot(values)
    spread_axis(ax, FRACTION, values)
    low, high = ax.get_ylim()
    assert low < 50
    assert 99 < high <= 100
    places = ax.transData.transform([(0, 50), (0, 90), (0, 99)])[:, 1]
    assert np.diff(places) == pytest.approx(np.log([5, 10]) * np.diff(places)[0] / np.log(5))
    assert all(low <= tick <= high for tick in ax.get_yticks())


@pytest.mark.parametrize("values", [[97.0, 98.0], [100.0, 100.0], [0.0, 0.0]])
def test_accuracies_that_span_little_stay_as_they_are(values):
    ax = Figure().subplots()
    ax.plot(values)
    spread_axis(ax, FRACTION, np.array(values))
    assert ax.get_yscale() == "linear"
