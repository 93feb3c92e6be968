"""Anybody's arrays, compared by the rule."""

import doctest

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from scipy import stats

import jaxnorm.stats as stats_package
from jaxnorm.stats import compare, samples

rng = np.random.default_rng(0)
LUCK = rng.normal(size=12)
SAMPLES = {
    "layer": 1.0 + LUCK,
    "batch": 4.0 + LUCK + 0.1 * rng.normal(size=12),
    "rms": 1.0 + LUCK + 0.01 * rng.normal(size=12),
    "none": LUCK + 3.0 * rng.normal(size=12),
}


def test_table_has_a_row_for_each_pair_with_the_baseline():
    table = compare(SAMPLES, margin=0.5).table
    assert list(table.columns) == ["contrast", "mean", "low", "high", "margin", "finding", "n"]
    assert table["contrast"].tolist() == ["batch - layer", "rms - layer", "none - layer"]
    assert table["finding"].tolist() == ["higher", "negligible", "open"]
    assert set(table["margin"]) == {0.5}
    assert set(table["n"]) == {12}


def test_intervals_are_paired_and_hold_together():
    table = compare(SAMPLES, margin=0.5, confidence=0.9).table
    for name, row in zip(("batch", "rms", "none"), table.itertuples(), strict=True):
        expected = stats.ttest_rel(SAMPLES[name], SAMPLES["layer"]).confidence_interval(1 - 0.1 / 3)
        assert (row.low, row.high) == pytest.approx((expected.low, expected.high), rel=1e-9)
        assert row.mean == pytest.approx((SAMPLES[name] - SAMPLES["layer"]).mean(), rel=1e-9)


def test_baseline_is_the_first_or_the_one_that_is_named():
    table = compare(SAMPLES, baseline="none").table
    assert table["contrast"].tolist() == ["layer - none", "batch - none", "rms - none"]
    assert compare(SAMPLES, baseline="layer").table.equals(compare(SAMPLES).table)


def test_margin_is_zero_unless_it_is_given():
    table = compare({"a": np.zeros(9), "b": np.full(9, 1e-6) * np.linspace(0.5, 1.5, 9)}).table
    assert table[["margin", "finding"]].values.tolist() == [[0.0, "higher"]]


def test_guards_are_those_of_reports():
    assert compare({"a": [0.0, 0.1], "b": [5.0, 5.1]}).table["finding"].tolist() == ["open"]
    assert compare({"a": [0.5] * 4, "b": [0.5] * 4}, margin=1).table["finding"].tolist() == ["open"]
    assert compare({"a": [0.3] * 8, "b": [0.1 + 0.2] * 8}, margin=1).table["mean"].tolist() == [0.0]


@pytest.mark.parametrize(
    ("samples", "settings", "named"),
    [
        ({}, {}, "samples"),
        ({"a": [1.0, 2.0, 3.0]}, {}, "samples"),
        ({"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0]}, {}, "samples"),
        ({"a": [[1.0, 2.0]], "b": [[1.0, 2.0]]}, {}, "samples"),
        ({"a": [1.0, 2.0, 3.0], "b": [1.0, np.nan, 2.0]}, {}, r"samples\['b'\]"),
        ({"a": [1.0, 2.0, np.inf], "b": [1.0, 1.0, 2.0]}, {}, r"samples\['a'\]"),
        ({"a": [], "b": []}, {}, "samples"),
        (SAMPLES, {"baseline": "Layer"}, "baseline"),
        (SAMPLES, {"margin": -0.1}, "margin"),
        (SAMPLES, {"margin": float("nan")}, "margin"),
        (SAMPLES, {"confidence": 95}, "confidence"),
        (SAMPLES, {"confidence": 0.0}, "confidence"),
    ],
)
def test_errors_name_the_argument(samples, settings, named):
    with pytest.raises(ValueError, match=f"^{named}"):
        compare(samples, **settings)


def test_plot_draws_what_the_table_says():
    found = compare(SAMPLES, margin=0.5)
    ax = found.plot(Figure().subplots())
    assert [label.get_text() for label in ax.get_yticklabels()] == found.table["contrast"].tolist()
    assert ax.yaxis.get_inverted()  # the first is on top
    points = [line for line in ax.lines if line.get_marker() == "o"]
    bars = [line for line in ax.lines if len(set(line.get_ydata())) == 1 and len(line.get_xdata()) == 2]
    for row, each in enumerate(found.table.itertuples()):
        assert list(points[row].get_xdata()) == [each.mean]
        assert (list(bars[row].get_xdata()), list(bars[row].get_ydata())) == ([each.low, each.high], [row, row])
        band = ax.collections[row].get_paths()[0].get_extents()
        assert (band.x0, band.x1) == (-0.5, 0.5)
        assert (to_hex(points[row].get_markerfacecolor()) == "#ffffff") == (each.finding == "open")


def test_plot_of_two_seeds_has_no_ends():
    ax = compare({"a": [0.0, 0.1], "b": [5.0, 5.1]}).plot(Figure().subplots())
    assert [line.get_marker() for line in ax.lines if len(line.get_xdata()) == 1] == ["o"]
    assert not [line for line in ax.lines if len(set(line.get_ydata())) == 1 and len(line.get_xdata()) == 2]


def test_its_example_runs():
    assert doctest.testmod(samples)[:] == (0, 4)


def test_it_is_a_name_of_the_package_however_it_is_reached():
    """No module may be called as it is: importing one sets a name of its package."""
    assert stats_package.compare is compare is samples.compare is stats_package.__getattr__("compare")
    with pytest.raises(AttributeError, match="compared"):
        stats_package.compared  # noqa: B018
