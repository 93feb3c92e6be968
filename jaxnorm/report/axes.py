"""What the axes of figures share: their names, and scales on which losses and errors of all sizes can be told apart."""

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, FuncFormatter, Locator, NullFormatter, NullLocator

from jaxnorm.stats.units import FRACTION, Unit

LABEL_WIDTH = 30
"""Characters of an axis label before it takes another line."""
WIDE_RATIO = 4.0
"""Largest over smallest value from which an axis is logarithmic."""
ERROR_TICKS = (90, 80, 70, 60, 50, 40, 30, 20, 10, 7, 5, 4, 3, 2, 1, 0.5, 0.2, 0.1)
"""Percent of errors at which a logarithmic axis of accuracy has ticks."""
FINE_DIGITS, FEWEST_TICKS = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8), 4
"""Of a logarithmic axis of losses that spans so little that fewer ticks at 1, 2 and 5 would be on it."""
CLOSEST_TICKS = 0.06
"""Smallest distance between two such ticks, as a share of all ticks' span."""
SMALLEST_ERROR = 0.05
"""Percent; an accuracy of 100 % has no place on a logarithmic axis of errors."""
FACTOR_LABELS = {
    "batch_size": "batch size (examples)",
    "ghost_size": "ghost size (examples)",
    "depth": "depth (blocks)",
    "warmup_steps": "warm-up (updates)",
    "learning_rate": "learning rate",
    "init_scale": "initial scale",
    "matched_loss": "training loss (nats)",
}
"""Numbers that were varied, as axes name them."""


def axis_label(title: str, unit: Unit) -> str:
    """Title and unit, on several lines where they are long."""
    return textwrap.fill(f"{title} ({unit.level})" if unit.level else title, LABEL_WIDTH)


def spread_axis(ax: Axes, unit: Unit, values: np.ndarray) -> None:
    """Make the axis logarithmic where values span much: in the errors that a share leaves, or in an amount such as a loss."""
    if unit != FRACTION:
        values = values[values > 0]  # an interval that was cut at 0 has no end on a logarithmic axis
        if len(values) and values.max() > WIDE_RATIO * values.min():
            ax.set_yscale("log")
            round_ticks(ax.yaxis)
        return
    errors = np.maximum(SMALLEST_ERROR, 100 - values)
    smallest, largest = errors.min(), errors.max()
    ticks = _apart([tick for tick in ERROR_TICKS if smallest <= 1.15 * tick and tick <= 1.15 * largest])
    if largest > WIDE_RATIO * smallest and len(ticks) > 2:
        ax.set_yscale("function", functions=(_to_log_error, _from_log_error))
        ax.yaxis.set_major_locator(FixedLocator([100 - tick for tick in ticks]))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.set_ylim(100 - 1.15 * largest, 100 - smallest / 1.15)


def _apart(ticks: list[float]) -> list[float]:
    """Descending ticks without those that would touch a neighbour on a logarithmic axis."""
    kept: list[float] = []
    for tick in reversed(ticks):
        if not kept or np.log(tick / kept[-1]) > CLOSEST_TICKS * np.log(ticks[0] / ticks[-1]):
            kept.append(tick)
    return kept


def loss_ticks(low: float, high: float) -> list[float]:
    """Round numbers between two losses for a logarithmic axis: few where it spans much, more where it spans little."""
    coarse, fine = (
        [float(f"{digit * 10.0**power:.2g}") for power in range(-6, 4) for digit in digits] for digits in ((1, 2, 5), FINE_DIGITS)
    )
    ticks = [tick for tick in coarse if low <= tick <= high]
    return ticks if len(ticks) >= FEWEST_TICKS else [tick for tick in fine if low <= tick <= high]


def round_ticks(axis: Axis) -> None:
    """Ticks of a logarithmic axis at round numbers, whatever its limits become."""
    axis.set_major_locator(RoundNumbers())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


class RoundNumbers(Locator):
    """``loss_ticks`` of the limits of an axis."""

    def __call__(self) -> list[float]:
        """The ticks of the axis as it is."""
        assert self.axis is not None
        return self.tick_values(*self.axis.get_view_interval())

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        """The ticks between two limits, in either order."""
        return loss_ticks(min(vmin, vmax), max(vmin, vmax))


def _to_log_error(accuracy: np.ndarray) -> np.ndarray:
    return -np.log(np.maximum(SMALLEST_ERROR, 100 - np.asarray(accuracy)))


def _from_log_error(height: np.ndarray) -> np.ndarray:
    return 100 - np.exp(-np.asarray(height))
