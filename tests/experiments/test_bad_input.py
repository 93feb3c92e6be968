"""Every mistake ends with one sentence, status 2, before anything is compiled or written."""

import subprocess
import sys
from pathlib import Path

import pytest
from experiments.refusals import assert_one_sentence, assert_refused

from jaxnorm.experiments import study
from jaxnorm.experiments.__main__ import main as jaxnorm
from jaxnorm.experiments.command_line import read_flags, read_protocol
from jaxnorm.experiments.compare.__main__ import main
from jaxnorm.experiments.compare.study import CompareConfig

SETTINGS = {
    "unknown norm": (["--norms", "btach", "layer"], ["btach", "did you mean 'batch'?"]),
    "norm named twice": (["--norms", "batch", "batch"], ["batch twice"]),
    "batch size 0": (["--batch-sizes", "0"], ["--batch-sizes 0", "at least 1"]),
    "batch size above the data": (["--batch-sizes", "1438"], ["--batch-sizes 1438", "1437 training examples"]),
    "batch size 1 with BatchNorm": (["--batch-sizes", "1"], ["--batch-sizes 1", "'batch'", "at least 2"]),
    "no seeds": (["--seeds", "0"], ["--seeds 0", "at least 1"]),
    "no epochs": (["--epochs", "0"], ["--epochs 0", "at least 1"]),
    "learning rate 0": (["--learning-rate", "0"], ["--learning-rate 0", "positive number"]),
    "learning rate negative": (["--learning-rate", "-0.1"], ["--learning-rate -0.1", "positive number"]),
    "learning rate nan": (["--learning-rate", "nan"], ["--learning-rate nan", "positive number"]),
    "learning rate infinite": (["--learning-rate", "inf"], ["--learning-rate inf", "positive number"]),
    "learning rate that float32 rounds to 0": (["--learning-rate", "1e-60"], ["--learning-rate 1e-60", "positive number"]),
    "momentum without sgd": (["--sgd-momentum", "0.9"], ["--sgd-momentum 0.9", "--optimizer sgd"]),
    "more seeds than there are": (["--seeds", "5000000000"], ["--seeds 5000000000", "4294967296"]),
    "margin nan": (["--loss-margin", "nan"], ["--loss-margin nan"]),
    "accuracy margin above 1": (["--accuracy-margin", "5"], ["--accuracy-margin 5"]),
    "no hidden layer": (["--hidden-sizes", "--seeds", "2"], ["--hidden-sizes"]),
    "one unit to normalize": (["--norms", "layer", "--hidden-sizes", "1"], ["'layer'"]),
    "one channel to a group": (["--norms", "group", "--hidden-sizes", "1"], ["'group'"]),
    "negative seed": (["--first-seed", "-1"], ["--first-seed -1", "from 0"]),
    "momentum 1": (["--norm-momentum", "1"], ["--norm-momentum 1", "below 1"]),
    "unknown data set": (["--dataset", "mnits"], ["mnits", "mnist"]),
    "data folder absent": (["--dataset", "mnist", "--data-dir", "/nonexistent/place"], ["/nonexistent/place"]),
    "quiet and verbose": (["--quiet", "--verbose"], ["--quiet --verbose", "exclude each other"]),
    "control beyond the last seed": (["--first-seed", "4294967264"], ["--control", "4294967295", "--no-control"]),
    "norm without spatial axes": (["--norms", "instance"], ["'instance'"]),
}


@pytest.fixture(autouse=True)
def _nothing_is_compiled(monkeypatch):
    def compiled(*_args, **_kwargs):
        raise AssertionError("a program was compiled")

    monkeypatch.setattr(study, "compile_programs", compiled)


@pytest.mark.parametrize(("flags", "fragments"), SETTINGS.values(), ids=SETTINGS)
def test_bad_setting_is_refused_in_one_sentence(flags, fragments, tmp_path, capsys):
    assert_refused(main, flags, fragments, tmp_path, capsys)


