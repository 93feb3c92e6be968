"""The figures of ``sensitivity``, and its words: where on the grid of learning rates and initial scales each norm learns."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullLocator

from jaxnorm.experiments.sensitivity.claims import CLAIMS, MEASURES, resolved
from jaxnorm.report.axes import loss_ticks
from jaxnorm.report.blocks import Block, Cell
from jaxnorm.report.figures import arms_of
from jaxnorm.report.heat_maps import plot_heat_map
from jaxnorm.report.hover import tell_points
from jaxnorm.report.style import INK, levels_of, looks, norms_of
from jaxnorm.report.sweeps import add_sweep_legend, plot_sweep
from jaxnorm.report.text import conjoin, described, level_text, margin, norm_title
from jaxnorm.report.tuning import RATE, rate_cell, rate_grid, tuning
from jaxnorm.report.vocabulary import Drawing, Vocabulary
from jaxnorm.stats.arm import Factor
from jaxnorm.stats.summary import ArmSummary, Summary, Sweep, SweepPoint

SCALE, LOSS, ACCURACY, LARGEST = "init_scale", "train_loss", "validation_accuracy", "largest_stable_rate"
BAR_LOW, BAR_STEP = 0.04, 0.045
"""Heights in a panel of the bars of the largest stable rates, as shares of it."""
BAR_LOOK = {"linewidth": 2.4, "mew": 2.4, "markersize": 9, "marker": "|"}
WORKABLE, DIVERGED, SOME_DIVERGED = ".", "x", "_"
"""Marks of a cell whose mean loss is workable, of one where at least half of the runs diverged, of one where fewer did."""
SMALLEST_LOSS = 1e-4
"""Nats; where the colours of losses end."""


def network(summary: Summary) -> str:
    """``MLP of 2, 4 or 8 hidden layers of width 64, relu, He's initial kernels times the initial scale, batch size 32``."""
    settings = summary.settings
    depths = conjoin(map(str, sorted(settings["depths"])), "or")
    layers = f"MLP of {depths} hidden layers of width {settings['width']}, {settings['activation']}"
    return f"{layers}, He's initial kernels times the initial scale, batch size {settings['batch_size']}"


def make_learning_rate(summary: Summary, words: Vocabulary) -> Figure:
    """Final training loss against the learning rate, from the shared initial scale, one panel per depth."""
    depths = levels_of(summary, "depth")
    figure = Figure(figsize=(max(7.4, 3.4 * len(depths)), 3.9), layout="constrained")
    for ax, depth in zip(figure.subplots(1, len(depths), squeeze=False, sharey=True)[0], depths, strict=True):
        sweeps = [part(sweep, SCALE, "shared") for sweep in at_depth(summary, depth)]
        plot_sweep(ax, words, sweeps, LOSS, RATE, ring="best", line="shared")
        plot_largest_rates(ax, arms_of(summary, depth=depth))
        ax.set_title(described({"depth": depth}))
        ax.tick_params(axis="x", labelrotation=60)
        ax.label_outer()
    bar = Line2D([], [], color=INK, label="largest stable rate", **BAR_LOOK)
    add_sweep_legend(figure, norms_of(summary), ring="best rate", line="shared rate", further=[bar])
    return figure


def at_depth(summary: Summary, depth: Factor) -> list[Sweep]:
    """The sweeps of one depth, norm by norm."""
    return [sweep for sweep in summary.sweeps if sweep.factors["depth"] == depth]


def part(sweep: Sweep, column: str, marked: str) -> Sweep:
    """The points of a sweep that have the value of ``column`` of a marked setting."""
    value = sweep.marked[marked][column]
    return dataclasses.replace(sweep, points=[point for point in sweep.points if point.setting[column] == value])


def plot_largest_rates(ax: Axes, arms: Sequence[ArmSummary]) -> Axes:
    """Geometric mean of each norm's largest stable rate with its 95 % interval, as bars at the bottom."""
    look = looks([arm.norm for arm in arms])
    for rank, arm in enumerate(arms):
        estimate, mark = arm.measures[LARGEST], look[arm.norm]
        ends, height = [estimate.mean + sign * (estimate.half or 0.0) for sign in (-1, 1)], BAR_LOW + BAR_STEP * rank
        place = ax.get_xaxis_transform()
        ax.plot(10 ** np.array(ends), [height] * 2, transform=place, color=mark.color, linewidth=2.4, solid_capstyle="butt")
        (bar,) = ax.plot(10**estimate.mean, height, transform=place, color=mark.color, **BAR_LOOK)
        tell_points(bar, [f"{norm_title(arm.norm)}, largest stable rate: {10**estimate.mean:.3g}"])
    return ax


def make_init_scale(summary: Summary, words: Vocabulary) -> Figure:
    """Final training loss against the initial scale, at each arm's best rate and at the shared one, one panel per depth."""
    depths, rates = levels_of(summary, "depth"), ("best", "shared")
    figure = Figure(figsize=(max(7.4, 3.1 * len(depths)), 5.2), layout="constrained")
    axes = figure.subplots(len(rates), len(depths), squeeze=False, sharex=True, sharey=True)
    for row, marked in zip(axes, rates, strict=True):
        for ax, depth in zip(row, depths, strict=True):
            plot_sweep(ax, words, [part(sweep, RATE, marked) for sweep in at_depth(summary, depth)], LOSS, SCALE)
            ax.set_title(described({"depth": depth, "rate": marked}))
            ax.label_outer()
    add_sweep_legend(figure, norms_of(summary))
    return figure


