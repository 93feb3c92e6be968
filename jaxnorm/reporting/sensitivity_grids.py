"""Heat maps of ``jaxnorm.experiments.sensitivity``: losses, accuracies and divergence over learning rates and initial scales."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from jaxnorm.analysis.summary import ArmSummary, Summary, Sweep, SweepPoint
from jaxnorm.analysis.wording import norm_title
from jaxnorm.reporting.axes import loss_ticks
from jaxnorm.reporting.figures import add_caption
from jaxnorm.reporting.heat_maps import plot_heat_map
from jaxnorm.reporting.style import levels_of, norms_of

WORKABLE, DIVERGED, SOME_DIVERGED = ".", "x", "_"
"""Marks of a cell whose mean loss is workable, of one where at least half of the networks diverged, of one where fewer did."""
SMALLEST_LOSS = 1e-4
"""Nats; where the colours of losses end."""
DIVERGED_CAPTION = (
    "Colours: share of networks that diverged: not finite, or ended worse than guessing without having become better. Cross: at least "
    "half; dash: fewer, but some."
)
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

    figure = draw_grids(summary, loss, norm, "final training loss (nats)", marks, title, "low")
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

    figure = draw_grids(summary, accuracy, Normalize(0, 100), "final validation accuracy (%)", _divergence, title, "high")
    return _captioned(
        figure, summary, "Colours: mean final validation accuracy. Cross: at least half of the networks diverged; dash: some did."
    )


def make_diverged(summary: Summary) -> Figure:
    """Share of diverged networks at every point of the grid."""

    def title(sweep: Sweep, arm: ArmSummary) -> str:
        return f"{np.mean([diverged(point) for point in sweep.points]):.0f} % diverged"

    figure = draw_grids(summary, diverged, Normalize(0, 100), "diverged networks (%)", _divergence, title, "low")
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
    bright: Literal["low", "high"],
) -> Figure:
    """Heat maps of all arms with one colour bar.

    ``title`` says what is seen in a panel, ``label`` what the colours are, ``bright`` which end of them is good.
    """
    panels, columns = panels_of(summary), len(norms_of(summary))
    rows = len(panels) // columns
    figure = Figure(figsize=(0.9 + 3.1 * columns, 1.0 + 1.9 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    meshes = []
    for ax, (sweep, arm) in zip(axes.flat, panels, strict=True):
        meshes.append(plot_heat_map(ax, sweep, value, norm, marks, bright=bright, square="best"))
        ax.set_title(f"{norm_title(arm.norm)}, depth {arm.factors['depth']}:\n{title(sweep, arm)}")
        ax.label_outer()
    bar = figure.colorbar(meshes[0], ax=axes, label=label, aspect=30, pad=0.01)
    if isinstance(norm, LogNorm):
        bar.set_ticks(loss_ticks(*bar.ax.get_ylim()))
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda level, _: f"{level:g}"))
        bar.ax.yaxis.set_minor_locator(NullLocator())
    return figure


def _captioned(figure: Figure, summary: Summary, what: str) -> Figure:
    marks = "Bright is good; marks are black or white only to stand out."
    frame = "Frame: the learning rate that other networks chose as best for the norm at this depth."
    add_caption(figure, summary, f"{what} {marks} {frame}")
    return figure
