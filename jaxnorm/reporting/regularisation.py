"""The figures of ``jaxnorm.experiments.regularisation``: validation loss at equal training loss, what changes it, and the curves."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from jaxnorm.analysis.measures import MEASURES
from jaxnorm.analysis.summary import ArmSummary, Difference, Summary, Sweep
from jaxnorm.analysis.trajectories import DECISIVE, EVALUATED
from jaxnorm.analysis.wording import norm_title
from jaxnorm.reporting.axes import spread_axis
from jaxnorm.reporting.curves import plot_curves
from jaxnorm.reporting.figures import FOREST_CAPTION, Drawing, add_caption
from jaxnorm.reporting.forests import differences_title, plot_differences
from jaxnorm.reporting.hover import level_text, tell_points
from jaxnorm.reporting.style import BAND_ALPHA, INK, LINE_STYLES, levels_of, looks, norms_of

TITLES = {"shuffled": "New batches every epoch", "fixed": "The same batches every epoch"}
FORESTS = {
    DECISIVE: "At equal training loss",
    "validation_loss_at_matched_update_loss": "At equal mean loss of the updates",
    "validation_loss": "After equally many epochs",
}
"""Measure to the title of its panel."""
EVALUATED_LABEL = "loss on the training set (nats)"


def make_trajectories(summary: Summary) -> Figure:
    """Validation loss against training loss, one panel per order of the examples."""
    orders = [str(order) for order in levels_of(summary, "order")]
    figure = Figure(figsize=(max(4.5 * len(orders), 6.4), 4.2), layout="constrained")
    for ax, order in zip(figure.subplots(1, len(orders), squeeze=False, sharey=True)[0], orders, strict=True):
        plot_trajectories(ax, [sweep for sweep in summary.sweeps if sweep.factors["order"] == order])
        ax.set_title(f"{TITLES[order]}:\n{_lowest(arms_of(summary, order))}")
        ax.label_outer()
    _add_legend(figure, summary)
    add_caption(
        figure,
        summary,
        "Validation loss of each network where its loss on the whole training set, in evaluation mode, first comes down to a level; "
        "training goes from left to right. Lines: means; bands: 95 % Student t intervals.",
    )
    return figure


def plot_trajectories(ax: Axes, sweeps: Sequence[Sweep]) -> Axes:
    """A line per norm and kind of statistics, over levels of the training loss that fall from left to right."""
    look, drawn = looks(list(dict.fromkeys(sweep.norm for sweep in sweeps))), []
    for sweep in sweeps:
        estimates = [point.measures["validation_loss"] for point in sweep.points]
        levels = [point.setting["matched_loss"] for point in sweep.points]
        means = np.array([estimate.mean for estimate in estimates])
        statistics, mark = sweep.factors["statistics"], look[sweep.norm]
        (line,) = ax.plot(levels, means, color=mark.color, marker=mark.marker, **_variation(statistics))
        told = [level_text(estimate, "validation_loss") for estimate in estimates]
        kind = _kind_title(sweep.norm, statistics)
        line.set_label(kind.replace(", statistics", ","))
        tell_points(line, [f"{kind}, training loss {level:g}: {text}" for level, text in zip(levels, told, strict=True)])
        drawn.append(means)
        bounds = [(estimate.low, estimate.high) for estimate in estimates if estimate.low is not None and estimate.high is not None]
        if bounds:
            low, high = np.maximum(np.array(bounds).T, 0)
            ax.fill_between(levels, low, high, color=mark.color, alpha=BAND_ALPHA, linewidth=0)
            drawn += [low, high]
    spread_axis(ax, "validation_loss", np.concatenate(drawn))
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(FixedLocator([point.setting["matched_loss"] for point in sweeps[0].points]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.invert_xaxis()
    ax.set(xlabel=EVALUATED_LABEL, ylabel="validation loss there (nats)")
    return ax


def _variation(statistics: object) -> dict[str, Any]:
    """Frozen statistics are dashed and hollow."""
    return {"linestyle": LINE_STYLES[1], "mfc": "white"} if statistics == "frozen" else {"linestyle": "solid"}


def _lowest(arms: Sequence[ArmSummary]) -> str:
    """What is seen: whose mean over the levels is lowest."""
    best = min(arms, key=lambda arm: arm.measures[DECISIVE].mean)
    return f"lowest on average {_kind_title(best.norm, best.factors['statistics'])}, {best.measures[DECISIVE].mean:.3g} nats"


def _kind_title(norm: str, statistics: object) -> str:
    return f"{norm_title(norm)}{', statistics frozen' if statistics == 'frozen' else ''}"


def arms_of(summary: Summary, order: str) -> list[ArmSummary]:
    """The arms with this order of the examples."""
    return [arm for arm in summary.arms if arm.factors["order"] == order]


def make_effects(summary: Summary) -> Figure:
    """Forests of what norm, order and freezing change: at equal training loss, by two training losses, and after equally many epochs."""
    panels = [(*panel, group) for panel in FORESTS.items() if (group := _differences(summary, panel[0]))]
    figure = Figure(figsize=(3.6 + 2.8 * len(panels), 1.9 + 0.27 * len(panels[0][-1])), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for ax, (measure, title, group) in zip(axes, panels, strict=True):
        plot_differences(ax, summary, measure, group)
        ax.set(title=f"{title}:\n{differences_title(group).lower()}", xlabel="difference in validation loss (nats)")
        for row in _ends(group):
            ax.axhline(row - 0.5, color=INK, linewidth=0.6)
        ax.label_outer()
    add_caption(
        figure,
        summary,
        f"{FOREST_CAPTION} {MEASURES[DECISIVE].title.capitalize()}: that of the network "
        "in evaluation mode on the whole training set. Mean loss of the updates: that of the networks of an epoch in training mode, with "
        "batch statistics where they have them.",
    )
    return figure


def _differences(summary: Summary, measure: str) -> list[Difference]:
    return [difference for difference in summary.differences if difference.measure == measure]


def _ends(differences: Sequence[Difference]) -> list[int]:
    """Rows at which another question begins: between norms, between orders, between kinds of statistics, and interactions."""

    def question(difference: Difference) -> tuple[int, int, int]:
        """How many arms, norms and orders are set against each other."""
        arms = [key.rsplit("-", 2) for key in difference.weights]
        return len(arms), len({norm for norm, _, _ in arms}), len({order for _, order, _ in arms})

    kinds = [question(difference) for difference in differences]
    return [row for row in range(1, len(kinds)) if kinds[row] != kinds[row - 1]]


def make_curves(summary: Summary) -> Figure:
    """Loss on the training set and validation loss against epochs, a row per order of the examples."""
    orders = [str(order) for order in levels_of(summary, "order")]
    figure = Figure(figsize=(9.0, 3.3 * len(orders) + 1.0), layout="constrained")
    axes = figure.subplots(len(orders), 2, squeeze=False, sharey="col")
    for row, order in zip(axes, orders, strict=True):
        own = dataclasses.replace(summary, arms=_frozen_first(arms_of(summary, order)))
        for ax, metric, label in zip(row, (EVALUATED, "validation_loss"), (EVALUATED_LABEL, None), strict=True):
            plot_curves(ax, own, metric, label=label)
            _hollow_frozen(ax, own.arms)
            ax.set_title(f"{TITLES[order]}:\n{_ends_lowest(own.arms, metric)}")
        spread_axis(row[0], EVALUATED, np.concatenate([arm.curves[EVALUATED].mean for arm in own.arms]))
    _add_legend(figure, summary)
    add_caption(
        figure,
        summary,
        "Networks in evaluation mode after each epoch; 0 is before training. Lines: means; bands: pointwise 95 % Student t intervals.",
    )
    return figure


def _frozen_first(arms: Sequence[ArmSummary]) -> list[ArmSummary]:
    """In the order in which the last variant, that of live statistics, is drawn solid."""
    return sorted(arms, key=lambda arm: arm.factors["statistics"] != "frozen")


def _hollow_frozen(ax: Axes, arms: Sequence[ArmSummary]) -> None:
    """Give the lines of frozen statistics the markers of the legend."""
    for line, arm in zip(ax.get_lines(), arms, strict=True):
        if arm.factors["statistics"] == "frozen":
            line.set(markerfacecolor="white", markeredgecolor=line.get_color(), markeredgewidth=1.0)


def _ends_lowest(arms: Sequence[ArmSummary], metric: str) -> str:
    best = min(arms, key=lambda arm: arm.curves[metric].mean[-1])
    return f"ends lowest {_kind_title(best.norm, best.factors['statistics'])}, {best.curves[metric].mean[-1]:.3g} nats"


def _add_legend(figure: Figure, summary: Summary) -> None:
    """One entry per norm and kind of statistics."""
    look = looks(norms_of(summary))
    kinds = dict.fromkeys((arm.norm, arm.factors["statistics"]) for arm in summary.arms)
    handles = [
        Line2D([], [], color=look[norm].color, marker=look[norm].marker, label=_kind_title(norm, statistics), **_variation(statistics))
        for norm, statistics in kinds
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), handlelength=3.2)


DRAWINGS = {
    "trajectories": Drawing(
        "Validation loss against training loss, with new and with fixed batches", make_trajectories, lambda summary: bool(summary.sweeps)
    ),
    "effects": Drawing(
        "What norm, order of the examples and frozen statistics change in validation loss, paired by seed",
        make_effects,
        lambda summary: bool(summary.differences),
    ),
    "curves": Drawing("Loss on the training set and validation loss after each epoch", make_curves),
}
"""File name to figure, in the order of the report."""
