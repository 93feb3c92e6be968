"""The figures of ``jaxnorm.experiments.landscape``: the landscape against the loss and over training, and the differences between norms."""

import textwrap
from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from jaxnorm.analysis.landscape import LOSS, SCALES
from jaxnorm.analysis.measures import LANDSCAPE
from jaxnorm.analysis.summary import ALPHA, Difference, Summary
from jaxnorm.analysis.wording import norm_title
from jaxnorm.reporting.axes import loss_ticks
from jaxnorm.reporting.curves import plot_curves
from jaxnorm.reporting.figures import CURVES, FOREST_CAPTION, Drawing, add_caption, add_norm_legend
from jaxnorm.reporting.forests import differences_title, plot_differences
from jaxnorm.reporting.hover import tell_points
from jaxnorm.reporting.style import BAND_ALPHA, INK, looks, norms_of

TITLES = {
    "range": "range of the loss (nats)",
    "predictiveness": "change of the gradient",
    "smoothness": "effective β-smoothness",
    "sharpness": "sharpness",
}
ROWS = {"": "raw", "_scaled": "relative to the weights' norms"}
WHEN = {"_matched": "at equal loss", "_area": "over all epochs"}
LABEL_WIDTH = 24
"""Characters of an axis label before it takes another line."""
FINE_TICKS_UP_TO = 2.0
"""Decades that an axis spans at most if it has ticks between powers of ten."""
MOST_POWERS = 6
"""Powers of ten, about, that an axis shows at most."""
EXPLAINED = (
    "Range: highest minus lowest loss along the gradient. Change of the gradient: the largest there. Effective β-smoothness: the largest "
    "change of the gradient per distance. Sharpness: largest eigenvalue of the Hessian. Small is smooth. Upper row: of the parameters as "
    "they are; lower row: kernels in units of their norms, so that growing weights change nothing where a norm makes them scale-invariant. "
    "Lines: geometric means; bands: 95 % Student t intervals."
)

MOST_EPOCH_TICKS = 5
"""Of the narrow panels."""

Plot = Callable[[Axes, Summary, str], Axes]


def make_against_loss(summary: Summary) -> Figure:
    """Every quantity against the training loss: what counts is which line is lower at the same loss."""
    figure = make_grid(summary, plot_against_loss, "_matched")
    add_caption(figure, summary, f"At training losses that all networks pass; training runs to the right. {EXPLAINED}")
    return figure


def make_over_epochs(summary: Summary) -> Figure:
    """Every quantity before training and after each epoch."""
    figure = make_grid(summary, _plot_over_epochs, "_area")
    add_caption(figure, summary, EXPLAINED)
    return figure


def _plot_over_epochs(ax: Axes, summary: Summary, metric: str) -> Axes:
    plot_curves(ax, summary, metric, label=metric)
    ax.xaxis.set_major_locator(MaxNLocator(MOST_EPOCH_TICKS, integer=True))
    return ax


def make_grid(summary: Summary, plot: Plot, when: str) -> Figure:
    """One panel per quantity, raw above and scaled below."""
    figure = Figure(figsize=(14.5, 6.6), layout="constrained")
    for row, scale in zip(figure.subplots(len(SCALES), len(LANDSCAPE), sharex=True), SCALES, strict=True):
        for ax, quantity in zip(row, LANDSCAPE, strict=True):
            plot(ax, summary, f"log_{quantity}{scale}")
            _show_powers(ax)
            ax.set_ylabel(textwrap.fill(f"{TITLES[quantity]}, {ROWS[scale]}", LABEL_WIDTH))
            ax.set_title(_first_difference(summary, f"{quantity}{scale}{when}", when))
            ax.set_xlabel(ax.get_xlabel() if scale == SCALES[-1] else "")
    add_norm_legend(figure, summary)
    return figure


def _show_powers(ax: Axes) -> None:
    """Ticks of an axis of logarithms at round numbers, named by them."""
    low, high = ax.get_ylim()
    digits = (1, 2, 5) if high - low <= FINE_TICKS_UP_TO else (1,)
    powers = range(int(np.floor(low)), int(np.ceil(high)) + 1, max(1, round((high - low) / MOST_POWERS)))
    ticks = [power + np.log10(digit) for power in powers for digit in digits]
    ax.yaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda power, _: f"{float(f'{10**power:.1g}'):,g}"))


