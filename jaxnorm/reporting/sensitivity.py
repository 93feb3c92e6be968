"""The figures of ``jaxnorm.experiments.sensitivity``: where on the grid of learning rates and initial scales each norm learns.

``sensitivity_grids`` draws the whole grid; here are its cuts, and the paired differences.
"""

import dataclasses
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from jaxnorm.analysis.summary import ArmSummary, Summary, Sweep
from jaxnorm.analysis.wording import norm_title
from jaxnorm.reporting.figures import FOREST_CAPTION, Drawing, add_caption
from jaxnorm.reporting.forests import plot_differences
from jaxnorm.reporting.hover import tell_points
from jaxnorm.reporting.sensitivity_grids import make_accuracy, make_diverged, make_loss
from jaxnorm.reporting.style import INK, levels_of, looks, norms_of
from jaxnorm.reporting.sweeps import RING_SIZE, plot_sweep

FOREST_MEASURES = ("largest_stable_rate", "workable_share", "init_scale_spread", "train_loss", "train_loss_shared", "validation_accuracy")
FOREST_COLUMNS = 3
FOREST_LABEL_WIDTH, TITLE_WIDTH = 42, 36
"""Characters of a line."""
BAR_LOW, BAR_STEP = 0.04, 0.045
"""Heights in a panel of the bars of the largest stable rates, as shares of it."""
BANDS = "A band that reaches 0 nats runs to the bottom of its axis."


def make_learning_rate(summary: Summary) -> Figure:
    """Final training loss against the learning rate, from the shared initial scale, one panel per depth."""
    depths = levels_of(summary, "depth")
    figure = Figure(figsize=(max(7.4, 3.4 * len(depths)), 4.6), layout="constrained")
    axes = figure.subplots(1, len(depths), squeeze=False, sharey=True)[0]
    for ax, depth in zip(axes, depths, strict=True):
        plot_sweep(ax, [at_scale(sweep) for sweep in _at_depth(summary, depth)], "train_loss", "learning_rate", ring="best", line="shared")
        plot_largest_rates(ax, [arm for arm in summary.arms if arm.factors["depth"] == depth])
        ax.tick_params(axis="x", labelrotation=60)
        ax.label_outer()
    _add_legend(figure, summary, ring="best rate of the norm", line="shared rate", bar="largest stable rate")
    add_caption(
        figure,
        summary,
        f"From initial scale {_shared(summary)['init_scale']:g}. Lines: means; bands: 95 % Student t intervals; diverged networks count as "
        f"guessing. {BANDS} Ring: best rate, by the validation accuracy of other networks. Bars at the bottom: largest "
        "rate at which a network ends near the lowest loss that its seed reaches at any rate, geometric mean with its 95 % interval.",
    )
    return figure


def at_scale(sweep: Sweep) -> Sweep:
    """The part of a sweep that has the scale at which rates are compared."""
    scale = sweep.marked["shared"]["init_scale"]
    return dataclasses.replace(sweep, points=[point for point in sweep.points if point.setting["init_scale"] == scale])


def at_rate(sweep: Sweep, marked: str) -> Sweep:
    """The part of a sweep that has a marked learning rate."""
    rate = sweep.marked[marked]["learning_rate"]
    return dataclasses.replace(sweep, points=[point for point in sweep.points if point.setting["learning_rate"] == rate])


def _at_depth(summary: Summary, depth: object) -> list[Sweep]:
    return [sweep for sweep in summary.sweeps if sweep.factors["depth"] == depth]


def plot_largest_rates(ax: Axes, arms: Sequence[ArmSummary]) -> Axes:
    """Mean largest stable rate of each norm with its interval, as bars at the bottom; the title says them all."""
    look = looks([arm.norm for arm in arms])
    for rank, arm in enumerate(arms):
        estimate, mark = arm.measures["largest_stable_rate"], look[arm.norm]
        ends = [estimate.mean if end is None else end for end in (estimate.low, estimate.high)]
        height = [BAR_LOW + BAR_STEP * rank] * 2
        ax.plot(10 ** np.array(ends), height, transform=ax.get_xaxis_transform(), color=mark.color, linewidth=2.4, solid_capstyle="butt")
        (bar,) = ax.plot(10**estimate.mean, height[0], color=mark.color, marker="|", markersize=9, mew=2.4)
        bar.set_transform(ax.get_xaxis_transform())
        tell_points(bar, [f"{norm_title(arm.norm)}, largest stable rate: {10**estimate.mean:.3g}"])
    rates = [f"{norm_title(arm.norm)} {10 ** arm.measures['largest_stable_rate'].mean:.2g}" for arm in arms]
    ax.set_title(f"Depth {arms[0].factors['depth']}: largest stable rates\n{textwrap.fill(', '.join(rates), TITLE_WIDTH)}")
    return ax


