"""The report shows its summary and nothing else: one number is changed, and exactly its cells change."""

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from report.conftest import COMMAND, ENVIRONMENT, words_at_a_glance
from stats.synthetic import summarise_compare

from jaxnorm.experiments.compare.figures import WORDS
from jaxnorm.experiments.compare.study import CompareConfig
from jaxnorm.report.arms import all_arms_table, results_tables
from jaxnorm.report.blocks import Block, Cell, Code, Details, Heading, Picture, Report, Table, Text
from jaxnorm.report.build import build_report
from jaxnorm.report.claims import claims_table, statements_table
from jaxnorm.report.comparisons import comparisons_table
from jaxnorm.stats.summary import Summary

Place = tuple[object, ...]
"""Where something stands: table, row and column of a cell; the title of a table of the folded part; a text is its own place."""
FOREST, DIFFERENCE, MARGIN, TEST_SET, SEEDS = 3, 4, 5, 6, 7
"""Columns of the table of all comparisons."""


def make(summary: Summary) -> Report:
    return build_report(summary, WORDS, COMMAND, ENVIRONMENT)


def contents(summary: Summary) -> dict[Place, Any]:
    """All that a report shows, by place."""
    named = {
        "results": results_tables(summary, WORDS)[0],
        "all arms": all_arms_table(summary, WORDS),
        "comparisons": comparisons_table(summary, WORDS, summary.comparisons),
        "claims": claims_table(summary, WORDS),
        "statements": statements_table(summary, WORDS),
    }
    report = make(summary)
    return dict(_walk(report.blocks, "", named)) | {(text,): text for text in (report.title, report.kicker)}


def _walk(blocks: Sequence[Block], title: str, named: Mapping[str, Block]) -> Iterator[tuple[Place, Any]]:
    for block in blocks:
        match block:
            case Details(title=inner):
                yield (inner,), inner
                yield from _walk(block.blocks, inner, named)
            case Table():
                name = next((name for name, table in named.items() if table == block), title)
                yield (name, "around"), (block.title, block.caption, *block.headings)
                for row, cells in enumerate(block.rows):
                    yield from (((name, row, column), cell) for column, cell in enumerate(cells))
            case _:
                yield (block,), block


def changed(summary: Summary, other: Summary) -> set[Place]:
    before, after = contents(summary), contents(other)
    return {place for place in before.keys() | after.keys() if before.get(place) != after.get(place)}


def replaced(summary: Summary, path: list, change: Callable) -> Summary:
    """The summary with one of its values changed; ``path`` leads to it through the JSON."""
    raw = msgspec.to_builtins(summary)
    *way, last = path
    inner = raw
    for step in way:
        inner = inner[step]
    inner[last] = change(inner[last])
    return msgspec.convert(raw, Summary)


def more(value):
    """Another number, so different that it is printed differently."""
    return value + 7 if isinstance(value, int) else 1.37 * value or 0.0123


ARM, MEASURE, COLUMN = 3, "test_accuracy", 4
"""LayerNorm at 128, in the last column of the results."""


@pytest.mark.parametrize("part", ["mean", "half"])
def test_number_of_an_arm_stands_in_its_two_cells(summary, part):
    place_in_all = 1 + list(summary.arms[0].measures).index(MEASURE)
    other = replaced(summary, ["arms", ARM, "measures", MEASURE, part], more)
    assert changed(summary, other) == {("results", ARM, COLUMN), ("all arms", ARM, place_in_all)}


def test_number_of_an_arm_that_is_not_compared_at_a_glance_is_folded(summary):
    place_in_all = 1 + list(summary.arms[0].measures).index("validation_loss")
    assert changed(summary, replaced(summary, ["arms", 0, "measures", "validation_loss", "mean"], more)) == {("all arms", 0, place_in_all)}


def claimed(summary: Summary, index: int) -> list[int]:
    """The claims that rest on a comparison."""
    return [row for row, verdict in enumerate(summary.verdicts) if any(part.comparison == index for part in verdict.evidence)]


def some_comparisons(summary: Summary) -> list[int]:
    """One that no claim rests on, one that one claim does, and one that several do."""
    by_number = {len(claimed(summary, index)): index for index in range(len(summary.comparisons))}
    return [by_number[number] for number in (0, 1, 2)]


