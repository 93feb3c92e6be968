"""The layers instrument: its reference is the formula, and its tables say what was measured."""

import numpy as np
import pytest

from jaxnorm.experiments.layers import trials as layer_trials
from jaxnorm.experiments.layers.__main__ import main
from jaxnorm.experiments.layers.report import costs_table, errors_table
from jaxnorm.experiments.layers.results import Cost, LayersSummary, Ratio, RoundingError, median_ratio


@pytest.mark.parametrize("layer", layer_trials.SETTINGS)
def test_reference_has_mean_square_one_over_its_pooled_axes(layer):
    y = layer_trials.reference(layer, np.random.default_rng(0).normal(3.0, 2.0, layer_trials.ERROR_SHAPE))
    grouped = y.reshape(*y.shape[:2], 8, -1) if layer == "GroupNorm" else y
    np.testing.assert_allclose(np.mean(grouped**2, layer_trials.POOLED_AXES[layer]), 1.0)


def test_interval_of_a_median_is_that_of_order_statistics():
    found = median_ratio(np.arange(1.0, 46.0))  # binomial: 45 rounds leave 16 below and 16 above
    assert (found.median, found.low, found.high) == (23.0, 16.0, 30.0)
    assert median_ratio(np.array([2.0])) == Ratio(2.0, None, None)


def test_every_error_and_cost_stands_in_its_cell():
    measured = [("jaxnorm", 1.0, 3e-8), ("flax", 10.0, 0.02)]
    errors = [RoundingError("BatchNorm", library, "float32", offset, error) for library, offset, error in measured]
    cost = Cost("BatchNorm", (2, 3), Ratio(0.5, 0.4, 0.6), Ratio(0.7, None, None), 1.25)
    summary = LayersSummary(errors, [cost], 45)
    assert [[cell.text for cell in row] for row in errors_table(summary).rows] == [
        ["float32", "BatchNorm", "jaxnorm", "3e-08", ""],
        ["float32", "BatchNorm", "flax", "", "2e-02†"],
    ]
    assert [(cell.text, cell.small) for cell in costs_table(summary).rows[0]] == [
        ("BatchNorm", ""),
        ("2 × 3", ""),
        ("0.50", "[0.40, 0.60]"),
        ("0.70", ""),
        ("1.25", ""),
    ]


def test_layers_measures_every_layer_and_writes_its_results(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(layer_trials, "OFFSETS", (1.0, 1e3))
    monkeypatch.setattr(layer_trials, "DTYPES", ("float32",))
    monkeypatch.setattr(layer_trials, "COST_SHAPES", ((2, 4, 16),))
    monkeypatch.setattr(layer_trials, "WORK", 1)
    monkeypatch.setattr(layer_trials, "SETTINGS", {name: layer_trials.SETTINGS[name] for name in ("BatchNorm", "GroupNorm")})
    assert main(["--rounds", "1", "--out", str(tmp_path)]) == 0
    summary = LayersSummary.load(tmp_path / "summary.json")
    errors = {(row.layer, row.library, row.offset): row.error for row in summary.errors}
    assert {layer for layer, _, _ in errors} == {cost.layer for cost in summary.costs} == set(layer_trials.SETTINGS)
    assert errors["BatchNorm", "jaxnorm", 1e3] < 1e-3 < errors["BatchNorm", "flax", 1e3]
    assert all(cost.time.median > 0 and cost.saved > 0 for cost in summary.costs)
    assert "BatchNorm" in (tmp_path / "report.md").read_text()
    assert "Rounding error" in capsys.readouterr().out
