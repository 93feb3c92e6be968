"""What is too large for any machine, or for this one, is refused before anything starts, and what takes days is said."""

import pytest
from experiments.refusals import assert_refused

from jaxnorm.experiments import budget, limits, study
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.compare.__main__ import main as compare
from jaxnorm.experiments.depth.__main__ import main as depth
from jaxnorm.experiments.landscape.__main__ import main as landscape
from jaxnorm.experiments.layers.__main__ import main as layers
from jaxnorm.experiments.sequences.__main__ import main as sequences
from jaxnorm.experiments.throughput.__main__ import main as throughput
from jaxnorm.validation.__main__ import main as validation

HUGE = 10**9
TOO_LARGE = {
    "seeds": (compare, ["--seeds", HUGE], ["--seeds 1000000000", "at most"]),
    "units beyond int64": (compare, ["--hidden-sizes", 10**19], ["--hidden-sizes 10000000000000000000", "at most"]),
    "network": (compare, ["--hidden-sizes", 10**6, 10**6], ["--hidden-sizes 1000000 1000000", "TB", "smaller networks"]),
    "epochs": (compare, ["--epochs", 10**7], ["--epochs 10000000", "at most"]),
    "table": (compare, ["--epochs", 10**6, "--seeds", 10**3], ["--seeds 1000 --epochs 1000000", "the table", "TB"]),
    "depth": (depth, ["--depths", 10**6], ["--depths 1000000", "at most"]),
    "width": (depth, ["--width", 10**6, "--depths", "3"], ["--width 1000000", "TB"]),
    "probe": (depth, ["--probe-examples", 10**5], ["--probe-examples 100000", "digits has: 1437"]),
    "probe of a quick run": (depth, ["--quick", "--probe-examples", 10**5], ["--probe-examples 100000", "digits has: 1437"]),
    "iterations": (landscape, ["--lanczos-iterations", HUGE], ["--lanczos-iterations 1000000000", "at most"]),
    "length": (sequences, ["--mean-length", 10**6], ["--mean-length 1000000", "at most"]),
    "throughput's steps": (throughput, ["--steps", 10**6], ["--steps 1000000", "a set of images", "GB"]),
    "throughput's seeds": (throughput, ["--seeds", HUGE], ["--seeds 1000000000", "at most"]),
    "throughput's units": (throughput, ["--hidden-sizes", 10**6, 10**6], ["--hidden-sizes 1000000 1000000", "TB"]),
    "throughput without layers": (throughput, ["--hidden-sizes"], ["--hidden-sizes is empty"]),
    "rounds": (layers, ["--rounds", HUGE], ["--rounds 1000000000", "at most"]),
    "reports": (validation, ["--reports", HUGE], ["--reports 1000000000", "at most"]),
}


@pytest.mark.parametrize(("main", "flags", "words"), TOO_LARGE.values(), ids=TOO_LARGE)
def test_too_large_is_refused_in_one_sentence(main, flags, words, tmp_path, capsys):
    assert_refused(main, [*map(str, flags[:1]), *map(str, flags[1:])], words, tmp_path, capsys)


def test_memory_is_that_of_the_machine_or_less():
    assert 1e8 < limits.usable_memory() < 1e14
    with pytest.raises(UsageError, match=r"--seeds 9: the table takes about 2 MB and there are 1 MB of memory; give fewer\."):
        limits.require_memory(2e6, "the table", "--seeds 9", "give fewer", available=10**6)


def test_days_are_said_before_training(tmp_path, capsys, monkeypatch):
    def interrupted(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(study, "train_arms", interrupted)
    flags = ["--no-control", "--out", str(tmp_path / "out")]
    assert compare(flags) == 130
    assert "warning" not in capsys.readouterr().err
    monkeypatch.setattr(budget, "CPU_RATE", 5e3)
    assert compare(flags) == 130
    assert "days at least: 128 networks of 10 epochs each" in capsys.readouterr().err


def test_quick_run_says_what_it_leaves_out(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(study, "train_arms", lambda *_args: (_ for _ in ()).throw(KeyboardInterrupt))
    assert landscape(["--quick", "--probe-examples", "100000", "--out", str(tmp_path / "out")]) == 130
    said = capsys.readouterr().out
    assert "probe examples 64 instead of 100000" in said
    assert "seeds 4 instead of 16" in said


def test_data_set_of_one_class_is_refused(tmp_path, capsys, monkeypatch):
    import dataclasses

    from jaxnorm.experiments.compare import train

    digits = train.load_dataset("digits", None)
    monkeypatch.setattr(train, "load_dataset", lambda *_args: dataclasses.replace(digits, name="single", num_classes=1))
    assert_refused(compare, [], ["--dataset single", "one class"], tmp_path, capsys)
