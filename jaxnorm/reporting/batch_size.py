"""The figures of ``jaxnorm.experiments.batch_size``: accuracy, evaluation and noise against the batch size, ghosts, sorting by class."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from jaxnorm.analysis.batch_size_rates import RATES
from jaxnorm.analysis.measures import MEASURES
from jaxnorm.analysis.summary import ArmSummary, Summary
from jaxnorm.analysis.verdict import ALPHA
from jaxnorm.analysis.wording import SCALES, format_number, norm_title, value_title
from jaxnorm.config.batch_size import WHOLE
from jaxnorm.reporting.figures import Drawing, add_caption, add_norm_legend
from jaxnorm.reporting.panels import DODGE, FACTOR_LABELS, plot_factor, spread_axis, with_errors
from jaxnorm.reporting.style import INK, looks, norms_of

MEASURE, NOISE = "test_accuracy", "validation_noise"
PERCENT = 100.0
RATE_TITLES = {"fixed": "Fixed learning rate", "scaled": "Linearly scaled learning rate", "best": "Each arm's best learning rate"}
EVALUATIONS: dict[str, dict[str, Any]] = {
    "test_accuracy_biased": {"label": "running averages, biased variance", "color": "#7F7F7F", "marker": "v", "linestyle": (0, (1, 1.2))},
    "test_accuracy_unbiased": {"label": "running averages, unbiased", "color": "#56B4E9", "marker": "^", "linestyle": (0, (4, 1.5))},
    "test_accuracy_population": {"label": "population statistics", "color": "#009E73", "marker": "P", "linestyle": (0, (5, 1.5, 1, 1.5))},
    "test_accuracy_batch_statistics": {"label": "batch statistics", "color": "#7A5195", "marker": "X", "linestyle": "solid"},
}
"""Measure to how its line looks, from the roughest statistics to those of training."""
REFERENCE = "layer"
"""The norm that stands in panels of others for comparison."""


def arms_by_size(summary: Summary, rate: str) -> list[ArmSummary]:
    """The arms of shuffled, whole batches at a kind of rate."""
    return _arms(summary, ghost_size=WHOLE, order="mixed", rate=rate)


def _arms(summary: Summary, **factors: object) -> list[ArmSummary]:
    return [arm for arm in summary.arms if all(arm.factors[name] == value for name, value in factors.items())]


def make_accuracy(summary: Summary) -> Figure:
    """Test accuracy against the batch size, a panel per kind of rate."""
    figure = _by_size(summary, MEASURE, RATES)
    arms = [arm for rate in RATES for arm in arms_by_size(summary, rate)]
    for ax, rate in zip(figure.axes, RATES, strict=True):
        _spread(ax, arms)
        ax.set_title(f"{RATE_TITLES[rate]}:\n{_change_title(summary, rate)}")
    _add_caption(figure, summary, "In titles: the change from the smallest to the largest size that all norms have, by a line.")
    return figure


def make_noise(summary: Summary) -> Figure:
    """Noise of the validation accuracy against the batch size."""
    rates = ("fixed", "best")
    figure = _by_size(summary, NOISE, rates)
    for ax, rate in zip(figure.axes, rates, strict=True):
        arms = arms_by_size(summary, rate)
        noisiest = max(arms, key=lambda arm: arm.measures[NOISE].mean)
        ax.set_title(f"{RATE_TITLES[rate]}:\nnoisiest {norm_title(noisiest.norm)} at {noisiest.factors['batch_size']}")
        ax.set_ylim(bottom=0)
    _add_caption(figure, summary, "Noise: standard deviation of the changes from epoch to epoch in the second half of training.")
    return figure


def _by_size(summary: Summary, measure: str, rates: Sequence[str]) -> Figure:
    """A panel per kind of rate, a line per norm."""
    figure = Figure(figsize=(max(7.4, 3.4 * len(rates)), 4.0), layout="constrained")
    for ax, rate in zip(figure.subplots(1, len(rates), sharey=True), rates, strict=True):
        plot_factor(ax, summary, measure, "batch_size", arms_by_size(summary, rate))
        ax.label_outer()
    add_norm_legend(figure, summary, list(dict.fromkeys(arm.norm for arm in arms_by_size(summary, "best"))))
    return figure


def _spread(ax: Axes, arms: Sequence[ArmSummary]) -> None:
    """An axis of accuracies that shows all means and intervals, logarithmic in the errors where they span much."""
    estimates = [arm.measures[MEASURE] for arm in arms]
    drawn = [value for each in estimates for value in (each.mean, each.low, each.high) if value is not None]
    spread_axis(ax, MEASURE, np.clip(PERCENT * np.array(drawn), 0, PERCENT))


def _change_title(summary: Summary, rate: str) -> str:
    """What is seen: which norm's accuracy changes most with the batch size, by the lines that the report has."""
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


def _add_caption(figure: Figure, summary: Summary, what: str) -> None:
    add_caption(figure, summary, f"Means with 95 % Student t intervals; lines are set apart sideways. {what}{_logarithmic(figure)}")


