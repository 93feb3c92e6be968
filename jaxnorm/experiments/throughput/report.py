"""The throughput report, drawn from a ``SpeedSummary``."""

from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jaxnorm.experiments.folder import write_json
from jaxnorm.experiments.throughput.results import SpeedSummary, Timing
from jaxnorm.files import write_atomically
from jaxnorm.report.blocks import Cell, Picture, Report, Table, Text
from jaxnorm.report.figures import to_svg
from jaxnorm.report.markdown import render_markdown
from jaxnorm.report.style import INK, styled
from jaxnorm.report.text import value_title

QUESTION = "How many networks does this machine train per second?"
FIGURE_CAPTION = "Of all networks together, median of rounds. The Flax loop and PyTorch, at its best thread count, train one at a time."
HEADINGS = ("trained by", "networks at once", "updates per second", "µs per update", "× Flax loop", "× PyTorch", "of matrix peak")


def throughput_tables(summary: SpeedSummary) -> list[Table]:
    """A table for each model, optimizer and batch size; a row for each contender and number of networks."""
    works = groupby(
        summary.timings, lambda timing: f"{value_title('model', timing.model)}, {timing.optimizer}, batch size {timing.batch_size}"
    )
    return [
        Table("other", HEADINGS, [[Cell(text) for text in _row(summary, timing)] for timing in timings], title=work)
        for work, timings in works
    ]


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


def explain(summary: SpeedSummary) -> str:
    """What the columns mean, and how a grid of hyperparameters compares."""
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
            ax.axhline(best.updates_per_second / 1e3, linestyle=line, color=INK, label=best.contender)
    ax.set_xscale("log", base=2)
    ax.set_xticks([timing.seeds for timing in timings], [str(timing.seeds) for timing in timings])
    ax.set_ylim(bottom=0)
    ax.set(xlabel="networks trained at once", ylabel="thousand updates per second", title=f"{optimizer}, batch size {batch_size}")
    return ax


def plot_all(summary: SpeedSummary) -> Figure:
    """One panel for each optimizer and batch size of the MLP."""
    kinds = list(dict.fromkeys((timing.optimizer, timing.batch_size) for timing in summary.timings if timing.model == "mlp"))
    columns = min(2, len(kinds))
    rows = -(-len(kinds) // columns)
    figure = Figure(figsize=(4.2 * columns, 2.9 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for ax, (optimizer, batch_size) in zip(axes.flat, kinds, strict=False):
        plot_throughput(ax, summary, optimizer, batch_size)
    for ax in axes.flat[len(kinds) :]:
        ax.set_axis_off()
    return figure


def save_throughput(summary: SpeedSummary, folder: Path, environment: Mapping[str, Any]) -> None:
    """Write summary, environment and report into ``folder``."""
    write_atomically(folder / "summary.json", summary.to_json())
    write_json(folder / "environment.json", environment)
    draw_throughput(summary, folder, environment)


def draw_throughput(summary: SpeedSummary, folder: Path, environment: Mapping[str, Any]) -> None:
    """Write figure and ``report.md`` into ``folder``."""
    with styled():
        svg = to_svg(plot_all(summary))
    (folder / "figures").mkdir(exist_ok=True)
    write_atomically(folder / "figures" / "throughput.svg", svg.encode())
    packages = ", ".join(f"{name} {version}" for name, version in environment["packages"].items())
    machine = f"{environment['processor']}, {environment['cores']} cores, {', '.join(sorted(set(environment['devices'])))}"
    blocks = [
        Picture("throughput", "Updates per second against the number of networks trained at once", FIGURE_CAPTION),
        *throughput_tables(summary),
        Text(explain(summary)),
        Text(f"Measured on {environment['date']}: {machine}; Python {environment['python']}, {packages}.", "note"),
    ]
    write_atomically(folder / "report.md", render_markdown(Report(QUESTION, f"throughput · {machine}", blocks)).encode())
