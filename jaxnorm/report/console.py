"""The report on a terminal, or as plain text where there is none."""

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text as Line

from jaxnorm.report.arms import results_tables
from jaxnorm.report.blocks import Cell, ForestRow, Mark, Table
from jaxnorm.report.build import warnings
from jaxnorm.report.certainty import seeds_line, test_set_line
from jaxnorm.report.claims import claims_table, verdict_line
from jaxnorm.report.comparisons import comparisons_table
from jaxnorm.report.setting import question
from jaxnorm.report.text import number
from jaxnorm.report.vocabulary import Vocabulary
from jaxnorm.stats.summary import Summary

UNLIMITED_WIDTH = 10_000
"""Characters; a measurement at the console's own width would be cut off there."""
STYLES: dict[Mark, str] = {
    "best": "bold green",
    "tied": "green",
    "supported": "bold green",
    "refuted": "bold red",
    "mixed": "bold yellow",
    "negligible": "bold",
    "inconclusive": "bold",
}
GLYPHS: dict[Mark, str] = {"as claimed": "+", "opposite": "-", "negligible": "=", "open": "?"}
"""What was found of a claim's comparisons, one character each."""
LEGEND = "+ as claimed, - opposite, = negligible, ? open; * best, ~ not distinguishable from it, † outlier or diverged runs"
MARKS: dict[Mark, str] = {"best": "*", "tied": "~"}


def print_summary(summary: Summary, words: Vocabulary, console: Console) -> None:
    """The question, the tables of arms, the claims, and how many seeds would close what is open."""
    console.print(Line(question(summary), style="bold"))
    for block in [*results_tables(summary, words)[:-1], *warnings(summary)]:
        if isinstance(block, Table):
            print_table(block, console)
        else:
            console.print(Line(getattr(block, "text", ""), style="yellow"))
    if summary.verdicts:
        console.print()
        print_table(claims_table(summary, words, amounts=False), console, caption=False)
    console.print(Line(LEGEND, style="dim"))
    for line in filter(None, (seeds_line(summary), test_set_line(summary, words))):
        console.print(Line(line, style="dim"))


def print_brief(summary: Summary, words: Vocabulary, console: Console) -> None:
    """Each claim in a line, however long, and what must be seen besides."""
    for block in warnings(summary):
        console.print(Line(getattr(block, "text", ""), style="yellow"))
    for verdict in summary.verdicts:
        console.print(Line(verdict_line(summary, words, verdict)), soft_wrap=True)


def print_details(summary: Summary, words: Vocabulary, console: Console) -> None:
    """All comparisons."""
    console.print()
    print_table(comparisons_table(summary, words, summary.comparisons), console)


def print_timings(timings: Mapping[str, tuple[int, float, float]], console: Console) -> None:
    """Arm key to number of networks, and seconds of compiling and of training."""
    rows = [
        [Cell(key), Cell(str(networks)), Cell(number(compiling, 1)), Cell(number(running, 1))]
        for key, (networks, compiling, running) in timings.items()
    ]
    console.print()
    print_table(Table("other", ("arm", "networks", "compiling (s)", "training (s)"), rows), console)


def print_runs(runs: Mapping[str, tuple[Summary, Vocabulary]], console: Console) -> None:
    """Several runs, by name, side by side: their verdicts claim by claim, then the results of each."""
    found = {
        name: {verdict.claim: f"{verdict.word}, {verdict.as_claimed} of {verdict.number}" for verdict in summary.verdicts}
        for name, (summary, _) in runs.items()
    }
    claims = dict.fromkeys(claim for words in found.values() for claim in words)
    rows = [[Cell(claim), *(Cell(words.get(claim, "–")) for words in found.values())] for claim in claims]
    print_table(Table("other", ("claim", *runs), rows, text_columns=len(runs) + 1), console)
    for name, (summary, words) in runs.items():
        console.print(Line(name, style="bold"))
        for block in results_tables(summary, words)[:-1]:
            print_table(block, console)  # pyright: ignore[reportArgumentType]


def print_table(table: Table, console: Console, *, caption: bool = True) -> None:
    """A table at the first of its layouts that fits: lines as they are, stacked numbers, closer columns; comparisons row by row."""
    if table.title:
        console.print(Line(table.title, style="dim"))
    layouts = [_draw(table, stacked, padding) for stacked, padding in ((False, 1), (True, 1), (True, 0))]
    unlimited = console.options.update(width=UNLIMITED_WIDTH)
    fitting = [drawn for drawn in layouts if Measurement.get(console, unlimited, drawn).maximum <= console.width]
    if fitting or table.name != "comparisons":
        console.print(fitting[0] if fitting else layouts[-1])
    else:
        _print_rows(table, console)
    if caption and table.caption:
        console.print(Line(table.caption, style="dim"))


def _print_rows(table: Table, console: Console) -> None:
    """What each row is about, and below it its numbers with their headings."""
    for row in table.rows:
        texts, numbers = row[: table.text_columns], zip(table.headings, row, strict=True)
        console.print(Line.assemble(*((f"{cell.text}   ", STYLES.get(cell.mark, "")) for cell in texts)))
        told = [f"{heading} {cell.text} {cell.small}".strip() for heading, cell in list(numbers)[table.text_columns :] if cell.text]
        console.print(Padding(Line("; ".join(told)), (0, 0, 0, 2)))


def _draw(table: Table, stacked: bool, padding: int) -> Grid:
    """Stacked, what is small stands under its text. Texts go in as ``Text``: brackets are no markup."""
    drawn = Grid(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, padding), show_header=any(table.headings))
    for index, heading in enumerate(table.headings):
        numeric = index >= table.text_columns
        drawn.add_column(Line(heading), justify="right" if numeric else "left", overflow="fold")
    for row in table.rows:
        drawn.add_row(*(_cell(cell, stacked and index >= table.text_columns) for index, cell in enumerate(row)))
    return drawn


def _cell(cell: Cell, stacked: bool) -> Line:
    if cell.forest:
        return Line(_glyphs(cell.forest))
    text = Line(cell.text, style=STYLES.get(cell.mark, ""))
    if cell.small:
        text.append(("\n" if stacked else " ") + cell.small, style="not bold")
    return text.append(MARKS.get(cell.mark, " ")) if cell.mark in ("best", "tied") else text


def _glyphs(rows: Sequence[ForestRow]) -> str:
    return "".join(GLYPHS.get(row.finding, "") for row in rows)
