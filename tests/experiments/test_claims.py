"""The list of all claims as a user prints it."""

import re

import pytest
from analysis.synthetic import summarise_compare
from jaxnorm.analysis.catalogue import CATALOGUE
from jaxnorm.reporting.claims import find_verdicts, verdicts_overview

from jaxnorm.experiments.claims import main
from jaxnorm.experiments.compare.study import CompareConfig


def test_claims_prints_every_claim_with_its_verdicts_or_what_would_decide_it(tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    summary = summarise_compare(CompareConfig(seeds=8, epochs=5))
    (tmp_path / "mine" / "summary.json").write_bytes(summary.to_json())
    (tmp_path / "speed").mkdir()
    (tmp_path / "speed" / "summary.json").write_text('{"timings": []}')
    assert main([str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.splitlines() if re.match(r"[A-F]\d", line)] == [listing.id for listing in CATALOGUE]
    assert max(map(len, printed.splitlines())) <= 100
    ((_, rows),) = verdicts_overview(find_verdicts(tmp_path)).groups
    states = {row[0]: row[-1] for row in rows}
    assert {claim: state for claim, state in states.items() if "(mine)" in state} == {
        verdict.claim: f"{verdict.word} (mine)" for verdict in summary.verdicts
    }
    assert states["C2"] == "open: python -m jaxnorm.experiments.architectures"
    assert states["F2"] == "open: python -m jaxnorm.experiments.compare --norms layer rms"
    assert states["A7"] == "open: python -m jaxnorm.experiments.batch_size"
    assert states["B4"].startswith("exact: a test, ")


@pytest.mark.parametrize("content", ['{"verdicts": [', "{", '{"verdicts": 3}'])
def test_claims_names_a_broken_summary(content, tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "summary.json").write_text(content)
    assert main([str(tmp_path)]) == 2
    assert "mine/summary.json is not a whole summary" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "words"), [(["nowhere"], "nowhere is not a folder"), (["--all"], "--all is not understood")])
def test_claims_refuses_what_is_no_folder(arguments, words, capsys):
    assert main(arguments) == 2
    assert words in capsys.readouterr().err


def test_claims_lists_what_is_claimed_without_any_results(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.splitlines() if re.match(r"[A-F]\d", line)] == [listing.id for listing in CATALOGUE]
    assert "No verdicts: there is no folder experiments/results here" in printed
