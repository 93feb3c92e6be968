"""Panels of curves: a metric against epochs."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from jaxnorm.report.axes import axis_label, spread_axis
from jaxnorm.report.hover import tell_points
from jaxnorm.report.style import BAND_ALPHA, line_styles, looks, norms_of, variant, variants_of, varied
from jaxnorm.report.text import arm_title, level_text
from jaxnorm.report.vocabulary import Vocabulary
from jaxnorm.stats.metrics import METRICS
from jaxnorm.stats.summary import ArmSummary, Curve, Estimate, Summary
from jaxnorm.stats.units import FRACTION, Unit

MAX_EPOCH_MARKERS, MOST_TICKS = 12, 6


def plot_curves(ax: Axes, summary: Summary, words: Vocabulary, name: str, arms: Sequence[ArmSummary] | None = None) -> Axes:
    """A metric against epochs, 0 being before training: one line per arm, with bands of pointwise 95 % intervals.

    ``arms``: some of the summary's (all).
    """
    arms, unit = summary.arms if arms is None else arms, words.metric(name).unit
    look, style, named = looks(norms_of(summary)), line_styles(variants_of(arms)), varied(arms)
    spans = name in METRICS or words.metric(name).spans
    first = summary.epochs + 1 - len(arms[0].curves[name].mean)
    epochs = np.arange(first, summary.epochs + 1)
    step = -(-summary.epochs // MAX_EPOCH_MARKERS)
    drawn = []
    for arm in arms:
        curve, mark = arm.curves[name], look[arm.norm]
        (line,) = ax.plot(
            epochs,
            unit.factor * np.asarray(curve.mean),
            color=mark.color,
            marker=mark.marker,
            linestyle=style[variant(arm)],
            markevery=step,
            mec="white",
            mew=0.5,
            label=arm_title({factor: arm.factors[factor] for factor in named}),
        )
        tell_points(line, _texts(arm, curve, unit, epochs)[::step])
        drawn.append(unit.factor * np.asarray(curve.mean))
        if curve.low is not None and curve.high is not None:
            low, high = (unit.factor * _possible(spans, unit, bound) for bound in (curve.low, curve.high))
            ax.fill_between(epochs, low, high, color=mark.color, alpha=BAND_ALPHA, linewidth=0)
            drawn += [low, high]
    ax.set(xlabel="epoch", ylabel=axis_label(words.metric(name).title, unit))
    ax.xaxis.set_major_locator(MaxNLocator(MOST_TICKS, integer=True, min_n_ticks=1))
    ax.margins(x=0.03)
    if spans:
        spread_axis(ax, unit, np.concatenate(drawn))
    return ax


def _texts(arm: ArmSummary, curve: Curve, unit: Unit, epochs: np.ndarray) -> list[str]:
    """What is told of a curve's points: ``BatchNorm 16, epoch 3: 0.0482 ±0.0011 nats``."""
    halves = [None] * len(epochs) if curve.high is None else [high - mean for high, mean in zip(curve.high, curve.mean, strict=True)]
    levels = [level_text(Estimate(mean, half, 0), unit) for mean, half in zip(curve.mean, halves, strict=True)]
    return [f"{arm_title(arm.factors)}, epoch {epoch}: {told}" for epoch, told in zip(epochs, levels, strict=True)]


def _possible(spans: bool, unit: Unit, values: Sequence[float]) -> np.ndarray:
    """Ends of intervals, cut where the metric ends: no loss is below 0, no accuracy outside 0 to 1."""
    return np.clip(values, 0.0 if spans else -np.inf, 1.0 if unit == FRACTION else np.inf)
