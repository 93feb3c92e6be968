"""Panels of what varied between networks of one compiled arm, such as the learning rate."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from jaxnorm.analysis.measures import MEASURES
from jaxnorm.analysis.summary import Sweep
from jaxnorm.analysis.wording import SCALES, norm_title
from jaxnorm.reporting.axes import FACTOR_LABELS, LABEL_WIDTH, spread_axis
from jaxnorm.reporting.factors import with_errors
from jaxnorm.reporting.hover import level_text, tell_points
from jaxnorm.reporting.style import BAND_ALPHA, INK, looks

RING_SIZE, RING_STEP = 9.0, 3.5
"""Of the ring around a marked setting, in points, and from one norm to the next: rings around the same setting are concentric."""


def plot_sweep(ax: Axes, sweeps: Sequence[Sweep], measure: str, column: str, *, ring: str = "", line: str = "") -> Axes:
    """A measure against one swept hyperparameter: a line per norm, with bands of pointwise 95 % intervals.

    Args:
      ax: where to draw.
      sweeps: at most one per norm, all over the same values of ``column``.
      measure: one of those that were summarised at every setting.
      column: the hyperparameter; its axis is logarithmic.
      ring: name of the marked setting that gets a ring on the line of its norm.
      line: name of the marked setting, the same for all, that gets a vertical line.
    """
    look, unit = looks([sweep.norm for sweep in sweeps]), MEASURES[measure].unit
    scale = SCALES[unit]
    drawn = []
    for rank, sweep in enumerate(sweeps):
        mark = look[sweep.norm]
        x = [point.setting[column] for point in sweep.points]
        means, errors = with_errors([point.measures[measure] for point in sweep.points], scale.factor)
        low, high = (means, means) if errors is None else _possible(means - errors[0], means + errors[1], measure)
        ax.fill_between(x, low, high, color=mark.color, alpha=BAND_ALPHA, linewidth=0)
        (curve,) = ax.plot(x, means, color=mark.color, marker=mark.marker, mec="white", mew=0.5, label=norm_title(sweep.norm))
        levels = [level_text(point.measures[measure], measure) for point in sweep.points]
        tell_points(
            curve, [f"{norm_title(sweep.norm)}, {FACTOR_LABELS[column]} {at:g}: {level}" for at, level in zip(x, levels, strict=True)]
        )
        if ring:
            at = sweep.marked[ring][column]
            ax.plot(at, means[x.index(at)], marker="o", markersize=RING_SIZE + RING_STEP * rank, mfc="none", mec=mark.color, mew=1.4)
        drawn += [means, low, high]
    if line:
        ax.axvline(sweeps[0].marked[line][column], color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)
    _logarithmic(ax, [point.setting[column] for point in sweeps[0].points])
    spread_axis(ax, measure, _drawable(np.concatenate(drawn), measure))
    ax.set(xlabel=FACTOR_LABELS[column], ylabel=textwrap.fill(f"{MEASURES[measure].title} ({scale.of_level})", LABEL_WIDTH))
    return ax


def _possible(low: np.ndarray, high: np.ndarray, measure: str) -> tuple[np.ndarray, np.ndarray]:
    """Ends of intervals, cut where the measure ends."""
    most = SCALES[MEASURES[measure].unit].factor if measure.endswith("_accuracy") else np.inf
    return np.clip(low, 0, most), np.clip(high, 0, most)


def _drawable(values: np.ndarray, measure: str) -> np.ndarray:
    """What a logarithmic axis of losses can show: an interval that was cut at 0 has no end there."""
    return values[values > 0] if measure.endswith("_loss") else values


def _logarithmic(ax: Axes, values: Sequence[float]) -> None:
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(FixedLocator(list(values)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
