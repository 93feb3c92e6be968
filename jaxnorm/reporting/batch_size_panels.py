"""What the figures of ``jaxnorm.experiments.batch_size`` share: which arms are meant, axes of accuracy and of sizes, captions."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from jaxnorm.analysis.summary import ArmSummary, Summary
from jaxnorm.experiments.batch_size.study import WHOLE
from jaxnorm.reporting.axes import spread_axis
from jaxnorm.reporting.figures import add_caption

MEASURE = "test_accuracy"
PERCENT = 100.0
RATE_TITLES = {"fixed": "Fixed learning rate", "scaled": "Linearly scaled learning rate", "best": "Each arm's best learning rate"}
REFERENCE = "layer"
"""The norm that stands in panels of others for comparison."""


def arms_by_size(summary: Summary, rate: str) -> list[ArmSummary]:
    """The arms of shuffled, whole batches at a kind of rate."""
    return arms_of(summary, ghost_size=WHOLE, order="mixed", rate=rate)


def arms_of(summary: Summary, **factors: object) -> list[ArmSummary]:
    """The arms that agree with ``factors``."""
    return [arm for arm in summary.arms if all(arm.factors[name] == value for name, value in factors.items())]


def spread_accuracy(ax: Axes, arms: Sequence[ArmSummary], measures: Sequence[str] = (MEASURE,)) -> None:
    """An axis of accuracies that shows all means and intervals, logarithmic in the errors where they span much."""
    estimates = [arm.measures[measure] for arm in arms for measure in measures]
    drawn = [value for each in estimates for value in (each.mean, each.low, each.high) if value is not None]
    spread_axis(ax, MEASURE, np.clip(PERCENT * np.array(drawn), 0, PERCENT))


def logarithmic_sizes(ax: Axes, sizes: Sequence[float]) -> None:
    """A logarithmic axis with a tick at every size."""
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_locator(FixedLocator(sorted(set(sizes))))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlim(min(sizes) / 1.4, max(sizes) * 1.4)


def add_means_caption(figure: Figure, summary: Summary, what: str) -> None:
    """The caption of lines through means, with what else is to be said."""
    add_caption(figure, summary, f"Means with 95 % Student t intervals; lines are set apart sideways. {what}{logarithmic_note(figure)}")


def logarithmic_note(figure: Figure) -> str:
    """A sentence on the axis of accuracy, where it needs one."""
    return " The axis of accuracy is logarithmic in the errors." if figure.axes[0].get_yscale() == "function" else ""
