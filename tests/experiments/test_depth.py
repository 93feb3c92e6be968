"""The depth instrument as a user runs it, and the factor of law 13 that it must reproduce."""

import json
import math

import jax
import numpy as np
import pandas as pd
import pytest
from experiments.refusals import assert_refused

from jaxnorm.experiments.build import make_replicas, on_devices
from jaxnorm.experiments.depth.__main__ import main
from jaxnorm.experiments.depth.study import DepthArm, DepthConfig
from jaxnorm.experiments.depth.train import INSTRUMENT
from jaxnorm.stats.summary import Summary
from jaxnorm.training import make_mesh

TINY = ["--norms", "none", "batch", "--depths", "2", "--seeds", "2", "--epochs", "1", "--width", "8", "--placements", "plain"]


def test_depth_writes_table_figures_and_verdicts(tmp_path):
    out = tmp_path / "out"
    assert main([*TINY, "--out", str(out)]) == 0
    rows = pd.read_parquet(out / "metrics.parquet")
    assert list(rows.columns) == ["norm", "placement", "depth", "warmup_steps", "seed", "role", "epoch", "metric", "value"]
    probed = rows[rows.metric == "gradient_norm.block_1"]
    assert sorted(probed.epoch.unique()) == [0, 1]
    summary = Summary.load(out / "summary.json")
    assert summary.instrument == "depth"
    assert [verdict.claim for verdict in summary.verdicts] == ["D10"]
    assert {path.stem for path in (out / "figures").glob("*.svg")} == {"gradients"}
    assert "gradients.svg" in (out / "report.md").read_text()
    assert json.loads((out / "config.json").read_text())["depths"] == [2]


LAW_13 = math.sqrt(math.pi / (math.pi - 1))
"""Growth of the gradient per block with BatchNorm (Yang et al. 2019); that of the other norms is tested with the norms."""
SPREAD = 0.03
"""Three times the spread between seeds at this width and depth."""


def test_probe_finds_law_13_in_untrained_plain_networks():
    config = DepthConfig(width=384, probe_examples=256)
    arm = DepthArm("batch", "plain", 18, 0)
    dataset = INSTRUMENT.dataset(config, arm)
    start = jax.jit(INSTRUMENT.train(config, arm, dataset).start)
    seeds = make_replicas({"seed": [0, 1]}, config)
    data = on_devices(dataset, make_mesh())
    growth = [start(jax.tree.map(lambda leaf, s=s: leaf[s], seeds), data)[1]["gradient_growth"] for s in (0, 1)]
    assert np.mean(growth) == pytest.approx(LAW_13, abs=SPREAD)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--depths", "0"], ["--depths 0", "at least 1"]),
        (["--depths", "4", "4"], ["--depths", "4 twice"]),
        (["--warmup-steps", "-5"], ["--warmup-steps -5", "0 or a positive"]),
        (["--model", "transformer", "--placements", "plain"], ["--placements plain", "transformer", "post"]),
        (["--placements", "middle"], ["--placements"]),
        (["--batch-size", "5000"], ["5000", "1437"]),
    ],
)
def test_depth_refuses_what_cannot_be_meant(flags, words, tmp_path, capsys):
    assert_refused(main, flags, words, tmp_path, capsys)
