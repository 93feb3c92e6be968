"""Panels of final results against a number that was varied."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from jaxnorm.analysis.measures import MEASURES
from jaxnorm.analysis.summary import ALPHA, ArmSummary, Difference, Estimate, Summary
from jaxnorm.analysis.wording import SCALES, arm_title, norm_title
from jaxnorm.reporting.axes import FACTOR_LABELS, LABEL_WIDTH, WIDE_RATIO
from jaxnorm.reporting.hover import level_text, tell_points
from jaxnorm.reporting.style import looks, norms_of

DODGE = 0.06
"""Shift between norms at the same level, in powers of two."""


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
        line = ax.errorbar(x, means, errors, color=mark.color, marker=mark.marker, capsize=2.5, linewidth=1.4)[0]
        line.set_label(norm_title(norm))
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
