"""What documents show of committed results, rendered from the files that a run wrote, so that no published number is ever typed.

A block ``<!-- kind: name -->`` ... ``<!-- end -->`` of a Markdown document holds what ``kind`` shows of the results folder ``name``.
"""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jaxnorm.analysis.coverage import CoverageSummary
from jaxnorm.analysis.findings import count_verdicts
from jaxnorm.analysis.summary import Summary
from jaxnorm.analysis.wording import count
from jaxnorm.experiments.layers.report import costs_table, errors_table
from jaxnorm.experiments.layers.results import LayersSummary
from jaxnorm.experiments.throughput.report import best_row
from jaxnorm.experiments.throughput.results import SpeedSummary
from jaxnorm.reporting.claims import claims_table, find_verdicts, judges_claims, verdicts_overview
from jaxnorm.reporting.coverage import QUESTION, describe_found, shapes_table, tables
from jaxnorm.reporting.drawings import drawings_of
from jaxnorm.reporting.report import verdicts_table
from jaxnorm.reporting.tables import markdown_row, markdown_rows

BLOCK = re.compile(r"(<!-- (?P<kind>\w+): (?P<name>\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(document: Path, results: Path) -> str:
    """The document with all its blocks rendered from ``results``. Raises ``KeyError`` on an unknown kind, ``OSError`` on absent results."""

    def render(block: re.Match) -> str:
        folder = results / block["name"]
        return block[1] + RENDERERS[block["kind"]](folder, Path(os.path.relpath(folder, document.parent))) + "\n" + block[4]

    return BLOCK.sub(render, document.read_text())


def render_answer(folder: Path, link: Path) -> str:
    """Question, answer, the classic two curves, and all verdicts of a run."""
    summary = Summary.load(folder / "summary.json")
    first, drawing = next(iter(drawings_of(summary).items()))
    parts = [
        f"**{summary.question}**",
        *summary.answer,
        f"[![{drawing.text}]({link}/figures/{first}.png)]({link}/report.md)",
        markdown_rows(verdicts_table(summary)),
        count_verdicts(summary.verdicts),
        f"{summary.setting}; {_machine(folder)}. The whole report: [{link}/report.md]({link}/report.md).",
    ]
    return "\n\n".join(parts)


def render_entry(folder: Path, link: Path) -> str:
    """One run as a list of facts: question, command, time and machine, verdicts."""
    summary, environment = Summary.load(folder / "summary.json"), _environment(folder)
    words = [f"{verdict.claim} {verdict.word}" for verdict in summary.verdicts]
    return _entry(
        f"[{summary.question}]({link}/report.md)",
        f"python -m jaxnorm.experiments.{summary.instrument} experiments/{folder.name}.toml --out experiments/results/{folder.name}",
        f"time and machine: {environment['wall_seconds'] / 60:.1f} minutes, {count(len(summary.seeds), 'seed')}; {_machine(folder)}",
        ", ".join(words),
    )


def render_speed(folder: Path, link: Path) -> str:
    """The best of the throughput table: one row for each optimizer and batch size."""
    speeds = SpeedSummary.load(folder / "summary.json")
    kinds = dict.fromkeys((timing.optimizer, timing.batch_size) for timing in speeds.timings if timing.model == "mlp")
    headings = ("optimizer", "batch size", "networks at once", "updates per second", "× Flax loop", "× PyTorch", "of matrix peak")
    rows = [headings, ["---", *["---:"] * (len(headings) - 1)], *(best_row(speeds, *kind) for kind in kinds)]
    table = "\n".join(markdown_row(row) for row in rows)
    return f"{table}\n\n{speeds.setting}; {_machine(folder)}. The whole table: [{link}/report.md]({link}/report.md)."


def render_speed_entry(folder: Path, link: Path) -> str:
    """The throughput measurement as a list of facts."""
    speeds = SpeedSummary.load(folder / "summary.json")
    adam = [best_row(speeds, "adam", size) for size in sorted({timing.batch_size for timing in speeds.timings if timing.model == "mlp"})]
    found = [f"batch size {size}: {torch} times PyTorch, {flax} times a plain Flax loop" for _, size, _, _, flax, torch, _ in adam]
    question = "How many networks does this machine train per second?"
    command = f"python -m jaxnorm.experiments.throughput --out experiments/results/{folder.name}"
    return _entry(f"[{question}]({link}/report.md)", command, f"machine: {_machine(folder)}", f"Adam, {'; '.join(found)}")


def render_layers(folder: Path, link: Path) -> str:
    """Rounding errors and costs of single layers."""
    summary = LayersSummary.load(folder / "summary.json")
    tables = (f"{markdown_rows(table)}\n\n{table.caption}" for table in (errors_table(summary), costs_table(summary)))
    return "\n\n".join([*tables, f"{_machine(folder)}. The report: [{link}/report.md]({link}/report.md)."])


def render_coverage(folder: Path, link: Path) -> str:
    """Coverage of intervals, false claims of whole reports, and power."""
    summary = CoverageSummary.load(folder / "summary.json")
    figure = f"[![Coverage of 95 % intervals against the number of seeds]({link}/figures/coverage.png)]({link}/report.md)"
    return "\n\n".join([figure, *(f"{markdown_rows(table)}\n\n{table.title}. {table.caption}" for table in tables(summary))])


def render_coverage_entry(folder: Path, link: Path) -> str:
    """The simulation of the statistics as a list of facts."""
    found = describe_found(CoverageSummary.load(folder / "summary.json"))
    command = f"python -m jaxnorm.experiments.coverage --out experiments/results/{folder.name}"
    return _entry(f"[{QUESTION}]({link}/report.md)", command, f"machine: {_machine(folder)}", found)


def render_shapes(folder: Path, link: Path) -> str:
    """How skewed and how heavy-tailed the differences of all results beside ``folder`` are, beside the simulated ones in it."""
    del link
    results = [Summary.load(path) for path in sorted(folder.parent.glob("*/summary.json")) if judges_claims(path)]
    table = shapes_table(CoverageSummary.load(folder / "summary.json"), results)
    return f"{markdown_rows(table)}\n\n{table.caption}"


def render_claims(folder: Path, link: Path) -> str:
    """Every claim and how it is measured; no results are read."""
    del folder, link
    return markdown_rows(claims_table())


def render_ledger(folder: Path, link: Path) -> str:
    """Every claim with the verdicts of all results beside ``folder``."""
    del link
    table = verdicts_overview(find_verdicts(folder.parent))
    return f"{markdown_rows(table)}\n\n{table.caption}"


RENDERERS: dict[str, Callable[[Path, Path], str]] = {
    "answer": render_answer,
    "entry": render_entry,
    "speed": render_speed,
    "speed_entry": render_speed_entry,
    "layers": render_layers,
    "coverage": render_coverage,
    "coverage_entry": render_coverage_entry,
    "shapes": render_shapes,
    "claims": render_claims,
    "ledger": render_ledger,
}


def _entry(question: str, command: str, cost: str, verdict: str) -> str:
    return f"### {question}\n\n- command: `{command}`\n- {cost}\n- verdict: {verdict}"


def _environment(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "environment.json").read_text())


def _machine(folder: Path) -> str:
    environment = _environment(folder)
    machine = f"{environment['processor']}, {environment['cores']} cores, {environment['backend']}"
    return f"{machine}, jax {environment['packages']['jax']}, {environment['date']}"
