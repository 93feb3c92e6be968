"""``tables.tex``: whole tables, and users' words as text. Whether it compiles is not tested."""

import re

import pytest
from report.conftest import COMMAND, ENVIRONMENT, HARMLESS

from jaxnorm.experiments.compare.figures import WORDS
from jaxnorm.report.blocks import Cell, Report, Table
from jaxnorm.report.build import build_report
from jaxnorm.report.draw import draw_report
from jaxnorm.report.latex import render_latex

COLUMN_BREAK = re.compile(r"(?<!\\)&")


def bodies(text: str) -> list[tuple[str, list[str]]]:
    """Of every table: its columns, and its rows with the headings."""
    tables = re.findall(r"\\begin{tabular}{(\w+)}\n(.*?)\\end{tabular}", text, re.DOTALL)
    return [(columns, [line for line in body.splitlines() if line.endswith(r"\\")]) for columns, body in tables]


@pytest.fixture(scope="module")
def text(report) -> str:
    return render_latex(report, "1.2.3")


def test_both_tables_are_whole(text, summary):
    (arms, arm_rows), (claims, claim_rows) = bodies(text)
    assert (len(arm_rows), len(claim_rows)) == (1 + len(summary.arms), 1 + len(summary.verdicts))
    for columns, rows in ((arms, arm_rows), (claims, claim_rows)):
        assert {len(COLUMN_BREAK.split(row)) for row in rows} == {len(columns)}
    assert (arms, claims) == ("lrrrr", "lll")  # forests are not for LaTeX
    assert text.count(r"\toprule") == text.count(r"\midrule") == text.count(r"\bottomrule") == 2


def test_best_and_tied_are_told(text, summary):
    rows = "\n".join(bodies(text)[0][1])
    columns = summary.tables[0].columns
    assert rows.count(r"\textbf{") == len(columns)
    assert rows.count(r"\textit{") == sum(len(column.tied) for column in columns)


def test_verdicts_have_their_counts(text, summary):
    for verdict, row in zip(summary.verdicts, bodies(text)[1][1][1:], strict=True):
        assert COLUMN_BREAK.split(row)[0].strip() == verdict.claim
        assert f"{verdict.word} {verdict.as_claimed} of {verdict.number}" in row


def test_entry_has_the_version_and_is_a_comment(text):
    assert "1.2.3" in text
    assert r"\citep{" in text
    assert re.search(r"^% @software{", text, re.MULTILINE)


def test_braces_are_balanced_and_nothing_is_special(text, hostile):
    for each in (text, render_latex(build_report(hostile, WORDS, COMMAND, ENVIRONMENT), "1.0")):
        lines = [line for line in each.splitlines() if not line.startswith("%")]
        plain = re.sub(r"\\[&%$#_{}\\,]", "", "\n".join(lines))
        assert plain.count("{") == plain.count("}")
        assert plain.count("$") % 2 == 0
        assert not re.search(r"[#_~%]", plain)
        assert not re.search("[±−†×–·β\x1b]", plain)


def test_what_users_name_is_text(hostile):
    text = render_latex(build_report(hostile, WORDS, COMMAND, ENVIRONMENT), "1.0")
    for columns, rows in bodies(text):
        assert {len(COLUMN_BREAK.split(row)) for row in rows} == {len(columns)}
    assert "\n[" not in text
    assert text.splitlines()[0] == f"% {HARMLESS}"


@pytest.mark.parametrize("start", ["[2em]", "*"])
def test_row_is_not_taken_for_the_options_of_the_one_above(start):
    report = Report("", "", [Table("arms", ("a", "b"), [[Cell("x"), Cell("1")], [Cell(start), Cell("2")]])])
    assert not re.search(r"\\\\\n\s*[\[*]", render_latex(report, "1.0"))


def test_tables_are_written_where_they_are_asked_for(summary, tmp_path, monkeypatch):
    monkeypatch.setattr("jaxnorm.report.draw.save_figures", lambda *_: (tmp_path / "figures").mkdir(exist_ok=True))
    draw_report(summary, WORDS, tmp_path, COMMAND, ENVIRONMENT, page=False)
    assert not (tmp_path / "tables.tex").exists()
    draw_report(summary, WORDS, tmp_path, COMMAND, ENVIRONMENT, page=False, latex="1.0")
    assert (tmp_path / "tables.tex").is_file()