def _first_difference(summary: Summary, measure: str, when: str) -> str:
    """What is seen: how far the second norm is from the first, where they could be compared."""
    found = [each for each in summary.differences if each.measure == measure]
    if not found:
        return ""
    baseline, norm = (norm_title(arm.norm) for arm in summary.arms[:2])
    decades = found[0].estimate.mean
    if found[0].p_adjusted > ALPHA:
        return f"{norm} − {baseline}:\nno difference shown"
    return f"{norm} {abs(decades):.2g} decades\n{'below' if decades < 0 else 'above'} {baseline} {WHEN[when]}"


def plot_against_loss(ax: Axes, summary: Summary, metric: str) -> Axes:
    """A metric against the training loss, which falls to the right."""
    look = looks(norms_of(summary))
    for sweep in summary.sweeps:
        mark, estimates = look[sweep.norm], [point.measures[metric] for point in sweep.points]
        losses, means = [point.setting[LOSS] for point in sweep.points], [estimate.mean for estimate in estimates]
        (line,) = ax.plot(losses, means, color=mark.color, marker=mark.marker, mec="white", mew=0.5, label=norm_title(sweep.norm))
        tell_points(line, [f"{norm_title(sweep.norm)} at {loss:g} nats: {10**mean:.3g}" for loss, mean in zip(losses, means, strict=True)])
        if all(estimate.low is not None for estimate in estimates):
            low, high = np.array([(estimate.low, estimate.high) for estimate in estimates], float).T
            ax.fill_between(losses, low, high, color=mark.color, alpha=BAND_ALPHA, linewidth=0)
    ax.set_xscale("log")
    ax.set_xlim(max(ax.get_xlim()), min(ax.get_xlim()))
    ax.xaxis.set_major_locator(FixedLocator(loss_ticks(*sorted(ax.get_xlim()))))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda loss, _: f"{loss:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("training loss (nats)")
    return ax


def make_differences(summary: Summary) -> Figure:
    """Forests of all differences: raw and scaled, at equal loss and over equal epochs."""
    times = [when for when in WHEN if differences_of(summary, "", when)]
    rows = len(differences_of(summary, "", times[0]))
    figure = Figure(figsize=(2.6 + 4.0 * len(times), 2 * (0.8 + 0.2 * rows) + 0.6), layout="constrained")
    grid = figure.subplots(len(SCALES), len(times), squeeze=False, sharex=True, sharey=True)
    for row, scale in zip(grid, SCALES, strict=True):
        for ax, when in zip(row, times, strict=True):
            differences = differences_of(summary, scale, when)
            _plot_forest(ax, summary, differences)
            ax.set_title(f"{ROWS[scale].capitalize()}, {WHEN[when]}:\n{differences_title(differences).lower()}")
            ax.set_xlabel("difference (decades)" if scale == SCALES[-1] else "")
    add_caption(
        figure,
        summary,
        f"{FOREST_CAPTION} They are differences of logarithms: −1 decade is a tenth.",
    )
    return figure


def differences_of(summary: Summary, scale: str, when: str) -> list[Difference]:
    """The differences of all quantities on one scale, quantity by quantity."""
    return [each for quantity in LANDSCAPE for each in summary.differences if each.measure == f"{quantity}{scale}{when}"]


def _plot_forest(ax: Axes, summary: Summary, differences: list[Difference]) -> None:
    plot_differences(ax, summary, differences[0].measure, differences)
    quantities = [each.measure.partition("_")[0] for each in differences]
    where = f" at batch size {summary.arms[0].factors['batch_size']}"
    names = [TITLES[quantity].partition(" (")[0] for quantity in quantities]
    labels = [f"{name}: {each.label.removesuffix(where)}" for each, name in zip(differences, names, strict=True)]
    ax.set_yticks(range(len(labels)), labels)
    for row in np.flatnonzero(np.array(quantities[1:]) != np.array(quantities[:-1])):
        ax.axhline(row + 0.5, color=INK, linewidth=0.5)


DRAWINGS = {
    "against_loss": Drawing(
        "The landscape against the training loss, raw and relative to the weights' norms",
        make_against_loss,
        lambda summary: bool(summary.sweeps),
    ),
    "differences": Drawing(
        "Paired differences of the landscape, at equal loss and over equal epochs",
        make_differences,
        lambda summary: bool(summary.differences),
    ),
    "over_epochs": Drawing("The landscape before training and after every epoch, raw and relative to the weights' norms", make_over_epochs),
    "curves": CURVES,
}
"""File name to figure, in the order of the report."""
