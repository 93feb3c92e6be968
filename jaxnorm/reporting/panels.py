"""The panels of the figures. Each ``plot_*`` draws what a summary says into the axes it is given, and returns them."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from jaxnorm.analysis.measures import MEASURES
from jaxnorm.analysis.statistics import ALPHA
from jaxnorm.analysis.summary import ArmSummary, Curve, Difference, Estimate, Summary
from jaxnorm.analysis.wording import SCALES, arm_title, norm_title
from jaxnorm.reporting.hover import curve_texts, difference_text, level_text, seed_texts, tell_points
from jaxnorm.reporting.style import BAND_ALPHA, INK, line_styles, looks, norms_of, variant, variants_of

CURVE_LABELS = {
    "train_loss": "training loss (nats)",
    "train_accuracy": "training accuracy (%)",
    "validation_loss": "validation loss (nats)",
    "validation_accuracy": "validation accuracy (%)",
}
LABEL_WIDTH = 30
"""Characters of an axis label before it takes another line."""
MAX_EPOCH_MARKERS = 12
WIDE_RATIO = 4.0
"""Largest over smallest value from which an axis is logarithmic."""
ERROR_TICKS = (90, 80, 70, 60, 50, 40, 30, 20, 10, 7, 5, 4, 3, 2, 1, 0.5, 0.2, 0.1)
"""Percent of errors at which a logarithmic axis of accuracy has ticks."""
CLOSEST_TICKS = 0.06
"""Smallest distance between two such ticks, as a share of all ticks' span."""
SMALLEST_ERROR = 0.05
"""Percent; an accuracy of 100 % has no place on a logarithmic axis of errors."""
DODGE = 0.06
"""Shift between norms at the same level, in powers of two."""
FACTOR_LABELS = {
    "batch_size": "batch size (examples)",
    "ghost_size": "ghost size (examples)",
    "depth": "depth (blocks)",
    "learning_rate": "learning rate",
    "init_scale": "initial scale",
}
"""Numbers that were varied, as axes name them."""


