"""The regularisation instrument as a user runs it, and what its arms have in common."""

import json

import numpy as np
import pandas as pd
import pytest
from experiments.refusals import assert_refused

from jaxnorm.experiments.build import load_dataset
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.regularisation import train as designs
from jaxnorm.experiments.regularisation.__main__ import main
from jaxnorm.experiments.regularisation.study import RegularisationConfig
from jaxnorm.experiments.regularisation.train import INSTRUMENT
from jaxnorm.stats.summary import Summary
from jaxnorm.training import fixed, shuffled

TINY = ["--norms", "none", "batch", "--seeds", "2", "--epochs", "2", "--freeze-epochs", "1", "--hidden-sizes", "8"]
TINY += [
    "--train-examples",
    "70",
    "--orders",
    "shuffled",
    "--matched-losses",
    "2.27",
    "1.0",
    "--batch-size",
    "16",
    "--learning-rate",
    "0.004",
]


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("regularisation") / "out"
    assert main([*TINY, "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def rows(out):
    return pd.read_parquet(out / "metrics.parquet")


def test_regularisation_writes_tables_figures_and_verdicts(out, rows):
    assert list(rows.columns) == ["norm", "order", "statistics", "seed", "role", "epoch", "metric", "value"]
    assert sorted(rows[rows.metric == "train_evaluation_loss"].epoch.unique()) == [0, 1, 2]
    summary = Summary.load(out / "summary.json")
    assert [verdict.claim for verdict in summary.verdicts] == ["D1", "D5", "D6"]
    assert {path.name for path in (out / "figures").glob("*.svg")} == {"trajectories.svg", "curves.svg"}
    assert json.loads((out / "config.json").read_text())["train_examples"] == 70
    assert (summary.data["train"], summary.data["validation"]) == (64, 180)
    assert summary.facts == {"levels": [2.27]}


def test_frozen_and_live_statistics_part_after_the_epoch_of_freezing(rows):
    wide = rows[(rows.norm == "batch") & (rows.metric == "validation_loss")].pivot_table("value", ["seed", "epoch"], "statistics")
    first, second = (wide.xs(epoch, level="epoch") for epoch in (1, 2))
    np.testing.assert_allclose(first.frozen, first.live, rtol=1e-5)
    assert (abs(second.frozen / second.live - 1) > 1e-4).all()


def test_training_loss_in_evaluation_mode_before_training_is_that_of_the_network_without_norm(rows):
    """Running statistics start at (0, 1), so BatchNorm first scales by 1 / sqrt(1 + epsilon) alone."""
    start = rows[(rows.metric == "train_evaluation_loss") & (rows.epoch == 0)].pivot_table("value", "seed", ["norm", "statistics"])
    np.testing.assert_allclose(start["batch", "live"], start["none", "live"], rtol=1e-4)


def test_arms_share_whole_batches_of_the_first_examples():
    config = RegularisationConfig(train_examples=70, batch_size=16)
    first, second = (INSTRUMENT.dataset(config, arm) for arm in config.arms[:2])
    whole = load_dataset("digits", None)
    assert first is second
    np.testing.assert_array_equal(first.train.labels, whole.train.labels[:64])
    np.testing.assert_array_equal(first.train.inputs, whole.train.inputs[:64])
    assert first.validation is whole.validation
    assert (
        len(INSTRUMENT.dataset(RegularisationConfig(train_examples=None, batch_size=16), config.arms[0]).train.labels) == 1437 - 1437 % 16
    )


def test_arm_has_the_order_that_it_names_and_freezes_at_the_end_of_its_epoch(monkeypatch):
    config = RegularisationConfig(norms=("batch",), train_examples=64, batch_size=16, freeze_epochs=3)
    monkeypatch.setattr(designs, "build_model", lambda _config, _model, norm, *_, **__: norm)
    monkeypatch.setattr(
        designs, "assemble", lambda _config, norm, *_, order, **__: (getattr(norm(train=True), "freeze_after", None), order)
    )
    built = {arm.key: INSTRUMENT.train(config, arm, INSTRUMENT.dataset(config, arm)) for arm in config.arms}
    assert built == {
        "batch-shuffled-live": (None, shuffled),
        "batch-shuffled-frozen": (3 * 4, shuffled),
        "batch-fixed-live": (None, fixed),
        "batch-fixed-frozen": (3 * 4, fixed),
    }


def test_more_examples_than_there_are_are_refused():
    config = RegularisationConfig(train_examples=2000)
    with pytest.raises(UsageError, match="--train-examples 2000 is more than there are: digits has 1437"):
        INSTRUMENT.dataset(config, config.arms[0])


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--freeze-epochs", "0"], ["--freeze-epochs 0", "at least 1"]),
        (["--freeze-epochs", "60"], ["--freeze-epochs 60", "--epochs 60", "give fewer"]),
        (["--train-examples", "0"], ["--train-examples 0", "at least 1"]),
        (["--train-examples", "5000"], ["--train-examples 5000", "1437"]),
        (["--train-examples", "16"], ["--batch-size 32", "give at most --train-examples 16"]),
        (["--matched-losses", "0"], ["--matched-losses 0", "positive"]),
        (["--matched-losses", "nan"], ["--matched-losses nan", "positive"]),
        (["--matched-losses", "0.1", "0.1"], ["--matched-losses", "0.1 twice"]),
        (["--orders", "sorted"], ["--orders"]),
        (["--hidden-sizes"], ["--hidden-sizes"]),
    ],
)
def test_regularisation_refuses_what_cannot_be_meant(flags, words, tmp_path, capsys):
    assert_refused(main, flags, words, tmp_path, capsys)
