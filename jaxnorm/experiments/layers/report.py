"""The tables of the layers instrument, and its report."""

import json
from itertools import groupby
from pathlib import Path
from typing import Any

from jaxnorm.experiments.layers.results import LayersSummary, Ratio
from jaxnorm.files import write_atomically
from jaxnorm.reporting.tables import TextTable, markdown

UNUSABLE = 0.01
"""Errors above this share of the output's spread are printed in bold: at least its second digit is wrong."""


def errors_table(summary: LayersSummary) -> TextTable:
    """One row per layer, library and number format; one column per offset."""
    offsets = sorted({row.offset for row in summary.errors})
    rows = sorted(summary.errors, key=lambda row: (row.dtype != "float32", row.dtype, row.layer, row.library != "jaxnorm", row.library))
    groups = []
    for dtype, of_dtype in groupby(rows, lambda row: row.dtype):
        lines = []
        for (layer, library), of_layer in groupby(of_dtype, lambda row: (row.layer, row.library)):
            errors = {row.offset: row.error for row in of_layer}
            lines.append((layer, library, *(_error(errors.get(offset)) for offset in offsets)))
        groups.append((f"{dtype} input", lines))
    caption = (
        "Root mean square deviation of the output, whose spread is 1, from the float64 result on the same input, by the input's mean in "
        "standard deviations; bold above 1 %. Defaults of each library; PyTorch returns short formats in kind, which alone costs 2e-3 in "
        "bfloat16. Empty where the format cannot tell the input's values apart."
    )
    return TextTable("Rounding error", caption, ("layer", "library", *(f"{offset:g}" for offset in offsets)), groups, 2)


def _error(error: float | None) -> str:
    if error is None:
        return ""
    return f"**{error:.0e}**" if not error < UNUSABLE else f"{error:.0e}"


def costs_table(summary: LayersSummary) -> TextTable:
    """One row per layer and shape."""
    rows = [
        (cost.layer, " × ".join(map(str, cost.shape)), _ratio(cost.time), _ratio(cost.time_stable), f"{cost.saved:.2f}")
        for cost in summary.costs
    ]
    caption = (
        "Forward and backward pass under jit in float32, as ratios to flax.linen's layer: below 1 is cheaper. Time: median of "
        f"{summary.rounds} rounds with its 95 % interval, against Linen's default variance, which is unstable, and against its stable one. "
        "Kept: bytes held between the two passes."
    )
    headings = ("layer", "shape", "time / default", "time / stable", "kept / default")
    return TextTable("Cost", caption, headings, [("", rows)], 2)


def _ratio(ratio: Ratio) -> str:
    interval = f" [{ratio.low:.2f}, {ratio.high:.2f}]" if ratio.low is not None and ratio.high is not None else ""
    return f"{ratio.median:.2f}{interval}"


def save_layers(summary: LayersSummary, folder: Path, environment: dict[str, Any]) -> None:
    """Write report, summary and environment into ``folder``."""
    packages = ", ".join(f"{name} {version}" for name, version in environment["packages"].items())
    machine = f"Measured on {environment['date']}: {environment['processor']}, {environment['cores']} cores; {packages}.\n"
    title = "# How exact and how costly are the layers?"
    write_atomically(folder / "summary.json", summary.to_json())
    write_atomically(folder / "environment.json", json.dumps(environment, indent=1).encode() + b"\n")
    report = [title, markdown(errors_table(summary)), markdown(costs_table(summary)), machine]
    write_atomically(folder / "report.md", "\n\n".join(report).encode())
