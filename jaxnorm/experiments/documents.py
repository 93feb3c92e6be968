"""What documents show of committed results, rendered from the files that a run wrote, so that no published number is ever typed.

A block ``<!-- kind: name -->`` ... ``<!-- end -->`` of a Markdown document holds what ``kind`` shows of the results folder ``name``;
further words after the name choose from it.
"""

import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from jaxnorm.experiments.exact_claims import EXACT
from jaxnorm.experiments.foreseen import foreseen_slots
from jaxnorm.experiments.layers.report import costs_table, errors_table
from jaxnorm.experiments.layers.results import LayersSummary
from jaxnorm.experiments.registry import TRAINING, words_of
from jaxnorm.experiments.sources import SOURCES
from jaxnorm.experiments.throughput.report import best_row
from jaxnorm.experiments.throughput.results import SpeedSummary
from jaxnorm.report.arms import results_tables
from jaxnorm.report.blocks import Table
from jaxnorm.report.claims import claims_table
from jaxnorm.report.ledger import ledger_markdown, make_ledger, read_runs, verdict_text
from jaxnorm.report.markdown import escape, row_of, table
from jaxnorm.report.text import count, duration
from jaxnorm.stats.summary import Summary
from jaxnorm.validation.simulation import ValidationSummary
from jaxnorm.validation.tables import shown_table, validation_table

BLOCK = re.compile(r"(<!-- (?P<kind>\w+): (?P<name>\w+)(?P<words>(?: \w+)*) -->\n).*?(<!-- end -->)", re.DOTALL)
Render = Callable[[Path, Path, Sequence[str]], str]
"""From the folder of results, the document, and further words, to Markdown."""


def fill(document: Path, results: Path) -> str:
    """The document with all its blocks rendered from ``results``. Raises ``KeyError`` on an unknown kind, ``OSError`` on absent results."""

    def render(block: re.Match[str]) -> str:
        return f"{block[1]}{RENDERERS[block['kind']](results / block['name'], document, block['words'].split())}\n<!-- end -->"

    return BLOCK.sub(render, document.read_text(encoding="utf-8"))


def render_picture(folder: Path, document: Path, words: Sequence[str]) -> str:
    """A figure of a run, linked to its report."""
    (name,) = words
    link, summary = _link(folder, document), Summary.load(folder / "summary.json")
    return f"[![{words_of(summary.instrument).drawings[name].title}]({link}/figures/{name}.svg)]({link}/report.md)"


def render_claims(folder: Path, document: Path, words: Sequence[str]) -> str:
    """The chosen claims of a run with verdict, count and forest, in that order; all of them where none is chosen."""
    summary = Summary.load(folder / "summary.json")
    shown = claims_table(summary, words_of(summary.instrument), amounts=False)
    rows = [row for row in shown.rows if not words or row[0].text in words]
    chosen = Table("claims", shown.headings, rows, text_columns=shown.text_columns)
    return table(chosen, images=f"{_link(folder, document)}/figures")


def render_arms(folder: Path, document: Path, words: Sequence[str]) -> str:
    """The tables of results of a run."""
    del document, words
    summary = Summary.load(folder / "summary.json")
    blocks = results_tables(summary, words_of(summary.instrument))
    return "\n\n".join(table(block) for block in blocks if isinstance(block, Table))


def render_entry(folder: Path, document: Path, words: Sequence[str]) -> str:
    """One run as a list of facts: question, command, time and machine, verdicts."""
    del words
    summary, environment = Summary.load(folder / "summary.json"), _environment(folder)
    return _entry(
        f"[{escape(json.loads((folder / 'config.json').read_bytes())['question'])}]({_link(folder, document)}/report.md)",
        f"python -m jaxnorm.experiments.{summary.instrument} experiments/{folder.name}.toml --out experiments/results/{folder.name}",
        f"{duration(environment['wall_seconds'])}, {count(len(summary.seeds), 'seed')}; {_machine(folder)}",
        "; ".join(f"{verdict.claim} {verdict_text(verdict)}" for verdict in summary.verdicts),
    )


