"""The covariate-shift instrument as a user runs it."""

import json

import pandas as pd
import pytest
from experiments.refusals import assert_refused

from jaxnorm.experiments.covariate_shift.__main__ import main
from jaxnorm.stats.summary import Summary

TINY = ["--norms", "none", "batch", "--activations", "sigmoid", "--seeds", "2", "--epochs", "1", "--hidden-sizes", "8", "8"]
SMALL = [*TINY, "--observed-units", "2", "--probe-batches", "2", "--batch-size", "30"]


def test_covariate_shift_writes_tables_figures_and_verdicts(tmp_path):
    out = tmp_path / "out"
    assert main([*SMALL, "--out", str(out)]) == 0
    rows = pd.read_parquet(out / "metrics.parquet")
    assert list(rows.columns) == ["norm", "activation", "seed", "role", "epoch", "metric", "value"]
    metrics = set(rows["metric"])
    assert {"input_p50.unit_1", "gradient_cosine", "gradient_distance.dense_1", "gradient_change.logits", "saturation"} <= metrics
    assert "input_p50.unit_2" not in metrics
    assert sorted(rows[rows.metric == "gradient_distance"].epoch.unique()) == [0, 1]
    summary = Summary.load(out / "summary.json")
    assert summary.instrument == "covariate_shift"
    assert [verdict.claim for verdict in summary.verdicts] == ["D9a", "D9b", "D11a"]
    assert {path.stem for path in (out / "figures").glob("*.svg")} == {"inputs", "drift", "gradients", "saturation"}
    assert json.loads((out / "config.json").read_text())["activations"] == ["sigmoid"]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--activations", "relu", "relu"], ["--activations", "relu twice"]),
        (["--activations", "gelu"], ["--activations", "gelu"]),
        (["--activation", "tanh"], ["--activation tanh", "--activations"]),
        (["--hidden-sizes"], ["--hidden-sizes"]),
        (["--hidden-sizes", "8", "0"], ["--hidden-sizes 0", "at least 1"]),
        (["--observed-units", "101"], ["--observed-units 101", "at most 100"]),
        (["--probe-batches", "0"], ["--probe-batches 0", "at least 1"]),
        (["--probe-batches", "24"], ["--probe-batches 24", "1437", "at most 23"]),
        (["--batch-size", "5000"], ["5000", "1437"]),
        (["--batch-size", "1", "--probe-batches", "2"], ["--batch-size 1", "'batch'"]),
    ],
)
def test_covariate_shift_refuses_what_cannot_be_meant(flags, words, tmp_path, capsys):
    assert_refused(main, flags, words, tmp_path, capsys)
