"""The figures of ``covariate_shift``, and its words: Ioffe & Szegedy's percentiles, Santurkar et al.'s gradients, and saturation."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from jaxnorm.experiments.covariate_shift.claims import CLAIMS, MEASURES, PERCENTILES, SHIFT, percentile_name
from jaxnorm.report.figures import add_norm_legend, curves
from jaxnorm.report.style import BAND_ALPHA, levels_of, looks, norms_of
from jaxnorm.report.text import norm_title, value_title
from jaxnorm.report.vocabulary import Drawing, Vocabulary
from jaxnorm.stats.metrics import Metric
from jaxnorm.stats.summary import ArmSummary, Summary

SPANNING = ("input_drift", "input_drift_relative", "gradient_distance")
"""Amounts that may span powers of ten."""
OTHER_UNITS = "#8A8A8A"


def network(summary: Summary) -> str:
    """``MLP 64-100-100-100-10, batch size 60, 480 training examples probed``."""
    settings = summary.settings
    sizes = "-".join(str(size) for size in (summary.data["inputs"], *settings["hidden_sizes"], summary.num_classes))
    probed = settings["probe_batches"] * settings["batch_size"]
    return f"MLP {sizes}, batch size {settings['batch_size']}, {probed:,} training examples probed"


def make_inputs(summary: Summary, words: Vocabulary) -> Figure:
    """What units of the first seed's networks are given, over training: a row per nonlinearity, a column per norm."""
    del words
    activations, norms = levels_of(summary, "activation"), norms_of(summary)
    figure = Figure(figsize=(3.1 * len(norms), 2.1 * len(activations) + 0.6), layout="constrained")
    axes = figure.subplots(len(activations), len(norms), squeeze=False, sharex=True, sharey="row")
    for row, activation in zip(axes, activations, strict=True):
        own = [arm for arm in summary.arms if arm.factors["activation"] == activation]
        for ax, arm in zip(row, own, strict=True):
            plot_inputs(ax, arm, looks(norms)[arm.norm].color)
            ax.set_title(f"{value_title('activation', activation)}, {norm_title(arm.norm)}")
        row[0].set_ylabel("input of a unit")
    for ax in axes[-1]:
        ax.set_xlabel("epoch")
    add_norm_legend(figure, summary, summary.arms)
    return figure


def plot_inputs(ax: Axes, arm: ArmSummary, color: str) -> Axes:
    """The first unit's percentiles as a line in a band, and the medians of the others."""
    low, middle, high = (np.asarray(arm.traces[percentile_name(percent, 0)]) for percent in PERCENTILES)
    epochs = np.arange(len(middle))
    ax.fill_between(epochs, low, high, color=color, alpha=BAND_ALPHA, linewidth=0)
    for bound in (low, high):
        ax.plot(epochs, bound, color=color, linewidth=0.8, linestyle=(0, (4, 1.5)))
    for median in _other_medians(arm):
        ax.plot(epochs, median, color=OTHER_UNITS, linewidth=0.7)
    ax.plot(epochs, middle, color=color, linewidth=2.0)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return ax


def _other_medians(arm: ArmSummary) -> Sequence[Sequence[float]]:
    first = {percentile_name(percent, 0) for percent in PERCENTILES}
    return [trace for name, trace in arm.traces.items() if name not in first]


WORDS = Vocabulary(
    measures=MEASURES,
    metrics={name: Metric(measure.title, measure.unit, measure.better, spans=name in SPANNING) for name, measure in SHIFT.items()},
    claims={claim.id: claim for claim in CLAIMS},
    drawings={
        "inputs": Drawing(
            "What units of the last hidden layer are given",
            "Network of the first seed. Band: a unit's 15th to 85th percentile over examples, thick line its median; thin lines: medians "
            "of other units.",
            make_inputs,
        ),
        "drift": curves("input_drift", "input_drift_relative", across="activation", title="How far these percentiles move in an epoch"),
        "gradients": curves(
            "gradient_cosine",
            "gradient_distance",
            "gradient_change",
            across="activation",
            title="How a layer's gradient changes when the layers below it take a step",
        ),
        "saturation": curves("saturation", "train_loss", across="activation", title="Saturated or dead units, and training loss"),
    },
    network=network,
)
