"""Panels of what varied between networks of one compiled arm, such as the learning rate."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from jaxnorm.report.axes import FACTOR_LABELS, axis_label, spread_axis
from jaxnorm.report.factors import with_errors
from jaxnorm.report.hover import tell_points
from jaxnorm.report.style import BAND_ALPHA, INK, looks
from jaxnorm.report.text import level_text, norm_title
from jaxnorm.report.vocabulary import Vocabulary
from jaxnorm.stats.summary import Sweep
from jaxnorm.stats.units import FRACTION

RING_SIZE, RING_STEP = 9.0, 3.5
"""Of the ring around a marked setting, in points, and from one norm to the next: rings around the same setting are concentric."""


def plot_sweep(ax: Axes, words: Vocabulary, sweeps: Sequence[Sweep], name: str, column: str, *, ring: str = "", line: str = "") -> Axes:
    """A measure against one swept hyperparameter: a line per norm, with bands of pointwise 95 % intervals.

    Args:
      ax: where to draw.
      words: of the report.
      sweeps: at most one per norm, all over the same values of ``column``.
      name: one of the measures that were summarised at every setting.
      column: the hyperparameter; its axis is logarithmic.
      ring: name of the marked setting that gets a ring on the line of its norm.
      line: name of the marked setting, the same for all, that gets a vertical line.
    """
    look, measure = looks([sweep.norm for sweep in sweeps]), words.measure(name)
    most, drawn = measure.unit.factor if measure.unit == FRACTION else np.inf, []
    for rank, sweep in enumerate(sweeps):
        mark, estimates = look[sweep.norm], [point.measures[name] for point in sweep.points]
        x = [point.setting[column] for point in sweep.points]
        means, errors = with_errors(estimates, measure.unit.factor)
        low, high = (np.clip(means + sign * (0 if errors is None else errors), 0, most) for sign in (-1, 1))
        ax.fill_between(x, low, high, color=mark.color, alpha=BAND_ALPHA, linewidth=0)
        (curve,) = ax.plot(x, means, color=mark.color, marker=mark.marker, mec="white", mew=0.5, label=norm_title(sweep.norm))
        told = [
            f"{norm_title(sweep.norm)}, {FACTOR_LABELS[column]} {point.setting[column]:g}: {level_text(point.measures[name], measure.unit)}"
            for point in sweep.points
        ]
        tell_points(curve, told)
        if ring:
            at = sweep.marked[ring][column]
            ax.plot(at, means[x.index(at)], marker="o", markersize=RING_SIZE + RING_STEP * rank, mfc="none", mec=mark.color, mew=1.4)
        drawn += [means, low, high]
    if line:
        ax.axvline(sweeps[0].marked[line][column], color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)
    _logarithmic(ax, [point.setting[column] for point in sweeps[0].points])
    spread_axis(ax, measure.unit, np.concatenate(drawn))
    ax.set(xlabel=FACTOR_LABELS[column], ylabel=axis_label(measure.title, measure.unit))
    return ax


def _logarithmic(ax: Axes, values: Sequence[float]) -> None:
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(FixedLocator(list(values)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
