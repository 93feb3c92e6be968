"""What is kept of a run is used again only if it is what was kept, on the same data, by the same versions."""

import dataclasses
import errno
import json
import os
import time

import jax
import numpy as np
import pandas as pd
import pytest
from experiments.refusals import assert_one_sentence

from jaxnorm import files
from jaxnorm.experiments import identity, study
from jaxnorm.experiments.claim import claim_folder
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.compare import train
from jaxnorm.experiments.compare.__main__ import main
from jaxnorm.experiments.correct import count_correct
from jaxnorm.experiments.folder import ArmResult
from jaxnorm.experiments.kept import DamagedError, read_table, write_table
from jaxnorm.experiments.report import main as report
from jaxnorm.stats.summary import Summary

FLAGS = ["--seeds", "3", "--epochs", "1", "--hidden-sizes", "8", "--batch-sizes", "128", "--no-control", "--quick"]


def run(out, *flags):
    return main([*FLAGS, "--out", str(out), *flags])


@pytest.fixture(autouse=True)
def drawn(monkeypatch):
    """Folders whose report was drawn; the drawing itself, which takes long, is left out."""
    folders = []

    def draw(_summary, _words, folder, *_args, **_options):
        folders.append(folder)
        for name in ("report.md", "report.html"):
            (folder / name).write_text("")
        (folder / "figures").mkdir(exist_ok=True)

    monkeypatch.setattr(study, "draw_report", draw)
    return folders


@pytest.fixture
def finished(tmp_path):
    out = tmp_path / "out"
    assert run(out) == 0
    return out


def test_correct_examples_average_to_the_test_accuracy(finished):
    rows = pd.read_csv(finished / "metrics.csv")
    accuracy = rows[(rows.norm == "layer") & (rows.metric == "test_accuracy")].value.to_numpy()
    with np.load(finished / "arms" / "layer-128.npz") as content:
        correct = content["test_correct"]
    assert (correct.shape, correct.dtype) == ((3, 180), np.uint8)
    np.testing.assert_allclose(correct.mean(1), accuracy, rtol=1e-6)


def test_count_correct_is_the_mean_over_the_chosen_networks():
    correct = np.uint8([[1, 0], [0, 0], [1, 1], [1, 0]])
    result = ArmResult(pd.DataFrame(), 4, 0.0, 0.0, [], correct)
    columns = {"seed": [0, 1, 0, 1], "learning_rate": [0.1, 0.1, 0.2, 0.2]}
    np.testing.assert_array_equal(count_correct(result, columns, range(2), {"learning_rate": 0.2}), [1.0, 0.5])
    np.testing.assert_array_equal(count_correct(result, columns, [0], {}), [1.0, 0.5])
    with pytest.raises(ValueError, match="no network"):
        count_correct(result, columns, [7], {})


