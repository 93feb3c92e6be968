"""The figures of ``jaxnorm.experiments.covariate_shift``: Ioffe & Szegedy's percentiles, Santurkar et al.'s gradients, and saturation."""

import textwrap
from collections.abc import Collection, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from jaxnorm.analysis.covariate_shift import PERCENTILES, percentile_name
from jaxnorm.analysis.summary import ArmSummary, Summary
from jaxnorm.analysis.wording import norm_title, value_title
from jaxnorm.reporting.curves import plot_curves
from jaxnorm.reporting.figures import FOREST_CAPTION, Drawing, add_caption, add_norm_legend
from jaxnorm.reporting.forests import plot_differences
from jaxnorm.reporting.style import BAND_ALPHA, levels_of, looks, norms_of

LINES = (
    "Lines: means (dashed in another way for each nonlinearity); bands: pointwise 95 % Student t intervals, which "
    "may reach 0 and so the bottom of a logarithmic axis; epoch 0 is before training."
)
LABELS = {
    "input_drift": "drift in an epoch\n(units of input)",
    "input_drift_relative": "drift in an epoch\n/ spread of the input",
    "gradient_cosine": "cosine of gradients\nbefore and after",
    "gradient_distance": "distance of gradients\n(nats per weight)",
    "gradient_change": "distance\n/ gradient before",
    "saturation": "share of units saturated\n(ReLU: dead)",
}
FOREST = {
    "input_drift": "Drift",
    "gradient_cosine": "Cosine",
    "gradient_distance": "Distance",
    "saturation": "Saturation",
}
"""What the claims are decided by, and how panels name it."""
LABEL_WIDTH = 38
"""Characters of an axis label before it takes another line."""


def activations_of(summary: Summary) -> list[str]:
    """The nonlinearities, in the order of the report."""
    return [str(level) for level in levels_of(summary, "activation")]


def arms_of(summary: Summary, activation: str) -> list[ArmSummary]:
    """Every norm before one nonlinearity."""
    return [arm for arm in summary.arms if arm.factors["activation"] == activation]


def make_inputs(summary: Summary) -> Figure:
    """What units of one network are given, over training: Ioffe & Szegedy's figure 1, by nonlinearity and norm."""
    activations, norms = activations_of(summary), norms_of(summary)
    figure = Figure(figsize=(3.1 * len(norms), 2.1 * len(activations) + 1.0), layout="constrained")
    axes = figure.subplots(len(activations), len(norms), squeeze=False, sharex=True, sharey="row")
    for row, activation in zip(axes, activations, strict=True):
        for ax, arm in zip(row, arms_of(summary, activation), strict=True):
            _plot_inputs(ax, arm, looks(norms)[arm.norm].color)
            ax.set_title(f"{value_title('activation', activation)}, {norm_title(arm.norm)}")
        row[0].set_ylabel("input of a unit")
    for ax in axes[-1]:
        ax.set_xlabel("epoch")
    low, middle, high = PERCENTILES
    what = (
        "What the nonlinearity of units of the last hidden layer is given, in the network of seed "
        f"{summary.seeds[0]}, after Ioffe & Szegedy 2015, figure 1. Thick line and band: the {middle}th, and the {low}th to {high}th "
        f"percentile over examples, of the first unit; thin lines: the {middle}th percentile of the next ones. Where nothing drifts, lines "
        "are level. The report rests on"
    )
    add_caption(figure, summary, what)
    return figure


def _plot_inputs(ax: Axes, arm: ArmSummary, color: str) -> Axes:
    """The first unit's percentiles as a line in a band, and the medians of the others."""
    low, middle, high = (np.asarray(arm.traces[percentile_name(percent, 0)]) for percent in PERCENTILES)
    epochs = np.arange(len(middle))
    ax.fill_between(epochs, low, high, color=color, alpha=BAND_ALPHA, linewidth=0)
    for percent, values in ((PERCENTILES[0], low), (PERCENTILES[2], high)):
        ax.plot(epochs, values, color=color, linewidth=0.8, linestyle=(0, (4, 1.5)), label=f"{percent}th")
    for unit in range(1, sum(name.startswith(f"input_p{PERCENTILES[1]}.") for name in arm.traces)):
        ax.plot(epochs, arm.traces[percentile_name(PERCENTILES[1], unit)], color="#8A8A8A", linewidth=0.7)
    ax.plot(epochs, middle, color=color, linewidth=2.0, label=f"{PERCENTILES[1]}th")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return ax


