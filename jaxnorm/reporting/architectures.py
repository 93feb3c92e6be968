"""The figures of ``jaxnorm.experiments.architectures``: accuracy by architecture, what the norm changes there, and the learning rates."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from jaxnorm.analysis.architectures import WHERE
from jaxnorm.analysis.measures import MEASURES
from jaxnorm.analysis.summary import ArmSummary, Difference, Summary
from jaxnorm.analysis.wording import SCALES, arm_title, norm_title, value_title
from jaxnorm.reporting.axes import spread_axis
from jaxnorm.reporting.factors import with_errors
from jaxnorm.reporting.figures import FOREST_CAPTION, Drawing, add_caption, add_norm_legend
from jaxnorm.reporting.forests import differences_title, plot_differences
from jaxnorm.reporting.hover import level_text, seed_texts, tell_points
from jaxnorm.reporting.style import INK, levels_of, looks, norms_of
from jaxnorm.reporting.sweeps import RING_SIZE, plot_sweep

MEASURE, SWEPT = "test_accuracy", "validation_accuracy"
RATE_TITLES = {"best": "each at its best learning rate", "shared": "all at the learning rate {:g}"}
DODGE = 0.26
"""From one norm to the next, in distances between architectures."""
MAX_LEVEL_TICKS = 4
"""Most learning rates whose labels fit side by side."""


def rate_title(summary: Summary, rate: str) -> str:
    """``each at its best learning rate``, ``all at the learning rate 0.003``."""
    return RATE_TITLES[rate].format(summary.sweeps[0].marked["shared"]["learning_rate"])


def make_accuracy(summary: Summary) -> Figure:
    """Test accuracy by architecture and norm, at the best rates and at the shared one."""
    rates, models = levels_of(summary, "rate"), levels_of(summary, "model")
    figure = Figure(figsize=(max(4.4, 0.6 + 1.15 * len(models)) * len(rates), 4.2), layout="constrained")
    for ax, rate in zip(figure.subplots(1, len(rates), squeeze=False, sharey=True)[0], rates, strict=True):
        plot_accuracy(ax, summary, str(rate))
        ax.label_outer()
    logarithmic = " The axis is logarithmic in the errors." if figure.axes[0].get_yscale() == "function" else ""
    add_norm_legend(figure, summary)
    add_caption(
        figure,
        summary,
        "Small marks: one per network; beside them the mean with its 95 % Student t interval. The best learning rates were chosen by the "
        f"validation accuracy of other networks.{logarithmic}",
    )
    return figure


def plot_accuracy(ax: Axes, summary: Summary, rate: str) -> Axes:
    """One group per architecture, one column of networks per norm."""
    look, models, scale = looks(norms_of(summary)), levels_of(summary, "model"), SCALES[MEASURES[MEASURE].unit]
    jitter = 0.045 * np.sin(2.399963 * np.arange(len(summary.seeds)))  # golden angle: even, and the same in every arm
    arms = [arm for arm in summary.arms if arm.factors["rate"] == rate]
    for arm in arms:
        mark, rank = look[arm.norm], list(look).index(arm.norm)
        x = models.index(arm.factors["model"]) + DODGE * (rank - (len(look) - 1) / 2)
        values = scale.factor * np.asarray(arm.by_seed[MEASURE])
        (dots,) = ax.plot(
            x + 0.05 + jitter, values, linestyle="none", marker=mark.marker, color=mark.color, alpha=0.4, markersize=2.8, mew=0
        )
        tell_points(dots, seed_texts(summary, arm, MEASURE))
        means, errors = with_errors([arm.measures[MEASURE]], scale.factor)
        mean = ax.errorbar(x - 0.06, means, errors, color=mark.color, marker=mark.marker, markersize=5, capsize=2.5)[0]
        tell_points(mean, [f"{arm_title(arm.factors)}: {level_text(arm.measures[MEASURE], MEASURE)}"])
    spread_axis(ax, MEASURE, scale.factor * np.concatenate([arm.by_seed[MEASURE] for arm in summary.arms]))
    ax.set_xticks(range(len(models)), [value_title("model", model) for model in models])
    ax.set_xlim(-0.6, len(models) - 0.4)
    ax.set(title=f"{rate_title(summary, rate).capitalize()}:\n{_highest(arms)}", ylabel=f"{MEASURES[MEASURE].title} ({scale.of_level})")
    ax.grid(axis="x", visible=False)
    return ax


def _highest(arms: list[ArmSummary]) -> str:
    """What is seen: whose mean is highest."""
    best = max(arms, key=lambda arm: arm.measures[MEASURE].mean)
    architecture = value_title("model", best.factors["model"])
    return f"highest on average {norm_title(best.norm)} in the {architecture}, {100 * best.measures[MEASURE].mean:.1f} %"


def make_differences(summary: Summary) -> Figure:
    """Forest of the norms' differences in every architecture and of the interactions, at the best rates and at the shared one."""
    rates = levels_of(summary, "rate")
    groups = {str(rate): differences_at(summary, str(rate)) for rate in rates}
    rows = max(len(group) for group in groups.values())
    figure = Figure(figsize=(2.6 + 3.7 * len(rates), 1.7 + 0.27 * rows), layout="constrained")
    axes = figure.subplots(1, len(rates), squeeze=False, sharex=True, sharey=True)[0]
    for ax, (rate, group) in zip(axes, groups.items(), strict=True):
        plot_differences(ax, summary, MEASURE, group)
        ax.set_yticks(range(len(group)), [difference.label.replace(f", {WHERE[rate]}", "") for difference in group])
        if interactions_of(group):
            ax.axhline(len(group) - len(interactions_of(group)) - 0.5, color=INK, linewidth=0.6)
        ax.set_title(f"{rate_title(summary, rate).capitalize()}:\n{differences_title(group).lower()}")
        ax.label_outer()
    below = " Below the line: BatchNorm's advantage over LayerNorm in the CNN minus that in another architecture."
    add_caption(
        figure,
        summary,
        f"{FOREST_CAPTION}{below if interactions_of(groups['best']) else ''}",
    )
    return figure


