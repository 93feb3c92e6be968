"""The main job as a user runs it: what it writes, resumes, refuses."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jaxnorm.experiments import parts, study
from jaxnorm.experiments.compare.__main__ import main
from jaxnorm.experiments.compare.figures import WORDS
from jaxnorm.experiments.compare.study import CompareConfig
from jaxnorm.experiments.settings import default_folder
from jaxnorm.report.claims import verdict_line
from jaxnorm.report.text import MINUS, arm_title
from jaxnorm.stats.summary import Summary
from jaxnorm.training import replicas

TINY = ["--seeds", "3", "--epochs", "2", "--hidden-sizes", "8"]


def run(out, *flags):
    return main([*TINY, "--out", str(out), *flags])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run's folder."""
    out = tmp_path_factory.mktemp("run") / "out"
    assert run(out) == 0
    return out


@pytest.fixture
def undrawn(monkeypatch):
    """Figures and reports are left out: they take most of a tiny run's time."""
    monkeypatch.setattr(study, "draw_report", lambda *_args, **_options: None)


def test_compare_writes_every_promised_file(finished):
    present = {str(path.relative_to(finished)) for path in finished.rglob("*")}
    tables = {"metrics.csv", "metrics.parquet", "summary.json"}
    promised = {"config.json", "environment.json", "identity.json", *tables, "report.md", "report.html"}
    summary = Summary.load(finished / "summary.json")
    drawn = {f"figures/{name}.svg" for name in WORDS.figures_of(summary)}
    forests = {f"figures/claims/{verdict.claim}.svg" for verdict in summary.verdicts}
    keys = [*(arm.key for arm in summary.arms), "batch-16-control"]
    kept = {f"arms/{key}.{ending}" for key in keys for ending in ("parquet", "npz")}
    assert present == promised | drawn | forests | kept | {"arms", "figures", "figures/claims"}
    assert len(drawn) == 3
    assert not [name for name in present if name.rsplit("/", 1)[-1].startswith(".")]


def test_compare_metrics_are_tidy_and_complete(finished):
    rows = pd.read_csv(finished / "metrics.csv")
    assert list(rows.columns) == ["norm", "batch_size", "seed", "role", "epoch", "metric", "value"]
    curves = [f"{split}_{quantity}" for split in ("train", "validation") for quantity in ("loss", "accuracy")]
    arms, seeds, epochs = 4 + 1, 3, 2  # the fifth is the control
    counts = rows.groupby("metric").size().to_dict()
    assert counts == dict.fromkeys(curves, arms * seeds * epochs) | dict.fromkeys(["test_loss", "test_accuracy"], arms * seeds)
    pd.testing.assert_frame_equal(rows, pd.read_parquet(finished / "metrics.parquet"), check_dtype=False, rtol=1e-6)


@pytest.mark.usefixtures("undrawn")
def test_compare_control_has_seeds_of_its_own_and_changes_no_other_number(finished, tmp_path):
    rows, out = pd.read_csv(finished / "metrics.csv"), tmp_path / "out"
    further = rows[rows.seed >= 3]
    assert (set(further.role), set(rows[rows.seed < 3].role)) == ({"control"}, {"reported"})
    assert (set(further.norm), set(further.batch_size), set(further.seed)) == ({"batch"}, {16}, {3, 4, 5})
    assert run(out, "--no-control") == 0
    pd.testing.assert_frame_equal(rows[rows.seed < 3], pd.read_csv(out / "metrics.csv"), check_exact=True)
    with_control, without = (Summary.load(folder / "summary.json") for folder in (finished, out))
    assert without.control is None
    for name in ("comparisons", "verdicts", "tables", "number", "seeds"):
        assert getattr(with_control, name) == getattr(without, name)
    assert [arm.by_seed for arm in with_control.arms] == [arm.by_seed for arm in without.arms]
    assert with_control.control is not None
    losses = rows[(rows.norm == "batch") & (rows.batch_size == 16) & (rows.metric == "train_loss") & (rows.epoch == 2)]
    final = losses.sort_values("seed").value.to_numpy()
    assert (with_control.control.key, with_control.control.seeds) == ("batch-16", [3, 4, 5])
    compared = next(each for each in with_control.control.comparisons if each.measure == "train_loss")
    differences = final[:3] - final[3:]
    assert (compared.mean, compared.deviation) == pytest.approx((differences.mean(), differences.std(ddof=1)), rel=1e-6)


def test_compare_summary_agrees_with_the_metrics(finished):
    rows, summary = pd.read_csv(finished / "metrics.csv"), Summary.load(finished / "summary.json")
    for arm in summary.arms:
        own = (rows.norm == arm.norm) & (rows.batch_size == arm.factors["batch_size"]) & (rows.seed < 3)
        chosen = rows[own & (rows.metric == "test_accuracy")]
        assert arm.measures["test_accuracy"].mean == pytest.approx(chosen.value.mean())
        assert arm.measures["test_accuracy"].n == 3


