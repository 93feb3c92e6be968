"""What the documents say is what the code has."""

import re
from pathlib import Path

import pytest

import jaxnorm
from jaxnorm.experiments.command_line import read_protocol, to_dict
from jaxnorm.experiments.compare.__main__ import main
from jaxnorm.experiments.documents import fill
from jaxnorm.experiments.exact_claims import EXACT
from jaxnorm.experiments.notebook import DOCUMENTS as FILLED
from jaxnorm.experiments.registry import TRAINING, part_of, words_of
from jaxnorm.norms import NORMS

ROOT = Path(jaxnorm.__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "experiments" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROTOCOLS = sorted((ROOT / "experiments").glob("*.toml"))


def test_claims_page_has_every_claim():
    listed = re.findall(r"^\| \*\*([A-F]\d+[a-z]?)\*\* \|", (ROOT / "docs" / "claims.md").read_text(), re.MULTILINE)
    claims = {claim for name in TRAINING for claim in words_of(name).claims} | {exact.id for exact in EXACT}
    assert len(listed) == len(claims)
    assert set(listed) == claims


def test_readme_is_short():
    text = (ROOT / "README.md").read_text().partition("## Documentation")[0]
    prose = re.sub(r"```.*?```|<!--.*?-->|!\[.*?\]\(.*?\)|\]\(.*?\)", " ", text, flags=re.DOTALL)
    assert len(prose.split()) <= 600


@pytest.mark.parametrize("path", PROTOCOLS, ids=lambda path: path.stem)
def test_protocol_can_be_read_and_names_known_norms(path):
    (instrument,) = re.findall(r"^# Command: +python -m jaxnorm\.experiments\.(\w+) ", path.read_text(), re.MULTILINE)
    config_type = part_of(instrument, "study").SETTINGS
    config = read_protocol(config_type, path)
    assert to_dict(config).keys() == to_dict(config_type()).keys()
    assert set(config.norms) <= set(NORMS)
    assert config.question.endswith("?")


@pytest.mark.parametrize("path", PROTOCOLS, ids=lambda path: path.stem)
def test_protocol_opens_with_question_command_time_and_expectation(path):
    opening = path.read_text().splitlines()[:4]
    assert [line.split(":")[0] for line in opening] == ["# Question", "# Command", "# Time", "# Expected"]
    assert f"experiments/{path.name}" in opening[1]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_document_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text()):
        assert target.startswith("https://") or (path.parent / target).exists(), target


def test_documented_flags_exist(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    mentioned = set(re.findall(r"`(--[a-z-]+)`", (ROOT / "docs" / "instruments.md").read_text()))
    assert mentioned
    assert mentioned <= known


@pytest.mark.parametrize("path", [ROOT / document for document in FILLED], ids=lambda path: str(path.relative_to(ROOT)))
def test_document_shows_exactly_what_the_results_say(path):
    assert fill(path, ROOT / "experiments" / "results") == path.read_text()