def differences_at(summary: Summary, rate: str) -> list[Difference]:
    """The differences between arms that all have this kind of learning rate."""
    keys = {arm.key for arm in summary.arms if arm.factors["rate"] == rate}
    return [each for each in summary.differences if each.measure == MEASURE and set(each.weights) <= keys]


def interactions_of(differences: list[Difference]) -> list[Difference]:
    """Those between more than two arms; they come last."""
    return [difference for difference in differences if len(difference.weights) > 2]


def make_learning_rate(summary: Summary) -> Figure:
    """Validation accuracy against the learning rate, one panel per architecture."""
    models = levels_of(summary, "model")
    figure = Figure(figsize=(max(5.0, 2.9 * len(models)), 3.7), layout="constrained")
    for ax, model in zip(figure.subplots(1, len(models), squeeze=False)[0], models, strict=True):
        own = [sweep for sweep in summary.sweeps if sweep.factors["model"] == model]
        plot_sweep(ax, own, SWEPT, "learning_rate", ring="best", line="shared")
        ax.set_title(value_title("model", model))
        ax.tick_params(axis="x", labelrotation=0 if len(own[0].points) <= MAX_LEVEL_TICKS else 45)
        ax.set_ylabel(ax.get_ylabel() if model == models[0] else "")
    _add_sweep_legend(figure, summary)
    add_caption(
        figure,
        summary,
        "Lines: means of the reported networks; bands: 95 % Student t intervals; diverged networks count as guessing. A ring marks the "
        "learning rate with the best mean among the tuning networks, which are others: so it need not be the peak of the line. "
        "Each panel has an axis of its own, logarithmic in the errors where accuracies span much.",
    )
    return figure


def _add_sweep_legend(figure: Figure, summary: Summary) -> None:
    look = looks(norms_of(summary))
    handles = [Line2D([], [], color=mark.color, marker=mark.marker, label=norm_title(norm)) for norm, mark in look.items()]
    handles += [
        Line2D([], [], linestyle="none", marker="o", markersize=RING_SIZE, mfc="none", mec=INK, label="best rate of the norm"),
        Line2D([], [], color=INK, linewidth=0.9, linestyle=(0, (4, 3)), label="shared rate"),
    ]
    rows = 1 if len(levels_of(summary, "model")) > 2 else 2
    figure.legend(handles=handles, loc="outside upper left", ncols=-(-len(handles) // rows))


DRAWINGS = {
    "accuracy": Drawing("Test accuracy by architecture and norm, at the best learning rates and at a shared one", make_accuracy),
    "differences": Drawing(
        "Paired differences of test accuracy in every architecture, and the interactions",
        make_differences,
        lambda summary: len(norms_of(summary)) > 1,
    ),
    "learning_rate": Drawing("Validation accuracy against the learning rate, one panel per architecture", make_learning_rate),
}
"""File name to figure, in the order of the report."""