def _logarithmic(figure: Figure) -> str:
    return " The axis of accuracy is logarithmic in the errors." if figure.axes[0].get_yscale() == "function" else ""


def make_evaluation(summary: Summary) -> Figure:
    """Test accuracy by the statistics of the evaluation against the batch size, a panel per norm over the batch, at the best rates."""
    norms = _coupled(summary)
    arms = arms_by_size(summary, "best")
    figure = Figure(figsize=(max(7.4, 4.6 * len(norms)), 4.3), layout="constrained")
    for ax, norm in zip(figure.subplots(1, len(norms), squeeze=False, sharey=True)[0], norms, strict=True):
        own = sorted((arm for arm in arms if arm.norm == norm), key=lambda arm: arm.factors["batch_size"])
        reference = [arm for arm in arms if arm.norm == REFERENCE]
        plot_evaluations(ax, own, sorted(reference, key=lambda arm: arm.factors["batch_size"]))
        largest = max(own, key=lambda arm: abs(arm.measures["evaluation_gap"].mean))
        gap = format_number(PERCENT * largest.measures["evaluation_gap"].mean, 1, sign=True)
        ax.set_title(f"{norm_title(norm)}: batch statistics − running averages\nmost at {largest.factors['batch_size']}, {gap} points")
        ax.label_outer()
    handles = [Line2D([], [], **style) for style in EVALUATIONS.values()]
    look = looks([REFERENCE])[REFERENCE]
    handles += [Line2D([], [], color=look.color, marker=look.marker, label=norm_title(REFERENCE))] if REFERENCE in norms_of(summary) else []
    figure.legend(handles=handles, loc="outside upper left", ncols=3, handlelength=3.2)
    _add_caption(
        figure,
        summary,
        "The same networks, each arm at its best learning rate, evaluated with running averages over training, of biased or unbiased "
        "variances; with moments pooled over the training set with the final weights; with those of each test batch itself, as large as in "
        "training. Norms that keep one running variance have one line for both.",
    )
    return figure


def _coupled(summary: Summary) -> list[str]:
    """The norms whose networks are not the same by all statistics."""
    arms = arms_by_size(summary, "best")
    differing = [arm for arm in arms if len({tuple(arm.by_seed[measure]) for measure in EVALUATIONS}) > 1]
    return list(dict.fromkeys(arm.norm for arm in differing))


def plot_evaluations(ax: Axes, arms: Sequence[ArmSummary], reference: Sequence[ArmSummary]) -> Axes:
    """One line per kind of statistics for the ``arms`` of one norm, ascending in batch size, and one for the ``reference``."""
    look = looks([REFERENCE])[REFERENCE]
    lines = [(arms, measure, style) for measure, style in EVALUATIONS.items()]
    lines += [(reference, MEASURE, {"color": look.color, "marker": look.marker})] if reference else []
    drawn = []
    for rank, (own, measure, style) in enumerate(lines):
        means, errors = with_errors([arm.measures[measure] for arm in own], PERCENT)
        x = [float(arm.factors["batch_size"]) * 2 ** (DODGE * (rank - (len(lines) - 1) / 2)) for arm in own]
        ax.errorbar(x, means, errors, capsize=2.0, linewidth=1.4, **style)
        drawn.append(means)
    _logarithmic_sizes(ax, [float(arm.factors["batch_size"]) for arm in (*arms, *reference)])
    spread_axis(ax, MEASURE, np.concatenate(drawn))
    ax.set(xlabel=FACTOR_LABELS["batch_size"], ylabel="test accuracy (%)")
    return ax


def _logarithmic_sizes(ax: Axes, sizes: Sequence[float]) -> None:
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_locator(FixedLocator(sorted(set(sizes))))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlim(min(sizes) / 1.4, max(sizes) * 1.4)


def make_ghost(summary: Summary) -> Figure:
    """Test accuracy against the ghost size, at the fixed and at the best rates."""
    rates = ("fixed", "best")
    figure = Figure(figsize=(8.4, 4.0), layout="constrained")
    ghosts = {rate: _arms(summary, norm="ghost", rate=rate) for rate in rates}
    batch_size = ghosts["best"][0].factors["batch_size"]
    references = {
        rate: [arm for arm in arms_by_size(summary, rate) if (arm.norm, arm.factors["batch_size"]) == (REFERENCE, batch_size)]
        for rate in rates
    }
    for ax, rate in zip(figure.subplots(1, 2, sharey=True), rates, strict=True):
        plot_factor(ax, summary, MEASURE, "ghost_size", ghosts[rate])
        for arm in references[rate]:
            ax.axhline(
                PERCENT * arm.measures[MEASURE].mean, color=looks([REFERENCE])[REFERENCE].color, linewidth=1.2, linestyle=(0, (4, 3))
            )
        _spread(ax, [arm for rate in rates for arm in (*ghosts[rate], *references[rate])])
        best = max(ghosts[rate], key=lambda arm: arm.measures[MEASURE].mean)
        level = f"{PERCENT * best.measures[MEASURE].mean:.1f} %"
        ax.set_title(f"{RATE_TITLES[rate]}:\nhighest on average ghosts of {best.factors['ghost_size']}, {level}")
        ax.label_outer()
    compared = f" Dashed: the mean of {norm_title(REFERENCE)} in batches as large." if references["best"] else ""
    _add_caption(figure, summary, f"GhostBatchNorm in batches of {batch_size}; at a ghost size of {batch_size} it is BatchNorm.{compared}")
    return figure