def test_compare_environment_tells_compile_and_run_time_apart(finished):
    environment = json.loads((finished / "environment.json").read_text())
    assert set(environment["arms"]) == {"batch-16", "batch-128", "layer-16", "layer-128", "batch-16-control"}
    assert all(arm["compile_seconds"] > 0 and arm["run_seconds"] > 0 for arm in environment["arms"].values())
    assert {"python", "packages", "processor", "cores", "backend", "devices", "wall_seconds", "date"} <= set(environment)


@pytest.mark.usefixtures("undrawn")
def test_compare_resumes_to_the_same_numbers(finished, tmp_path, monkeypatch, capsys):
    out, train_arm, trained = tmp_path / "out", study._train_arm, []

    def interrupted(config, job, *rest):
        if len(trained) == 2:
            raise KeyboardInterrupt
        trained.append(job)
        return train_arm(config, job, *rest)

    monkeypatch.setattr(study, "_train_arm", interrupted)
    assert run(out) == 130
    assert "2 arms finished and kept" in " ".join(capsys.readouterr().out.split())
    assert set(pd.read_csv(out / "metrics.csv").norm) == {"batch"}
    trained.append("no interruption any more")
    assert run(out) == 0
    assert (out / "metrics.csv").read_bytes() == (finished / "metrics.csv").read_bytes()
    assert "2 arms of 4 kept from before" in " ".join(capsys.readouterr().out.split())


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("keep_after", [0.0, 1e9], ids=["kept as they end", "kept at the interruption"])
def test_compare_resumes_inside_an_arm_to_the_same_bytes(keep_after, tmp_path, monkeypatch, capsys):
    """Groups of two networks; the first is trained, Ctrl-C comes in the second."""
    monkeypatch.setattr(replicas, "MAPPED_PER_DEVICE", 1)
    monkeypatch.setattr(parts, "KEEP_AFTER", keep_after)
    flags = ["--norms", "batch", "--batch-sizes", "128", "--seeds", "5"]
    whole, out = tmp_path / "whole", tmp_path / "out"
    assert run(whole, *flags) == 0
    run_groups, trained = study.run_groups, []

    def interrupted(programs, remaining, *rest):
        for group in run_groups(programs, remaining, *rest):
            trained.append(len(remaining.seed))
            yield group
            if len(trained) == 1:
                raise KeyboardInterrupt

    monkeypatch.setattr(study, "run_groups", interrupted)
    assert run(out, *flags) == 130
    assert "0 arms and 2 networks of the next finished and kept" in " ".join(capsys.readouterr().out.split())
    assert [path.name for path in (out / "arms").iterdir()] == ["batch-128.part-0.npz"]
    assert run(out, *flags) == 0
    assert "0 arms of 1 and 2 networks of the next kept from before" in " ".join(capsys.readouterr().out.split())
    assert trained == [5, 3, 3, 5, 5, 5]  # then the control
    assert {path.stem for path in (out / "arms").iterdir()} == {"batch-128", "batch-128-control"}
    assert (out / "metrics.csv").read_bytes() == (whole / "metrics.csv").read_bytes()
    assert (out / "metrics.parquet").read_bytes() == (whole / "metrics.parquet").read_bytes()
    timings = json.loads((out / "environment.json").read_text())["arms"]["batch-128"]
    assert timings["run_seconds"] > 0


def test_compare_again_keeps_what_training_took(finished, capsys):
    before = (finished / "environment.json").read_bytes()
    assert run(finished) == 0
    assert (finished / "environment.json").read_bytes() == before
    assert "4 arms of 4 and the control kept from before" in " ".join(capsys.readouterr().out.split())


@pytest.mark.usefixtures("undrawn")
def test_compare_prints_as_much_as_is_asked_for(finished, capsys):
    def printed(*flags):
        assert run(finished, *flags) == 0
        return capsys.readouterr().out

    summary = Summary.load(finished / "summary.json")
    quiet, normal, verbose = printed("--quiet"), printed(), printed("--verbose")
    assert summary.verdicts
    lines = [verdict_line(summary, WORDS, verdict) for verdict in summary.verdicts]
    assert quiet.splitlines() == [*lines, f"report: {finished / 'report.html'}"]
    claims = {verdict.claim for verdict in summary.verdicts}
    titles = {arm_title(arm.factors) for arm in summary.arms}
    for printed_text in (normal, verbose):
        told = " ".join(printed_text.split())
        assert claims <= set(told.split())
        assert all(title in told for title in titles)
    timed = {arm.key for arm in summary.arms} | {"batch-16-control"}
    assert timed & set(normal.split()) == set()
    assert timed <= set(verbose.split())
    assert verbose.count(MINUS) >= normal.count(MINUS) + sum(each.listed for each in summary.comparisons)
    assert len(quiet) < len(normal) < len(verbose)


