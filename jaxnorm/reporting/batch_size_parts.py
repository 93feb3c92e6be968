"""Figures of ``jaxnorm.experiments.batch_size`` on what small batches do beside accuracy: evaluation, ghosts, and sorting by class."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from jaxnorm.analysis.measures import MEASURES
from jaxnorm.analysis.summary import ArmSummary, Summary
from jaxnorm.analysis.wording import arm_title, format_number, norm_title
from jaxnorm.experiments.batch_size.study import WHOLE
from jaxnorm.reporting.axes import FACTOR_LABELS
from jaxnorm.reporting.batch_size_panels import (
    MEASURE,
    PERCENT,
    RATE_TITLES,
    REFERENCE,
    add_means_caption,
    arms_by_size,
    arms_of,
    logarithmic_note,
    logarithmic_sizes,
    spread_accuracy,
)
from jaxnorm.reporting.factors import DODGE, plot_factor, with_errors
from jaxnorm.reporting.figures import add_caption, add_norm_legend
from jaxnorm.reporting.hover import level_text, tell_points
from jaxnorm.reporting.style import looks, norms_of

EVALUATIONS: dict[str, dict[str, Any]] = {
    "test_accuracy_biased": {"label": "running averages, biased variance", "color": "#7F7F7F", "marker": "v", "linestyle": (0, (1, 1.2))},
    "test_accuracy_unbiased": {"label": "running averages, unbiased", "color": "#56B4E9", "marker": "^", "linestyle": (0, (4, 1.5))},
    "test_accuracy_population": {"label": "population statistics", "color": "#009E73", "marker": "P", "linestyle": (0, (5, 1.5, 1, 1.5))},
    "test_accuracy_batch_statistics": {"label": "batch statistics", "color": "#7A5195", "marker": "X", "linestyle": "solid"},
}
"""Measure to how its line looks, from the roughest statistics to those of training."""
SHORT_LABELS = {
    "test_accuracy_biased": "biased",
    "test_accuracy_unbiased": "unbiased",
    "test_accuracy_population": "population",
    "test_accuracy_batch_statistics": "batch",
}
"""The same at the lines."""


def make_evaluation(summary: Summary) -> Figure:
    """Test accuracy by the statistics of the evaluation against the batch size, a panel per norm over the batch, at the best rates."""
    norms = coupled_norms(summary)
    arms = arms_by_size(summary, "best")
    figure = Figure(figsize=(max(7.4, 4.6 * len(norms)), 4.3), layout="constrained")
    for ax, norm in zip(figure.subplots(1, len(norms), squeeze=False, sharey=True)[0], norms, strict=True):
        own = sorted((arm for arm in arms if arm.norm == norm), key=lambda arm: arm.factors["batch_size"])
        reference = sorted((arm for arm in arms if arm.norm == REFERENCE), key=lambda arm: arm.factors["batch_size"])
        plot_evaluations(ax, own, reference)
        spread_accuracy(ax, [arm for arm in arms if arm.norm in (*norms, REFERENCE)], tuple(EVALUATIONS))
        largest = max(own, key=lambda arm: abs(arm.measures["evaluation_gap"].mean))
        gap = format_number(PERCENT * largest.measures["evaluation_gap"].mean, 1, sign=True)
        ax.set_title(
            f"{norm_title(norm)}: batch statistics − running averages\nlargest at batch size {largest.factors['batch_size']}, {gap} points"
        )
        ax.label_outer()
    handles = [Line2D([], [], **style) for style in EVALUATIONS.values()]
    look = looks([REFERENCE])[REFERENCE]
    handles += [Line2D([], [], color=look.color, marker=look.marker, label=norm_title(REFERENCE))] if REFERENCE in norms_of(summary) else []
    figure.legend(handles=handles, loc="outside upper left", ncols=3, handlelength=3.2)
    add_means_caption(
        figure,
        summary,
        "The same networks, each arm at its best learning rate, evaluated with running averages over training, of biased or unbiased "
        "variances; with moments pooled over the training set with the final weights; with those of each test batch itself, as large as in "
        "training or, if that is smaller, the test set. Norms that keep one running variance have one line for both.",
    )
    return figure


def coupled_norms(summary: Summary) -> list[str]:
    """The norms whose networks are not the same by all statistics."""
    arms = arms_by_size(summary, "best")
    differing = [arm for arm in arms if len({tuple(arm.by_seed[measure]) for measure in EVALUATIONS}) > 1]
    return list(dict.fromkeys(arm.norm for arm in differing))


def plot_evaluations(ax: Axes, arms: Sequence[ArmSummary], reference: Sequence[ArmSummary]) -> Axes:
    """One line per kind of statistics for the ``arms`` of one norm, ascending in batch size, and one for the ``reference``."""
    look = looks([REFERENCE])[REFERENCE]
    lines = [(arms, measure, style) for measure, style in EVALUATIONS.items()]
    lines += [(reference, MEASURE, {"color": look.color, "marker": look.marker})] if reference else []
    for rank, (own, measure, style) in enumerate(lines):
        means, errors = with_errors([arm.measures[measure] for arm in own], PERCENT)
        x = [float(arm.factors["batch_size"]) * 2 ** (DODGE * (rank - (len(lines) - 1) / 2)) for arm in own]
        line = ax.errorbar(x, means, errors, capsize=2.0, linewidth=1.4, **style)[0]
        line.set_label(SHORT_LABELS.get(measure, norm_title(REFERENCE)))
        tell_points(
            line, [f"{arm_title(arm.factors)}, {MEASURES[measure].title}: {level_text(arm.measures[measure], measure)}" for arm in own]
        )
    logarithmic_sizes(ax, [float(arm.factors["batch_size"]) for arm in (*arms, *reference)])
    ax.set(xlabel=FACTOR_LABELS["batch_size"], ylabel="test accuracy (%)")
    return ax


def make_ghost(summary: Summary) -> Figure:
    """Test accuracy against the ghost size, at the fixed and at the best rates."""
    rates = ("fixed", "best")
    figure = Figure(figsize=(8.4, 4.0), layout="constrained")
    ghosts = {rate: arms_of(summary, norm="ghost", rate=rate) for rate in rates}
    batch_size = ghosts["best"][0].factors["batch_size"]
    references = {
        rate: [arm for arm in arms_by_size(summary, rate) if (arm.norm, arm.factors["batch_size"]) == (REFERENCE, batch_size)]
        for rate in rates
    }
    for ax, rate in zip(figure.subplots(1, 2, sharey=True), rates, strict=True):
        plot_factor(ax, summary, MEASURE, "ghost_size", ghosts[rate])
        for arm in references[rate]:
            level, color = PERCENT * arm.measures[MEASURE].mean, looks([REFERENCE])[REFERENCE].color
            ax.axhline(level, color=color, linewidth=1.2, linestyle=(0, (4, 3)), label=norm_title(REFERENCE))
        spread_accuracy(ax, [arm for rate in rates for arm in (*ghosts[rate], *references[rate])])
        best = max(ghosts[rate], key=lambda arm: arm.measures[MEASURE].mean)
        level = f"{PERCENT * best.measures[MEASURE].mean:.1f} %"
        ax.set_title(f"{RATE_TITLES[rate]}:\nhighest on average ghosts of {best.factors['ghost_size']}, {level}")
        ax.label_outer()
    compared = f" Dashed: the mean of {norm_title(REFERENCE)} in batches as large." if references["best"] else ""
    add_caption(
        figure,
        summary,
        f"GhostBatchNorm in batches of {batch_size}, means with 95 % Student t intervals; with ghosts of {batch_size} it is "
        f"BatchNorm.{compared}{logarithmic_note(figure)}",
    )
    return figure


def make_order(summary: Summary) -> Figure:
    """Test accuracy after training on shuffled batches and on batches sorted by class, at the fixed and at the best rates."""
    rates = ("fixed", "best")
    figure = Figure(figsize=(8.4, 4.2), layout="constrained")
    size = arms_of(summary, order="sorted")[0].factors["batch_size"]
    axes = figure.subplots(1, 2, sharey=True)
    shown = [arm for rate in rates for arm in arms_of(summary, ghost_size=WHOLE, batch_size=size, rate=rate)]
    for ax, rate in zip(axes, rates, strict=True):
        arms = [arm for arm in shown if arm.factors["rate"] == rate]
        plot_order(ax, summary, arms)
        spread_accuracy(ax, shown)
        best = max((arm for arm in arms if arm.factors["order"] == "sorted"), key=lambda arm: arm.measures[MEASURE].mean)
        level = f"{PERCENT * best.measures[MEASURE].mean:.1f} %"
        ax.set_title(f"{RATE_TITLES[rate]}:\nsorted, highest on average {norm_title(best.norm)}, {level}")
        ax.label_outer()
    add_norm_legend(figure, summary, list(dict.fromkeys(arm.norm for arm in shown)))
    add_means_caption(figure, summary, f"Batches of {size}; sorted: nearly all of one class each, the batches themselves in random order.")
    return figure


def plot_order(ax: Axes, summary: Summary, arms: Sequence[ArmSummary]) -> Axes:
    """One line per norm, from shuffled to sorted batches."""
    look, orders = looks(norms_of(summary)), ("mixed", "sorted")
    norms = list(dict.fromkeys(arm.norm for arm in arms))
    for rank, norm in enumerate(norms):
        own = sorted((arm for arm in arms if arm.norm == norm), key=lambda arm: orders.index(str(arm.factors["order"])))
        means, errors = with_errors([arm.measures[MEASURE] for arm in own], PERCENT)
        x = [orders.index(str(arm.factors["order"])) + DODGE * (rank - (len(norms) - 1) / 2) for arm in own]
        line = ax.errorbar(x, means, errors, color=look[norm].color, marker=look[norm].marker, capsize=2.5, linewidth=1.4)[0]
        line.set_label(norm_title(norm))
        tell_points(line, [f"{arm_title(arm.factors)}: {level_text(arm.measures[MEASURE], MEASURE)}" for arm in own])
    ax.set_xticks(range(len(orders)), ["shuffled", "sorted by class"])
    ax.set(xlabel="training batches", ylabel="test accuracy (%)", xlim=(-0.4, len(orders) - 0.6))
    return ax