def plot_curves(ax: Axes, summary: Summary, metric: str, *, arms: Sequence[ArmSummary] | None = None, label: str | None = None) -> Axes:
    """A metric against epochs, 0 being before training: one line per arm, with bands of pointwise 95 % intervals.

    ``arms``: some of the summary's (all). ``label``: of the axis, for an instrument's own metric, whose title is left to the caller.
    """
    look, style = looks(norms_of(summary)), line_styles(variants_of(summary))
    factor = 100.0 if metric.endswith("_accuracy") else 1.0
    arms = summary.arms if arms is None else arms
    first = summary.epochs + 1 - len(arms[0].curves[metric].mean)
    epochs = np.arange(first, summary.epochs + 1)
    for arm in arms:
        curve, mark = arm.curves[metric], look[arm.norm]
        mean = factor * np.asarray(curve.mean)
        marker_step = -(-summary.epochs // MAX_EPOCH_MARKERS)
        (line,) = ax.plot(
            epochs,
            mean,
            color=mark.color,
            marker=mark.marker,
            linestyle=style[variant(arm)],
            markevery=marker_step,
            mec="white",
            mew=0.5,
        )
        tell_points(line, curve_texts(arm, metric, epochs)[::marker_step])
        if curve.low is not None and curve.high is not None:
            low, high = (factor * _possible(metric, bound) for bound in (curve.low, curve.high))
            ax.fill_between(epochs, low, high, color=mark.color, alpha=BAND_ALPHA, linewidth=0)
    ax.set(xlabel="epoch", ylabel=label or CURVE_LABELS[metric])
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.set_xlim(first - 0.03 * summary.epochs, summary.epochs * 1.03)
    if metric in CURVE_LABELS:
        ax.set_title(_curves_title(arms, metric))
        spread_axis(ax, metric, factor * np.concatenate([_extent(metric, arm.curves[metric]) for arm in arms]))
    return ax


def _possible(metric: str, values: Sequence[float]) -> np.ndarray:
    """Ends of intervals, cut where the metric ends: no loss is below 0, no accuracy outside 0 to 1."""
    lowest = 0.0 if metric in CURVE_LABELS else -np.inf
    return np.clip(values, lowest, 1.0 if metric.endswith("_accuracy") else np.inf)


def _extent(metric: str, curve: Curve) -> np.ndarray:
    """All that is drawn of a curve; of a loss's band what a logarithmic axis can show."""
    drawn = np.concatenate([curve.mean, _possible(metric, curve.low or []), _possible(metric, curve.high or [])])
    return drawn if metric.endswith("_accuracy") else drawn[drawn > 0]


def _curves_title(arms: Sequence[ArmSummary], metric: str) -> str:
    """What is seen: whose mean ends best."""
    best = _best(arms, metric)
    end = best.curves[metric].mean[-1]
    value = f"{100 * end:.2f} %" if metric.endswith("_accuracy") else f"{end:.3g} nats"
    word = "highest" if metric.endswith("_accuracy") else "lowest"
    return f"Ends {word} on average: {arm_title(best.factors)}, {value}"


def _best(arms: Sequence[ArmSummary], metric: str) -> ArmSummary:
    ends = [arm.curves[metric].mean[-1] for arm in arms]
    return arms[int(np.argmax(ends) if metric.endswith("_accuracy") else np.argmin(ends))]


def spread_axis(ax: Axes, metric: str, values: np.ndarray) -> None:
    """Make the axis logarithmic where values span much: in the loss, or in the errors that an accuracy leaves."""
    if metric.endswith("_loss"):
        if values.min() > 0 and values.max() > WIDE_RATIO * values.min():
            _log_loss(ax)
        return
    errors = np.maximum(SMALLEST_ERROR, 100 - values)
    smallest, largest = errors.min(), errors.max()
    ticks = _apart([tick for tick in ERROR_TICKS if smallest <= 1.15 * tick and tick <= 1.15 * largest])
    if largest > WIDE_RATIO * smallest and len(ticks) > 2:
        ax.set_yscale("function", functions=(_to_log_error, _from_log_error))
        ax.yaxis.set_major_locator(FixedLocator([100 - tick for tick in ticks]))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.set_ylim(100 - 1.15 * largest, 100 - smallest / 1.15)


def _apart(ticks: list[float]) -> list[float]:
    """Descending ticks without those that would touch a neighbour on a logarithmic axis."""
    kept: list[float] = []
    for tick in reversed(ticks):
        if not kept or np.log(tick / kept[-1]) > CLOSEST_TICKS * np.log(ticks[0] / ticks[-1]):
            kept.append(tick)
    return kept


def _log_loss(ax: Axes) -> None:
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    ticks = [digit * 10.0**power for power in range(-6, 4) for digit in (1, 2, 5)]
    ax.yaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_minor_formatter(NullFormatter())


def _to_log_error(accuracy: np.ndarray) -> np.ndarray:
    return -np.log(np.maximum(SMALLEST_ERROR, 100 - np.asarray(accuracy)))


def _from_log_error(height: np.ndarray) -> np.ndarray:
    return 100 - np.exp(-np.asarray(height))


def plot_seeds(ax: Axes, summary: Summary, measure: str) -> Axes:
    """One dot per network and arm, with the mean and its 95 % interval beside."""
    look = looks(norms_of(summary))
    factor = SCALES[MEASURES[measure].unit].factor
    jitter = 0.14 * np.sin(2.399963 * np.arange(len(summary.seeds)))  # golden angle: even, and the same in every arm
    for row, arm in enumerate(summary.arms):
        mark = look[arm.norm]
        values = factor * np.asarray(arm.by_seed[measure])
        (dots,) = ax.plot(
            values, row + 0.12 + jitter, linestyle="none", marker=mark.marker, color=mark.color, alpha=0.45, markersize=3, mew=0
        )
        tell_points(dots, seed_texts(summary, arm, measure))
        text = f"{arm_title(arm.factors)}: {level_text(arm.measures[measure], measure)}"
        _interval(ax, arm.measures[measure], row - 0.26, factor, text, color=mark.color, filled=True, marker=mark.marker)
    ax.set_yticks(range(len(summary.arms)), [arm_title(arm.factors) for arm in summary.arms])
    ax.set_ylim(len(summary.arms) - 0.5, -0.6)
    ax.set(xlabel=f"{MEASURES[measure].title} ({SCALES[MEASURES[measure].unit].of_level})", title=_seeds_title(summary, measure))
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.grid(axis="y", visible=False)
    return ax


def _seeds_title(summary: Summary, measure: str) -> str:
    """What is seen: from where to where the means reach."""
    scale = SCALES[MEASURES[measure].unit]
    means = [scale.factor * arm.measures[measure].mean for arm in summary.arms]
    low, high = (f"{end:.2f}" if end > 1 else f"{end:.3g}" for end in (min(means), max(means)))
    return f"Means from {low} to {high} {scale.of_level}" if len(means) > 1 else f"Mean {low} {scale.of_level}"


def plot_differences(ax: Axes, summary: Summary, measure: str, differences: Sequence[Difference] | None = None) -> Axes:
    """Forest of paired differences: mean, 95 % interval, shaded margin; filled where significant after correction.

    ``differences``: some of the measure's (all).
    """
    scale = SCALES[MEASURES[measure].unit]
    differences = [each for each in summary.differences if each.measure == measure] if differences is None else differences
    for row, difference in enumerate(differences):
        margin = scale.factor * difference.margin
        ax.fill_betweenx([row - 0.38, row + 0.38], -margin, margin, color="#DDDDDD", alpha=0.6, linewidth=0)
        text = difference_text(difference)
        _interval(ax, difference.estimate, row, scale.factor, text, color=INK, filled=difference.p_adjusted <= ALPHA, marker="o")
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.set_yticks(range(len(differences)), [difference.label.replace("batch size ", "") for difference in differences])
    ax.set_ylim(len(differences) - 0.4, -0.6)
    ax.set(xlabel=f"difference in {MEASURES[measure].title} ({scale.of_difference})", title=differences_title(differences))
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.grid(axis="y", visible=False)
    return ax


def differences_title(differences: Sequence[Difference]) -> str:
    """What is seen: how many were shown to be larger than the margin."""
    beyond = sum(difference.p_adjusted <= ALPHA and difference.beyond_margin for difference in differences)
    return f"{beyond or 'None'} of {len(differences)} beyond the margin"


def _interval(ax: Axes, estimate: Estimate, row: float, factor: float, text: str, *, color: str, filled: bool, marker: str) -> None:
    """A horizontal interval with its mean, of which ``text`` is told."""
    if estimate.low is not None and estimate.high is not None:
        ax.plot([factor * estimate.low, factor * estimate.high], [row, row], color=color, linewidth=1.6, solid_capstyle="butt")
    (mean,) = ax.plot(factor * estimate.mean, row, marker=marker, color=color, markerfacecolor=color if filled else "white", markersize=5)
    tell_points(mean, [text])


def plot_factor(ax: Axes, summary: Summary, measure: str, factor: str, arms: Sequence[ArmSummary] | None = None) -> Axes:
    """A measure against a number that was varied: one line per norm, with 95 % intervals. ``arms``: one per norm and level (all)."""
    arms = summary.arms if arms is None else arms
    look, levels = looks(norms_of(summary)), sorted({float(arm.factors[factor]) for arm in arms})
    logarithmic = levels[0] > 0 and levels[-1] >= WIDE_RATIO * levels[0]
    unit = MEASURES[measure].unit
    shown = [norm for norm in look if any(arm.norm == norm for arm in arms)]
    for rank, norm in enumerate(shown):
        own = sorted((arm for arm in arms if arm.norm == norm), key=lambda arm: arm.factors[factor])
        means, errors = with_errors([arm.measures[measure] for arm in own], SCALES[unit].factor)
        shift = DODGE * (rank - (len(shown) - 1) / 2)
        x = [float(arm.factors[factor]) for arm in own]
        x = [value * 2**shift if logarithmic else value + shift * (levels[-1] - levels[0]) / len(levels) / 2 for value in x]
        mark = look[norm]
        line = ax.errorbar(x, means, errors, color=mark.color, marker=mark.marker, capsize=2.5, linewidth=1.4, label=norm_title(norm))[0]
        tell_points(line, [f"{arm_title(arm.factors)}: {level_text(arm.measures[measure], measure)}" for arm in own])
    if logarithmic:
        ax.set_xscale("log", base=2)
        ax.set_xlim(levels[0] / 1.4, levels[-1] * 1.4)
    ax.xaxis.set_major_locator(FixedLocator(levels))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda level, _: f"{level:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set(xlabel=FACTOR_LABELS[factor], ylabel=textwrap.fill(f"{MEASURES[measure].title} ({SCALES[unit].of_level})", LABEL_WIDTH))
    return ax


def with_errors(estimates: Sequence[Estimate], factor: float) -> tuple[np.ndarray, np.ndarray | None]:
    """Means, and distances to the ends of the intervals as ``errorbar`` wants them."""
    means = factor * np.array([estimate.mean for estimate in estimates])
    if any(estimate.low is None for estimate in estimates):
        return means, None
    ends = factor * np.array([(estimate.low, estimate.high) for estimate in estimates], float).T
    return means, np.abs(ends - means)


def change_title(summary: Summary, measure: str) -> str:
    """What is seen: which norm changes most between the ends of what else was varied, if any change was shown."""
    changes = [(norm, difference) for norm in norms_of(summary) for difference in _changes(summary, norm, measure)]
    if not changes:
        return "One level"
    shown = [(norm, difference) for norm, difference in changes if difference.p_adjusted <= ALPHA]
    if not shown:
        return f"No change shown (n = {len(summary.seeds)})"
    norm, largest = max(shown, key=lambda pair: abs(pair[1].estimate.mean))
    scale = SCALES[MEASURES[measure].unit]
    return f"Largest change: {norm_title(norm)}, {abs(scale.factor * largest.estimate.mean):.2g} {scale.of_difference}"


def _changes(summary: Summary, norm: str, measure: str) -> list[Difference]:
    """The differences between arms of one norm that the report has."""
    keys = {arm.key for arm in summary.arms if arm.norm == norm}
    return [difference for difference in summary.differences if difference.measure == measure and set(difference.weights) <= keys]
