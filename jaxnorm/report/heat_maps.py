"""Heat maps over a grid of learning rates and initial scales: one cell per point of a sweep."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from jaxnorm.report.axes import FACTOR_LABELS
from jaxnorm.report.hover import tell_points
from jaxnorm.stats.summary import Sweep, SweepPoint

COLUMN, ROW = "learning_rate", "init_scale"
COLORMAP = "cividis"
"""Told apart by readers of all kinds of colour vision, and in grey (Nunez, Anderton & Renslow 2018)."""
LIGHT, DARK = "white", "#111111"
"""Of what is drawn on the colours, which stay as they are on a dark page; black would turn with its ink."""
FRAME = ((LIGHT, 3.4), (DARK, 1.6))
"""Of a marked cell, colour and width: dark on white stands out from all colours of the map, and is no norm's."""
MANY_TICKS = 7
"""Columns from which on their labels are turned."""


def plot_heat_map(
    ax: Axes,
    sweep: Sweep,
    value: Callable[[SweepPoint], float],
    norm: Normalize,
    marks: Callable[[SweepPoint], str],
    tell: Callable[[SweepPoint], str],
    *,
    bright: Literal["low", "high"],
    square: str = "",
) -> AxesImage:
    """One value per point, learning rates across and initial scales up; both axes are steps of the grid, evenly spaced.

    Args:
      ax: where to draw.
      sweep: over learning rates and initial scales.
      value: of a point, as ``norm`` takes it.
      norm: values to colours, the same in all panels of a figure.
      marks: of a point, a marker of matplotlib that is drawn on its cell, or nothing.
      tell: of a point, what those read who point at its cell.
      bright: which end of the values is; the good one.
      square: name of the marked setting whose cell is framed.

    Returns:
      what a colour bar is made from.
    """
    columns, rows = (sorted({point.setting[name] for point in sweep.points}) for name in (COLUMN, ROW))
    values = np.full((len(rows), len(columns)), np.nan)
    places = [(columns.index(point.setting[COLUMN]), rows.index(point.setting[ROW])) for point in sweep.points]
    for point, (x, y) in zip(sweep.points, places, strict=True):
        values[y, x] = value(point)
        if mark := marks(point):
            ax.plot(x, y, marker=mark, color=_contrasting(norm(values[y, x]), bright), markersize=4, mew=1.1, linestyle="none")
    colors = COLORMAP if bright == "high" else f"{COLORMAP}_r"
    image = ax.imshow(values, cmap=colors, norm=norm, origin="lower", aspect="auto", interpolation="none")
    (unseen,) = ax.plot(*zip(*places, strict=True), linestyle="none", marker="s", markersize=8, mew=0, alpha=0.0)
    tell_points(unseen, [tell(point) for point in sweep.points])
    if square:
        corner = columns.index(sweep.marked[square][COLUMN]) - 0.5, rows.index(sweep.marked[square][ROW]) - 0.5
        for color, width in FRAME:
            ax.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=color, linewidth=width, zorder=3, clip_on=False))
    _label(ax, columns, rows)
    return image


def _contrasting(shade: float, bright: str) -> str:
    """Dark on the bright end of the colours, white on the dark one."""
    return DARK if (shade > 0.5) == (bright == "high") else LIGHT


def _label(ax: Axes, columns: Sequence[float], rows: Sequence[float]) -> None:
    ax.set_xticks(range(len(columns)), [f"{value:g}" for value in columns], rotation=60 if len(columns) > MANY_TICKS else 0)
    ax.set_yticks(range(len(rows)), [f"{value:g}" for value in rows])
    ax.set(xlabel=FACTOR_LABELS[COLUMN], ylabel=FACTOR_LABELS[ROW], xlim=(-0.5, len(columns) - 0.5), ylim=(-0.5, len(rows) - 0.5))
    ax.set_xticks(np.arange(1, len(columns)) - 0.5, minor=True)
    ax.set_yticks(np.arange(1, len(rows)) - 0.5, minor=True)
    ax.tick_params(which="minor", length=0)
    ax.grid(visible=False)
    ax.grid(visible=True, which="minor", color=LIGHT, linewidth=0.4, alpha=1.0)