def test_absent_data_set_says_how_to_get_it(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("JAXNORM_CACHE_DIR", str(tmp_path / "cache"))
    assert main(["--dataset", "cifar10", "--data-dir", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert_one_sentence(capsys.readouterr().err, ["cifar10", "jaxnorm[tfds]"])


def test_out_that_is_a_file_is_refused_and_kept(tmp_path, capsys):
    out = tmp_path / "notes.txt"
    out.write_text("precious")
    assert main(["--out", str(out)]) == 2
    assert_one_sentence(capsys.readouterr().err, [str(out), "is a file"])
    assert out.read_text() == "precious"


def test_out_below_a_file_is_refused(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("precious")
    assert main(["--out", str(tmp_path / "notes.txt" / "out")]) == 2
    assert_one_sentence(capsys.readouterr().err, ["notes.txt", "cannot be written"])


def test_out_that_holds_other_files_is_refused(tmp_path, capsys):
    (tmp_path / "report.md").write_text("precious")
    assert main(["--out", str(tmp_path)]) == 2
    assert_one_sentence(capsys.readouterr().err, [str(tmp_path), "holds other files"])
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]


def test_out_that_cannot_be_written_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_args, **_kwargs: False)  # root may write anywhere: permissions alone would not show it
    assert main(["--out", str(tmp_path / "out")]) == 2
    assert_one_sentence(capsys.readouterr().err, ["cannot be written"])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
@pytest.mark.parametrize("arguments", ["compare --help", "layers --help", "report --help", "claims --help", "validation --help"])
def test_output_onto_a_full_device_is_answered_in_one_sentence(arguments):
    name, flag = arguments.split()
    module = "jaxnorm.validation" if name == "validation" else f"jaxnorm.experiments.{name}"
    with open("/dev/full", "w", encoding="utf-8") as full:
        ended = subprocess.run([sys.executable, "-m", module, flag], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 2
    assert_one_sentence(ended.stderr, ["the output cannot be printed", "free some space"])


PROTOCOLS = {
    "unknown key": ("epocs = 3\n", ["'epocs'", "did you mean 'epochs'?"]),
    "wrong type": ('epochs = "ten"\n', ["epochs = 'ten'", "wanted is a whole number"]),
    "wrong choice": ('optimizer = "adm"\n', ["optimizer = 'adm'", "adam, adamw, sgd"]),
    "not a list": ('norms = "batch"\n', ["norms = 'batch'", "a list"]),
    "not TOML": ("epochs =\n", ["not valid TOML"]),
    "carriage returns alone": ("seeds = 3 # a note\repochs = 2\r", ["carriage return alone"]),
    "an integer of 400 digits": (f"learning_rate = {'9' * 400}\n", ["learning_rate = 999", "wanted is a number"]),
    "an integer of 5000 digits": (f"seeds = {'9' * 5000}\n", ["not valid TOML", "4300 digits"]),
    "lists 10,000 deep": (f"seeds = {'[' * 10_000}{']' * 10_000}\n", ["too deep"]),
    "a float for a whole number": ("seeds = 1e30\n", ["seeds = 1e+30", "wanted is a whole number"]),
    "bytes": ("\udcff", ["not a text file"]),
}


@pytest.mark.parametrize(("text", "fragments"), PROTOCOLS.values(), ids=PROTOCOLS)
def test_bad_protocol_is_refused_in_one_sentence(text, fragments, tmp_path, capsys):
    protocol = tmp_path / "protocol.toml"
    protocol.write_bytes(text.encode(errors="surrogateescape"))
    assert main([str(protocol), "--out", str(tmp_path / "out")]) == 2
    assert_one_sentence(capsys.readouterr().err, [str(protocol), *fragments])


CONTROLS = {
    "a NUL in a path": ('out = "a\\u0000b"\n', ["--out", "'\\x00'"]),
    "an escape": ('question = "\\u001b[2J"\n', ["--question", "'\\x1b'"]),
}


@pytest.mark.parametrize(("text", "fragments"), CONTROLS.values(), ids=CONTROLS)
def test_control_characters_of_a_protocol_are_refused(text, fragments, tmp_path, capsys):
    protocol = tmp_path / "protocol.toml"
    protocol.write_text(text)
    assert main([str(protocol)]) == 2
    assert_one_sentence(capsys.readouterr().err, ["holds the control character", *fragments])


def test_large_number_is_shortened_in_the_sentence(tmp_path, capsys):
    protocol = tmp_path / "protocol.toml"
    protocol.write_text(f"seeds = {'9' * 400}\n")
    assert main([str(protocol), "--out", str(tmp_path / "out")]) == 2
    assert_one_sentence(capsys.readouterr().err, ["--seeds 999", "...", "4294967296"])


def test_byte_order_mark_is_read_over(tmp_path):
    protocol = tmp_path / "protocol.toml"
    protocol.write_bytes(b"\xef\xbb\xbfseeds = 3\r\n")
    assert read_protocol(CompareConfig, protocol).seeds == 3


def test_absent_protocol_is_refused(tmp_path, capsys):
    assert main([str(tmp_path / "absent.toml")]) == 2
    assert_one_sentence(capsys.readouterr().err, ["absent.toml", "No such file"])


FLAGS = {
    "unknown": (["--epocs", "3"], ["--epocs", "did you mean --epochs?"]),
    "not a whole number": (["--epochs", "ten"], ["--epochs", "ten"]),
    "not a number": (["--learning-rate", "fast"], ["--learning-rate", "fast"]),
    "not among the choices": (["--optimizer", "adm"], ["--optimizer", "adm", "adamw"]),
    "nearest is the plural": (["--norm", "layer"], ["--norm ", "did you mean --norms?"]),
    "nothing but dashes": (["--"], ["-- is not a flag"]),
    "a short one": (["-x"], ["-x is not a flag"]),
    "two values for one": (["--dataset", "digits", "mnist"], ["'mnist'", "--dataset takes one value"]),
    "a stray value": (["--seeds", "3", "foo"], ["'foo'", "--seeds takes one value"]),
    "a value for a switch": (["--quick", "foo"], ["'foo'", "--quick takes no value"]),
    "no value": (["--seeds", "--quick"], ["--seeds needs a value", "a whole number"]),
    "a stray protocol": (["foo"], ["the protocol foo", "No such file"]),
}


@pytest.mark.parametrize(("flags", "fragments"), FLAGS.values(), ids=FLAGS)
def test_flag_that_is_not_understood_is_refused_in_one_sentence(flags, fragments, capsys):
    assert main(flags) == 2
    assert_one_sentence(capsys.readouterr().err, fragments)


def test_flags_are_read_by_the_types_of_their_fields():
    flags = "--norms batch rms --learning-rate -1e-3 --no-control --quick --out=a_b --hidden-sizes --tensorboard None"
    assert read_flags(CompareConfig, flags.split()) == {
        "norms": ("batch", "rms"),
        "learning_rate": -0.001,
        "control": False,
        "quick": True,
        "out": Path("a_b"),
        "hidden_sizes": (),
        "tensorboard": None,
    }


def test_folder_with_settings_that_are_none_is_refused(tmp_path, capsys):
    (tmp_path / "config.json").write_text("[]")
    assert main(["--out", str(tmp_path)]) == 2
    assert_one_sentence(capsys.readouterr().err, ["config.json", "does not hold the settings"])


def test_unknown_instrument_is_refused(capsys):
    assert jaxnorm(["comapre"]) == 2
    assert "did you mean 'compare'?" in capsys.readouterr().err
