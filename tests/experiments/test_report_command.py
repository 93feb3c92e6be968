"""Finished runs drawn anew and side by side, from their files alone."""

import re
import subprocess
import sys

import pytest
from stats.synthetic import summarise_compare

from jaxnorm.experiments.compare.study import CompareConfig
from jaxnorm.experiments.report import main
from jaxnorm.experiments.reproduce import reproducing_command


@pytest.fixture
def finished(tmp_path):
    """A folder with what a run leaves behind besides its metrics."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "summary.json").write_bytes(summarise_compare(CompareConfig(seeds=6, epochs=4)).to_json())
    (folder / "config.json").write_text('{"instrument": "compare", "seeds": 6, "norms": ["batch", "layer"], "epochs": 4}')
    (folder / "environment.json").write_text('{"date": "2026-01-01"}')
    return folder


def test_report_tells_how_it_is_used(capsys):
    assert main(["--help"]) == 0
    assert "python -m jaxnorm.experiments.report DIR" in capsys.readouterr().out


def test_report_draws_a_run_anew_and_without_jax(finished):
    assert main([str(finished)]) == 0
    text = (finished / "report.md").read_text()
    assert "python -m jaxnorm.experiments.compare --seeds 6 --epochs 4" in text
    assert "2026-01-01" in (finished / "report.html").read_text()
    before = {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
    assert {path.suffix for path in before} == {".json", ".md", ".html", ".svg"}
    without_jax = "import sys; from jaxnorm.experiments.report import main; assert main(sys.argv[1:]) == 0; assert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", without_jax, str(finished)], check=True)
    assert {path: path.read_bytes() for path in before} == before


def test_report_shows_runs_side_by_side(finished, tmp_path, capsys):
    other = tmp_path / "other"
    other.mkdir()
    mine, summary = (summarise_compare(CompareConfig(norms=norms, seeds=6, epochs=4)) for norms in (("batch", "layer"), ("batch", "none")))
    (other / "summary.json").write_bytes(summary.to_json())
    assert main([str(finished), str(other)]) == 0
    lines = [re.split(r"\s{2,}", line.strip()) for line in capsys.readouterr().out.splitlines()]
    rows = {name: cells for name, *cells in lines if len(cells) == 2}
    assert rows["claim"] == ["mine", "other"]
    decided = [{each.claim: f"{each.word}, {each.as_claimed} of {each.number}" for each in one.verdicts} for one in (mine, summary)]
    assert rows["D1"] == ["–", decided[1]["D1"]]
    assert rows["A8"] == [decided[0]["A8"], "–"]
    assert rows["A2"] == [each["A2"] for each in decided]
    assert {name for name in rows if name[0] in "ABCDEF" and name[1].isdigit()} == decided[0].keys() | decided[1].keys()


def test_report_keeps_runs_of_the_same_name_apart(finished, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    twin = tmp_path / "elsewhere" / "mine"
    twin.mkdir(parents=True)
    (twin / "summary.json").write_bytes((finished / "summary.json").read_bytes())
    assert main([str(finished), str(twin)]) == 0
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["claim", str(finished), str(twin)] in printed
    assert [str(finished)] in printed
    assert [str(twin)] in printed


@pytest.mark.parametrize(("arguments", "words"), [([], "no folder is named"), (["--all"], "--all"), (["nowhere"], "nowhere")])
def test_report_refuses_what_is_no_run(arguments, words, capsys):
    assert main(arguments) == 2
    assert words in capsys.readouterr().err


def test_report_refuses_the_summary_of_a_measurement(tmp_path, capsys):
    (tmp_path / "summary.json").write_text('{"timings": []}')
    assert main([str(tmp_path)]) == 2
    assert "is not the summary of a run that trains networks" in capsys.readouterr().err


def test_reproducing_command_names_what_is_not_the_default():
    settings = {"instrument": "compare", "norms": ["batch", "layer"], "seeds": 3, "norm_on_logits": True, "question": "Is it so?"}
    assert reproducing_command(settings) == ("python -m jaxnorm.experiments.compare --seeds 3 --norm-on-logits --question 'Is it so?'")
