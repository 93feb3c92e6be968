"""The figures of ``jaxnorm.experiments.batch_size``: accuracy, noise and the best learning rate against the batch size, and the rest."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from jaxnorm.analysis.batch_size_rates import RATES
from jaxnorm.analysis.summary import ALPHA, Summary
from jaxnorm.analysis.wording import format_number, norm_title, value_title
from jaxnorm.reporting.axes import FACTOR_LABELS
from jaxnorm.reporting.batch_size_panels import (
    MEASURE,
    PERCENT,
    RATE_TITLES,
    add_means_caption,
    arms_by_size,
    logarithmic_sizes,
    spread_accuracy,
)
from jaxnorm.reporting.batch_size_parts import coupled_norms, make_evaluation, make_ghost, make_order
from jaxnorm.reporting.factors import DODGE, plot_factor
from jaxnorm.reporting.figures import DIFFERENCES, Drawing, add_caption, add_norm_legend
from jaxnorm.reporting.hover import tell_points
from jaxnorm.reporting.style import INK, looks, norms_of

NOISE = "validation_noise"


def make_accuracy(summary: Summary) -> Figure:
    """Test accuracy against the batch size, a panel per kind of rate."""
    figure = _by_size(summary, MEASURE, RATES)
    arms = [arm for rate in RATES for arm in arms_by_size(summary, rate)]
    for ax, rate in zip(figure.axes, RATES, strict=True):
        spread_accuracy(ax, arms)
        ax.set_title(f"{RATE_TITLES[rate]}:\n{_change_title(summary, rate)}")
    add_means_caption(figure, summary, "In titles: the change from the smallest to the largest size that all norms have.")
    return figure


def make_noise(summary: Summary) -> Figure:
    """Noise of the validation accuracy against the batch size."""
    rates = ("fixed", "best")
    figure = _by_size(summary, NOISE, rates)
    for ax, rate in zip(figure.axes, rates, strict=True):
        arms = arms_by_size(summary, rate)
        noisiest = max(arms, key=lambda arm: arm.measures[NOISE].mean)
        ax.set_title(f"{RATE_TITLES[rate]}:\nnoisiest {norm_title(noisiest.norm)} at {noisiest.factors['batch_size']}")
        _log_noise(ax, [arm.measures[NOISE].mean for each in rates for arm in arms_by_size(summary, each)])
    add_means_caption(figure, summary, "Noise: standard deviation of the changes from epoch to epoch in the second half of training.")
    return figure


def _log_noise(ax: Axes, means: Sequence[float]) -> None:
    """A logarithmic axis that shows all means; intervals may reach below it."""
    percent = PERCENT * np.array([mean for mean in means if mean > 0])
    ax.set_yscale("log", nonpositive="clip")
    ax.set_ylim(bottom=percent.min() / 2)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _by_size(summary: Summary, measure: str, rates: Sequence[str]) -> Figure:
    """A panel per kind of rate, a line per norm."""
    figure = Figure(figsize=(max(7.4, 3.4 * len(rates)), 4.0), layout="constrained")
    for ax, rate in zip(figure.subplots(1, len(rates), sharey=True), rates, strict=True):
        plot_factor(ax, summary, measure, "batch_size", arms_by_size(summary, rate))
        ax.label_outer()
    add_norm_legend(figure, summary, list(dict.fromkeys(arm.norm for arm in arms_by_size(summary, "best"))))
    return figure


def _change_title(summary: Summary, rate: str) -> str:
    """What is seen: which norm's accuracy changes most with the batch size, by the differences that the report has."""
    norm_of = {arm.key: arm.norm for arm in arms_by_size(summary, rate)}
    changes = [
        (norm_of[next(iter(each.weights))], each)
        for each in summary.differences
        if each.measure == MEASURE and set(each.weights) <= set(norm_of) and len({norm_of[key] for key in each.weights}) == 1
    ]
    shown = [(norm, each) for norm, each in changes if each.p_adjusted <= ALPHA]
    if not shown:
        return f"no change shown (n = {len(summary.seeds)})"
    norm, largest = max(shown, key=lambda pair: abs(pair[1].estimate.mean))
    return f"largest change {norm_title(norm)}, {format_number(PERCENT * largest.estimate.mean, 1, sign=True)} points"


def make_learning_rate(summary: Summary) -> Figure:
    """The best learning rate of every norm against the batch size, beside the fixed and the scaled one."""
    figure = Figure(figsize=(7.4, 4.4), layout="constrained")
    ax = figure.subplots()
    look = looks(norms_of(summary))
    own = [sweep for sweep in summary.sweeps if "scaled" in sweep.marked]
    norms = list(dict.fromkeys(sweep.norm for sweep in own))
    sizes = sorted({float(sweep.factors["batch_size"]) for sweep in own})
    for rank, norm in enumerate(norms):
        line = sorted((float(sweep.factors["batch_size"]), sweep.marked["best"]["learning_rate"]) for sweep in own if sweep.norm == norm)
        x = [size * 2 ** (2 * DODGE * (rank - (len(norms) - 1) / 2)) for size, _ in line]
        (curve,) = ax.plot(
            x, [rate for _, rate in line], color=look[norm].color, marker=look[norm].marker, linewidth=1.2, label=norm_title(norm)
        )
        tell_points(curve, [f"{norm_title(norm)}, batch size {size:g}: {rate:g}" for size, rate in line])
    for kind, style in (("fixed", (0, (4, 3))), ("scaled", (0, (1, 1.2)))):
        rates = {float(sweep.factors["batch_size"]): sweep.marked[kind]["learning_rate"] for sweep in own}
        levels = [rates[size] for size in sizes]
        ax.plot(sizes, levels, color=INK, linewidth=1.0, linestyle=style, zorder=0, label=value_title("rate", kind))
    ax.set_yscale("log")
    logarithmic_sizes(ax, sizes)
    grid = [point.setting["learning_rate"] for point in own[0].points]
    ax.yaxis.set_major_locator(FixedLocator(grid))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set(xlabel=FACTOR_LABELS["batch_size"], ylabel="best learning rate", title="Best learning rate of the grid by batch size")
    add_norm_legend(figure, summary, norms)
    add_caption(
        figure,
        summary,
        f"The grid goes from {grid[0]:g} to {grid[-1]:g}. Chosen by the validation accuracy of tuning networks, which are not among "
        "the n reported ones (see Notes); norms are set apart sideways.",
    )
    return figure


DRAWINGS = {
    "accuracy": Drawing("Test accuracy against the batch size, at a fixed, a linearly scaled and the best learning rate", make_accuracy),
    "evaluation": Drawing(
        "Test accuracy by the statistics that the same networks are evaluated with, against the batch size",
        make_evaluation,
        lambda summary: bool(coupled_norms(summary)),
    ),
    "ghost": Drawing("Test accuracy against the ghost size", make_ghost),
    "order": Drawing("Test accuracy after training on shuffled batches and on batches sorted by class", make_order),
    "noise": Drawing(
        "Noise of the validation accuracy against the batch size", make_noise, lambda summary: NOISE in summary.arms[0].measures
    ),
    "learning_rate": Drawing("The best learning rate of every norm against the batch size", make_learning_rate),
    "differences": DIFFERENCES,
}
"""File name to figure, in the order of the report."""