def make_init_scale(summary: Summary) -> Figure:
    """Final training loss against the initial scale, at each arm's best rate and at the shared one, one panel per depth."""
    depths, rates = levels_of(summary, "depth"), {"best": "best rates", "shared": f"rate {_shared(summary)['learning_rate']:g}"}
    figure = Figure(figsize=(max(7.4, 3.1 * len(depths)), 5.8), layout="constrained")
    axes = figure.subplots(len(rates), len(depths), squeeze=False, sharex=True, sharey=True)
    for row, (marked, where) in zip(axes, rates.items(), strict=True):
        for ax, depth in zip(row, depths, strict=True):
            sweeps = [at_rate(sweep, marked) for sweep in _at_depth(summary, depth)]
            plot_sweep(ax, sweeps, "train_loss", "init_scale")
            ax.set_title(f"Depth {depth}, {where}:\nlowest mean {_lowest(sweeps)}")
            ax.label_outer()
    _add_legend(figure, summary)
    add_caption(
        figure,
        summary,
        f"Above: each arm at the learning rate that is best for it from scale {_shared(summary)['init_scale']:g}; below: all at the same "
        "small rate. Lines: means; bands: 95 % Student t intervals; diverged networks count as guessing. "
        f"{BANDS} In titles: mean over the initial scales.",
    )
    return figure


def _shared(summary: Summary) -> dict[str, float]:
    return summary.sweeps[0].marked["shared"]


def _lowest(sweeps: Sequence[Sweep]) -> str:
    """What is seen: whose mean over the initial scales is lowest."""
    means = [(float(np.mean([point.measures["train_loss"].mean for point in sweep.points])), sweep.norm) for sweep in sweeps]
    mean, norm = min(means)
    return f"{norm_title(norm)}, {mean:.2g} nats"


def make_differences(summary: Summary) -> Figure:
    """Forests of the paired differences of what the grid tells."""
    rows = -(-len(FOREST_MEASURES) // FOREST_COLUMNS)
    num = sum(difference.measure == FOREST_MEASURES[0] for difference in summary.differences)
    figure = Figure(figsize=(2.4 + 3.0 * FOREST_COLUMNS, rows * (1.1 + 0.25 * num) + 0.6), layout="constrained")
    axes = figure.subplots(rows, FOREST_COLUMNS, sharey=True)
    for ax, measure in zip(axes.flat, FOREST_MEASURES, strict=True):
        plot_differences(ax, summary, measure)
        ax.set_xlabel(textwrap.fill(ax.get_xlabel(), FOREST_LABEL_WIDTH))
    add_caption(
        figure,
        summary,
        f"{FOREST_CAPTION} Each arm at its best learning rate, or all at the shared one, {_shared(summary)['learning_rate']:g}, where a "
        "label says so.",
    )
    return figure


def _add_legend(figure: Figure, summary: Summary, *, ring: str = "", line: str = "", bar: str = "") -> None:
    look = looks(norms_of(summary))
    handles = [Line2D([], [], color=mark.color, marker=mark.marker, label=norm_title(norm)) for norm, mark in look.items()]
    if ring:
        handles.append(Line2D([], [], linestyle="none", marker="o", markersize=RING_SIZE, mfc="none", mec=INK, label=ring))
    if line:
        handles.append(Line2D([], [], color=INK, linewidth=0.9, linestyle=(0, (4, 3)), label=line))
    if bar:
        handles.append(Line2D([], [], color=INK, linewidth=2.4, marker="|", markersize=9, mew=2.4, label=bar))
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles) if len(levels_of(summary, "depth")) > 2 else 3)


DRAWINGS = {
    "learning_rate": Drawing("Final training loss against the learning rate, one panel per depth", make_learning_rate),
    "loss": Drawing("Final training loss at every learning rate and initial scale, one panel per norm and depth", make_loss),
    "accuracy": Drawing("Final validation accuracy at every learning rate and initial scale, one panel per norm and depth", make_accuracy),
    "diverged": Drawing("Share of diverged networks at every learning rate and initial scale, one panel per norm and depth", make_diverged),
    "init_scale": Drawing("Final training loss against the initial scale, at the best learning rates and at a shared one", make_init_scale),
    "differences": Drawing(
        "Paired differences: largest stable rate, workable share of the grid, spread over initial scales, losses and accuracy",
        make_differences,
        lambda summary: bool(summary.differences),
    ),
}
"""File name to figure, in the order of the report."""
