"""The figures of ``jaxnorm.experiments.depth``: gradients by layer before training, and results against depth, one panel per placement."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from jaxnorm.analysis.summary import ArmSummary, Summary
from jaxnorm.analysis.wording import SCALES, arm_title, norm_title
from jaxnorm.reporting.factors import plot_factor
from jaxnorm.reporting.figures import DIFFERENCES, Drawing, add_caption, add_norm_legend
from jaxnorm.reporting.hover import tell_points
from jaxnorm.reporting.style import BAND_ALPHA, levels_of, looks, norms_of

TITLES = {
    "plain": "plain",
    "none": "residual, no norm",
    "post": "residual, post-norm",
    "pre": "residual, pre-norm",
    "sandwich": "residual, sandwich-norm",
}
PANELS = ("plain", "post", "pre", "sandwich")


def panels_of(summary: Summary) -> list[str]:
    """Kinds of blocks that get a panel each; residual blocks without a norm stand in every residual panel, for comparison."""
    present = levels_of(summary, "placement")
    return [panel for panel in PANELS if panel in present] or ["none"]


def arms_of(summary: Summary, panel: str, **factors: object) -> list[ArmSummary]:
    """The arms of a panel that agree with ``factors``, without warm-up unless told."""
    wanted = {"warmup_steps": levels_of(summary, "warmup_steps")[0]} | factors
    shown = {panel} if panel == "plain" else {panel, "none"}
    return [
        arm
        for arm in summary.arms
        if arm.factors["placement"] in shown and all(arm.factors[name] == value for name, value in wanted.items())
    ]


def make_gradients(summary: Summary) -> Figure:
    """Gradient norm by layer of the deepest networks before training, relative to the last layer's."""
    panels, deepest = panels_of(summary), levels_of(summary, "depth")[-1]
    figure = Figure(figsize=(3.1 * len(panels), 3.7), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for ax, panel in zip(axes, panels, strict=True):
        _plot_gradients(ax, summary, arms_of(summary, panel, depth=deepest))
        ax.set_title(TITLES[panel])
    axes[0].set_ylabel("gradient norm / that of the last block")
    add_norm_legend(figure, summary)
    add_caption(
        figure,
        summary,
        f"Norm of the loss's gradient with respect to the output of each of {deepest} blocks before training, divided by that of the last "
        "block. Lines: geometric means over networks; bands: 95 % Student t intervals of the mean logarithm.",
    )
    return figure


def _plot_gradients(ax: Axes, summary: Summary, arms: Sequence[ArmSummary]) -> Axes:
    """One line per norm; the axis runs from the first block, where the gradient arrives last."""
    look = looks(norms_of(summary))
    for arm in arms:
        profile = arm.profiles["gradient_norm"]
        blocks = np.arange(1, len(profile.mean) + 1)
        mark = look[arm.norm]
        step = max(1, len(blocks) // 8)
        (line,) = ax.plot(
            blocks, profile.mean, color=mark.color, marker=mark.marker, markevery=step, mec="white", mew=0.5, label=norm_title(arm.norm)
        )
        texts = [f"{arm_title(arm.factors)}, block {block}: {mean:.3g}" for block, mean in zip(blocks, profile.mean, strict=True)]
        tell_points(line, texts[::step])
        if profile.low is not None and profile.high is not None:
            ax.fill_between(blocks, profile.low, profile.high, color=mark.color, alpha=BAND_ALPHA, linewidth=0)
    ax.set_yscale("log")
    ax.axhline(1.0, color="#888888", linewidth=0.8)
    ax.set_xlabel("block")
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    return ax


def make_depth(summary: Summary) -> Figure:
    """Final training loss and test accuracy against depth."""
    panels, measures = panels_of(summary), ("train_loss", "test_accuracy")
    figure = Figure(figsize=(3.1 * len(panels), 5.6), layout="constrained")
    axes = figure.subplots(len(measures), len(panels), squeeze=False, sharey="row", sharex=True)
    for row, measure in zip(axes, measures, strict=True):
        for ax, panel in zip(row, panels, strict=True):
            plot_factor(ax, summary, measure, "depth", arms_of(summary, panel))
            ax.set_title(TITLES[panel] if measure == measures[0] else "")
            ax.set_xlabel("depth (blocks)" if measure == measures[-1] else "")
            ax.label_outer()
    add_norm_legend(figure, summary)
    add_caption(
        figure,
        summary,
        "Means with 95 % Student t intervals; norms are set apart sideways so that intervals do not hide each other. Losses in "
        f"{SCALES['nats'].of_level}, after the last epoch. Residual blocks without a norm stand in every residual panel.",
    )
    return figure


def make_warmup(summary: Summary) -> Figure:
    """Final training loss with and without warm-up, against depth."""
    warmups = levels_of(summary, "warmup_steps")
    panels = [panel for panel in panels_of(summary) if panel != "plain"]
    figure = Figure(figsize=(3.1 * len(panels), 3.0 * len(warmups) + 0.8), layout="constrained")
    axes = figure.subplots(len(warmups), len(panels), squeeze=False, sharey=True, sharex=True)
    for row, steps in zip(axes, warmups, strict=True):
        for ax, panel in zip(row, panels, strict=True):
            plot_factor(ax, summary, "train_loss", "depth", arms_of(summary, panel, warmup_steps=steps))
            ax.set_title(f"{TITLES[panel]},\n{f'warm-up over {steps} updates' if steps else 'no warm-up'}")
            ax.label_outer()
    add_norm_legend(figure, summary)
    add_caption(figure, summary, "Means of the final training loss with 95 % Student t intervals.")
    return figure


def _varies_warmup(summary: Summary) -> bool:
    return len(levels_of(summary, "warmup_steps")) > 1


DRAWINGS = {
    "depth": Drawing("Final training loss and test accuracy against depth, one panel per kind of block", make_depth),
    "warmup": Drawing("Final training loss against depth, with and without warm-up", make_warmup, _varies_warmup),
    "gradients": Drawing("Gradient norm by layer before training, one panel per kind of block", make_gradients),
    "differences": DIFFERENCES,
}
"""File name to figure, in the order of the report."""
