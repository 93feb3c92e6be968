"""The main job as a user runs it: what it writes, resumes, refuses."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from jaxnorm.analysis.summary import Summary
from jaxnorm.experiments import study
from jaxnorm.experiments.compare import main

TINY = ["--seeds", "3", "--epochs", "2", "--hidden-sizes", "8"]


def run(out, *flags):
    return main([*TINY, "--out", str(out), *flags])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run's folder."""
    out = tmp_path_factory.mktemp("run") / "out"
    assert run(out) == 0
    return out


def test_compare_writes_every_promised_file(finished):
    present = {str(path.relative_to(finished)) for path in finished.rglob("*")}
    promised = {"config.json", "environment.json", "metrics.csv", "metrics.parquet", "summary.json", "report.md"}
    assert promised <= present
    figures = {name for name in present if name.startswith("figures/")}
    assert {name.removesuffix(".svg") for name in figures if name.endswith(".svg")} == {
        name.removesuffix(".png") for name in figures if name.endswith(".png")
    }
    assert len(figures) >= 6
    assert not [name for name in present if name.rsplit("/", 1)[-1].startswith(".")]


def test_compare_metrics_are_tidy_and_complete(finished):
    rows = pd.read_csv(finished / "metrics.csv")
    assert list(rows.columns) == ["norm", "batch_size", "seed", "epoch", "metric", "value"]
    curves = [f"{split}_{quantity}" for split in ("train", "validation") for quantity in ("loss", "accuracy")]
    arms, seeds, epochs = 4, 3, 2
    counts = rows.groupby("metric").size().to_dict()
    assert counts == dict.fromkeys(curves, arms * seeds * epochs) | dict.fromkeys(["test_loss", "test_accuracy"], arms * seeds)
    pd.testing.assert_frame_equal(rows, pd.read_parquet(finished / "metrics.parquet"), check_exact=False, rtol=1e-12)


def test_compare_summary_agrees_with_the_metrics(finished):
    rows, summary = pd.read_csv(finished / "metrics.csv"), Summary.load(finished / "summary.json")
    for arm in summary.arms:
        chosen = rows[(rows.norm == arm.norm) & (rows.batch_size == arm.factors["batch_size"]) & (rows.metric == "test_accuracy")]
        assert arm.measures["test_accuracy"].mean == pytest.approx(chosen.value.mean())
        assert arm.measures["test_accuracy"].n == 3


def test_compare_environment_tells_compile_and_run_time_apart(finished):
    environment = json.loads((finished / "environment.json").read_text())
    assert set(environment["arms"]) == {"batch-16", "batch-128", "layer-16", "layer-128"}
    assert all(arm["compile_seconds"] > 0 and arm["run_seconds"] > 0 for arm in environment["arms"].values())
    assert {"python", "packages", "processor", "cores", "backend", "devices", "wall_seconds", "date"} <= set(environment)


def test_compare_resumes_to_the_same_numbers(finished, tmp_path, monkeypatch, capsys):
    out, train_arm, trained = tmp_path / "out", study._train_arm, []

    def interrupted(config, arm, *rest):
        if len(trained) == 2:
            raise KeyboardInterrupt
        trained.append(arm)
        return train_arm(config, arm, *rest)

    monkeypatch.setattr(study, "_train_arm", interrupted)
    assert run(out) == 130
    assert "2 arms finished and kept" in " ".join(capsys.readouterr().out.split())
    assert set(pd.read_csv(out / "metrics.csv").norm) == {"batch"}
    trained.append("no interruption any more")
    assert run(out) == 0
    assert (out / "metrics.csv").read_bytes() == (finished / "metrics.csv").read_bytes()
    assert "2 arms of 4 were finished before" in " ".join(capsys.readouterr().out.split())


def test_compare_again_keeps_what_training_took(finished, capsys):
    before = (finished / "environment.json").read_bytes()
    assert run(finished) == 0
    assert (finished / "environment.json").read_bytes() == before
    assert "4 arms of 4 were finished before" in " ".join(capsys.readouterr().out.split())


def test_compare_no_resume_trains_again(finished, capsys):
    before = (finished / "metrics.csv").read_bytes()
    assert run(finished, "--no-resume") == 0
    assert "were finished before" not in capsys.readouterr().out
    assert (finished / "metrics.csv").read_bytes() == before


def test_compare_refuses_a_folder_of_other_settings(finished, capsys):
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*")}
    assert run(finished, "--learning-rate", "0.5") == 2
    message = capsys.readouterr().err
    assert "learning_rate is 0.001 there and 0.5 now" in message
    assert before == {path: path.stat().st_mtime_ns for path in finished.rglob("*")}


def test_compare_seed_is_the_same_alone_and_among_others(finished, tmp_path):
    alone = tmp_path / "alone"
    flags = ["--norms", "batch", "--batch-sizes", "16", "--seeds", "1", "--first-seed", "2"]
    assert run(alone, *flags) == 0
    among, single = (pd.read_csv(folder / "metrics.csv") for folder in (finished, alone))
    same = among[(among.norm == "batch") & (among.batch_size == 16) & (among.seed == 2)]
    pd.testing.assert_frame_equal(same.reset_index(drop=True), single, check_exact=True)


def test_compare_counts_diverged_seeds_and_keeps_them(tmp_path, capsys):
    out = tmp_path / "out"
    flags = ["--norms", "none", "--batch-sizes", "128", "--optimizer", "sgd", "--learning-rate", "1e6"]
    assert run(out, *flags) == 0
    summary = Summary.load(out / "summary.json")
    assert summary.arms[0].diverged == [0, 1, 2]
    assert np.isfinite([arm.measures["test_accuracy"].mean for arm in summary.arms]).all()
    assert "diverged" in capsys.readouterr().out


def test_protocol_is_read_and_flags_win(finished, tmp_path, capsys):
    """It asks for what the finished run had, once a flag has changed the number of seeds: a folder of other settings is refused."""
    protocol, out = tmp_path / "protocol.toml", tmp_path / "out"
    shutil.copytree(finished, out)
    protocol.write_text('norms = ["batch", "layer"]\nbatch_sizes = [16, 128]\nseeds = 5\nepochs = 2\nhidden_sizes = [8]\n')
    assert main([str(protocol), "--seeds", "3", "--out", str(out)]) == 0
    assert "4 arms of 4 were finished before" in " ".join(capsys.readouterr().out.split())
    assert main([str(protocol), "--out", str(out)]) == 2
    assert "seeds is 3 there and 5 now" in capsys.readouterr().err


def test_quick_run_takes_few_seeds_and_epochs(tmp_path, monkeypatch):
    def interrupted(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(study, "train_arms", interrupted)
    assert main(["--quick", "--out", str(tmp_path / "out")]) == 130
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert (config["seeds"], config["epochs"]) == (4, 2)


HEAVY = {"jax", "flax", "optax", "numpy", "pandas", "scipy", "matplotlib", "tensorflow_datasets"}


@pytest.mark.parametrize("instrument", ["compare", "depth", "sequences", "architectures", "throughput", "layers"])
def test_help_waits_for_nothing_heavy(instrument):
    code = f"import sys; from jaxnorm.experiments.{instrument} import main\ntry: main(['--help'])\nfinally: print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    *page, modules = result.stdout.splitlines()
    assert any("--out" in line for line in page)
    assert not HEAVY & set(modules.split())