@pytest.mark.parametrize(
    ("part", "columns", "told"),
    [
        ("mean", {FOREST, DIFFERENCE}, True),
        ("half", {FOREST, DIFFERENCE}, True),
        ("half_alone", {FOREST}, False),
        ("margin", {FOREST, MARGIN}, True),
    ],
)
def test_number_of_a_comparison_stands_in_its_row_and_in_the_claims_that_rest_on_it(summary, part, columns, told):
    for index in some_comparisons(summary):
        rows = claimed(summary, index)
        expected = {("comparisons", index, column) for column in columns} | {("claims", row, 3) for row in rows}
        parts = [part for verdict in summary.verdicts for part in verdict.evidence]  # each has a row among the claims in full
        expected |= {("statements", row, 3) for row, each in enumerate(parts) if each.comparison == index and told}
        found = changed(summary, replaced(summary, ["comparisons", index, part], more))
        ranges = {("claims", row, 1) for row in rows if part in ("mean", "margin")}  # from the least to the most of a claim
        assert expected <= found <= expected | ranges
        assert {place for place in ranges if summary.verdicts[place[1]].number == 1} <= found


def test_claim_tells_from_where_to_where_its_differences_reach(summary):
    for verdict, row in zip(summary.verdicts, claims_table(summary, WORDS).rows, strict=True):
        by_measure = {}
        for part in verdict.evidence:
            compared = summary.comparisons[part.comparison]
            factor = WORDS.measure(compared.measure).unit.factor
            ends = by_measure.setdefault(compared.measure.partition("@")[0], ([], []))
            ends[0].append(factor * part.sign * (-1 if part.expected == "lower" else 1) * compared.mean)
            ends[1].append(factor * compared.margin)
        expected = {end for ends in by_measure.values() for values in ends for end in (min(values), max(values))}
        shown = [float(each.replace("−", "-")) for each in re.findall(r"[+−]?\d+\.?\d*", row[1].small)]
        for end in expected:
            assert min(abs(value - end) for value in shown) <= 0.06 * abs(end)
        for value in shown:
            assert min(abs(value - end) for end in expected) <= 0.06 * abs(value)


def test_further_numbers_of_a_comparison_stand_in_its_row(summary):
    index = next(index for index, each in enumerate(summary.comparisons) if each.seeds_needed)
    assert changed(summary, replaced(summary, ["comparisons", index, "seeds_needed"], more)) == {("comparisons", index, SEEDS)}
    told = changed(summary, replaced(summary, ["comparisons", index, "strays"], lambda strays: 0 if strays else 1))
    parts = [part for verdict in summary.verdicts for part in verdict.evidence]
    resting = {
        ("claims", row, 3) for row, verdict in enumerate(summary.verdicts) if index in {part.comparison for part in verdict.evidence}
    }
    resting |= {("statements", row, 3) for row, part in enumerate(parts) if part.comparison == index}
    assert resting
    assert told == {("comparisons", index, 1)} | resting
    finding = replaced(summary, ["comparisons", index, "finding"], lambda _: "higher")
    assert changed(summary, finding) == {("comparisons", index, 2), ("comparisons", index, FOREST)}
    error = changed(summary, replaced(summary, ["comparisons", index, "test_error"], lambda _: 0.01))
    assert {place for place in error if len(place) == 3} == {("comparisons", index, TEST_SET)}


@pytest.mark.parametrize("part", ["as_claimed", "number"])
def test_count_of_a_verdict_stands_beside_its_word(summary, part):
    place = {("claims", 4, 2)}
    both = changed(summary, replaced(summary, ["verdicts", 4, part], more))
    assert place <= both
    assert all(isinstance(each[0], Text) for each in both - place)  # the number is in the sum of all claims' comparisons too
    assert part == "number" or both == place


def test_word_of_a_verdict_is_its_mark(summary):
    other = replaced(summary, ["verdicts", 4, "word"], lambda _: "refuted")
    assert changed(summary, other) == {("claims", 4, 2)}
    assert contents(other)["claims", 4, 2].mark == "refuted"


def test_marks_of_a_column_are_those_of_its_cells(summary):
    column = summary.tables[0].columns[1]
    loser = next(row for row, key in enumerate(column.arms) if key != column.best and key not in column.tied)
    winner = column.arms.index(column.best)
    other = replaced(summary, ["tables", 0, "columns", 1, "best"], lambda _: column.arms[loser])
    assert changed(summary, other) == {("results", loser, 2), ("results", winner, 2)}
    assert contents(summary)["results", winner, 2].mark == contents(other)["results", loser, 2].mark == "best"
    tied = replaced(summary, ["tables", 0, "columns", 1, "tied"], lambda keys: [*keys, column.arms[loser]])
    assert changed(summary, tied) == {("results", loser, 2)}
    assert contents(tied)["results", loser, 2].mark == "tied"


