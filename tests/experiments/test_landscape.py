"""The landscape instrument as a user runs it."""

import numpy as np
import pandas as pd
import pytest
from experiments.refusals import assert_refused

from jaxnorm.experiments.landscape.__main__ import main
from jaxnorm.experiments.landscape.claims import METRICS
from jaxnorm.stats.summary import Summary

TINY = ["--norms", "batch", "noisy", "--seeds", "2", "--epochs", "2", "--hidden-sizes", "8", "--batch-size", "128"]
TINY += ["--probe-examples", "32", "--lanczos-iterations", "2", "--steps", "1", "4", "--relative-steps", "0.01", "0.04"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run's folder."""
    out = tmp_path_factory.mktemp("run") / "out"
    levels = [f"{level:.3f}" for level in np.geomspace(0.3, 2.3, 60)]
    assert main([*TINY, "--loss-levels", *levels, "--out", str(out)]) == 0
    return out


def test_landscape_is_recorded_before_training_and_after_every_epoch(finished):
    rows = pd.read_parquet(finished / "metrics.parquet")
    probed = rows[rows.metric.isin(["probed_loss", *METRICS])]
    assert (probed.groupby(["norm", "seed", "metric"]).epoch.apply(list).map(lambda epochs: sorted(epochs) == [0, 1, 2])).all()
    assert probed.metric.nunique() == 9
    assert np.isfinite(probed.value).all()


def test_landscape_report_compares_at_equal_loss(finished):
    summary = Summary.load(finished / "summary.json")
    assert {"smoothness_matched", "smoothness_scaled_area"} <= {comparison.measure for comparison in summary.comparisons}
    levels = summary.facts["levels"]
    assert [point.setting["matched_loss"] for point in summary.sweeps[0].points] == levels
    rows = pd.read_parquet(finished / "metrics.parquet")
    loss = rows[rows.metric == "probed_loss"].groupby("epoch").value
    assert loss.max()[2] <= min(levels) <= max(levels) < loss.min()[1]
    assert {path.stem for path in (finished / "figures").glob("*.svg")} == {"against_loss", "over_epochs", "curves"}


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--hidden-sizes"], ["--hidden-sizes is empty", "give at least one"]),
        (["--steps", "1"], ["--steps 1", "at least 2"]),
        (["--steps", "1", "-2"], ["--steps -2", "positive"]),
        (["--relative-steps", "0.1", "0"], ["--relative-steps 0", "positive"]),
        (["--relative-steps", "0.1", "0.1"], ["--relative-steps", "0.1 twice"]),
        (["--loss-levels", "nan"], ["--loss-levels nan", "positive"]),
        (["--lanczos-iterations", "0"], ["--lanczos-iterations 0", "at least 1"]),
        (["--probe-examples", "1"], ["--probe-examples 1", "at least 2"]),
        (["--probe-examples", "2000"], ["--probe-examples 2000", "1437"]),
        (["--hidden-sizes", "0"], ["--hidden-sizes 0", "at least 1"]),
        (["--batch-size", "5000"], ["5000", "1437"]),
    ],
)
def test_landscape_refuses_what_cannot_be_meant(flags, words, tmp_path, capsys):
    assert_refused(main, flags, words, tmp_path, capsys)
