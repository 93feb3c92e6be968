"""The figures of ``depth``, and its words: results against depth and gradients by block, one panel per kind of block."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from jaxnorm.experiments.depth.claims import CLAIMS, MEASURES
from jaxnorm.report.factors import plot_factor, spread_measure
from jaxnorm.report.figures import add_norm_legend, arms_of, panels
from jaxnorm.report.hover import tell_points
from jaxnorm.report.style import BAND_ALPHA, INK, levels_of, looks, norms_of
from jaxnorm.report.text import arm_title, described, norm_title, value_title
from jaxnorm.report.vocabulary import Drawing, Vocabulary
from jaxnorm.stats.arm import Factor
from jaxnorm.stats.summary import ArmSummary, Summary

PLACEMENTS = ("plain", "post", "pre", "sandwich")
MODEL_TITLES = {"mlp": "MLP", "transformer": "Transformer encoder"}
TICKS = 8
"""Markers on a line over blocks, about."""


def groups_of(summary: Summary, **factors: Factor) -> dict[str, list[ArmSummary]]:
    """The arms of each kind of block, by its title, with the fewest updates of warm-up; residual blocks without a norm stand beside each
    kind of residual blocks.
    """
    chosen = arms_of(summary, warmup_steps=levels_of(summary, "warmup_steps")[0], **factors)
    present = levels_of(summary, "placement")
    shown = {placement: {placement} if placement == "plain" else {placement, "none"} for placement in PLACEMENTS if placement in present}
    return {
        described({"placement": placement}): [arm for arm in chosen if arm.factors["placement"] in kinds]
        for placement, kinds in (shown or {"none": {"none"}}).items()
    }


def make_depth(summary: Summary, words: Vocabulary) -> Figure:
    """Final results against depth."""

    def plot(ax: Axes, arms: Sequence[ArmSummary], name: str) -> None:
        plot_factor(ax, summary, words, name, "depth", arms)
        spread_measure(ax, words.measure(name), [arm.measures[name] for group in groups.values() for arm in group])

    groups = groups_of(summary)
    shown = [name for name in ("train_loss_area", "train_loss", "test_accuracy") if name in summary.tables[0].measures]
    return panels(summary, shown, plot, groups=groups, legend=add_norm_legend, sharey="row")


def make_warmup(summary: Summary, words: Vocabulary) -> Figure:
    """Final training loss of the deepest networks against updates of warm-up."""

    def plot(ax: Axes, arms: Sequence[ArmSummary], name: str) -> None:
        plot_factor(ax, summary, words, name, "warmup_steps", arms)

    deepest = {"depth": levels_of(summary, "depth")[-1]}
    return panels(summary, ["train_loss"], plot, across="placement", where=deepest, legend=add_norm_legend, sharey="row")


def make_gradients(summary: Summary, words: Vocabulary) -> Figure:
    """Gradient norm by block of the deepest networks before training, relative to the last block's."""

    def plot(ax: Axes, arms: Sequence[ArmSummary], name: str) -> None:
        plot_profile(ax, summary, name, arms)

    groups = groups_of(summary, depth=levels_of(summary, "depth")[-1])
    return panels(summary, ["gradient_norm"], plot, groups=groups, legend=add_norm_legend, sharey="row")


def plot_profile(ax: Axes, summary: Summary, quantity: str, arms: Sequence[ArmSummary]) -> Axes:
    """A probed quantity by block: one line per norm, from the first block, where the gradient arrives last."""
    look = looks(norms_of(summary))
    for arm in arms:
        profile, mark = arm.profiles[quantity], look[arm.norm]
        blocks = np.arange(1, len(profile.mean) + 1)
        step = max(1, len(blocks) // TICKS)
        (line,) = ax.plot(
            blocks, profile.mean, color=mark.color, marker=mark.marker, markevery=step, mec="white", mew=0.5, label=norm_title(arm.norm)
        )
        texts = [f"{arm_title(arm.factors)}, block {block}: {mean:.3g}" for block, mean in zip(blocks, profile.mean, strict=True)]
        tell_points(line, texts[::step])
        if profile.low is not None and profile.high is not None:
            ax.fill_between(blocks, profile.low, profile.high, color=mark.color, alpha=BAND_ALPHA, linewidth=0)
    ax.set_yscale("log")
    ax.axhline(1.0, color=INK, linewidth=0.8, alpha=0.5)
    ax.set(xlabel="block", ylabel="gradient norm, relative to\nthat of the last block")
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    return ax


def network(summary: Summary) -> str:
    """``MLP of width 128, ReLU, initial scale 1.41, batches of 64``."""
    settings = summary.settings
    return (
        f"{MODEL_TITLES[settings['model']]} of width {settings['width']}, {value_title('activation', settings['activation'])}, "
        f"initial scale {settings['init_scale']:.3g}, batches of {settings['batch_size']}"
    )


WORDS = Vocabulary(
    measures=MEASURES,
    claims={claim.id: claim for claim in CLAIMS},
    drawings={
        "depth": Drawing(
            "Final results against depth",
            "Means with 95 % intervals, set apart sideways; crosses: some runs diverged. Residual blocks without a norm stand in every "
            "residual panel.",
            make_depth,
            lambda summary: len(levels_of(summary, "depth")) > 1,
        ),
        "warmup": Drawing(
            "Final training loss of the deepest networks against warm-up",
            "Means with 95 % intervals, set apart sideways; crosses: some runs diverged.",
            make_warmup,
            lambda summary: len(levels_of(summary, "warmup_steps")) > 1,
        ),
        "gradients": Drawing(
            "Gradient norm by block before training, in the deepest networks",
            "Of the loss with respect to each block's output; geometric means with 95 % bands.",
            make_gradients,
        ),
    },
    network=network,
)
