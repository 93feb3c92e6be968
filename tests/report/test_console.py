"""The report on a terminal: short, readable at any width, nothing cut off, plain where there is no terminal."""

import io
import re

import numpy as np
import pytest
from report.conftest import HARMLESS, HOSTILE
from rich.console import Console
from stats.synthetic import summarise_compare

from jaxnorm.experiments.compare.figures import WORDS
from jaxnorm.experiments.compare.study import CompareConfig
from jaxnorm.report.certainty import seeds_line
from jaxnorm.report.comparisons import comparisons_table
from jaxnorm.report.console import print_brief, print_details, print_runs, print_summary, print_timings
from jaxnorm.stats.summary import Summary

GLYPHS = {"as claimed": "+", "opposite": "-", "negligible": "=", "open": "?"}


def printed(make, width: int, *, terminal: bool = False) -> str:
    file = io.StringIO()
    make(Console(file=file, width=width, force_terminal=terminal, color_system="truecolor" if terminal else None, markup=False))
    return file.getvalue()


def summary_text(summary: Summary, width: int, **more) -> str:
    return printed(lambda console: print_summary(summary, WORDS, console), width, **more)


@pytest.fixture(scope="module")
def default() -> Summary:
    """Compare's default plan."""
    return summarise_compare(CompareConfig())


