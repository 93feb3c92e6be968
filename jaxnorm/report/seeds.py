"""Panels of results by seed."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from jaxnorm.report.axes import axis_label
from jaxnorm.report.factors import diverged_text
from jaxnorm.report.hover import tell_points
from jaxnorm.report.style import looks, norms_of
from jaxnorm.report.text import arm_title, count_decimals, level_text, number
from jaxnorm.report.vocabulary import Vocabulary
from jaxnorm.stats.summary import ArmSummary, Summary
from jaxnorm.stats.units import Unit

GOLDEN_ANGLE = 2.399963
"""Spreads dots evenly, and alike in every arm."""


def plot_seeds(ax: Axes, summary: Summary, words: Vocabulary, name: str) -> Axes:
    """One dot per run and arm, with the mean and its 95 % interval above."""
    look, measure = looks(norms_of(summary)), words.measure(name)
    jitter = 0.14 * np.sin(GOLDEN_ANGLE * np.arange(len(summary.seeds)))
    for row, arm in enumerate(summary.arms):
        mark, values = look[arm.norm], measure.unit.factor * np.asarray(arm.by_seed[name])
        (dots,) = ax.plot(
            values, row + 0.12 + jitter, linestyle="none", marker=mark.marker, color=mark.color, alpha=0.45, markersize=3, mew=0
        )
        tell_points(dots, seed_texts(summary, arm, name, measure.unit))
        estimate = arm.measures[name]
        if estimate.half is not None:
            ends = [measure.unit.factor * (estimate.mean + sign * estimate.half) for sign in (-1, 1)]
            ax.plot(ends, [row - 0.26] * 2, color=mark.color, linewidth=1.6, solid_capstyle="butt")
        (mean,) = ax.plot(measure.unit.factor * estimate.mean, row - 0.26, marker=mark.marker, color=mark.color, markersize=5)
        tell_points(mean, [f"{arm_title(arm.factors)}: {level_text(estimate, measure.unit)}{diverged_text(arm)}"])
    ax.set_yticks(range(len(summary.arms)), [arm_title(arm.factors) for arm in summary.arms])
    ax.set_ylim(len(summary.arms) - 0.5, -0.6)
    ax.set(xlabel=axis_label(measure.title, measure.unit))
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.grid(axis="y", visible=False)
    return ax


def seed_texts(summary: Summary, arm: ArmSummary, name: str, unit: Unit) -> list[str]:
    """What is told of each run: ``BatchNorm 16, seed 3: 0.0479 nats``."""
    estimate = arm.measures[name]
    decimals = count_decimals(unit.factor * estimate.mean, None if estimate.half is None else unit.factor * estimate.half)
    values = [number(unit.factor * value, decimals) for value in arm.by_seed[name]]
    return [f"{arm_title(arm.factors)}, seed {seed}: {value} {unit.level}" for seed, value in zip(summary.seeds, values, strict=True)]