def make_loss(summary: Summary, words: Vocabulary) -> Figure:
    """Mean final training loss at every point of the grid."""
    means = [loss(point) for sweep in summary.sweeps for point in sweep.points]
    norm = LogNorm(max(SMALLEST_LOSS, min(means)), max(max(means), 2 * SMALLEST_LOSS))
    limit = summary.rule.convergence_loss

    def marks(point: SweepPoint) -> str:
        return divergence(point) or (WORKABLE if loss(point) <= limit else "")

    return draw_grids(summary, words, LOSS, loss, norm, marks, "low")


def make_accuracy(summary: Summary, words: Vocabulary) -> Figure:
    """Mean final validation accuracy at every point of the grid."""
    return draw_grids(summary, words, ACCURACY, accuracy, Normalize(0, 100), divergence, "high")


def loss(point: SweepPoint) -> float:
    """Mean final training loss of a point, in nats."""
    return max(SMALLEST_LOSS, point.measures[LOSS].mean)


def accuracy(point: SweepPoint) -> float:
    """Mean final validation accuracy of a point, in percent."""
    return 100 * point.measures[ACCURACY].mean


def divergence(point: SweepPoint) -> str:
    """The mark of a point by the share of its runs that diverged."""
    share = len(point.diverged) / point.measures[LOSS].n
    return DIVERGED if share >= 0.5 else SOME_DIVERGED if share else ""


def draw_grids(
    summary: Summary,
    words: Vocabulary,
    name: str,
    value: Callable[[SweepPoint], float],
    norm: Normalize,
    marks: Callable[[SweepPoint], str],
    bright: Literal["low", "high"],
) -> Figure:
    """Heat maps of a measure with one colour bar: a row of panels per depth, a column per norm; ``bright`` says which end is good."""
    norms, depths, measure = norms_of(summary), levels_of(summary, "depth"), words.measure(name)
    figure = Figure(figsize=(0.9 + 3.1 * len(norms), 1.0 + 1.8 * len(depths)), layout="constrained")
    axes = figure.subplots(len(depths), len(norms), squeeze=False, sharex=True, sharey=True)

    def tell(point: SweepPoint) -> str:
        diverged = f", {len(point.diverged)} diverged" if point.diverged else ""
        return f"rate {point.setting[RATE]:g}, scale {point.setting[SCALE]:g}: {level_text(point.measures[name], measure.unit)}{diverged}"

    images = []
    for ax, sweep in zip(axes.flat, (sweep for depth in depths for sweep in at_depth(summary, depth)), strict=True):
        images.append(plot_heat_map(ax, sweep, value, norm, marks, tell, bright=bright, square="best"))
        ax.set_title(described(sweep.factors))
        ax.label_outer()
    bar = figure.colorbar(images[0], ax=axes, label=f"{measure.title} ({measure.unit.level})", aspect=30, pad=0.01)
    if isinstance(norm, LogNorm):
        bar.set_ticks(loss_ticks(*bar.ax.get_ylim()))
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda level, _: f"{level:g}"))
        bar.ax.yaxis.set_minor_locator(NullLocator())
    return figure


def more(summary: Summary) -> list[Block]:
    """The learning rates: best and largest ones, what lies at an end of the grid, and how much of it diverged."""
    settings, grid = summary.settings, rate_grid(summary)
    of_rates, of_shares = (resolved(settings["learning_rates"], settings["init_scales"])[name] for name in (LARGEST, "workable_share"))

    def cells(sweep: Sweep) -> list[Cell]:
        logarithms = np.asarray(next(arm for arm in summary.arms if arm.factors == sweep.factors).by_seed[LARGEST])
        at_end, below = (int(found.sum()) for found in (logarithms == np.log10(grid[-1]), logarithms < np.log10(grid[0])))
        diverged = sum(len(point.diverged) for point in sweep.points) / sum(point.measures[LOSS].n for point in sweep.points)
        always = sweep.marked.get("always_stable")
        return [
            Cell(f"{10 ** logarithms.mean():.3g}"),
            Cell(str(at_end or "")),
            Cell(str(below or "")),
            rate_cell(always[RATE], grid) if always else Cell("none"),
            Cell(f"{100 * diverged:.1f} %"),
        ]

    headings = ("largest stable", "runs at the highest", "runs stable nowhere", "stable for all", "diverged on the grid")
    note = (
        "Largest stable: geometric mean over seeds. Stable for all: the largest at which no run diverged and the mean loss is within "
        f"{100 * summary.rule.loss_margin:g} % of the lowest. Intervals of what is read off the grid are wider by half a step to either "
        f"side: a step is up to {margin(of_rates.step, of_rates.unit)} {of_rates.unit.difference}, or "
        f"{margin(of_shares.step, of_shares.unit)} {of_shares.unit.difference} of workable share."
    )
    return [tuning(summary, headings, cells, note)]


WORDS = Vocabulary(
    measures=MEASURES,
    claims={claim.id: claim for claim in CLAIMS},
    drawings={
        "learning_rate": Drawing(
            "Final training loss against the learning rate, one panel per depth",
            "Means with 95 % bands. Rings: best rates, chosen on other seeds. Bars below: largest stable rates with 95 % intervals.",
            make_learning_rate,
        ),
        "init_scale": Drawing(
            "Final training loss against the initial scale, at the best learning rates and at a shared one",
            "Means with 95 % bands. Above, each norm at the rate that is best from the shared scale; below, all at one small rate.",
            make_init_scale,
        ),
        "loss": Drawing(
            "Final training loss at every learning rate and initial scale, one panel per norm and depth",
            "Bright is good. Dot: workable on average; cross: at least half of the runs diverged; dash: some. Frame: best rate.",
            make_loss,
        ),
        "accuracy": Drawing(
            "Final validation accuracy at every learning rate and initial scale, one panel per norm and depth",
            "Bright is good. Cross: at least half of the runs diverged; dash: some. Frame: best rate.",
            make_accuracy,
        ),
    },
    network=network,
    more=more,
)
