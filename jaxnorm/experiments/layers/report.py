"""The tables of the layers instrument, and its report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jaxnorm.experiments.folder import write_json
from jaxnorm.experiments.layers.results import LayersSummary, Ratio
from jaxnorm.files import write_atomically
from jaxnorm.report.blocks import Cell, Report, Table, Text
from jaxnorm.report.markdown import render_markdown

QUESTION = "How exact and how costly are the layers?"
UNUSABLE, DAGGER = 0.01, "†"
"""Errors above this share of the output's spread are marked: at least the second digit is wrong."""


def errors_table(summary: LayersSummary) -> Table:
    """One row per layer, library and number format; one column per offset."""
    offsets = sorted({row.offset for row in summary.errors})
    ordered = sorted(summary.errors, key=lambda row: (row.dtype != "float32", row.dtype, row.layer, row.library != "jaxnorm", row.library))
    lines: dict[tuple[str, str, str], dict[float, float]] = {}
    for row in ordered:
        lines.setdefault((row.dtype, row.layer, row.library), {})[row.offset] = row.error
    rows = [[*map(Cell, names), *(Cell(_error(errors.get(offset))) for offset in offsets)] for names, errors in lines.items()]
    caption = (
        "Root mean square deviation of the output, whose spread is 1, from the float64 result on the same input, by the input's mean in "
        f"standard deviations; {DAGGER} above 1 %. Defaults of each library; PyTorch returns short formats in kind, which alone costs 2e-3 "
        "in bfloat16. Empty where the format cannot tell the input's values apart."
    )
    headings = ("input", "layer", "library", *(f"{offset:g}" for offset in offsets))
    return Table("other", headings, rows, caption, 3, "Rounding error")


def _error(error: float | None) -> str:
    if error is None:
        return ""
    return f"{error:.0e}" if error < UNUSABLE else f"{error:.0e}{DAGGER}"


def costs_table(summary: LayersSummary) -> Table:
    """One row per layer and shape."""
    rows = [
        [Cell(cost.layer), Cell(" × ".join(map(str, cost.shape))), _ratio(cost.time), _ratio(cost.time_stable), Cell(f"{cost.saved:.2f}")]
        for cost in summary.costs
    ]
    caption = (
        "Forward and backward pass under jit in float32, as ratios to flax.linen's layer: below 1 is cheaper. Time: median of "
        f"{summary.rounds} rounds with its 95 % interval, against Linen's default variance, which is unstable, and against its stable one. "
        "Kept: bytes held between the two passes."
    )
    headings = ("layer", "shape", "time / default", "time / stable", "kept / default")
    return Table("other", headings, rows, caption, 2, "Cost")


def _ratio(ratio: Ratio) -> Cell:
    return Cell(f"{ratio.median:.2f}", "" if ratio.low is None or ratio.high is None else f"[{ratio.low:.2f}, {ratio.high:.2f}]")


def save_layers(summary: LayersSummary, folder: Path, environment: Mapping[str, Any]) -> None:
    """Write summary, environment and report into ``folder``."""
    write_atomically(folder / "summary.json", summary.to_json())
    write_json(folder / "environment.json", environment)
    draw_layers(summary, folder, environment)


def draw_layers(summary: LayersSummary, folder: Path, environment: Mapping[str, Any]) -> None:
    """Write ``report.md`` into ``folder``."""
    machine = f"{environment['processor']}, {environment['cores']} cores"
    packages = ", ".join(f"{name} {version}" for name, version in environment["packages"].items())
    measured = Text(f"Measured on {environment['date']}: {machine}; {packages}.", "note")
    report = Report(QUESTION, f"layers · {machine}", [errors_table(summary), costs_table(summary), measured])
    write_atomically(folder / "report.md", render_markdown(report).encode())
