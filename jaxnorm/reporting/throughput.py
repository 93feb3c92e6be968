"""The throughput table and figure, drawn from a ``SpeedSummary``."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from jaxnorm.analysis.speed import SpeedSummary, Timing
from jaxnorm.files import write_atomically
from jaxnorm.reporting.style import save_figure, styled

HEADINGS = ("optimizer", "batch", "contender", "networks", "updates/s", "us/update", "x Flax loop", "x PyTorch", "matrix peak")


def rows(summary: SpeedSummary) -> Iterator[tuple[str, ...]]:
    """The table's cells, row by row, formatted."""
    for timing in summary.timings:
        ratios = (summary.speedup(timing, rival) for rival in ("Flax loop", "PyTorch"))
        yield (
            timing.optimizer,
            str(timing.batch_size),
            timing.contender,
            str(timing.seeds),
            f"{timing.updates_per_second:,.0f}",
            f"{1e6 / timing.updates_per_second:,.0f}",
            *("-" if ratio is None else f"{ratio:.2f}" for ratio in ratios),
            f"{summary.share_of_peak(timing):.0%}",
        )


def plot_throughput(ax: Axes, summary: SpeedSummary, optimizer: str, batch_size: int) -> Axes:
    """Updates per second against the number of networks; the rivals, which train one network at a time, as horizontal lines."""
    timings = summary.of("jaxnorm", optimizer, batch_size)
    rates = [timing.updates_per_second / 1e3 for timing in timings]
    ax.plot([timing.seeds for timing in timings], rates, marker="o", label="jaxnorm")
    for rival, line in (("Flax loop", "--"), ("PyTorch", ":")):
        if others := summary.of(rival, optimizer, batch_size):
            best = max(others, key=lambda timing: timing.updates_per_second)
            ax.axhline(best.updates_per_second / 1e3, linestyle=line, color="0.35", label=best.contender)
    ax.set_xscale("log", base=2)
    ax.set_xticks([timing.seeds for timing in timings], [str(timing.seeds) for timing in timings])
    ax.set_ylim(bottom=0)
    ax.set(xlabel="networks trained at once", ylabel="updates of one network\nper second (thousands)")
    ax.set_title(f"{optimizer}, batch size {batch_size}")
    ax.legend()
    return ax


def plot_all(summary: SpeedSummary) -> Figure:
    """One panel for each optimizer and batch size."""
    kinds = list(dict.fromkeys((timing.optimizer, timing.batch_size) for timing in summary.timings))
    columns = min(2, len(kinds))
    figure = Figure(figsize=(4.2 * columns, 3.1 * -(-len(kinds) // columns)), layout="constrained")
    axes = figure.subplots(-(-len(kinds) // columns), columns, squeeze=False)
    for ax, (optimizer, batch_size) in zip(axes.flat, kinds, strict=False):
        plot_throughput(ax, summary, optimizer, batch_size)
    figure.suptitle(f"{summary.setting}\nmedian of {len(summary.matrix_peak)} rounds", fontsize="medium")
    return figure


def print_throughput(summary: SpeedSummary, console: Console) -> None:
    """The table on a terminal."""
    table = Table(title="Throughput", caption=caption(summary), title_justify="left", caption_justify="left")
    for number, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="left" if number in (0, 2) else "right")
    for cells in rows(summary):
        table.add_row(*cells)
    console.print(table)


def caption(summary: SpeedSummary) -> str:
    """What the numbers are."""
    peaks = sorted(summary.matrix_peak)
    return (
        f"{summary.setting}. Updates of one network per second of the whole machine: median of {len(peaks)} rounds; ratios are medians of "
        "the rounds' own ratios, PyTorch at the best of its thread counts. Matrix peak: share of the float32 matrix throughput measured in "
        f"the same round ({peaks[0] / 1e9:.0f} to {peaks[-1] / 1e9:.0f} GFLOP/s), counting only the matrix products of the update."
    )


def save_throughput(summary: SpeedSummary, folder: Path, environment: dict[str, Any]) -> None:
    """Write report, table, figure, summary and environment into ``folder``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["contender", "optimizer", "batch_size", "seeds", "round", "seconds_per_update"])
    writer.writerows(_long(timing, number, value) for timing in summary.timings for number, value in enumerate(timing.seconds, start=1))
    lines = ["# Throughput", "", caption(summary), "", f"Machine: {_machine(environment)}", ""]
    lines += [f"| {' | '.join(HEADINGS)} |", f"|{'---|' * len(HEADINGS)}"]
    lines += [f"| {' | '.join(cells)} |" for cells in rows(summary)]
    lines += ["", "![updates per second against the number of networks](figures/throughput.svg)", ""]
    write_atomically(folder / "throughput.csv", text.getvalue().encode())
    write_atomically(folder / "summary.json", summary.to_json())
    write_atomically(folder / "environment.json", json.dumps(environment, indent=1).encode() + b"\n")
    write_atomically(folder / "report.md", "\n".join(lines).encode())
    with styled():
        save_figure(plot_all(summary), folder / "figures", "throughput")


def _long(timing: Timing, number: int, seconds: float) -> tuple[Any, ...]:
    return timing.contender, timing.optimizer, timing.batch_size, timing.seeds, number, seconds


def _machine(environment: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in environment["packages"].items())
    return f"{environment['processor']}, {environment['cores']} cores, {environment['backend']}; Python {environment['python']}, {packages}"
