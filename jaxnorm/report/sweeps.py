"""Panels of what varied between networks of one compiled arm, such as the learning rate."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator

from jaxnorm.report.axes import FACTOR_LABELS, axis_label, round_ticks, spread_axis
from jaxnorm.report.factors import with_errors
from jaxnorm.report.hover import tell_points
from jaxnorm.report.style import BAND_ALPHA, INK, line_styles, looks, variant, variants_of, varied
from jaxnorm.report.text import arm_title, level_text, norm_title
from jaxnorm.report.vocabulary import Vocabulary
from jaxnorm.stats.summary import Sweep
from jaxnorm.stats.units import FRACTION, NATS

RING_SIZE, RING_STEP = 9.0, 3.5
"""Of the ring around a marked setting, in points, and from one norm to the next: rings around the same setting are concentric."""
CLOSE = 1.5
"""Ratio of neighbouring values, on average, below which not each has its tick."""
LEGEND_WIDTH = 1.4
"""Inches of an entry."""
SHARED_LINE: dict[str, Any] = {"color": INK, "linewidth": 0.9, "linestyle": (0, (4, 3))}


def plot_sweep(ax: Axes, words: Vocabulary, sweeps: Sequence[Sweep], name: str, column: str, *, ring: str = "", line: str = "") -> Axes:
    """A measure against one swept hyperparameter: a line per sweep, with bands of pointwise 95 % intervals.

    Args:
      ax: where to draw.
      words: of the report.
      sweeps: all over the same values of ``column``.
      name: one of the measures that were summarised at every setting.
      column: the hyperparameter; its axis is logarithmic.
      ring: name of the marked setting that gets a ring on the line of its norm.
      line: name of the marked setting, the same for all, that gets a vertical line.
    """
    look, style, named = looks([sweep.norm for sweep in sweeps]), line_styles(variants_of(sweeps)), varied(sweeps)
    measure, drawn = words.measure(name), []
    spans, most = measure.unit in (NATS, FRACTION), measure.unit.factor if measure.unit == FRACTION else np.inf
    for rank, sweep in enumerate(sweeps):
        mark, estimates = look[sweep.norm], [point.measures[name] for point in sweep.points]
        x = [point.setting[column] for point in sweep.points]
        means, errors = with_errors(estimates, measure.unit.factor)
        low, high = (np.clip(means + sign * (0 if errors is None else errors), 0 if spans else -np.inf, most) for sign in (-1, 1))
        ax.fill_between(x, low, high, color=mark.color, alpha=BAND_ALPHA, linewidth=0)
        label = arm_title({factor: sweep.factors[factor] for factor in named})
        (curve,) = ax.plot(
            x, means, color=mark.color, marker=mark.marker, linestyle=style[variant(sweep)], mec="white", mew=0.5, label=label
        )
        told = [
            f"{label}, {FACTOR_LABELS[column]} {point.setting[column]:g}: {level_text(point.measures[name], measure.unit)}"
            for point in sweep.points
        ]
        tell_points(curve, told)
        if ring:
            at = sweep.marked[ring][column]
            ax.plot(at, means[x.index(at)], marker="o", markersize=RING_SIZE + RING_STEP * rank, mfc="none", mec=mark.color, mew=1.4)
        drawn += [means, low, high]
    if line:
        ax.axvline(sweeps[0].marked[line][column], zorder=0, **SHARED_LINE)
    _logarithmic(ax, [point.setting[column] for point in sweeps[0].points])
    if spans:
        spread_axis(ax, measure.unit, np.concatenate(drawn))
    ax.set(xlabel=FACTOR_LABELS[column], ylabel=axis_label(measure.title, measure.unit))
    return ax


def add_sweep_legend(figure: Figure, norms: Sequence[str], *, ring: str = "", line: str = "", further: Sequence[Line2D] = ()) -> None:
    """One entry per norm, one for the rings and one for the vertical line where they are named, and ``further`` ones."""
    handles = [Line2D([], [], color=mark.color, marker=mark.marker, label=norm_title(norm)) for norm, mark in looks(norms).items()]
    if ring:
        handles.append(Line2D([], [], linestyle="none", marker="o", markersize=RING_SIZE, mfc="none", mec=INK, label=ring))
    if line:
        handles.append(Line2D([], [], label=line, **SHARED_LINE))
    handles += further
    columns = max(1, int(figure.get_size_inches()[0] / LEGEND_WIDTH))
    figure.legend(handles=handles, loc="outside upper left", ncols=min(columns, len(handles)))


def _logarithmic(ax: Axes, values: Sequence[float]) -> None:
    ax.set_xscale("log")
    round_ticks(ax.xaxis)
    if max(values) >= CLOSE ** (len(values) - 1) * min(values):
        ax.xaxis.set_major_locator(FixedLocator(list(values)))