def make_order(summary: Summary) -> Figure:
    """Test accuracy after training on shuffled batches and on batches sorted by class, at the fixed and at the best rates."""
    rates = ("fixed", "best")
    figure = Figure(figsize=(8.4, 4.2), layout="constrained")
    size = _arms(summary, order="sorted")[0].factors["batch_size"]
    axes = figure.subplots(1, 2, sharey=True)
    shown = [arm for rate in rates for arm in _arms(summary, ghost_size=WHOLE, batch_size=size, rate=rate)]
    for ax, rate in zip(axes, rates, strict=True):
        arms = [arm for arm in shown if arm.factors["rate"] == rate]
        plot_order(ax, summary, arms)
        _spread(ax, shown)
        best = max((arm for arm in arms if arm.factors["order"] == "sorted"), key=lambda arm: arm.measures[MEASURE].mean)
        level = f"{PERCENT * best.measures[MEASURE].mean:.1f} %"
        ax.set_title(f"{RATE_TITLES[rate]}:\nsorted, highest on average {norm_title(best.norm)}, {level}")
        ax.label_outer()
    add_norm_legend(figure, summary, list(dict.fromkeys(arm.norm for arm in shown)))
    _add_caption(figure, summary, f"Batches of {size}; sorted: nearly all of one class each, the batches themselves in random order.")
    return figure


def plot_order(ax: Axes, summary: Summary, arms: Sequence[ArmSummary]) -> Axes:
    """One line per norm, from shuffled to sorted batches."""
    look, orders = looks(norms_of(summary)), ("mixed", "sorted")
    norms = list(dict.fromkeys(arm.norm for arm in arms))
    for rank, norm in enumerate(norms):
        own = sorted((arm for arm in arms if arm.norm == norm), key=lambda arm: orders.index(str(arm.factors["order"])))
        means, errors = with_errors([arm.measures[MEASURE] for arm in own], SCALES[MEASURES[MEASURE].unit].factor)
        x = [orders.index(str(arm.factors["order"])) + DODGE * (rank - (len(norms) - 1) / 2) for arm in own]
        ax.errorbar(x, means, errors, color=look[norm].color, marker=look[norm].marker, capsize=2.5, linewidth=1.4)
    ax.set_xticks(range(len(orders)), ["shuffled", "sorted by class"])
    ax.set(xlabel="training batches", ylabel="test accuracy (%)", xlim=(-0.4, len(orders) - 0.6))
    return ax


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
        ax.plot(x, [rate for _, rate in line], color=look[norm].color, marker=look[norm].marker, linewidth=1.2)
    for kind, style in (("fixed", (0, (4, 3))), ("scaled", (0, (1, 1.2)))):
        rates = {float(sweep.factors["batch_size"]): sweep.marked[kind]["learning_rate"] for sweep in own}
        ax.plot(sizes, [rates[size] for size in sizes], color=INK, linewidth=1.0, linestyle=style, zorder=0)
        ax.annotate(value_title("rate", kind), (sizes[-1], rates[sizes[-1]]), xytext=(4, 4), textcoords="offset points", fontsize=8)
    ax.set_yscale("log")
    _logarithmic_sizes(ax, sizes)
    grid = [point.setting["learning_rate"] for point in own[0].points]
    ax.yaxis.set_major_locator(FixedLocator(grid))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set(xlabel=FACTOR_LABELS["batch_size"], ylabel="best learning rate", title="Best learning rate of the grid by batch size")
    add_norm_legend(figure, summary, norms)
    add_caption(
        figure, summary, "Chosen by the validation accuracy of tuning networks that are not reported; norms are set apart sideways."
    )
    return figure


DRAWINGS = {
    "accuracy": Drawing("Test accuracy against the batch size, at a fixed, a linearly scaled and the best learning rate", make_accuracy),
    "evaluation": Drawing(
        "Test accuracy by the statistics that the same networks are evaluated with, against the batch size",
        make_evaluation,
        lambda summary: bool(_coupled(summary)),
    ),
    "ghost": Drawing("Test accuracy against the ghost size", make_ghost),
    "order": Drawing("Test accuracy after training on shuffled batches and on batches sorted by class", make_order),
    "noise": Drawing(
        "Noise of the validation accuracy against the batch size", make_noise, lambda summary: NOISE in summary.arms[0].measures
    ),
    "learning_rate": Drawing("The best learning rate of every norm against the batch size", make_learning_rate),
}
"""File name to figure, in the order of the report."""