def test_diverged_and_outlier_runs_are_marked_at_their_arm(summary):
    quiet = replaced(summary, ["arms"], lambda arms: [arm | {"outliers": {}, "diverged": []} for arm in arms])
    columns = range(1, 5)
    diverged = changed(quiet, replaced(quiet, ["arms", 2, "diverged"], lambda _: [3, 5]))
    assert {place for place in diverged if place[0] == "results"} == {("results", 2, column) for column in columns}
    assert {place for place in diverged if place[0] == "all arms"} == {("all arms", 2, len(summary.arms[0].measures) + 1)}
    outlier = changed(quiet, replaced(quiet, ["arms", 2, "outliers"], lambda _: {MEASURE: [3]}))
    assert {place for place in outlier if place[0] in ("results", "all arms")} == {
        ("results", 2, COLUMN),
        ("all arms", 2, len(summary.arms[0].measures) + 2),
    }


def test_numbers_of_figures_stand_in_figures_alone(summary):
    for part in ("by_seed", "curves"):
        other = replaced(summary, ["arms"], lambda arms, part=part: [arm | {part: _doubled(arm[part])} for arm in arms])
        assert other != summary
        assert changed(summary, other) == set()


def _doubled(value):
    if isinstance(value, dict):
        return {name: _doubled(inner) for name, inner in value.items()}
    return [_doubled(inner) for inner in value] if isinstance(value, list) else 2 * value


NUMBER = re.compile(r"(?<![\w.])[+−]?\d[\d,]*(?:\.\d+)?")
"""Of a text; names of claims and norms may have digits behind their letters."""
CONFIDENCE = "95"
"""Percent: the one number of the method that is told at a glance."""
TYPED = {number for claim in WORDS.claims.values() for number in NUMBER.findall(re.sub(r"{.*?}", "", claim.title))}
"""Numbers of statements themselves: epoch 1."""


def numbers_at_a_glance(summary: Summary) -> dict[Place, list[str]]:
    """Every number of the report before anything is unfolded, by place."""
    report = build_report(summary, WORDS, COMMAND, {})
    texts: dict[Place, list[str]] = {("title",): [report.title], ("kicker",): [report.kicker]}
    for index, block in enumerate(report.blocks):
        match block:
            case Text(text) | Heading(text):
                texts[index,] = [text]
            case Picture(_, title, caption):
                texts[index,] = [title, caption]
            case Table():
                texts[index, "around"] = [block.title, block.caption, *block.headings]
                for row, cells in enumerate(block.rows):
                    for column, cell in enumerate(cells):
                        texts[index, row, column] = [cell.text, cell.small]
    return {place: NUMBER.findall(" ; ".join(parts)) for place, parts in texts.items()}


