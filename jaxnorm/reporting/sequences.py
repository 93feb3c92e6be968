"""The figures of ``jaxnorm.experiments.sequences``: accuracy against padding, and by the statistics that networks are evaluated with."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter

from jaxnorm.analysis.summary import ArmSummary, Estimate, Summary
from jaxnorm.analysis.wording import arm_title, described, norm_title, value_title
from jaxnorm.reporting.figures import DIFFERENCES, Drawing, add_caption
from jaxnorm.reporting.hover import level_text, tell_points
from jaxnorm.reporting.style import levels_of, looks

PERCENT = 100.0
EVALUATIONS = {
    "test_accuracy_biased": "running,\nbiased",
    "test_accuracy_unbiased": "running,\nunbiased",
    "test_accuracy_population": "population",
    "test_accuracy_batch_statistics": "batch",
}
"""Measure to what stands below it, from the roughest statistics to those of training."""
Kind = tuple[str, str]
"""Norm and masking."""
WIDTH = 0.6
"""Share of the room between two levels over which lines are set apart."""


def make_padding(summary: Summary) -> Figure:
    """Test accuracy against the padding share: a column per model, a row per spread of lengths."""
    shares = [float(share) for share in levels_of(summary, "padding_share")]
    figure, panels = _panels(summary)
    kinds = _kinds(summary.arms)
    for ax, arms in panels:
        step = min((high - low for low, high in itertools.pairwise(shares)), default=1.0)
        for lines, shift in _set_apart(arms, kinds, step / 3):
            _plot_line(ax, lines, [float(arm.factors["padding_share"]) + shift for arm in lines], _accuracies(lines))
        ax.xaxis.set_major_locator(FixedLocator(shares))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{PERCENT * share:.0f}"))
        ax.set(xlabel="padding (% of all positions)", ylabel="test accuracy (%)")
        ax.label_outer()
    _add_legend(figure, kinds)
    add_caption(
        figure,
        summary,
        "Means with 95 % Student t intervals; lines are set apart sideways. Within a panel only the amount of padding grows: the "
        "sequences stay what they are. Where lengths spread, some sequences are short, and the task itself is harder. Padding unmasked: "
        "it enters the norms' statistics, as zeros in place of the standardised input and what the network makes of these.",
    )
    return figure


def make_evaluation(summary: Summary) -> Figure:
    """Test accuracy by the statistics that networks are evaluated with, at the largest padding share."""
    most = levels_of(summary, "padding_share")[-1]
    figure, panels = _panels(summary)
    coupled = _kinds(arm for arm in summary.arms if not _is_level(arm))
    others = [kind for kind in _kinds(summary.arms) if kind not in coupled][:1]
    for ax, arms in panels:
        arms = [arm for arm in arms if arm.factors["padding_share"] == most]
        for arm in (arm for arm in arms if _kind(arm) in others):
            _plot_band(ax, arm)
        for (arm,), shift in _set_apart(arms, coupled, 1 / 2):
            _plot_line(ax, [arm] * len(EVALUATIONS), [rank + shift for rank in range(len(EVALUATIONS))], _evaluations(arm), joined=False)
        ax.set_xticks(range(len(EVALUATIONS)), list(EVALUATIONS.values()))
        ax.set(xlabel="statistics of the evaluation", ylabel="test accuracy (%)", xlim=(-0.5, len(EVALUATIONS) - 0.5))
        ax.label_outer()
    _add_legend(figure, [*others, *coupled])
    add_caption(
        figure,
        summary,
        f"The same networks at {PERCENT * float(most):g} % padding, evaluated with four kinds of statistics: running averages over "
        "training, of biased or unbiased variances; moments pooled over the training set with the final weights; those of each test "
        "batch itself, as in training. Means with 95 % Student t intervals. For comparison a norm that keeps no such statistics: line at "
        "its mean, shaded: its interval.",
    )
    return figure


def _panels(summary: Summary) -> tuple[Figure, list[tuple[Axes, list[ArmSummary]]]]:
    """A grid with a column per model and a row per spread, and the arms of each panel."""
    models, spreads = levels_of(summary, "model"), levels_of(summary, "length_spread")
    figure = Figure(figsize=(max(4.4 * len(models), 6.4), 2.7 * len(spreads) + 1.4), layout="constrained")
    axes = figure.subplots(len(spreads), len(models), squeeze=False, sharex=True, sharey="row")
    panels = []
    for row, spread in zip(axes, spreads, strict=True):
        for ax, model in zip(row, models, strict=True):
            ax.set_title(f"{value_title('model', model)}, {_lengths(float(spread))}")
            panels.append((ax, [arm for arm in summary.arms if (arm.factors["model"], arm.factors["length_spread"]) == (model, spread)]))
    return figure, panels


def _lengths(spread: float) -> str:
    return f"lengths {1 - spread:.3g} to {1 + spread:.3g} times their mean" if spread else "all of one length"


def _kind(arm: ArmSummary) -> Kind:
    """Norm and masking: what a line stands for."""
    return arm.norm, str(arm.factors["masking"])


def _kinds(arms: Iterable[ArmSummary]) -> list[Kind]:
    return list(dict.fromkeys(_kind(arm) for arm in arms))


def _set_apart(arms: Sequence[ArmSummary], kinds: Sequence[Kind], step: float) -> Iterator[tuple[list[ArmSummary], float]]:
    """The arms of each line, and how far sideways it is drawn; the same in every panel."""
    for rank, kind in enumerate(kinds):
        own = sorted((arm for arm in arms if _kind(arm) == kind), key=lambda arm: float(arm.factors["padding_share"]))
        if own:
            yield own, WIDTH * step * (rank - (len(kinds) - 1) / 2) / max(len(kinds) - 1, 1)


def _accuracies(arms: Sequence[ArmSummary]) -> list[Estimate]:
    return [arm.measures["test_accuracy"] for arm in arms]


def _evaluations(arm: ArmSummary) -> list[Estimate]:
    return [arm.measures[measure] for measure in EVALUATIONS]


def _is_level(arm: ArmSummary) -> bool:
    """Whether all networks of an arm are the same by all statistics: its norm keeps none."""
    return len({tuple(arm.by_seed[measure]) for measure in EVALUATIONS}) == 1


def _plot_line(ax: Axes, arms: Sequence[ArmSummary], x: Sequence[float], levels: Sequence[Estimate], *, joined: bool = True) -> None:
    """Means in percent with intervals, one arm each, in the look of their norm; hollow and dashed where padding is not masked."""
    norm, masking = _kind(arms[0])
    means = [PERCENT * level.mean for level in levels]
    for place, level in zip(x, levels, strict=True):
        if level.low is not None and level.high is not None:
            ax.plot([place, place], [PERCENT * level.low, PERCENT * level.high], color=looks([norm])[norm].color, linewidth=1.4)
    (line,) = ax.plot(x, means, **_style(norm, masking))
    tell_points(line, [_text(arm, level) for arm, level in zip(arms, levels, strict=True)])
    if joined:
        line.set_label(arm_title({"norm": norm, "masking": masking}))
    else:
        line.set_linestyle("none")


def _plot_band(ax: Axes, arm: ArmSummary) -> None:
    """The accuracy of a network that is evaluated in one way only."""
    level, style = arm.measures["test_accuracy"], _style(*_kind(arm))
    ax.axhline(PERCENT * level.mean, color=style["color"], linewidth=1.2)
    (point,) = ax.plot(len(EVALUATIONS) - 0.6, PERCENT * level.mean, **style)
    tell_points(point, [_text(arm, level)])
    if level.low is not None and level.high is not None:
        ax.axhspan(PERCENT * level.low, PERCENT * level.high, color=style["color"], alpha=0.1, linewidth=0)


def _text(arm: ArmSummary, level: Estimate) -> str:
    """What is told of a point."""
    return f"{norm_title(arm.norm)}, {described(arm.factors)}: {level_text(level, 'test_accuracy')}"


def _style(norm: str, masking: str) -> dict[str, Any]:
    look = looks([norm])[norm]
    seen = masking == "unmasked"
    return {
        "color": look.color,
        "marker": look.marker,
        "linestyle": (0, (4, 1.5)) if seen else "solid",
        "markerfacecolor": "white" if seen else look.color,
    }


def _add_legend(figure: Figure, kinds: Sequence[Kind]) -> None:
    suffix = {"masked": ", padding masked", "unmasked": ", padding unmasked"}
    handles = [Line2D([], [], label=norm_title(norm) + suffix.get(masking, ""), **_style(norm, masking)) for norm, masking in kinds]
    figure.legend(handles=handles, loc="outside upper left", ncols=3, handlelength=3.2)


DRAWINGS = {
    "padding": Drawing("Test accuracy against the padding share, one panel per model and spread of lengths", make_padding),
    "evaluation": Drawing("Test accuracy by the statistics that the same networks are evaluated with", make_evaluation),
    "differences": DIFFERENCES,
}
"""File name to figure, in the order of the report."""