def _plot_rows(summary: Summary, metrics: Sequence[str], what: str, logarithmic: Collection[str] = ()) -> Figure:
    """Metrics against epochs: a row for each, a column for each nonlinearity."""
    activations = activations_of(summary)
    figure = Figure(figsize=(3.2 * len(activations), 2.1 * len(metrics) + 1.3), layout="constrained")
    axes = figure.subplots(len(metrics), len(activations), squeeze=False, sharex=True, sharey="row")
    for row, metric in zip(axes, metrics, strict=True):
        for ax, activation in zip(row, activations, strict=True):
            plot_curves(ax, summary, metric, arms=arms_of(summary, activation), label=LABELS.get(metric))
            ax.set_title(value_title("activation", activation) if metric == metrics[0] else "")
            ax.set_xlim(-0.03 * summary.epochs, 1.03 * summary.epochs)
            ax.label_outer()
        if metric in logarithmic:
            _make_logarithmic(row[0], [arm.curves[metric].mean for arm in summary.arms])
    add_norm_legend(figure, summary)
    add_caption(figure, summary, what)
    return figure


def _make_logarithmic(ax: Axes, means: Sequence[Sequence[float]]) -> None:
    """A logarithmic axis with room for all means; bands that reach 0 run to its end."""
    drawn = np.concatenate(means)
    drawn = drawn[drawn > 0]
    ax.set_yscale("log")
    if len(drawn):
        ax.set_ylim(drawn.min() / 1.5, drawn.max() * 1.5)


def make_drift(summary: Summary) -> Figure:
    """How far percentiles of inputs move in each epoch, as it is and relative to the spread."""
    low, middle, high = PERCENTILES
    what = (
        f"Distance that the {low}th, {middle}th and {high}th percentile of a unit's input move from the end of one epoch to the next, mean "
        f"over the observed units of the last hidden layer; below, as a multiple of the distance between the outer two. {LINES}"
    )
    return _plot_rows(summary, ("input_drift", "input_drift_relative"), what, ("input_drift", "input_drift_relative"))


def make_gradients(summary: Summary) -> Figure:
    """How a layer's gradient changes when the layers below it move."""
    what = (
        "A layer's gradient on a batch before and after the layers below it took the step that this batch asks for, mean over all layers "
        "but the first, and over batches: cosine of the angle between them (1: no shift), their distance, and the distance relative to the "
        f"gradient before. Measured after Santurkar et al. 2018, definition 2.1. {LINES}"
    )
    return _plot_rows(summary, ("gradient_cosine", "gradient_distance", "gradient_change"), what, ("gradient_distance",))


def make_saturation(summary: Summary) -> Figure:
    """Saturated and dead units beside the training loss."""
    what = (
        "Above: share of sigmoid and tanh outputs within 5 % of the range from a bound, and of ReLU units that give the same for all "
        f"examples; mean over hidden layers. Below: training loss, mean over each epoch's updates. {LINES}"
    )
    figure = _plot_rows(summary, ("saturation", "train_loss"), what, ("train_loss",))
    figure.axes[0].yaxis.set_major_formatter(PercentFormatter(1.0))
    return figure


def make_differences(summary: Summary) -> Figure:
    """Paired differences of what the claims are decided by."""
    rows = sum(difference.measure == "input_drift" for difference in summary.differences)
    figure = Figure(figsize=(11.0, 2 * (1.3 + 0.27 * rows) + 0.7), layout="constrained")
    for ax, (measure, title) in zip(figure.subplots(2, 2).ravel(), FOREST.items(), strict=True):
        plot_differences(ax, summary, measure)
        ax.set_title(f"{title}: {ax.get_title(loc='left').lower()}")
        ax.set_xlabel(textwrap.fill(ax.get_xlabel(), LABEL_WIDTH))
    add_caption(figure, summary, FOREST_CAPTION)
    return figure


DRAWINGS = {
    "inputs": Drawing("Percentiles of what units are given, over training, by nonlinearity and norm", make_inputs),
    "drift": Drawing("How far these percentiles move in each epoch, by nonlinearity", make_drift),
    "gradients": Drawing("How a layer's gradient changes when the layers below it move, by nonlinearity", make_gradients),
    "saturation": Drawing("Share of saturated or dead units, and training loss, by nonlinearity", make_saturation),
    "differences": Drawing(
        "Paired differences in drift, gradients and saturation", make_differences, lambda summary: bool(summary.differences)
    ),
}
"""File name to figure, in the order of the report."""
