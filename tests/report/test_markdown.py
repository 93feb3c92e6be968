"""``report.md``: whole tables, links that lead to files, and users' words as text."""

import re

import pytest
from report.conftest import COMMAND, ENVIRONMENT, HARMLESS
from stats.synthetic import summarise_compare

from jaxnorm.experiments.compare.figures import WORDS
from jaxnorm.experiments.compare.study import CompareConfig
from jaxnorm.report.blocks import Cell, Code, Report, Table
from jaxnorm.report.build import build_report
from jaxnorm.report.draw import draw_report
from jaxnorm.report.markdown import escape, render_markdown, table


@pytest.fixture(scope="module")
def text(report) -> str:
    return render_markdown(report)


def test_tables_have_as_many_cells_in_every_row(text):
    tables = [block for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) >= 6
    for block in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_rows_are_all_there(text, summary):
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    for verdict in summary.verdicts:
        said = f"**{verdict.word}**<br>{verdict.as_claimed} of {verdict.number}"
        assert [line for line in rows if line.startswith(f"| {verdict.claim} |") and said in line]


def test_best_arms_are_bold(text, summary):
    columns = summary.tables[0].columns
    best = [summary.arm(each.best).measures[each.measure].mean * WORDS.measure(each.measure).unit.factor for each in columns]
    bold = [float(each) for each in re.findall(r"\*\*([\d.]+)†?\*\*", text)]
    assert sorted(bold) == pytest.approx(sorted(best), rel=0.01)


def test_details_open_and_close(text):
    assert text.count("<details>") == text.count("</details>") == text.count("<summary>") >= 5
    assert f"```sh\n{COMMAND}\n```" in text


def test_links_lead_to_files_that_are_written(tmp_path):
    summary = summarise_compare(CompareConfig(batch_sizes=(16,), seeds=3, epochs=2))
    draw_report(summary, WORDS, tmp_path, COMMAND, ENVIRONMENT, page=False)
    links = re.findall(r"\]\((.+?)\)", (tmp_path / "report.md").read_text(encoding="utf-8"))
    assert len(links) == len(summary.verdicts) + len(WORDS.figures_of(summary))
    assert all((tmp_path / link).is_file() for link in links)
    assert not (tmp_path / "report.html").exists()
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".md", ".svg"}


def unescaped(text: str) -> str:
    """As a renderer shows it."""
    plain = re.sub(r"\\([\\`*_\[\]{}()#+.!|~$&<>-])", r"\1", text)
    return plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def test_what_users_name_is_text(hostile):
    text = render_markdown(build_report(hostile, WORDS, COMMAND, ENVIRONMENT))
    assert text.splitlines()[0] == f"# {escape(HARMLESS)}"
    assert unescaped(escape(HARMLESS)) == HARMLESS
    assert "<b>" not in text
    assert "\x1b" not in text
    assert not re.search(r"(?<!\\)(?:\\\\)*[$`~]", text.replace("```", ""))
    for block in text.split("\n\n"):
        if block.startswith("|"):
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_lines_of_users_do_not_end_a_row():
    assert table(Table("other", ("a", "b"), [[Cell("one\n| two"), Cell("3")]])).count("\n") == 2


def test_command_with_backticks_stays_one_block():
    text = render_markdown(Report("", "", [Code("run '```\n# no heading'")]))
    assert re.search(r"^(`{4,})sh\nrun '```\n# no heading'\n\1$", text, re.MULTILINE)


def test_columns_without_content_are_left_out():
    rows = [[Cell("x"), Cell(""), Cell("1")], [Cell("y"), Cell(""), Cell("2")]]
    assert table(Table("other", ("a", "b", "c"), rows)).splitlines()[0] == "| a | c |"
