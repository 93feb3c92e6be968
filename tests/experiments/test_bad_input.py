"""Every mistake ends with one sentence, status 2, before anything is compiled or written."""

import pytest

from jaxnorm.experiments import study
from jaxnorm.experiments.__main__ import main as jaxnorm
from jaxnorm.experiments.compare import main

SETTINGS = {
    "unknown norm": (["--norms", "btach", "layer"], ["btach", "did you mean 'batch'?"]),
    "norm named twice": (["--norms", "batch", "batch"], ["batch twice"]),
    "batch size 0": (["--batch-sizes", "0"], ["--batch-sizes 0", "at least 1"]),
    "batch size above the data": (["--batch-sizes", "1438"], ["--batch-sizes 1438", "1437 training images"]),
    "batch size 1 with BatchNorm": (["--batch-sizes", "1"], ["--batch-sizes 1", "'batch'", "at least 2"]),
    "no seeds": (["--seeds", "0"], ["--seeds 0", "at least 1"]),
    "no epochs": (["--epochs", "0"], ["--epochs 0", "at least 1"]),
    "learning rate 0": (["--learning-rate", "0"], ["--learning-rate 0", "positive number"]),
    "learning rate negative": (["--learning-rate", "-0.1"], ["--learning-rate -0.1", "positive number"]),
    "learning rate nan": (["--learning-rate", "nan"], ["--learning-rate nan", "positive number"]),
    "learning rate infinite": (["--learning-rate", "inf"], ["--learning-rate inf", "positive number"]),
    "negative seed": (["--first-seed", "-1"], ["--first-seed -1", "from 0"]),
    "momentum 1": (["--norm-momentum", "1"], ["--norm-momentum 1", "below 1"]),
    "unknown data set": (["--dataset", "mnits"], ["mnits", "mnist"]),
    "data folder absent": (["--dataset", "mnist", "--data-dir", "/nonexistent/place"], ["/nonexistent/place"]),
    "groups that do not divide": (["--norms", "group", "--hidden-sizes", "100"], ["'group'", "100"]),
    "norm without spatial axes": (["--norms", "instance"], ["'instance'"]),
}


@pytest.fixture(autouse=True)
def _nothing_is_compiled(monkeypatch):
    def compiled(*_args, **_kwargs):
        raise AssertionError("a program was compiled")

    monkeypatch.setattr(study, "compile_programs", compiled)


@pytest.mark.parametrize(("flags", "fragments"), SETTINGS.values(), ids=SETTINGS)
def test_bad_setting_is_refused_in_one_sentence(flags, fragments, tmp_path, capsys):
    out = tmp_path / "out"
    assert main([*flags, "--out", str(out)]) == 2
    assert_one_sentence(capsys.readouterr().err, fragments)
    assert not out.exists()


def assert_one_sentence(message, fragments):
    assert message.startswith("error: ")
    assert message.count("\n") == 1
    assert len(message) < 500
    for fragment in fragments:
        assert fragment in message


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


PROTOCOLS = {
    "unknown key": ("epocs = 3\n", ["'epocs'", "did you mean 'epochs'?"]),
    "wrong type": ('epochs = "ten"\n', ["epochs = 'ten'", "wanted is int"]),
    "wrong choice": ('optimizer = "adm"\n', ["optimizer = 'adm'", "adam, adamw, sgd"]),
    "not a list": ('norms = "batch"\n', ["norms = 'batch'", "a list of str"]),
    "not TOML": ("epochs =\n", ["not valid TOML"]),
}


@pytest.mark.parametrize(("text", "fragments"), PROTOCOLS.values(), ids=PROTOCOLS)
def test_bad_protocol_is_refused_in_one_sentence(text, fragments, tmp_path, capsys):
    protocol = tmp_path / "protocol.toml"
    protocol.write_text(text)
    assert main([str(protocol), "--out", str(tmp_path / "out")]) == 2
    assert_one_sentence(capsys.readouterr().err, [str(protocol), *fragments])


def test_absent_protocol_is_refused(tmp_path, capsys):
    assert main([str(tmp_path / "absent.toml")]) == 2
    assert_one_sentence(capsys.readouterr().err, ["absent.toml", "No such file"])


@pytest.mark.parametrize("flags", [["--epocs", "3"], ["--epochs", "ten"], ["--optimizer", "adm"]])
def test_flag_that_is_not_understood_exits_with_2(flags, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(flags)
    assert stopped.value.code == 2
    assert flags[0] in capsys.readouterr().err


def test_damaged_results_file_is_named_and_not_used(tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["--norms", "nrom", "--out", str(out)]) == 2
    capsys.readouterr()
    study.RunFolder(out, study.settings(study.CompareConfig(), "compare"), resume=True)
    (out / "arms" / "batch-16.parquet").write_bytes(b"PAR1 cut off")
    assert main(["--out", str(out)]) == 2
    assert_one_sentence(capsys.readouterr().err, ["batch-16.parquet", "delete it"])


def test_unknown_instrument_is_refused(capsys):
    assert jaxnorm(["comapre"]) == 2
    assert "did you mean 'compare'?" in capsys.readouterr().err
