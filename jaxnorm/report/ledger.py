"""The ledger of claims: every statement by the document that makes it, with its verdict in every run."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.console import Console
from rich.table import Column
from rich.table import Table as Grid
from rich.text import Text

from jaxnorm.report.certainty import test_shares
from jaxnorm.report.claims import filled, forest
from jaxnorm.report.console import GLYPHS, LEGEND
from jaxnorm.report.markdown import escape, row_of
from jaxnorm.report.text import count
from jaxnorm.report.vocabulary import Vocabulary
from jaxnorm.stats.claims import Slot
from jaxnorm.stats.summary import Summary, Verdict


class Exact(NamedTuple):
    """A claim that is decided by a test instead of a run."""

    id: str
    source: str
    statement: str
    test: str
    """Path of the test."""


class Found(NamedTuple):
    """A verdict of a run, and what is needed to show it."""

    run: str
    summary: Summary
    words: Vocabulary
    verdict: Verdict

    @property
    def statement(self) -> str:
        """What this run judged, its slots filled."""
        return _sentence(filled(self.words.claims[self.verdict.claim].statement, self.verdict.slots))


class Entry(NamedTuple):
    """A claim and what became of it."""

    id: str
    source: str
    statement: str
    """As the document has it, where no run has judged it; each run has its own."""
    instruments: Sequence[str]
    found: Sequence[Found]
    test: str = ""


def read_runs(results: Path, words: Mapping[str, Vocabulary]) -> dict[str, Summary]:
    """The summaries in ``results``, or of the folders below it, by folder; other measurements are passed over.

    Raises ``ValueError`` for a broken one.
    """
    runs = {}
    for path in [*results.glob("summary.json"), *sorted(results.glob("*/summary.json"))]:
        try:
            if msgspec.json.decode(path.read_bytes(), type=dict).get("instrument") in words:
                runs[path.absolute().parent.name] = Summary.load(path)
        except msgspec.MsgspecError as error:
            raise ValueError(f"{path} is not a whole summary") from error
    return runs


def make_ledger(
    words: Mapping[str, Vocabulary],
    exact: Sequence[Exact],
    runs: Mapping[str, Summary],
    slots: Mapping[tuple[str, str], Mapping[str, Slot]],
) -> list[Entry]:
    """Every claim once, in the order of identifiers; ``words`` by instrument, ``slots`` by instrument and claim."""
    entries = {}
    for claim in (claim for each in words.values() for claim in each.claims.values() if claim.id not in entries):
        instruments = [name for name, each in words.items() if claim.id in each.claims]
        found = [
            Found(run, summary, words[summary.instrument], verdict)
            for run, summary in runs.items()
            for verdict in summary.verdicts
            if verdict.claim == claim.id
        ]
        statement = _sentence(filled(claim.statement, slots[instruments[0], claim.id]))
        entries[claim.id] = Entry(claim.id, claim.source, statement, instruments, found)
    entries |= {each.id: Entry(each.id, each.source, _sentence(each.statement), [], [], each.test) for each in exact}
    return sorted(entries.values(), key=lambda entry: (entry.id[0], int("".join(filter(str.isdigit, entry.id))), entry.id))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def verdict_text(verdict: Verdict) -> str:
    """``mixed, 5 of 6``."""
    return f"{verdict.word}, {verdict.as_claimed} of {verdict.number}"


def glyphs(found: Found) -> str:
    """What was found of each comparison, a character each."""
    return "".join(GLYPHS.get(row.finding, "") for row in forest(found.summary, found.words, found.verdict))


def count_entries(entries: Sequence[Entry]) -> str:
    """How far the ledger is, in a sentence."""
    judged, exact = sum(bool(entry.found) for entry in entries), sum(bool(entry.test) for entry in entries)
    return (
        f"{judged} of {len(entries)} claims are judged by results, {exact} are exact and tested, {len(entries) - judged - exact} are open."
    )


def ledger_markdown(entries: Sequence[Entry], sources: Mapping[str, str], results: Path, document: Path) -> str:
    """The ledger as a document: a section for each source, a row for each statement and run. ``results`` and ``document`` are paths."""
    link = os.path.relpath(results, document.parent)
    parts = [count_entries(entries), *_limits(entries)]
    for source, title in sources.items():
        rows = [row for entry in entries if entry.source == source for row in _rows(entry, link)]
        if rows:
            headings = ("", "statement", "run", "verdict", "comparisons")
            parts.append("\n".join([f"### {title}\n", row_of(headings), row_of(["---"] * len(headings)), *rows]))
    return "\n\n".join(parts)


def _limits(entries: Sequence[Entry]) -> list[str]:
    """Of how many runs the accuracies were not tested beyond their own examples, where there are such runs."""
    runs = {found.run: found for entry in entries for found in entry.found}
    untold = [name for name, found in runs.items() if test_shares(found.summary, found.words) == []]
    told = (
        f"In {len(untold)} of {count(len(runs), 'run')} the error of the choice of test examples was not recorded: what they say of test "
    )
    return [f"{told}accuracies holds for these examples alone."] if untold else []


def print_ledger(entries: Sequence[Entry], sources: Mapping[str, str], console: Console) -> None:
    """The ledger on a terminal."""
    for source, title in sources.items():
        console.print(Text(f"\n{title}", style="bold"))
        for entry in (each for each in entries if each.source == source):
            drawn = Grid.grid(Column(width=5), Column())
            for number, (statement, lines) in enumerate(_grouped(entry).items()):
                drawn.add_row("" if number else entry.id, Text(statement))
                for line in lines:
                    drawn.add_row("", Text(line, style="dim"))
            console.print(drawn)
    console.print(Text(f"\n{LEGEND.partition(';')[0]}. {count_entries(entries)}", style="dim"))


def _grouped(entry: Entry) -> dict[str, list[str]]:
    """Each statement of a claim, and what became of it, a line for each run that judged it so."""
    if not entry.found:
        return {entry.statement: [_unjudged(entry)]}
    lines: dict[str, list[str]] = {}
    for each in entry.found:
        lines.setdefault(each.statement, []).append(f"{each.run}: {verdict_text(each.verdict)}  {glyphs(each)}")
    return lines


def _unjudged(entry: Entry) -> str:
    return f"exact: tested in {entry.test}" if entry.test else f"open: decided by {', '.join(entry.instruments)}"


def _rows(entry: Entry, link: str) -> list[str]:
    """The rows of a claim; a statement stands once, above the runs that judged it so."""
    if not entry.found:
        return [row_of((f"**{entry.id}**", escape(entry.statement), "", _unjudged(entry), ""))]
    statements = [each.statement for each in entry.found]
    order = sorted(entry.found, key=lambda each: statements.index(each.statement))
    shown = [""] + [each.statement for each in order]
    return [
        _row(each, link, "" if number else f"**{entry.id}**", "" if each.statement == shown[number] else escape(each.statement))
        for number, each in enumerate(order)
    ]


def _row(found: Found, link: str, name: str, statement: str) -> str:
    folder, claim = f"{link}/{found.run}", found.words.claims[found.verdict.claim]
    figure = f" [figure]({folder}/figures/{claim.figure}.svg)" if claim.figure in found.words.figures_of(found.summary) else ""
    image = f"![{glyphs(found)}]({folder}/figures/claims/{claim.id}.svg)"
    verdict = f"**{found.verdict.word}** {found.verdict.as_claimed} of {found.verdict.number}{figure}"
    return row_of((name, statement, f"[{found.run}]({folder}/report.md)", verdict, image))
