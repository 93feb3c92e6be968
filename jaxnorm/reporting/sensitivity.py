"""The figures of ``jaxnorm.experiments.sensitivity``: where on the grid of learning rates and initial scales each norm learns."""

import dataclasses
import textwrap
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullFormatter

from jaxnorm.analysis.summary import ArmSummary, Summary, Sweep, SweepPoint
from jaxnorm.analysis.wording import norm_title
from jaxnorm.reporting.figures import FOREST_CAPTION, Drawing, add_caption
from jaxnorm.reporting.heat_maps import plot_heat_map
from jaxnorm.reporting.panels import plot_differences
from jaxnorm.reporting.style import INK, levels_of, looks, norms_of
from jaxnorm.reporting.sweeps import RING_SIZE, plot_sweep

WORKABLE, DIVERGED, SOME_DIVERGED = ".", "x", "_"
"""Marks of a cell whose mean loss is workable, of one where at least half of the networks diverged, of one where fewer did."""
SMALLEST_LOSS = 1e-4
"""Nats; where the colours of losses end."""
DIVERGED_CAPTION = (
    "Colours: share of networks that diverged: not finite, or ended worse than guessing without having become better. Cross: at least "
    "half; dash: fewer, but some."
)
FOREST_MEASURES = ("largest_stable_rate", "workable_decades", "init_scale_spread", "train_loss", "train_loss_shared", "validation_accuracy")
FOREST_COLUMNS = 3
FOREST_LABEL_WIDTH, TITLE_WIDTH = 42, 36
"""Characters of a line."""
BAR_LOW, BAR_STEP = 0.04, 0.045
"""Heights in a panel of the bars of the largest stable rates, as shares of it."""

Panels = list[tuple[Sweep, ArmSummary]]


def panels_of(summary: Summary) -> Panels:
    """Every arm with its sweep: a row of panels per depth, a column per norm."""
    arms = {(arm.norm, arm.factors["depth"]): arm for arm in summary.arms}
    sweeps = {(sweep.norm, sweep.factors["depth"]): sweep for sweep in summary.sweeps}
    kinds = [(norm, depth) for depth in levels_of(summary, "depth") for norm in norms_of(summary)]
    return [(sweeps[kind], arms[kind]) for kind in kinds]


def make_loss(summary: Summary) -> Figure:
    """Mean final training loss at every point of the grid."""
    means = [loss(point) for sweep in summary.sweeps for point in sweep.points]
    norm = LogNorm(max(SMALLEST_LOSS, min(means)), max(max(means), 2 * SMALLEST_LOSS))
    limit = summary.rule.convergence_loss

    def marks(point: SweepPoint) -> str:
        return _divergence(point) or (WORKABLE if loss(point) <= limit else "")

    def title(sweep: Sweep, arm: ArmSummary) -> str:
        return f"{100 * arm.measures['workable_share'].mean:.0f} % workable"

    figure = draw_grids(summary, loss, norm, "final training loss (nats)", marks, title)
    return _captioned(
        figure,
        summary,
        f"Colours: mean final training loss; dot: it is at most {limit:g} nats. Cross: at least half of the networks diverged; dash: "
        "some did. They count as guessing. Workable is a network that did not diverge and ends at most there.",
    )


def make_accuracy(summary: Summary) -> Figure:
    """Mean final validation accuracy at every point of the grid."""

    def title(sweep: Sweep, arm: ArmSummary) -> str:
        return f"highest {max(accuracy(point) for point in sweep.points):.1f} %"

    figure = draw_grids(summary, accuracy, Normalize(0, 100), "final validation accuracy (%)", _divergence, title)
    return _captioned(
        figure, summary, "Colours: mean final validation accuracy. Cross: at least half of the networks diverged; dash: some did."
    )


def make_diverged(summary: Summary) -> Figure:
    """Share of diverged networks at every point of the grid."""

    def title(sweep: Sweep, arm: ArmSummary) -> str:
        return f"{np.mean([diverged(point) for point in sweep.points]):.0f} % diverged"

    figure = draw_grids(summary, diverged, Normalize(0, 100), "diverged networks (%)", _divergence, title)
    return _captioned(figure, summary, DIVERGED_CAPTION)


def loss(point: SweepPoint) -> float:
    """Mean final training loss of a point, in nats."""
    return max(SMALLEST_LOSS, point.measures["train_loss"].mean)


def accuracy(point: SweepPoint) -> float:
    """Mean final validation accuracy of a point, in percent."""
    return 100 * point.measures["validation_accuracy"].mean


def diverged(point: SweepPoint) -> float:
    """Share of diverged networks at a point, in percent."""
    return 100 * len(point.diverged) / point.measures["train_loss"].n


