"""The throughput table, figure and report, drawn from a ``SpeedSummary``."""

import csv
import io
import json
import textwrap
from itertools import groupby
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jaxnorm.analysis.wording import value_title
from jaxnorm.experiments.throughput.results import SpeedSummary, Timing
from jaxnorm.files import write_atomically
from jaxnorm.reporting.style import save_figure, styled
from jaxnorm.reporting.tables import TextTable, markdown

CAPTION_WIDTH = 140
"""Characters."""
HEADINGS = ("trained by", "networks at once", "updates per second", "µs per update", "× Flax loop", "× PyTorch", "of matrix peak")


def throughput_table(summary: SpeedSummary) -> TextTable:
    """One row per contender and number of networks, grouped by optimizer and batch size."""
    groups = groupby(
        summary.timings, lambda timing: f"{value_title('model', timing.model)}, {timing.optimizer}, batch size {timing.batch_size}"
    )
    return TextTable(
        "Throughput", _caption(summary), HEADINGS, [(work, [_row(summary, t) for t in timings]) for work, timings in groups], 1
    )


def _row(summary: SpeedSummary, timing: Timing) -> tuple[str, ...]:
    ratios = (summary.speedup(timing, rival) for rival in ("Flax loop", "PyTorch"))
    return (
        timing.contender,
        str(timing.seeds),
        f"{timing.updates_per_second:,.0f}",
        f"{1e6 / timing.updates_per_second:,.0f}",
        *("" if ratio is None else f"{ratio:.2f}" for ratio in ratios),
        "" if (share := summary.share_of_peak(timing)) is None else f"{100 * share:.0f} %",
    )


def best_row(summary: SpeedSummary, optimizer: str, batch_size: int) -> tuple[str, ...]:
    """Cells of jaxnorm's fastest number of networks at one kind of work: optimizer, batch size, networks, rate, ratios, share of peak."""
    best = max(summary.of("jaxnorm", optimizer, batch_size), key=lambda timing: timing.updates_per_second)
    _, networks, rate, _, flax, pytorch, share = _row(summary, best)
    return optimizer, str(batch_size), networks, rate, flax, pytorch, share


def _caption(summary: SpeedSummary) -> str:
    low, high = min(summary.matrix_peak) / 1e9, max(summary.matrix_peak) / 1e9
    return (
        f"{summary.setting}. Updates of one network per second of the whole machine, median of {len(summary.matrix_peak)} rounds. "
        "Ratios are medians of the rounds' own ratios; PyTorch stands for the best of its thread counts. Matrix peak: the float32 matrix "
        f"throughput measured in the same round ({low:.0f} to {high:.0f} GFLOP/s); of an update only its matrix products count towards it."
        f"{_grid_sentence(summary.grid_ratios())}"
    )


def _grid_sentence(ratios: list[float]) -> str:
    """How a grid of hyperparameters compares with seeds alone, over the kinds of work."""
    if not ratios:
        return ""
    ends = " to ".join(dict.fromkeys(f"{end:.2f}" for end in (min(ratios), max(ratios))))
    return f" A grid of learning rates and initial scales is trained {ends} times as fast as equally many seeds alone."


def plot_throughput(ax: Axes, summary: SpeedSummary, optimizer: str, batch_size: int) -> Axes:
    """Updates per second against the number of networks; the rivals, which train one network at a time, as horizontal lines."""
    timings = summary.of("jaxnorm", optimizer, batch_size)
    rates = [timing.updates_per_second / 1e3 for timing in timings]
    ax.plot([timing.seeds for timing in timings], rates, marker="o", color="#0072B2", label="jaxnorm")
    for rival, line in (("Flax loop", "--"), ("PyTorch", ":")):
        if others := summary.of(rival, optimizer, batch_size):
            best = max(others, key=lambda timing: timing.updates_per_second)
            ax.axhline(best.updates_per_second / 1e3, linestyle=line, color="0.25", label=best.contender)
    ax.set_xscale("log", base=2)
    ax.set_xticks([timing.seeds for timing in timings], [str(timing.seeds) for timing in timings])
    ax.set_ylim(bottom=0)
    ax.set(xlabel="networks trained at once", ylabel="thousand updates per second", title=f"{optimizer}, batch size {batch_size}")
    ax.legend(loc="center right")
    return ax


def plot_all(summary: SpeedSummary, machine: str) -> Figure:
    """One panel for each optimizer and batch size of the MLP."""
    kinds = list(dict.fromkeys((timing.optimizer, timing.batch_size) for timing in summary.timings if timing.model == "mlp"))
    columns = min(2, len(kinds))
    rows = -(-len(kinds) // columns)
    figure = Figure(figsize=(4.2 * columns, 2.9 * rows + 0.6), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for ax, (optimizer, batch_size) in zip(axes.flat, kinds, strict=False):
        plot_throughput(ax, summary, optimizer, batch_size)
    for ax in axes.flat[len(kinds) :]:
        ax.set_axis_off()
    caption = (
        f"{summary.setting}; median of {len(summary.matrix_peak)} rounds. Updates of all networks together; the Flax loop and PyTorch, at "
        f"the best of its thread counts, train one network at a time. {machine}."
    )
    figure.supxlabel(textwrap.fill(caption, CAPTION_WIDTH), fontsize="small", x=0.01, ha="left")
    return figure


def save_throughput(summary: SpeedSummary, folder: Path, environment: dict[str, Any]) -> None:
    """Write report, table, figure, summary and environment into ``folder``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["contender", "model", "optimizer", "batch_size", "seeds", "round", "seconds_per_update"])
    for timing in summary.timings:
        kind = (timing.contender, timing.model, timing.optimizer, timing.batch_size, timing.seeds)
        writer.writerows((*kind, number, seconds) for number, seconds in enumerate(timing.seconds, start=1))
    write_atomically(folder / "throughput.csv", text.getvalue().encode())
    write_atomically(folder / "summary.json", summary.to_json())
    write_atomically(folder / "environment.json", json.dumps(environment, indent=1).encode() + b"\n")
    with styled():
        save_figure(plot_all(summary, _machine(environment)), folder / "figures", "throughput")
    write_atomically(folder / "report.md", _report(summary, environment).encode())


def _machine(environment: dict[str, Any]) -> str:
    return f"{environment['processor']}, {environment['cores']} cores, {', '.join(sorted(set(environment['devices'])))}"


def _report(summary: SpeedSummary, environment: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in environment["packages"].items())
    return "\n\n".join(
        [
            "# How many networks does this machine train per second?",
            "![updates per second against the number of networks trained at once](figures/throughput.svg)",
            markdown(throughput_table(summary)),
            f"Measured on {environment['date']}: {_machine(environment)}; Python {environment['python']}, {packages}.\n",
        ]
    )
