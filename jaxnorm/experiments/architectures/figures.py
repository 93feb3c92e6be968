"""The figures of ``architectures``, and its words: accuracy by architecture, and against the learning rate."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jaxnorm.config.training import RECURRENT
from jaxnorm.experiments.architectures.claims import CLAIMS
from jaxnorm.experiments.measures import MEASURES
from jaxnorm.report.axes import axis_label, spread_axis
from jaxnorm.report.factors import diverged_text, mark_diverged, with_errors
from jaxnorm.report.figures import add_norm_legend, arms_of
from jaxnorm.report.hover import tell_points
from jaxnorm.report.seeds import GOLDEN_ANGLE, seed_texts
from jaxnorm.report.style import levels_of, looks, norms_of
from jaxnorm.report.sweeps import add_sweep_legend, plot_sweep
from jaxnorm.report.text import arm_title, conjoin, level_text, value_title
from jaxnorm.report.tuning import tuning
from jaxnorm.report.vocabulary import Drawing, Vocabulary
from jaxnorm.stats.arm import Factor
from jaxnorm.stats.summary import Summary

MEASURE, SWEPT = "test_accuracy", "validation_accuracy"
DODGE = 0.26
"""From one norm to the next, in distances between architectures."""
MAX_LEVEL_TICKS = 4
"""Most learning rates whose labels fit side by side."""
RECURRENT_NORMS = " (norms start at scale 0.1)"
DETAILS = {"lstm": RECURRENT_NORMS, "gru": RECURRENT_NORMS, "transformer": " (2 layers, post-norm)"}
"""What else to say of an architecture."""


def network(summary: Summary) -> str:
    """``MLP and LSTM (norms start at scale 0.1) of width 32, relu (recurrent networks: tanh), batch size 64``."""
    settings = summary.settings
    names = conjoin(value_title("model", model) + DETAILS.get(model, "") for model in settings["models"])
    recurrent = " (recurrent networks: tanh)" if {*settings["models"]} & set(RECURRENT) else ""
    return f"{names} of width {settings['width']}, {settings['activation']}{recurrent}, batch size {settings['batch_size']}"


def make_accuracy(summary: Summary, words: Vocabulary) -> Figure:
    """Test accuracy by architecture and norm, at the best rates and at the shared one."""
    rates, models = levels_of(summary, "rate"), levels_of(summary, "model")
    figure = Figure(figsize=(max(4.4, 0.6 + 1.15 * len(models)) * len(rates), 3.6), layout="constrained")
    for ax, rate in zip(figure.subplots(1, len(rates), squeeze=False, sharey=True)[0], rates, strict=True):
        plot_accuracy(ax, summary, words, rate)
        ax.label_outer()
    add_norm_legend(figure, summary, summary.arms)
    return figure


def plot_accuracy(ax: Axes, summary: Summary, words: Vocabulary, rate: Factor) -> Axes:
    """One group per architecture, one column of runs per norm."""
    look, models, measure = looks(norms_of(summary)), levels_of(summary, "model"), words.measure(MEASURE)
    factor, jitter = measure.unit.factor, 0.045 * np.sin(GOLDEN_ANGLE * np.arange(len(summary.seeds)))
    for arm in arms_of(summary, rate=rate):
        mark, rank = look[arm.norm], list(look).index(arm.norm)
        x = models.index(arm.factors["model"]) + DODGE * (rank - (len(look) - 1) / 2)
        values = factor * np.asarray(arm.by_seed[MEASURE])
        (dots,) = ax.plot(
            x + 0.05 + jitter, values, linestyle="none", marker=mark.marker, color=mark.color, alpha=0.4, markersize=2.8, mew=0
        )
        tell_points(dots, seed_texts(summary, arm, MEASURE, measure.unit))
        means, errors = with_errors([arm.measures[MEASURE]], factor)
        mean = ax.errorbar(x - 0.06, means, errors, color=mark.color, marker=mark.marker, markersize=5, capsize=2.5)[0]
        tell_points(mean, [f"{arm_title(arm.factors)}: {level_text(arm.measures[MEASURE], measure.unit)}{diverged_text(arm)}"])
        mark_diverged(ax, [(x - 0.06, float(means[0]))] if arm.diverged else [])
    spread_axis(ax, measure.unit, factor * np.concatenate([arm.by_seed[MEASURE] for arm in summary.arms]))
    ax.set_xticks(range(len(models)), [value_title("model", model) for model in models])
    ax.set_xlim(-0.6, len(models) - 0.4)
    ax.set(title=value_title("rate", rate), ylabel=axis_label(measure.title, measure.unit))
    ax.grid(axis="x", visible=False)
    return ax


def make_learning_rate(summary: Summary, words: Vocabulary) -> Figure:
    """Validation accuracy against the learning rate, one panel per architecture."""
    models = levels_of(summary, "model")
    figure = Figure(figsize=(max(5.0, 2.9 * len(models)), 3.3), layout="constrained")
    for ax, model in zip(figure.subplots(1, len(models), squeeze=False)[0], models, strict=True):
        own = [sweep for sweep in summary.sweeps if sweep.factors["model"] == model]
        plot_sweep(ax, words, own, SWEPT, "learning_rate", ring="best", line="shared")
        ax.set_title(value_title("model", model))
        ax.tick_params(axis="x", labelrotation=0 if len(own[0].points) <= MAX_LEVEL_TICKS else 45)
        ax.set_ylabel(ax.get_ylabel() if model == models[0] else "")
    add_sweep_legend(figure, norms_of(summary), ring="best rate", line="shared rate")
    return figure


WORDS = Vocabulary(
    measures=MEASURES,
    claims={claim.id: claim for claim in CLAIMS},
    drawings={
        "accuracy": Drawing(
            "Test accuracy by architecture and norm, at the best learning rates and at a shared one",
            "A dot for each run; beside the dots, the mean with its 95 % interval.",
            make_accuracy,
        ),
        "learning_rate": Drawing(
            "Validation accuracy against the learning rate, one panel per architecture",
            "Means with 95 % bands; each panel has an axis of its own. Rings: the best rates, chosen on other seeds.",
            make_learning_rate,
        ),
    },
    network=network,
    more=lambda summary: [tuning(summary)],
)
