"""The architectures instrument as a user runs it."""

import json

import numpy as np
import pandas as pd
import pytest
from experiments.refusals import assert_refused

from jaxnorm.experiments.architectures.__main__ import main
from jaxnorm.experiments.architectures.study import ArchitectureArm, ArchitecturesConfig
from jaxnorm.experiments.architectures.train import INSTRUMENT
from jaxnorm.stats.summary import Summary

RATES = ["--learning-rates", "1e-3", "1e-2", "--learning-rate", "1e-3"]
TINY = ["--norms", "layer", "batch", "--models", "mlp", "--seeds", "2", "--tuning-seeds", "1", "--epochs", "1", "--width", "8", *RATES]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run's folder."""
    out = tmp_path_factory.mktemp("run") / "out"
    assert main([*TINY, "--out", str(out)]) == 0
    return out


def test_architectures_writes_tables_figures_and_report(finished):
    rows = pd.read_parquet(finished / "metrics.parquet")
    assert list(rows.columns) == ["norm", "model", "seed", "learning_rate", "role", "epoch", "metric", "value"]
    networks = rows[["norm", "seed", "learning_rate"]].drop_duplicates()
    assert len(networks) == 2 * 3 * 2
    assert {path.name for path in (finished / "figures").glob("*.svg")} == {"accuracy.svg", "learning_rate.svg"}
    assert "learning_rate.svg" in (finished / "report.md").read_text()
    assert json.loads((finished / "config.json").read_text())["learning_rates"] == [0.001, 0.01]


def test_architectures_summary_agrees_with_the_metrics(finished):
    rows, summary = pd.read_parquet(finished / "metrics.parquet"), Summary.load(finished / "summary.json")
    assert summary.seeds == [0, 1]
    assert [arm.key for arm in summary.arms] == ["layer-mlp-best", "batch-mlp-best", "layer-mlp-shared", "batch-mlp-shared"]
    best = {sweep.norm: sweep.marked["best"]["learning_rate"] for sweep in summary.sweeps}
    for arm in summary.arms:
        rate = best[arm.norm] if arm.factors["rate"] == "best" else 0.001
        chosen = rows[(rows.norm == arm.norm) & (rows.learning_rate == rate) & (rows.seed < 2) & (rows.metric == "test_accuracy")]
        assert arm.measures["test_accuracy"].mean == pytest.approx(chosen.value.mean())


def test_learning_rate_is_what_the_networks_were_trained_at(finished):
    rows = pd.read_parquet(finished / "metrics.parquet")
    losses = rows[(rows.norm == "layer") & (rows.metric == "train_loss")].pivot_table(index="seed", columns="learning_rate", values="value")
    assert np.all(losses[0.01] < losses[0.001])  # one epoch is too short for the small rate


def test_replicas_are_all_seeds_at_all_rates():
    config = ArchitecturesConfig(seeds=3, tuning_seeds=2, first_seed=5, learning_rates=(0.001, 0.003))
    columns = INSTRUMENT.replicas(config, config.arms[0])
    pairs = list(zip(columns["seed"], columns["learning_rate"], strict=True))
    assert sorted(pairs) == [(seed, rate) for seed in range(5, 10) for rate in (0.001, 0.003)]


@pytest.mark.parametrize("model", ["mlp", "cnn", "lstm", "gru", "transformer"])
def test_every_architecture_can_be_built_with_every_norm(model):
    config = ArchitecturesConfig(width=8)
    for norm in config.norms:
        arm = ArchitectureArm(norm, model)
        INSTRUMENT.train(config, arm, INSTRUMENT.dataset(config, arm))


def test_quick_run_keeps_the_shared_rate_and_every_architecture():
    config = ArchitecturesConfig().shortened()
    assert config.learning_rate in config.learning_rates
    assert config.models == ArchitecturesConfig().models
    assert np.prod([len(config.learning_rates), config.seeds + config.tuning_seeds, config.epochs]) <= 24


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--learning-rate", "0.002"], ["--learning-rate 0.002", "--learning-rates 0.0003 0.001", "add it"]),
        (["--learning-rates", "0.003", "0"], ["--learning-rates 0", "positive"]),
        (["--learning-rates", "0.003", "nan"], ["--learning-rates nan", "positive"]),
        (["--learning-rates", "0.003", "0.003"], ["--learning-rates", "0.003 twice"]),
        (["--models", "cnn", "cnn"], ["--models", "cnn twice"]),
        (["--models", "resnet"], ["--models", "resnet", "cnn"]),
        (["--tuning-seeds", "0"], ["--tuning-seeds 0", "at least 1"]),
        (["--width", "30"], ["--width 30", "multiple of 4"]),
        (["--first-seed", "4294967280", "--seeds", "16"], ["--tuning-seeds 8", "4294967295"]),
        (["--batch-size", "5000"], ["5000", "1437"]),
        (["--norms", "instance", "--models", "mlp"], ["'instance'"]),
    ],
)
def test_architectures_refuses_what_cannot_be_meant(flags, words, tmp_path, capsys):
    assert_refused(main, flags, words, tmp_path, capsys)


def test_one_norm_alone_is_compared_with_no_other(tmp_path):
    out = tmp_path / "out"
    assert main([*TINY, "--norms", "layer", "--out", str(out)]) == 0
    summary = Summary.load(out / "summary.json")
    assert not summary.verdicts
    assert all({*each.weights} == {"layer-mlp-best", "layer-mlp-shared"} for each in summary.comparisons)