def test_compare_ends_as_the_readme_says(finished, capsys):
    """In the folder of the default settings, and the files that are there."""
    readme = " ".join((Path(__file__).parents[2] / "README.md").read_text().split())
    assert run(finished) == 0
    ending = " ".join(capsys.readouterr().out.partition("written to ")[2].split())
    assert ending.startswith(str(finished))
    assert f"written to {default_folder(CompareConfig(), 'compare')}{ending.removeprefix(str(finished))} ```" in readme


@pytest.mark.usefixtures("undrawn")
def test_compare_no_resume_trains_again(finished, capsys):
    before = (finished / "metrics.csv").read_bytes()
    assert run(finished, "--no-resume") == 0
    assert "kept from before" not in capsys.readouterr().out
    assert (finished / "metrics.csv").read_bytes() == before


def test_compare_refuses_a_folder_of_other_settings(finished, capsys):
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*")}
    assert run(finished, "--learning-rate", "0.5") == 2
    message = capsys.readouterr().err
    assert "learning_rate is 0.001 there and 0.5 now" in message
    assert before == {path: path.stat().st_mtime_ns for path in finished.rglob("*")}


@pytest.mark.usefixtures("undrawn")
def test_compare_seed_is_the_same_alone_and_among_others(finished, tmp_path):
    alone = tmp_path / "alone"
    flags = ["--norms", "batch", "--batch-sizes", "16", "--seeds", "1", "--first-seed", "2", "--no-control"]
    assert run(alone, *flags) == 0
    among, single = (pd.read_csv(folder / "metrics.csv") for folder in (finished, alone))
    same = among[(among.norm == "batch") & (among.batch_size == 16) & (among.seed == 2)]
    pd.testing.assert_frame_equal(same.reset_index(drop=True), single, check_exact=True)


@pytest.mark.usefixtures("undrawn")
def test_compare_counts_diverged_seeds_and_keeps_them(tmp_path, capsys):
    out = tmp_path / "out"
    flags = ["--norms", "none", "--batch-sizes", "128", "--optimizer", "sgd", "--learning-rate", "1e6", "--no-control"]
    assert run(out, *flags) == 0
    summary = Summary.load(out / "summary.json")
    assert summary.arms[0].diverged == [0, 1, 2]
    assert np.isfinite([arm.measures["test_accuracy"].mean for arm in summary.arms]).all()
    assert "diverged" in capsys.readouterr().out


@pytest.mark.usefixtures("undrawn")
def test_protocol_is_read_and_flags_win(finished, tmp_path, capsys):
    """It asks for what the finished run had, once a flag has changed the number of seeds: a folder of other settings is refused."""
    protocol, out = tmp_path / "protocol.toml", tmp_path / "out"
    shutil.copytree(finished, out)
    protocol.write_text('norms = ["batch", "layer"]\nbatch_sizes = [16, 128]\nseeds = 5\nepochs = 2\nhidden_sizes = [8]\n')
    assert main([str(protocol), "--seeds", "3", "--out", str(out)]) == 0
    assert "4 arms of 4 and the control kept from before" in " ".join(capsys.readouterr().out.split())
    assert main([str(protocol), "--out", str(out)]) == 2
    assert "seeds is 3 there and 5 now" in capsys.readouterr().err


def test_quick_run_takes_few_seeds_and_epochs(tmp_path, monkeypatch):
    def interrupted(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(study, "train_arms", interrupted)
    assert main(["--quick", "--out", str(tmp_path / "out")]) == 130
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert (config["seeds"], config["epochs"], config["quick"]) == (4, 2, True)


@pytest.mark.parametrize("flags", [["--quick"], []])
def test_only_quick_runs_are_compiled_quickly(tmp_path, monkeypatch, flags):
    asked = set()

    def compiled(*_args, quick):
        asked.add(quick)
        raise KeyboardInterrupt

    monkeypatch.setattr(study, "compile_programs", compiled)
    assert main([*flags, "--out", str(tmp_path / "out")]) == 130
    assert asked == {bool(flags)}


HEAVY = {"jax", "flax", "optax", "numpy", "pandas", "scipy", "matplotlib", "tensorflow_datasets"}


@pytest.mark.parametrize("instrument", ["compare", "depth", "sequences", "architectures", "throughput", "layers"])
def test_help_waits_for_nothing_heavy(instrument):
    code = f"import sys; from jaxnorm.experiments.{instrument}.__main__ import main\ntry: main(['--help'])\nfinally: print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    *page, modules = result.stdout.splitlines()
    assert any("--out" in line for line in page)
    assert not HEAVY & set(modules.split())
