"""Panels of results by seed, and of paired differences."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from jaxnorm.analysis.measures import MEASURES
from jaxnorm.analysis.summary import ALPHA, Difference, Estimate, Summary
from jaxnorm.analysis.wording import SCALES, arm_title
from jaxnorm.reporting.hover import difference_text, level_text, seed_texts, tell_points
from jaxnorm.reporting.style import INK, looks, norms_of


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
    beyond = sum(difference.p_beyond <= ALPHA for difference in differences)
    return f"{beyond or 'None'} of {len(differences)} shown beyond the margin"


def _interval(ax: Axes, estimate: Estimate, row: float, factor: float, text: str, *, color: str, filled: bool, marker: str) -> None:
    """A horizontal interval with its mean, of which ``text`` is told."""
    if estimate.low is not None and estimate.high is not None:
        ax.plot([factor * estimate.low, factor * estimate.high], [row, row], color=color, linewidth=1.6, solid_capstyle="butt")
    (mean,) = ax.plot(factor * estimate.mean, row, marker=marker, color=color, markerfacecolor=color if filled else "white", markersize=5)
    tell_points(mean, [text])
