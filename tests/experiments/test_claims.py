"""The list of all claims as a user prints it."""

import re

import pytest
from stats.synthetic import summarise_compare

from jaxnorm.experiments.claims import main
from jaxnorm.experiments.compare.study import CompareConfig
from jaxnorm.experiments.exact_claims import EXACT
from jaxnorm.experiments.registry import TRAINING, words_of
from jaxnorm.report.console import GLYPHS

CLAIMS = {claim for name in TRAINING for claim in words_of(name).claims} | {exact.id for exact in EXACT}


def read_entries(printed):
    """What is printed of each claim: identifier to the lines of its entry, and how many entries there are."""
    entries: dict[str, list[str]] = {}
    for line in printed.splitlines():
        if found := re.match(r"([A-F]\d+[a-z]?) ", line):
            assert found[1] not in entries
            entries[found[1]] = []
        if entries:
            entries[list(entries)[-1]].append(line[5:].strip())
    return entries


def test_claims_prints_every_claim_with_its_verdicts_or_what_would_decide_it(tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    summary = summarise_compare(CompareConfig(seeds=8, epochs=5))
    (tmp_path / "mine" / "summary.json").write_bytes(summary.to_json())
    (tmp_path / "speed").mkdir()
    (tmp_path / "speed" / "summary.json").write_text('{"timings": []}')
    assert main([str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 100
    entries = read_entries(printed)
    assert set(entries) == CLAIMS
    judged = {claim for claim, lines in entries.items() if any(line.startswith("mine: ") for line in lines)}
    assert judged == {verdict.claim for verdict in summary.verdicts}
    for verdict in summary.verdicts:
        found = "".join(GLYPHS[part.finding] for part in verdict.evidence)
        assert f"mine: {verdict.word}, {verdict.as_claimed} of {verdict.number}  {found}" in entries[verdict.claim]
    for claim, instrument in (("C2", "architectures"), ("F2", "compare"), ("A7a", "batch_size")):
        assert any(line.startswith("open") and instrument in line for line in entries[claim])
    assert {claim for claim, lines in entries.items() if any("tests/" in line for line in lines)} == {exact.id for exact in EXACT}


def test_claims_of_one_run_are_those_of_its_folder(tmp_path, capsys):
    summary = summarise_compare(CompareConfig(seeds=8, epochs=5))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "summary.json").write_bytes(summary.to_json())
    assert main([str(tmp_path / "mine")]) == 0
    assert capsys.readouterr().out.count("mine: ") == len(summary.verdicts)


@pytest.mark.parametrize("content", ['{"verdicts": [', "{", '{"instrument": "compare", "verdicts": 3}'])
def test_claims_names_a_broken_summary(content, tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "summary.json").write_text(content)
    assert main([str(tmp_path)]) == 2
    assert "mine/summary.json is not a whole summary" in capsys.readouterr().err


def test_claims_refuses_a_folder_without_a_run(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert f"{tmp_path} holds no finished run" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "words"), [(["nowhere"], "nowhere is not a folder"), (["--all"], "--all is not understood")])
def test_claims_refuses_what_is_no_folder(arguments, words, capsys):
    assert main(arguments) == 2
    assert words in capsys.readouterr().err


def test_claims_lists_what_is_claimed_without_any_results(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("experiments/results is not here")
    entries = read_entries(printed)
    assert set(entries) == CLAIMS
    assert not any("{" in line for lines in entries.values() for line in lines)
    assert all(any(line.startswith(("open", "exact")) for line in lines) for lines in entries.values())
