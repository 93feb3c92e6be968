"""The sensitivity instrument as a user runs it."""

import json

import numpy as np
import pandas as pd
import pytest
from experiments.refusals import assert_refused

from jaxnorm.experiments.sensitivity.__main__ import main
from jaxnorm.experiments.sensitivity.study import SensitivityConfig
from jaxnorm.experiments.sensitivity.train import INSTRUMENT
from jaxnorm.stats.summary import Summary

GRID = ["--learning-rates", "1e-3", "1e-1", "--learning-rate", "1e-3", "--init-scales", "1e-2", "1", "--init-scale", "1"]
TINY = ["--norms", "none", "batch", "--depths", "1", "--seeds", "2", "--tuning-seeds", "1", "--epochs", "1", "--width", "8", *GRID]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run's folder."""
    out = tmp_path_factory.mktemp("run") / "out"
    assert main([*TINY, "--out", str(out)]) == 0
    return out


def test_sensitivity_writes_tables_figures_and_report(finished):
    rows = pd.read_parquet(finished / "metrics.parquet")
    assert list(rows.columns) == ["norm", "depth", "seed", "learning_rate", "init_scale", "role", "epoch", "metric", "value"]
    assert rows.groupby("seed").role.unique().map(list).to_dict() == {0: ["reported"], 1: ["reported"], 2: ["tuning"]}
    assert not list(finished.glob("arms/*.npz"))
    networks = rows[["norm", "seed", "learning_rate", "init_scale"]].drop_duplicates()
    assert len(networks) == 2 * (2 * 2 * 2 + 2)
    names = ("learning_rate", "init_scale", "loss", "accuracy")
    assert {path.name for path in (finished / "figures").glob("*.svg")} == {f"{name}.svg" for name in names}
    assert json.loads((finished / "config.json").read_text())["init_scales"] == [0.01, 1.0]


def test_sensitivity_summary_agrees_with_the_metrics(finished):
    rows, summary = pd.read_parquet(finished / "metrics.parquet"), Summary.load(finished / "summary.json")
    assert summary.seeds == [0, 1]
    assert {verdict.claim for verdict in summary.verdicts} == {"D2", "D3a", "D3b", "D5"}
    for sweep, arm in zip(summary.sweeps, summary.arms, strict=True):
        for point in sweep.points:
            wanted = {"norm": sweep.norm, "metric": "train_loss"} | point.setting
            chosen = rows[np.logical_and.reduce([rows[column] == value for column, value in wanted.items()]) & (rows.seed < 2)]
            assert point.measures["train_loss"].mean == pytest.approx(chosen.value.mean())
            if point.setting == sweep.marked["best"]:
                assert arm.measures["train_loss"].mean == pytest.approx(chosen.value.mean())


def test_rate_and_scale_are_what_the_networks_were_trained_with(finished):
    rows = pd.read_parquet(finished / "metrics.parquet")
    losses = rows[(rows.norm == "none") & (rows.metric == "train_loss") & (rows.seed < 2)]
    mean = losses.pivot_table(index="init_scale", columns="learning_rate", values="value")
    assert mean.loc[0.01, 0.001] == pytest.approx(np.log(10), abs=0.01)  # small weights guess evenly, and hardly move at a small rate
    assert mean.loc[1, 0.1] < mean.loc[1, 0.001] - 0.5


def test_replicas_are_the_whole_grid_and_the_tuning_seeds_at_the_shared_scale():
    config = SensitivityConfig(seeds=3, tuning_seeds=2, first_seed=5, learning_rates=(0.01, 0.1), init_scales=(0.1, 1.0, 10.0))
    columns = INSTRUMENT.replicas(config, config.arms[0])
    networks = list(zip(columns["seed"], columns["learning_rate"], columns["init_scale"], strict=True))
    reported = {(seed, rate, scale) for seed in (5, 6, 7) for rate in (0.01, 0.1) for scale in (0.1, 1.0, 10.0)}
    assert len(networks) == len(set(networks))
    assert set(networks) == reported | {(seed, rate, 1.0) for seed in (8, 9) for rate in (0.01, 0.1)}


def test_quick_run_keeps_what_is_shared_and_the_ends_of_the_grids():
    whole = SensitivityConfig()
    quick = whole.shortened()
    assert quick.learning_rates == (0.001, 0.01, 10.0)
    assert quick.init_scales == (0.01, 1.0, 100.0)
    assert (quick.learning_rate, quick.init_scale) == (whole.learning_rate, whole.init_scale)
    assert len(quick.arms) * len(INSTRUMENT.replicas(quick, quick.arms[0])["seed"]) <= 100


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--learning-rate", "0.003"], ["--learning-rate 0.003", "--learning-rates 0.001 0.002", "add it"]),
        (["--init-scale", "3"], ["--init-scale 3", "--init-scales 0.01 0.1", "add it"]),
        (["--init-scales", "1", "0"], ["--init-scales 0", "positive"]),
        (["--init-scales", "1", "nan"], ["--init-scales nan", "positive"]),
        (["--init-scales", "1", "1"], ["--init-scales", "1.0 twice"]),
        (["--init-scales", "1"], ["--init-scales 1", "at least two"]),
        (["--learning-rates", "0.01"], ["--learning-rates 0.01", "at least two"]),
        (["--depths", "0"], ["--depths 0", "at least 1"]),
        (["--depths", "4", "4"], ["--depths", "4 twice"]),
        (["--tuning-seeds", "0"], ["--tuning-seeds 0", "at least 1"]),
        (["--loss-tolerance", "-1"], ["--loss-tolerance -1", "0 or a positive"]),
        (["--first-seed", "4294967280", "--seeds", "16"], ["--tuning-seeds 8", "4294967295"]),
        (["--batch-size", "5000"], ["5000", "1437"]),
    ],
)
def test_sensitivity_refuses_what_cannot_be_meant(flags, words, tmp_path, capsys):
    assert_refused(main, flags, words, tmp_path, capsys)
