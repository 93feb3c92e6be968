"""Labels at the lines: whatever line of a figure has a label gets it at its right end, in its colour."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.optimize import isotonic_regression

FONT_SIZE = 7.5
"""Points."""
LINE_HEIGHT, CHARACTER_WIDTH = 1.2 * FONT_SIZE, 0.6 * FONT_SIZE
"""From one label to the next, and from one character to the next about, in points."""
WIDEST = 0.4
"""Share of the width of the axes that labels may take beside them; a figure whose labels are wider has its legend alone."""
UNNAMED = ("_child", "_nolegend_")
"""Beginnings of the labels of lines that were given none."""
BESIDE = 1.03
"""Where labels begin, in widths of the axes."""


def label_lines(figure: Figure) -> None:
    """Label the lines of a finished figure, whose limits and scales do not change any more, panel by panel, where there is room.

    Labels are set apart where ends meet.
    """
    figure.draw_without_rendering()  # lays it out: only now are limits and sizes known
    for ax in figure.axes:
        lines = [line for line in ax.get_lines() if not str(line.get_label()).startswith(UNNAMED)]
        ends = {line: end for line in lines if (end := _right_end(ax, line)) is not None}
        width, height = 72 * figure.get_size_inches() * ax.get_position().size
        widest = CHARACTER_WIDTH * max((len(str(line.get_label())) for line in ends), default=0)
        if ends and widest <= WIDEST * width and len(ends) * LINE_HEIGHT <= height:
            _label(ax, list(ends), np.array(list(ends.values())), LINE_HEIGHT / height)


def _right_end(ax: Axes, line: Line2D) -> np.ndarray | None:
    """The rightmost finite point of a line, (x, y) in widths and heights of the axes, no farther out than their frame."""
    points = ax.transAxes.inverted().transform(line.get_transform().transform(np.ma.getdata(line.get_xydata())))
    finite = points[np.isfinite(points).all(axis=1)]
    return np.clip(finite[finite[:, 0].argmax()], 0, 1) if len(finite) else None


def _label(ax: Axes, lines: Sequence[Line2D], ends: np.ndarray, gap: float) -> None:
    for line, end, place in zip(lines, ends, spread(ends[:, 1], gap), strict=True):
        ax.annotate(
            str(line.get_label()),
            xy=tuple(end),
            xycoords="axes fraction",
            xytext=(BESIDE, place),
            textcoords="axes fraction",
            color=line.get_color(),
            fontsize=FONT_SIZE,
            verticalalignment="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": line.get_color(), "linewidth": 0.5, "shrinkA": 1, "shrinkB": 3, "relpos": (0, 0.5)},
        )


def spread(wanted: np.ndarray, gap: float) -> np.ndarray:
    """The places nearest to those ``wanted``, (L,), in least squares, that are ``gap`` apart and between 0 and 1 - ``gap``.

    The highest is no higher, since a panel's title may reach beyond its axes. By isotonic regression.
    """
    order = np.argsort(wanted, kind="stable")
    steps = gap * np.arange(len(wanted))
    places = np.empty(len(wanted))
    places[order] = np.clip(isotonic_regression(wanted[order] - steps).x, 0, max(0.0, 1 - gap - steps[-1])) + steps
    return places
