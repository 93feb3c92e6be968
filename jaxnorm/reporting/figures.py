"""What figures share: drawing them all, the legend of arms, the caption, and the figures that many reports have."""

import itertools
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from jaxnorm.analysis.summary import ALPHA, Summary
from jaxnorm.analysis.wording import arm_title, count, norm_title
from jaxnorm.reporting.curves import plot_curves
from jaxnorm.reporting.forests import plot_differences, plot_seeds
from jaxnorm.reporting.style import INK, line_styles, looks, norms_of, save_figure, styled, variant, variants_of

CHARACTERS_PER_INCH = 17
"""Of the captions, in their size."""
LABEL_CHARACTERS_PER_INCH = 15
"""Of the names of differences beside a forest."""
UNBROKEN = "\u00a0"
"""A space at which no line ends."""
SEEDS_CAPTION = "Small marks: one per network; above them the mean with its 95 % Student t interval."
FOREST_CAPTION = (
    "Differences paired by seed with 95 % intervals; shaded: the margin within which a difference counts as none; filled: adjusted p at "
    f"most {ALPHA:g}."
)


class Drawing(NamedTuple):
    """A figure of a report: what it shows, for those who do not see it, and how it is made."""

    text: str
    make: Callable[[Summary], Figure]
    applies: Callable[[Summary], bool] = lambda summary: True
    """Whether the report has it."""


def save_figures(summary: Summary, drawings: Mapping[str, Drawing], folder: Path) -> list[Path]:
    """Write every figure as SVG and PNG into ``folder``; the same summary gives the same bytes. Returns the paths."""
    with styled():
        return [path for name, drawing in drawings.items() for path in save_figure(drawing.make(summary), folder, name)]


def make_curves(summary: Summary) -> Figure:
    """Training loss and validation accuracy against epochs."""
    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    for ax, metric in zip(figure.subplots(1, 2), ("train_loss", "validation_accuracy"), strict=True):
        plot_curves(ax, summary, metric)
    add_arm_legend(figure, summary, "norm and batch size")
    add_caption(figure, summary, "Lines: means (training loss: over each epoch's updates); bands: pointwise 95 % Student t intervals.")
    return figure


def make_results(summary: Summary) -> Figure:
    """What the answer speaks of by seed, beside the paired differences."""
    measures = summary.answer_measures
    num_rows = max(len(summary.arms), sum(difference.measure == measures[0] for difference in summary.differences))
    columns = 2 if summary.differences else 1
    figure = Figure(figsize=(5.0 * columns, len(measures) * (0.95 + 0.27 * num_rows) + 0.6), layout="constrained")
    axes = figure.subplots(len(measures), columns, squeeze=False)
    for row, measure in zip(axes, measures, strict=True):
        plot_seeds(row[0], summary, measure)
        if summary.differences:
            plot_differences(row[1], summary, measure)
    right = f" Right: {FOREST_CAPTION[0].lower()}{FOREST_CAPTION[1:]}{_numbers(summary)}" if summary.differences else ""
    add_caption(figure, summary, SEEDS_CAPTION + right)
    return figure


def make_differences(summary: Summary) -> Figure:
    """Forest of the paired differences that the answer rests on, a panel for each of its measures; lines part what is varied."""
    told = [[each for each in summary.differences if each.measure == name and each.subject] for name in summary.answer_measures]
    longest = max(len(difference.label) for difference in told[0])
    width = 3.2 * len(told) + longest / LABEL_CHARACTERS_PER_INCH
    figure = Figure(figsize=(width, 1.6 + 0.24 * len(told[0])), layout="constrained")
    axes = figure.subplots(1, len(told), squeeze=False, sharey=True)[0]
    for ax, name, differences in zip(axes, summary.answer_measures, told, strict=True):
        plot_differences(ax, summary, name, differences)
        for row, (above, below) in enumerate(itertools.pairwise(differences)):
            if above.subject != below.subject:
                ax.axhline(row + 0.5, color=INK, linewidth=0.6)
        ax.label_outer()
    subjects = "; ".join(dict.fromkeys(difference.subject for difference in told[0]))
    add_caption(figure, summary, f"{FOREST_CAPTION}{_numbers(summary)} Between the lines, from above: {subjects}.")
    return figure


def _numbers(summary: Summary) -> str:
    """What is left out of the names of differences, for their length."""
    return " Numbers beside norms are batch sizes." if "batch_size" in summary.arms[0].factors else ""


def _varies_anything(summary: Summary) -> bool:
    return any(difference.subject and difference.measure == summary.answer_measures[0] for difference in summary.differences)


CURVES = Drawing("Training loss and validation accuracy after each epoch", make_curves)
RESULTS = Drawing("What the answer speaks of: every network's result, and the paired differences", make_results)
DIFFERENCES = Drawing("The paired differences that the answer rests on", make_differences, _varies_anything)


def add_arm_legend(figure: Figure, summary: Summary, title: str) -> None:
    """One entry per arm, a column per norm."""
    look, style = looks(norms_of(summary)), line_styles(variants_of(summary))
    arms = sorted(summary.arms, key=lambda arm: (norms_of(summary).index(arm.norm), variants_of(summary).index(variant(arm))))
    handles = [
        Line2D(
            [], [], color=look[arm.norm].color, marker=look[arm.norm].marker, linestyle=style[variant(arm)], label=arm_title(arm.factors)
        )
        for arm in arms
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=len(look), handlelength=3.2, title=title, alignment="left")


def add_norm_legend(figure: Figure, summary: Summary, norms: Sequence[str] | None = None) -> None:
    """One entry per norm. ``norms``: some of the summary's (all)."""
    look = {norm: mark for norm, mark in looks(norms_of(summary)).items() if norms is None or norm in norms}
    handles = [Line2D([], [], color=mark.color, marker=mark.marker, label=norm_title(norm)) for norm, mark in look.items()]
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles))


def add_caption(figure: Figure, summary: Summary, what: str) -> None:
    """What is drawn, of how many networks, trained on what. Wrapped here, since constrained layout leaves room for lines as they are."""
    networks = f"n = {count(len(summary.seeds), 'network')} per arm.".replace(" ", UNBROKEN)
    width = int(CHARACTERS_PER_INCH * figure.get_figwidth())
    text = textwrap.fill(f"{what} {networks} {summary.setting}", width, break_on_hyphens=False).replace(UNBROKEN, " ")
    figure.supxlabel(text, x=0.01, ha="left", fontsize=8, color=INK)
