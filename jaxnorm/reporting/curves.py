"""Panels of curves: a metric against epochs."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from jaxnorm.analysis.summary import ArmSummary, Curve, Summary
from jaxnorm.analysis.wording import arm_title
from jaxnorm.reporting.axes import spread_axis
from jaxnorm.reporting.hover import curve_texts, tell_points
from jaxnorm.reporting.style import BAND_ALPHA, line_styles, looks, norms_of, variant, variants_of

CURVE_LABELS = {
    "train_loss": "training loss (nats)",
    "train_accuracy": "training accuracy (%)",
    "validation_loss": "validation loss (nats)",
    "validation_accuracy": "validation accuracy (%)",
}
MAX_EPOCH_MARKERS = 12


def plot_curves(ax: Axes, summary: Summary, metric: str, *, arms: Sequence[ArmSummary] | None = None, label: str | None = None) -> Axes:
    """A metric against epochs, 0 being before training: one line per arm, with bands of pointwise 95 % intervals.

    ``arms``: some of the summary's (all). ``label``: of the axis, for an instrument's own metric, whose title is left to the caller.
    """
    look, style = looks(norms_of(summary)), line_styles(variants_of(summary))
    factor = 100.0 if metric.endswith("_accuracy") else 1.0
    arms = summary.arms if arms is None else arms
    varied = {"norm", *(name for name in arms[0].factors if len({arm.factors[name] for arm in arms}) > 1)}
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
            label=arm_title({name: value for name, value in arm.factors.items() if name in varied}),
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
