"""A forest on matplotlib axes: intervals under each other, with zero and the margin."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from jaxnorm.stats.intervals import find

INK, BAND = "#333333", "#BBBBBB"


def draw_forest(ax: Axes, labels: Sequence[str], mean: np.ndarray, low: np.ndarray, high: np.ndarray, margin: np.ndarray) -> Axes:
    """Draw M intervals, the first on top; hollow where nothing is found. Intervals without ends are left out."""
    for row, (middle, left, right, band) in enumerate(zip(mean, low, high, margin, strict=True)):
        ax.fill_betweenx([row - 0.4, row + 0.4], -band, band, color=BAND, alpha=0.4, linewidth=0)
        if np.isfinite(right - left):
            ax.plot([left, right], [row, row], color=INK, linewidth=1.6, solid_capstyle="butt")
        decided = find(middle, right - middle, band) != "open"
        ax.plot(middle, row, marker="o", markersize=5, color=INK, markerfacecolor=INK if decided else "white")
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.set_yticks(range(len(labels)), list(labels))
    ax.set_ylim(len(labels) - 0.4, -0.6)
    return ax
