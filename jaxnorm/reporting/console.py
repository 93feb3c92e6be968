"""The report on a terminal, or as plain text where there is none."""

import dataclasses
from collections.abc import Mapping

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from jaxnorm.analysis.control import describe_control
from jaxnorm.analysis.findings import count_verdicts, sentence
from jaxnorm.analysis.summary import Summary, Verdict, Word
from jaxnorm.reporting.tables import TextTable, control_table, differences_table, evidence_table, notes, results_table, timings_table

UNLIMITED_WIDTH = 10_000
"""Characters; a measurement at the console's own width would be cut off there."""
WORD_STYLES: dict[Word, str] = {"holds": "bold green", "contradicted": "bold red", "equivalent": "bold cyan", "unresolved": "bold yellow"}


def print_summary(summary: Summary, console: Console) -> None:
    """Print question, answer, results, verdicts and differences."""
    console.print(Text(summary.question, style="bold"))
    for said in summary.answer:
        console.print(Text(said))
    console.print()
    print_table(results_table(summary), console)
    for note in notes(summary):
        console.print(Text(note, style="yellow"))
    if summary.differences:
        console.print()
        print_table(differences_table(summary), console)
    if summary.verdicts:
        console.print()
        console.print(Text(f"Verdicts: {count_verdicts(summary.verdicts)}", style="bold"))
    for verdict in summary.verdicts:
        console.print(Padding(_verdict(verdict), (0, 0, 0, 2)))

    if summary.control:
        console.print()
        console.print(Text(describe_control(summary.control)))


def print_brief(summary: Summary, console: Console) -> None:
    """Print the answer, and each verdict's word and claim, a line each however long."""
    console.print(Text(" ".join(summary.answer)), soft_wrap=True)
    for verdict in summary.verdicts:
        line = Text(f"{verdict.claim} ").append(verdict.word, style=WORD_STYLES[verdict.word])
        console.print(line.append(f": {verdict.statement}"), soft_wrap=True)


def print_details(summary: Summary, console: Console) -> None:
    """Print all evidence, and the control measure by measure."""
    tables = [evidence_table(summary)] if summary.verdicts else []
    for table in tables + ([control_table(summary, summary.control)] if summary.control else []):
        console.print()
        print_table(table, console)


def print_timings(timings: Mapping[str, tuple[int, float, float]], console: Console) -> None:
    """Print arm key to number of networks, and seconds of compiling and of training."""
    console.print()
    print_table(timings_table(timings), console)


def print_runs(runs: Mapping[str, Summary], console: Console) -> None:
    """Print several runs, by name, side by side: their verdicts claim by claim, then the results of each."""
    for name, summary in runs.items():
        console.print(Text(f"{name}: ", style="bold").append(summary.question, style="not bold"))
    verdicts = {name: {verdict.claim: verdict.word for verdict in summary.verdicts} for name, summary in runs.items()}
    claims = dict.fromkeys(claim for words in verdicts.values() for claim in words)
    rows = [(claim, *(words.get(claim, "–") for words in verdicts.values())) for claim in claims]
    console.print()
    print_table(
        TextTable("Verdicts", "A dash: the run does not speak of the claim.", ("claim", *runs), [("", rows)], len(runs) + 1), console
    )
    for name, summary in runs.items():
        console.print()
        print_table(dataclasses.replace(results_table(summary), title=name), console)


def print_entries(table: TextTable, console: Console) -> None:
    """Print a table of long texts row by row: the first two cells as a heading, then headed cells in a line, then the last."""
    indent = max(len(row[0]) for _, rows in table.groups for row in rows) + 2
    for identifier, title, *facts, last in (row for _, rows in table.groups for row in rows):
        named = "; ".join(f"{heading}: {fact}" for heading, fact in zip(table.headings[2:-1], facts, strict=True))
        drawn = Table.grid(Column(width=indent), Column())
        drawn.add_row(Text(identifier, style="bold"), Text(title, style="bold"))
        drawn.add_row("", Text(named))
        drawn.add_row("", Text(last, style="italic"))
        console.print(drawn)
    console.print(Text(table.caption, style="dim"))


def print_table(table: TextTable, console: Console) -> None:
    """Print a table at the first of its layouts that fits: lines as they are, then stacked numbers, then closer columns."""
    layouts = [_draw(table, stacked, padding) for stacked, padding in ((False, 1), (True, 1), (True, 0))]
    unlimited = console.options.update(width=UNLIMITED_WIDTH)
    fitting = [drawn for drawn in layouts if Measurement.get(console, unlimited, drawn).maximum <= console.width]
    console.print(fitting[0] if fitting else layouts[-1])
    console.print(Text(table.caption, style="dim"))


def _draw(table: TextTable, stacked: bool, padding: int) -> Table:
    """Texts go in as ``Text``: the brackets of an interval are no markup. Stacked, a half width stands under its mean."""

    def cell(text: str, separator: str) -> Text:
        return Text(text.replace(separator, "\n" + separator.strip()) if stacked else text)

    drawn = Table(title=Text(table.title, style="bold"), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, padding))
    for index, heading in enumerate(table.headings):
        drawn.add_column(cell(heading, " "), justify="left" if index < table.num_text_columns else "right", overflow="fold")
    for group, rows in table.groups:
        if group:
            drawn.add_row(Text(group, style="italic"))
        for row in rows:
            drawn.add_row(*(cell(("  " if group and not index else "") + text, " ±") for index, text in enumerate(row)))
    return drawn


def _verdict(verdict: Verdict) -> Text:
    text = Text(sentence(verdict))
    start = text.plain.find(verdict.word)
    text.stylize(WORD_STYLES[verdict.word], start, start + len(verdict.word))
    return text