def leaves(value, path=()) -> Iterator[tuple]:
    """Paths to all numbers of the JSON of a summary that are not of figures alone."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in items:
        if step in ("by_seed", "curves", "comparison", "sign"):
            continue
        yield from leaves(inner, (*path, step))
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield path


def test_every_number_at_a_glance_comes_from_the_summary(summary):
    """Each kind of number is changed in turn: every number that is shown changes with one of them, so none is typed or computed anew."""
    raw = msgspec.to_builtins(summary)
    kinds: dict[tuple, list[tuple]] = {}
    for path in leaves(raw):
        kinds.setdefault(tuple("#" if isinstance(step, int) else step for step in path), []).append(path)
    others = []
    for paths in kinds.values():
        other = msgspec.to_builtins(summary)
        for path in paths:
            *way, last = path
            inner = other
            for step in way:
                inner = inner[step]
            inner[last] = more(inner[last])
        others.append(msgspec.convert(other, Summary))
    others.append(replaced(summary, ["seeds"], lambda seeds: [*seeds, 99]))
    others.append(replaced(summary, ["verdicts", 4, "evidence", 0, "finding"], lambda found: "opposite" if found == "open" else "open"))
    others.append(replaced(summary, ["settings", "hidden_sizes"], lambda sizes: [77]))
    base = numbers_at_a_glance(summary)
    after = [numbers for other in others if (numbers := numbers_at_a_glance(other)).keys() == base.keys()]
    assert len(after) == len(others)
    unmoved = [
        (place, each)
        for place, numbers in base.items()
        for index, each in enumerate(numbers)
        if not any(len(other[place]) == len(numbers) and other[place][index] != each for other in after)
        and not (each == CONFIDENCE or (each in TYPED and len(place) == 3))
    ]
    assert sum(len(numbers) for numbers in base.values()) > 80
    assert unmoved == []


@pytest.mark.parametrize(
    ("norms", "seeds"),
    [(("batch", "layer"), 32), (("batch", "layer", "none"), 32), (("batch", "layer", "none", "rms"), 32), (("batch",), 1)],
)
def test_report_is_read_at_a_glance(norms, seeds):
    assert words_at_a_glance(make(summarise_compare(CompareConfig(norms=norms, seeds=seeds)))) <= 700


def test_report_is_the_same_from_the_file(summary):
    """As far as what is printed goes: places in forests have more digits than the file."""
    before, after = contents(summary), contents(Summary.from_json(summary.to_json()))
    assert before.keys() == after.keys()
    for place, shown in before.items():
        if isinstance(shown, Cell):
            assert dataclasses.replace(shown, forest=()) == dataclasses.replace(after[place], forest=())
            assert [row.text for row in shown.forest] == [row.text for row in after[place].forest]
        else:
            assert shown == after[place]


def test_all_there_is_stands_in_the_report_once(summary, report):
    found = contents(summary)
    assert {place[0] for place in found} >= {"results", "all arms", "comparisons", "claims", "statements"}
    assert sum(place[0] == "comparisons" and place[-1] == 0 for place in found) == len(summary.comparisons)
    assert [row[0].text for row in report.tables("claims")[0].rows] == [verdict.claim for verdict in summary.verdicts]
    assert COMMAND in [block.text for block in _blocks(report.blocks) if isinstance(block, Code)]


def _blocks(blocks) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Details):
            yield from _blocks(block.blocks)


def test_tables_have_as_many_cells_as_headings(report):
    tables = [block for block in _blocks(report.blocks) if isinstance(block, Table)]
    assert len(tables) >= 6
    for table in tables:
        assert {len(row) for row in table.rows} == {len(table.headings)}


def test_share_of_the_test_set_is_told_where_its_examples_are_known(summary):
    """Of the squared standard errors, from the least to the most; where they are not, that they are not."""
    config = CompareConfig(seeds=8, epochs=2)
    rng = np.random.default_rng(0)
    known = summarise_compare(config, examples={arm.key: rng.uniform(0.9, 1, 300) for arm in config.arms})
    shares = [100 * each.test_error**2 / (each.test_error**2 + each.deviation**2 / 8) for each in known.comparisons if each.test_error]
    assert len(shares) == 5
    blocks = make(known).blocks
    assert all(isinstance(block, Block) for block in blocks)
    said = [NUMBER.findall(block.text) for block in blocks if isinstance(block, Text)]
    assert ["300", f"{min(shares):.0f}", f"{max(shares):.0f}"] in said
    cells = [row[TEST_SET].text for row in comparisons_table(known, WORDS, known.comparisons).rows]
    assert [cell for cell in cells if cell] == [f"{share:.0f} %" for share in shares]
    unknown = [block.text for block in make(summary).blocks if isinstance(block, Text)]
    assert [text for text in unknown if "hold for these 300 test examples alone" in text]


def test_conclusion_of_a_protocol_is_shown_as_a_quotation(summary, report):
    other = replaced(summary, ["settings"], lambda settings: settings | {"conclusion": "So it is."})
    assert [block for block in make(other).blocks if block not in report.blocks] == [Text("So it is.", "quote")]


@pytest.mark.parametrize(
    ("seeds", "norms", "sizes"), [(1, ("mine",), (16,)), (2, ("batch", "layer"), (16, 128)), (4, ("mine", "yours"), (64,))]
)
def test_small_runs_of_any_design_have_a_report(seeds, norms, sizes):
    summary = summarise_compare(CompareConfig(norms=norms, batch_sizes=sizes, seeds=seeds, epochs=1))
    report = make(summary)
    assert len(report.tables("arms")[0].rows) == len(norms) * len(sizes)
    assert len(report.tables("claims")) == bool(summary.verdicts)
    cells = [cell for row in report.tables("arms")[0].rows for cell in row]
    assert not any(isinstance(cell, Cell) and cell.mark for cell in cells) or seeds > 2


def test_runs_that_all_diverged_are_counted_before_anything_else_is_read():
    """Case 31."""
    config = CompareConfig(norms=("batch", "layer", "none"), batch_sizes=(128,), seeds=8, epochs=2)
    summary = summarise_compare(config, effect=lambda arm, loss: np.full_like(loss, np.nan))
    blocks = make(summary).blocks
    warned = [index for index, block in enumerate(blocks) if isinstance(block, Text) and "24" in NUMBER.findall(block.text)]
    assert warned
    assert warned[0] < blocks.index(claims_table(summary, WORDS))
    assert {verdict.word for verdict in summary.verdicts if verdict.claim in ("A8", "B1", "B3a")} == {"inconclusive"}


def test_losses_of_zero_have_a_report():
    """Case 33: a data set of one class. Margins that are a share of nothing are nothing."""
    summary = summarise_compare(CompareConfig(seeds=8, epochs=2), effect=lambda arm, loss: np.zeros_like(loss))
    losses = [each for each in summary.comparisons if each.measure.startswith("train_loss")]
    assert {(each.mean, each.margin, each.finding) for each in losses} == {(0.0, 0.0, "open")}
    places = {row.mean for row in claims_table(summary, WORDS).rows[0][3].forest}
    assert places == {0.0}
    for drawing in WORDS.figures_of(summary).values():
        drawing.make(summary, WORDS)
    assert make(summary).tables("claims")