@pytest.mark.parametrize("name", ["batch-128.parquet", "batch-128.npz"])
def test_damaged_arm_is_named_and_trained_again(finished, name, capsys):
    path, before = finished / "arms" / name, (finished / "metrics.csv").read_bytes()
    content = path.read_bytes()
    path.write_bytes(content[:50] + bytes(len(content) // 2) + content[50 + len(content) // 2 :])
    assert run(finished) == 0
    captured = capsys.readouterr()
    assert captured.err == f"{path} is damaged: what it held is trained again\n"
    assert "1 arm of 2 kept from before" in captured.out
    assert (finished / "metrics.csv").read_bytes() == before


def test_any_flipped_bit_of_a_table_is_found_or_changes_nothing(tmp_path):
    path, rows = tmp_path / "arm.parquet", pd.DataFrame({"norm": ["batch"] * 9, "value": np.linspace(0, 1, 9)})
    facts = {"networks": 3, "seconds": [0.1, 0.2]}
    write_table(path, rows, facts)
    whole = path.read_bytes()
    found = 0
    for byte in range(0, len(whole), 5):
        path.write_bytes(whole[:byte] + bytes([whole[byte] ^ 1 << byte % 8]) + whole[byte + 1 :])
        try:
            read, told = read_table(path)
        except DamagedError:
            found += 1
        else:
            pd.testing.assert_frame_equal(read, rows, check_exact=True)
            assert told == facts
    assert found > len(whole) / 5 / 2


def other_data(config, arm):
    dataset = train.load_dataset(config.dataset, config.data_dir)
    inputs = dataset.train.inputs.copy()
    inputs[0, 0, 0, 0] += 1
    return dataclasses.replace(dataset, train=dataset.train._replace(inputs=inputs))


def test_networks_of_other_data_are_refused_and_trained_again_if_asked(finished, capsys, monkeypatch):
    other = dataclasses.replace(train.INSTRUMENT, dataset=other_data)
    monkeypatch.setattr(train, "INSTRUMENT", other)
    before = {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
    assert run(finished) == 2
    assert_one_sentence(capsys.readouterr().err, ["data digits", "there and", "--no-resume"])
    assert before == {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
    assert run(finished, "--no-resume") == 0
    assert run(finished) == 0
    assert (finished / "metrics.csv").read_bytes() != before[finished / "metrics.csv"]


@pytest.mark.parametrize("setting", ["jax_threefry_partitionable"])
def test_networks_under_other_settings_of_jax_are_refused(finished, setting, capsys):
    old = getattr(jax.config, setting)
    jax.config.update(setting, not old)
    try:
        assert run(finished) == 2
    finally:
        jax.config.update(setting, old)
    assert_one_sentence(capsys.readouterr().err, [setting.upper(), f"{old} there and {not old} now"])


def test_networks_of_another_version_are_refused(finished, capsys, monkeypatch):
    version = identity.metadata.version
    monkeypatch.setattr(identity.metadata, "version", lambda name: "99.0" if name == "optax" else version(name))
    assert run(finished) == 2
    assert_one_sentence(capsys.readouterr().err, ["packages optax", "99.0 now"])


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"data": 3}'])
def test_networks_whose_identity_is_lost_are_refused(finished, content, capsys):
    path = finished / "identity.json"
    path.unlink() if content is None else path.write_bytes(content)
    assert run(finished) == 2
    assert_one_sentence(capsys.readouterr().err, ["identity.json", "absent or damaged", "--no-resume"])


def test_another_question_is_the_same_run(finished, capsys):
    assert run(finished, "--question", "Why?", "--conclusion", "Because.") == 0
    assert "2 arms of 2 kept from before" in capsys.readouterr().out
    config = json.loads((finished / "config.json").read_text())
    assert (config["question"], config["conclusion"]) == ("Why?", "Because.")
    configs = [train.CompareConfig(question=question) for question in ("", "Why?")]
    assert len({study.default_folder(config, "compare") for config in configs}) == 1


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b'{"wall_seconds": "long"}', b'{"packages": 3}'])
def test_damaged_environment_is_written_anew_by_a_run_and_named_by_report(finished, content, capsys):
    (finished / "environment.json").write_bytes(content)
    assert report([str(finished)]) == 2
    assert_one_sentence(capsys.readouterr().err, ["environment.json", "run the command again"])
    assert run(finished) == 0
    assert json.loads((finished / "environment.json").read_text())["arms"].keys() == {"batch-128", "layer-128"}


@pytest.mark.parametrize("content", [b"", b"[]", b"{}"])
def test_damaged_settings_are_named(finished, content, capsys):
    (finished / "config.json").write_bytes(content)
    assert report([str(finished)]) == 2
    assert_one_sentence(capsys.readouterr().err, ["config.json", "run the command again"])
    assert run(finished) == 2
    capsys.readouterr()
    assert run(finished, "--no-resume") == (2 if content == b"{}" else 0)


def test_folder_of_a_run_that_was_killed_before_its_settings_is_accepted(tmp_path):
    (tmp_path / "out").mkdir()
    orphan = tmp_path / "out" / ".config.json.abcdefgh.tmp"
    orphan.write_bytes(b"{")
    os.utime(orphan, (time.time() - 3600,) * 2)
    claim_folder(tmp_path / "out", {"instrument": "compare"})
    files.remove_orphans(tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["config.json"]


def test_new_folder_is_claimed_by_one_of_two_different_runs(tmp_path, monkeypatch):
    """The other comes between the look at the folder and the writing of the settings."""
    out = tmp_path / "out"

    def late(path, content):
        path.write_bytes(b'{"instrument": "depth"}')
        files.write_new(path, content)

    monkeypatch.setattr("jaxnorm.experiments.claim.write_new", late)
    with pytest.raises(UsageError, match="other settings"):
        claim_folder(out, {"instrument": "compare"})
    assert json.loads((out / "config.json").read_text()) == {"instrument": "depth"}


def test_orphans_and_parts_of_finished_arms_are_removed(finished):
    orphan, fresh = (finished / "arms" / f".batch-128.parquet.{name}.tmp" for name in ("old", "new"))
    orphan.write_bytes(b"")
    fresh.write_bytes(b"")
    os.utime(orphan, (time.time() - 3600,) * 2)
    (finished / "arms" / "batch-128.part-0.npz").write_bytes(b"")
    assert run(finished) == 0
    names = {path.name for path in (finished / "arms").iterdir()}
    assert names == {"batch-128.npz", "batch-128.parquet", "layer-128.npz", "layer-128.parquet", fresh.name}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES])
def test_what_the_disk_refuses_is_one_sentence_and_the_rerun_gives_the_same(finished, tmp_path, number, capsys, monkeypatch):
    out, fsync = tmp_path / "other", os.fsync

    def full(handle):
        if (out / "arms" / "batch-128.parquet").exists():
            raise OSError(number, os.strerror(number))
        fsync(handle)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        assert run(out) == 2
    assert_one_sentence(capsys.readouterr().err, [os.strerror(number), "kept in", "the same command"])
    assert not list(out.rglob(".*"))
    assert run(out) == 0
    assert "1 arm of 2 kept from before" in capsys.readouterr().out
    assert (out / "metrics.csv").read_bytes() == (finished / "metrics.csv").read_bytes()


@pytest.mark.parametrize("out", ["~nosuchuser/x", "x" * 300, "a\0b"], ids=["no such user", "too long", "NUL"])
def test_folder_that_cannot_be_is_refused(out, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for flag in ("--out", "--tensorboard"):
        assert main([*FLAGS, flag, out]) == 2
        assert_one_sentence(capsys.readouterr().err, [flag])
    assert list(tmp_path.iterdir()) == []


def test_report_is_drawn_again_only_if_something_changed(finished, drawn):
    assert run(finished) == 0
    assert drawn == [finished]
    assert run(finished, "--question", "Why?") == 0
    (finished / "report.md").unlink()
    assert run(finished, "--question", "Why?") == 0
    assert drawn == [finished] * 3


def test_run_in_which_all_networks_diverged_says_so(tmp_path, capsys):
    flags = ["--optimizer", "sgd", "--learning-rate", "1e30", "--epochs", "2", "--norms", "none", "layer", "--quiet"]
    assert run(tmp_path / "out", *flags) == 0
    assert capsys.readouterr().out.startswith("All 6 runs diverged")
    summary = Summary.load(tmp_path / "out" / "summary.json")
    assert [arm.diverged for arm in summary.arms] == [[0, 1, 2]] * 2
    assert {each.finding for each in summary.comparisons} == {"open"}
