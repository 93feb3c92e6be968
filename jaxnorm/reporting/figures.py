"""The figures of a report: curves, results per seed beside paired differences, sensitivity to the batch size."""

import textwrap
from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from jaxnorm.analysis.summary import Summary
from jaxnorm.analysis.wording import arm_title, count, norm_title
from jaxnorm.reporting.panels import plot_batch_size, plot_curves, plot_differences, plot_seeds
from jaxnorm.reporting.style import INK, batch_sizes_of, line_styles, looks, norms_of, save_figure, styled

CHARACTERS_PER_INCH = 17
"""Of the captions, in their size."""
RESULT_MEASURES = ("train_loss", "validation_accuracy")
SENSITIVITY_MEASURES = ("train_loss", "validation_accuracy", "validation_noise")
SEEDS_CAPTION = "Small marks: one per network; above them the mean with its 95 % Student t interval."
DIFFERENCES_CAPTION = (
    " Right: differences paired by seed with 95 % intervals; shaded: the margin within which a difference counts as none; "
    "filled: p < 0.05 after Holm's correction for {} differences. Numbers beside norms are batch sizes."
)


def save_figures(summary: Summary, folder: Path) -> list[Path]:
    """Write every figure as SVG and PNG into ``folder``; the same summary gives the same bytes. Returns the paths."""
    with styled():
        return [path for name, make in FIGURES.items() for path in save_figure(make(summary), folder, name)]


def make_curves(summary: Summary) -> Figure:
    """Training loss and validation accuracy against epochs."""
    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    for ax, metric in zip(figure.subplots(1, 2), ("train_loss", "validation_accuracy"), strict=True):
        plot_curves(ax, summary, metric)
    _add_legend(figure, summary)
    _add_caption(figure, summary, "Lines: means (training loss: over each epoch's updates); bands: pointwise 95 % Student t intervals.")
    return figure


def make_results(summary: Summary) -> Figure:
    """Final results by seed, beside their paired differences."""
    num_rows = max(len(summary.arms), sum(difference.measure == RESULT_MEASURES[0] for difference in summary.differences))
    columns = 2 if summary.differences else 1
    figure = Figure(figsize=(5.0 * columns, 2 * (0.95 + 0.27 * num_rows) + 0.6), layout="constrained")
    axes = figure.subplots(len(RESULT_MEASURES), columns, squeeze=False)
    for row, measure in zip(axes, RESULT_MEASURES, strict=True):
        plot_seeds(row[0], summary, measure)
        if summary.differences:
            plot_differences(row[1], summary, measure)
    _add_caption(figure, summary, SEEDS_CAPTION + (DIFFERENCES_CAPTION.format(len(summary.differences)) if summary.differences else ""))
    return figure


def make_batch_size(summary: Summary) -> Figure:
    """Final results against the batch size."""
    measures = [name for name in SENSITIVITY_MEASURES if name in summary.arms[0].measures]
    figure = Figure(figsize=(3.7 * len(measures), 3.6), layout="constrained")
    axes = figure.subplots(1, len(measures), squeeze=False)[0]
    for ax, measure in zip(axes, measures, strict=True):
        plot_batch_size(ax, summary, measure)
    look = looks(norms_of(summary))
    handles = [Line2D([], [], color=mark.color, marker=mark.marker, label=norm_title(norm)) for norm, mark in look.items()]
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles))
    _add_caption(
        figure, summary, "Means with 95 % Student t intervals; norms are set apart sideways so that intervals do not hide each other."
    )
    return figure


FIGURES: dict[str, Callable[[Summary], Figure]] = {"curves": make_curves, "results": make_results, "batch_size": make_batch_size}


def _add_legend(figure: Figure, summary: Summary) -> None:
    """One entry per arm, a column per norm."""
    look, style = looks(norms_of(summary)), line_styles(batch_sizes_of(summary))
    handles = [
        Line2D([], [], color=look[norm].color, marker=look[norm].marker, linestyle=style[size], label=arm_title(norm, size))
        for norm in norms_of(summary)
        for size in batch_sizes_of(summary)
    ]
    figure.legend(
        handles=handles, loc="outside upper left", ncols=len(look), handlelength=3.2, title="norm and batch size", alignment="left"
    )


def _add_caption(figure: Figure, summary: Summary, what: str) -> None:
    """What is drawn, of how many networks, trained on what. Wrapped here, since constrained layout leaves room for lines as they are."""
    networks = f"n = {count(len(summary.seeds), 'network')} per arm."
    text = textwrap.fill(f"{what} {networks} {summary.setting}", int(CHARACTERS_PER_INCH * figure.get_figwidth()), break_on_hyphens=False)
    figure.supxlabel(text, x=0.01, ha="left", fontsize=8, color=INK)
