"""The batch size instrument as a user runs it."""

import numpy as np
import pandas as pd
import pytest
from experiments.refusals import assert_refused

from jaxnorm.config.norms import COUPLES, couples_examples
from jaxnorm.experiments.batch_size.__main__ import main
from jaxnorm.experiments.batch_size.study import BatchSizeArm, BatchSizeConfig
from jaxnorm.experiments.batch_size.train import INSTRUMENT, build_arm_norm, find_dataset, limits
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.stats.summary import Summary

SIZES = ["--batch-sizes", "8", "--ghost-sizes", "8", "--ghost-batch-size", "8", "--sorted-batch-size", "8", "--reference-batch-size", "32"]
RATES = ["--learning-rates", "0.1", "0.4"]
TINY = ["--norms", "batch", *SIZES, *RATES, "--seeds", "2", "--tuning-seeds", "1", "--epochs", "1", "--width", "8", "--max-examples", "64"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run's folder: one norm at one batch size, in one ghost, and on sorted batches."""
    out = tmp_path_factory.mktemp("run") / "out"
    assert main([*TINY, "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def rows(finished):
    """Its metrics."""
    return pd.read_parquet(finished / "metrics.parquet")


def values_of(rows, metric, **factors):
    """A metric of some networks, by seed and rate."""
    chosen = np.logical_and.reduce([rows[name] == value for name, value in (factors | {"metric": metric}).items()])
    return rows[chosen].set_index(["seed", "learning_rate"])["value"].sort_index()


def test_run_writes_tables_figures_and_report(finished, rows):
    assert list(rows.columns) == ["norm", "batch_size", "ghost_size", "order", "seed", "learning_rate", "role", "epoch", "metric", "value"]
    assert {path.name for path in (finished / "figures").glob("*.svg")} == {"evaluation.svg"}  # there is nothing to draw the others against
    assert (finished / "report.md").exists()


def test_only_arms_by_size_are_trained_at_the_scaled_rate(rows):
    networks = {(order, ghost): set(part["learning_rate"]) for (order, ghost), part in rows.groupby(["order", "ghost_size"])}
    assert networks == {("mixed", 0): {0.025, 0.1, 0.4}, ("mixed", 8): {0.1, 0.4}, ("sorted", 0): {0.1, 0.4}}
    assert set(rows.loc[rows["learning_rate"] == 0.025, "seed"]) == {0, 1}
    assert set(rows.loc[rows["learning_rate"] == 0.1, "seed"]) == {0, 1, 2}


def test_one_ghost_that_is_the_whole_batch_is_batch_norm(rows):
    ghost, whole = (values_of(rows, "train_loss", order="mixed", ghost_size=size) for size in (8, 0))
    np.testing.assert_allclose(ghost, whole[ghost.index], rtol=1e-4)


def test_sorting_by_class_changes_what_is_learned(rows):
    ordered, whole = (values_of(rows, "train_loss", order=order, ghost_size=0) for order in ("sorted", "mixed"))
    assert (ordered != whole[ordered.index]).all()


def test_summary_reports_the_fixed_the_scaled_and_the_best_rate(finished, rows):
    summary = Summary.load(finished / "summary.json")
    assert summary.seeds == [0, 1]
    best = {(sweep.norm, sweep.factors["order"]): sweep.marked["best"]["learning_rate"] for sweep in summary.sweeps}
    for arm in summary.arms:
        rate = {"fixed": 0.1, "scaled": 0.025}.get(str(arm.factors["rate"]), best[arm.norm, arm.factors["order"]])
        kinds = {name: arm.factors[name] for name in ("norm", "order", "ghost_size")}
        values = values_of(rows, "test_accuracy", **kinds).xs(rate, level="learning_rate")
        assert arm.by_seed["test_accuracy"] == pytest.approx(values[[0, 1]].tolist())


def test_networks_are_evaluated_with_every_kind_of_statistics(rows):
    kinds = [values_of(rows, f"test_accuracy_{kind}", order="mixed", ghost_size=0) for kind in ("biased", "unbiased", "batch_statistics")]
    gap = values_of(rows, "evaluation_gap", order="mixed", ghost_size=0)
    np.testing.assert_allclose(gap, kinds[2] - kinds[1], atol=1e-6)


def test_layer_norm_trains_on_batches_of_one_and_batch_norm_raises():
    config = BatchSizeConfig(width=8)
    dataset = find_dataset(config, config.arms[0])
    INSTRUMENT.train(config, BatchSizeArm("layer", 1, 0, "mixed"), dataset)
    for norm in filter(couples_examples, COUPLES):
        with pytest.raises(UsageError, match="at least 2"):
            INSTRUMENT.train(config, BatchSizeArm(norm, 1, int(norm == "ghost"), "mixed"), dataset)


def test_all_arms_share_the_first_examples_of_each_split():
    config = BatchSizeConfig(max_examples=200)
    first, *others = (find_dataset(config, arm) for arm in config.arms)
    assert all(other is first for other in others)
    assert [len(split.labels) for split in (first.train, first.validation, first.test)] == [200, 180, 180]


@pytest.mark.parametrize("updates", [1, 4, 40, 10_000])
def test_limits_of_batch_renorm_open_within_the_training(updates):
    opening = limits(updates)
    assert float(opening["r_max"](0)) == 1
    assert float(opening["d_max"](0)) == 0
    assert float(opening["r_max"](updates)) == 3
    assert float(opening["d_max"](updates)) == 5
    assert opening["r_max"].end <= max(2, 0.31 * updates)


def test_norms_of_ghosts_and_renorm_know_their_batches():
    config = BatchSizeConfig(epochs=10)
    dataset = find_dataset(config, config.arms[0])
    ghost = build_arm_norm(config, BatchSizeArm("ghost", 128, 16, "mixed"), dataset)
    renorm = build_arm_norm(config, BatchSizeArm("renorm", 32, 0, "mixed"), dataset)
    assert ghost.options["ghost_batch_size"] == 16
    assert renorm.options["r_max"].end == 0.3 * 10 * 1024 / 32


def test_quick_run_keeps_what_every_figure_needs():
    config = BatchSizeConfig().shortened()
    assert config.learning_rate in config.learning_rates
    assert config.sorted_batch_size in config.batch_sizes
    assert len(config.ghost_sizes) == 3
    assert len(config.arms) <= 12
    assert min(config.batch_sizes) == 1


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--ghost-batch-size", "2048"], ["--ghost-batch-size 2048", "give at most --max-examples 1024"]),
        (["--max-examples", "256", "--batch-sizes", "32", "512"], ["--batch-sizes 512", "give at most --max-examples 256"]),
        (["--batch-sizes", "1"], ["--batch-sizes 1", "batch", "add 2 or more"]),
        (["--batch-sizes", "4", "4"], ["--batch-sizes", "4 twice"]),
        (["--batch-sizes", "0", "32"], ["--batch-sizes 0", "at least 1"]),
        (["--batch-sizes", "32", "1025"], ["--batch-sizes 1025", "1024"]),
        (["--batch-sizes", "2", "8"], ["--sorted-batch-size 32", "--batch-sizes 2 8", "add it"]),
        (["--sorted-batch-size", "1", "--norms", "layer"], ["--sorted-batch-size 1", "2 examples or more"]),
        (["--ghost-sizes", "1"], ["--ghost-sizes 1", "divisors of --ghost-batch-size 128"]),
        (["--ghost-sizes", "48"], ["--ghost-sizes 48", "divisors of --ghost-batch-size 128"]),
        (["--ghost-sizes", "256", "--ghost-batch-size", "256"], ["--ghost-sizes 256", "180 test examples"]),
        (["--norms", "layer", "ghost"], ["--norms ghost", "--ghost-sizes"]),
        (["--learning-rate", "0.2"], ["--learning-rate 0.2", "add it"]),
        (["--reference-batch-size", "0"], ["--reference-batch-size 0", "at least 1"]),
        (["--max-examples", "0"], ["--max-examples 0", "at least 1"]),
        (["--tuning-seeds", "0"], ["--tuning-seeds 0", "at least 1"]),
        (["--dataset", "synthetic_sequences"], ["MLP"]),
    ],
)
def test_batch_size_refuses_what_cannot_be_meant(flags, words, tmp_path, capsys):
    assert_refused(main, flags, words, tmp_path, capsys)