def _divergence(point: SweepPoint) -> str:
    share = diverged(point)
    return DIVERGED if share >= 50 else SOME_DIVERGED if share else ""


def draw_grids(
    summary: Summary,
    value: Callable[[SweepPoint], float],
    norm: Normalize,
    label: str,
    marks: Callable[[SweepPoint], str],
    title: Callable[[Sweep, ArmSummary], str],
) -> Figure:
    """Heat maps of all arms with one colour bar. ``title`` says what is seen in a panel, ``label`` what the colours are."""
    panels, columns = panels_of(summary), len(norms_of(summary))
    rows = len(panels) // columns
    figure = Figure(figsize=(0.9 + 3.1 * columns, 1.0 + 1.9 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    meshes = []
    for ax, (sweep, arm) in zip(axes.flat, panels, strict=True):
        meshes.append(plot_heat_map(ax, sweep, value, norm, marks, square="best"))
        ax.set_title(f"{norm_title(arm.norm)}, depth {arm.factors['depth']}:\n{title(sweep, arm)}")
        ax.label_outer()
    bar = figure.colorbar(meshes[0], ax=axes, label=label, aspect=30, pad=0.01)
    if isinstance(norm, LogNorm):
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda level, _: f"{level:g}"))
        bar.ax.yaxis.set_minor_formatter(NullFormatter())
    return figure


def _captioned(figure: Figure, summary: Summary, what: str) -> Figure:
    add_caption(figure, summary, f"{what} Frame: the learning rate that other networks chose as best for the norm at this depth.")
    return figure


def make_learning_rate(summary: Summary) -> Figure:
    """Final training loss against the learning rate, from the shared initial scale, one panel per depth."""
    depths = levels_of(summary, "depth")
    figure = Figure(figsize=(max(5.0, 3.4 * len(depths)), 4.0), layout="constrained")
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
        "guessing. Ring: best rate, by the validation accuracy of other networks. Bars at the bottom: largest rate at which a network "
        "ends near the lowest loss that its seed reaches at any rate, geometric mean with its 95 % interval.",
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
        ax.plot(10**estimate.mean, height[0], transform=ax.get_xaxis_transform(), color=mark.color, marker="|", markersize=9, mew=2.4)
    rates = [f"{norm_title(arm.norm)} {10 ** arm.measures['largest_stable_rate'].mean:.2g}" for arm in arms]
    ax.set_title(f"Depth {arms[0].factors['depth']}: largest stable rates\n{textwrap.fill(', '.join(rates), TITLE_WIDTH)}")
    return ax


def make_init_scale(summary: Summary) -> Figure:
    """Final training loss against the initial scale, at each arm's best rate and at the shared one, one panel per depth."""
    depths, rates = levels_of(summary, "depth"), {"best": "best rates", "shared": f"rate {_shared(summary)['learning_rate']:g}"}
    figure = Figure(figsize=(max(5.0, 3.1 * len(depths)), 5.8), layout="constrained")
    axes = figure.subplots(len(rates), len(depths), squeeze=False, sharex=True, sharey=True)
    for row, (marked, where) in zip(axes, rates.items(), strict=True):
        for ax, depth in zip(row, depths, strict=True):
            plot_sweep(ax, [at_rate(sweep, marked) for sweep in _at_depth(summary, depth)], "train_loss", "init_scale")
            ax.set_title(f"Depth {depth}, {where}:\nleast spread {_least_spread(summary, depth, marked)}")
            ax.label_outer()
    _add_legend(figure, summary)
    add_caption(
        figure,
        summary,
        f"Above: each arm at the learning rate that is best for it from scale {_shared(summary)['init_scale']:g}; below: all at the same "
        "small rate. Lines: means; bands: 95 % Student t intervals; diverged networks count as guessing. Spread: standard deviation "
        "over the initial scales, mean over seeds.",
    )
    return figure


def _shared(summary: Summary) -> dict[str, float]:
    return summary.sweeps[0].marked["shared"]


def _least_spread(summary: Summary, depth: object, marked: str) -> str:
    measure = "init_scale_spread" if marked == "best" else "init_scale_spread_shared"
    arms = [arm for arm in summary.arms if arm.factors["depth"] == depth]
    least = min(arms, key=lambda arm: arm.measures[measure].mean)
    return f"{norm_title(least.norm)}, {least.measures[measure].mean:.2g} nats"


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
        "Paired differences: largest stable rate, workable rates, spread over initial scales, losses and accuracy",
        make_differences,
        lambda summary: bool(summary.differences),
    ),
}
"""File name to figure, in the order of the report."""
