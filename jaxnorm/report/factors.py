"""Panels of final results against a number that was varied."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from jaxnorm.report.axes import FACTOR_LABELS, WIDE_RATIO, axis_label, spread_axis
from jaxnorm.report.hover import tell_points
from jaxnorm.report.style import looks, norms_of
from jaxnorm.report.text import arm_title, factor_title, level_text, norm_title
from jaxnorm.report.vocabulary import Vocabulary
from jaxnorm.stats.measures import Measure
from jaxnorm.stats.summary import ArmSummary, Estimate, Summary
from jaxnorm.stats.units import FRACTION, NATS, POINTS

DODGE = 0.06
"""Shift between norms at the same level, in powers of two."""


def plot_factor(ax: Axes, summary: Summary, words: Vocabulary, name: str, factor: str, arms: Sequence[ArmSummary] | None = None) -> Axes:
    """A measure against a number that was varied: one line per norm, with 95 % intervals; hollow where all runs diverged.

    ``arms``: one per norm and level (all).
    """
    arms = summary.arms if arms is None else arms
    look, levels = looks(norms_of(summary)), sorted({float(arm.factors[factor]) for arm in arms})
    logarithmic = levels[0] > 0 and levels[-1] >= WIDE_RATIO * levels[0]
    measure = words.measure(name)
    shown = [norm for norm in look if any(arm.norm == norm for arm in arms)]
    for rank, norm in enumerate(shown):
        own = sorted((arm for arm in arms if arm.norm == norm), key=lambda arm: arm.factors[factor])
        means, errors = with_errors([arm.measures[name] for arm in own], measure.unit.factor)
        shift = DODGE * (rank - (len(shown) - 1) / 2)
        x = [float(arm.factors[factor]) for arm in own]
        x = [value * 2**shift if logarithmic else value + shift * (levels[-1] - levels[0]) / len(levels) / 2 for value in x]
        mark = look[norm]
        line = ax.errorbar(x, means, errors, color=mark.color, marker=mark.marker, capsize=2.5, linewidth=1.4)[0]
        line.set_label(norm_title(norm))
        tell_points(line, [f"{arm_title(arm.factors)}: {level_text(arm.measures[name], measure.unit)}{diverged_text(arm)}" for arm in own])
        mark_diverged(ax, [(at, mean) for at, mean, arm in zip(x, means, own, strict=True) if arm.diverged])
    if logarithmic:
        ax.set_xscale("log", base=2)
        ax.set_xlim(levels[0] / 1.4, levels[-1] * 1.4)
    ax.xaxis.set_major_locator(FixedLocator(levels))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda level, _: f"{level:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set(xlabel=FACTOR_LABELS.get(factor, factor_title(factor)), ylabel=axis_label(measure.title, measure.unit))
    return ax


def spread_measure(ax: Axes, measure: Measure, estimates: Sequence[Estimate]) -> None:
    """Make the axis logarithmic where a loss, a noise, or the errors that an accuracy leaves span much; ``estimates``: all that it shows.

    It shows all means; intervals may reach below it.
    """
    means, errors = with_errors(estimates, measure.unit.factor)
    halves = 0 if errors is None else errors
    if measure.unit == FRACTION and measure.margin == "accuracy":
        spread_axis(ax, FRACTION, np.clip(np.concatenate([means - halves, means + halves]), 0, FRACTION.factor))
    elif measure.unit in (NATS, POINTS) and 0 < WIDE_RATIO * means.min() < means.max():
        ax.set_ylim(means.min() / 2, 1.2 * (means + halves).max())
        spread_axis(ax, NATS, means)


def diverged_text(arm: ArmSummary) -> str:
    """What is told beside a level that rests on runs at chance level."""
    return f"; {len(arm.diverged)} diverged" if arm.diverged else ""


def mark_diverged(ax: Axes, points: Sequence[tuple[float, float]]) -> None:
    """A cross over the means in which diverged runs count as runs at chance level."""
    if points:
        ax.plot(*zip(*points, strict=True), linestyle="none", marker="x", color="#B3261E", markersize=7, mew=1.4, zorder=4)


def with_errors(estimates: Sequence[Estimate], factor: float) -> tuple[np.ndarray, np.ndarray | None]:
    """Means, and half widths of their intervals as ``errorbar`` wants them."""
    means = factor * np.array([estimate.mean for estimate in estimates])
    halves = [estimate.half for estimate in estimates]
    return means, None if None in halves else factor * np.array(halves, float)