@pytest.mark.parametrize(("norms", "further"), [(CompareConfig().norms, 10), (("batch", "layer", "none"), 0)])
def test_default_runs_fit_a_screen(norms, further):
    """With the lines of a default run's training, where it is one: seeds, device, five arms, files written."""
    text = summary_text(summarise_compare(CompareConfig(norms=norms)), 100)
    assert len(text.splitlines()) + further <= 45


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_no_line_is_too_long_and_no_word_is_cut(summary, width):
    text = summary_text(summary, width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert "\x1b" not in text


def test_comparisons_are_told_row_by_row_where_the_table_does_not_fit(summary):
    """With whole words, and each number after its heading."""
    text = printed(lambda console: print_details(summary, WORDS, console), 60)
    assert max(map(len, text.splitlines())) <= 60
    words = set(text.split())
    table = comparisons_table(summary, WORDS, summary.comparisons)
    assert {word for row in table.rows for word in row[1].text.split()} <= words
    assert " ".join(text.split()).count("margin ") >= len(summary.comparisons)


def test_name_that_is_wider_than_the_console_is_folded_and_whole():
    name = "x" * 90
    text = summary_text(summarise_compare(CompareConfig(norms=("batch", name), batch_sizes=(16,), seeds=3, epochs=1)), 60)
    assert max(map(len, text.splitlines())) <= 60
    assert "…" not in text
    assert text.count("x") >= len(name)


@pytest.mark.parametrize("width", [60, 100])
def test_all_numbers_of_the_arms_are_printed(default, width):
    shown = np.array([float(each) for each in re.findall(r"\d+\.\d+", summary_text(default, width))])
    for column in default.tables[0].columns:
        for key in column.arms:
            estimate, factor = default.arm(key).measures[column.measure], WORDS.measure(column.measure).unit.factor
            assert np.abs(shown - factor * estimate.mean).min() <= 0.06 * factor * estimate.half  # rounded to two of its digits


@pytest.mark.parametrize("width", [60, 100])
def test_every_claim_has_its_verdict_its_count_and_a_character_for_each_comparison(default, width):
    text = summary_text(default, width)
    for verdict in default.verdicts:
        assert re.search(rf"\b{verdict.claim}\b", text)
        glyphs = "".join(GLYPHS[part.finding] for part in verdict.evidence)
        assert re.search(rf"(?<![-+=?]){re.escape(glyphs[:6])}", text)
    found = re.findall(r"(supported|refuted|mixed|negligible|inconclusive)\s", text)
    assert len(found) == len(default.verdicts)
    assert len(re.findall(r"\d+ of \d+", text)) >= len(default.verdicts)


def test_results_keep_one_line_an_arm_where_there_is_room(summary):
    rows = [line for line in summary_text(summary, 160).splitlines() if line.count("±") == len(summary.tables[0].columns)]
    assert len(rows) == len(summary.arms)


def test_best_arms_are_marked_without_colours(summary):
    rows = [line for line in summary_text(summary, 160).splitlines() if line.count("±") > 1]
    columns = summary.tables[0].columns
    assert sum(line.count("*") for line in rows) == len(columns)
    assert sum(line.count("~") for line in rows) == sum(len(column.tied) for column in columns)


def test_terminal_has_colours(summary):
    assert "\x1b[1;32msupported" in summary_text(summary, 120, terminal=True)


def test_details_have_a_row_for_each_comparison(summary):
    text = printed(lambda console: print_details(summary, WORDS, console), 200)
    assert sum(bool(re.search(r"\[.*\d, .*\d\]", line)) for line in text.splitlines()) == len(summary.comparisons)


@pytest.mark.parametrize("width", [60, 200])
def test_brief_has_a_line_for_each_claim(summary, width):
    lines = printed(lambda console: print_brief(summary, WORDS, console), width).splitlines()
    assert [line.split()[0] for line in lines] == [verdict.claim for verdict in summary.verdicts]
    for verdict, line in zip(summary.verdicts, lines, strict=True):
        assert f"{verdict.word}, {verdict.as_claimed} of {verdict.number}" in line


def test_brief_says_what_diverged():
    """Case 31: no word of it in --quiet."""
    config = CompareConfig(batch_sizes=(128,), seeds=8, epochs=2)
    diverged = summarise_compare(config, effect=lambda arm, loss: loss * float("nan"))
    first, *_ = printed(lambda console: print_brief(diverged, WORDS, console), 100).splitlines()
    assert "16" in re.findall(r"\d+", first)
    assert not any(first.startswith(verdict.claim) for verdict in diverged.verdicts)


def test_runs_stand_side_by_side(summary, default):
    text = printed(lambda console: print_runs({"one": (summary, WORDS), "two": (default, WORDS)}, console), 200)
    (line,) = [line for line in text.splitlines() if line.strip().startswith("A1 ")]
    assert re.findall(r"(\w+), (\d+) of (\d+)", line) == [
        (each.verdicts[0].word, str(each.verdicts[0].as_claimed), str(each.verdicts[0].number)) for each in (summary, default)
    ]
    (missing,) = [line for line in text.splitlines() if line.strip().startswith("B1 ")]  # asks for no norm
    assert "–" in missing


def test_timings_are_printed():
    text = printed(lambda console: print_timings({"batch-16": (32, 1.25, 10.0)}, console), 100)
    assert re.search(r"batch-16\s+32\s+1\.2\s+10\.0", text)


@pytest.mark.parametrize("width", [60, 200])
def test_what_users_name_is_text(hostile, width):
    for make in (print_summary, print_brief, print_details):
        text = printed(lambda console, make=make: make(hostile, WORDS, console), width)
        terminal = printed(lambda console, make=make: make(hostile, WORDS, console), width, terminal=True)
        assert HOSTILE not in text + terminal
        assert "\x1b" not in text
        assert make is print_brief or HARMLESS in text.replace("\n", "") or width == 60
    assert HARMLESS in summary_text(hostile, 200).splitlines()[0]


@pytest.mark.parametrize(("seeds", "norms", "sizes"), [(1, ("mine",), (16,)), (2, ("batch", "layer"), (16, 128))])
def test_small_runs_are_printed(seeds, norms, sizes):
    summary = summarise_compare(CompareConfig(norms=norms, batch_sizes=sizes, seeds=seeds, epochs=1))
    text = summary_text(summary, 100)
    assert ("±" in text) == (seeds > 1)
    assert re.search("supported|refuted|mixed", text) is None


def test_line_on_seeds_counts_what_is_open(summary):
    open_parts = [part for verdict in summary.verdicts for part in verdict.evidence if part.finding == "open"]
    total, within = sum(verdict.number for verdict in summary.verdicts), [each.seeds_needed for each in open_parts if each.seeds_needed]
    numbers = [int(each.replace(",", "")) for each in re.findall(r"\d[\d,]*", seeds_line(summary))]
    assert numbers[:3] == [len(open_parts), total, 16]
    for seeds, closed in zip(numbers[3::2], numbers[4::2], strict=True):
        assert closed == sum(each <= seeds for each in within)
    assert numbers[-1] == len(within)


def test_line_on_seeds_says_no_number_where_nothing_tells_one():
    two = summarise_compare(CompareConfig(seeds=2, epochs=2))
    total = str(sum(verdict.number for verdict in two.verdicts))
    assert re.findall(r"\d[\d,]*", seeds_line(two)) == [total, total, "2"]
    assert seeds_line(summarise_compare(CompareConfig(norms=("mine",), batch_sizes=(16,), seeds=2, epochs=2))) == ""