def render_speed(folder: Path, document: Path, words: Sequence[str]) -> str:
    """The best of the throughput table: one row for each optimizer and batch size."""
    del words
    speeds, link = SpeedSummary.load(folder / "summary.json"), _link(folder, document)
    kinds = dict.fromkeys((timing.optimizer, timing.batch_size) for timing in speeds.timings if timing.model == "mlp")
    headings = ("optimizer", "batch size", "networks at once", "updates per second", "× Flax loop", "× PyTorch", "of matrix peak")
    rows = [headings, ["---", *["---:"] * (len(headings) - 1)], *(best_row(speeds, *kind) for kind in kinds)]
    return "\n".join(map(row_of, rows)) + f"\n\n{speeds.setting}; {_machine(folder)}. [All timings]({link}/report.md)."


def render_speed_entry(folder: Path, document: Path, words: Sequence[str]) -> str:
    """The throughput measurement as a list of facts."""
    del words
    speeds = SpeedSummary.load(folder / "summary.json")
    adam = [best_row(speeds, "adam", size) for size in sorted({timing.batch_size for timing in speeds.timings if timing.model == "mlp"})]
    found = [f"batch size {size}: {torch} times PyTorch, {flax} times a plain Flax loop" for _, size, _, _, flax, torch, _ in adam]
    return _entry(
        f"[How many networks does this machine train per second?]({_link(folder, document)}/report.md)",
        f"python -m jaxnorm.experiments.throughput --out experiments/results/{folder.name}",
        _machine(folder),
        f"Adam, {'; '.join(found)}",
    )


def render_layers(folder: Path, document: Path, words: Sequence[str]) -> str:
    """Rounding errors and costs of single layers."""
    del words
    summary = LayersSummary.load(folder / "summary.json")
    tables = (f"{table(each)}\n\n{escape(each.caption)}" for each in (errors_table(summary), costs_table(summary)))
    return "\n\n".join([*tables, f"{_machine(folder)}. [The report]({_link(folder, document)}/report.md)."])


def render_validation(folder: Path, document: Path, words: Sequence[str]) -> str:
    """How often simulated reports say anything false."""
    del document, words
    found = validation_table(ValidationSummary.load(folder / "summary.json"))
    return f"{table(found)}\n\n{escape(found.caption)}"


def render_shown(folder: Path, document: Path, words: Sequence[str]) -> str:
    """What so many seeds can show; no results are read."""
    del folder, document, words
    return table(shown_table())


def render_ledger(folder: Path, document: Path, words: Sequence[str]) -> str:
    """Every claim by its source, with the verdicts of all results beside ``folder``."""
    del words
    vocabularies = {name: words_of(name) for name in TRAINING}
    entries = make_ledger(vocabularies, EXACT, read_runs(folder.parent, vocabularies), foreseen_slots())
    return ledger_markdown(entries, SOURCES, folder.parent, document)


RENDERERS: dict[str, Render] = {
    "picture": render_picture,
    "claims": render_claims,
    "arms": render_arms,
    "entry": render_entry,
    "speed": render_speed,
    "speed_entry": render_speed_entry,
    "layers": render_layers,
    "validation": render_validation,
    "shown": render_shown,
    "ledger": render_ledger,
}


def _entry(question: str, command: str, cost: str, verdict: str) -> str:
    return f"### {question}\n\n- command: `{command}`\n- time and machine: {cost}\n- found: {verdict}"


def _link(folder: Path, document: Path) -> Path:
    return Path(os.path.relpath(folder, document.parent))


def _environment(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "environment.json").read_text(encoding="utf-8"))


def _machine(folder: Path) -> str:
    environment = _environment(folder)
    machine = f"{environment['processor']}, {environment['cores']} cores, {environment['backend']}"
    return f"{machine}, jax {environment['packages']['jax']}, {environment['date']}"
