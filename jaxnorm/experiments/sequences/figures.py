"""The figures of ``sequences``, and its words: accuracy against padding, and by the statistics that networks are evaluated with."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter

from jaxnorm.data.sequences import TASKS
from jaxnorm.experiments.sequences.claims import CLAIMS, EVALUATED, MEASURES
from jaxnorm.report.axes import axis_label
from jaxnorm.report.factors import diverged_text, mark_diverged, with_errors
from jaxnorm.report.figures import PlotPanel, arms_of, panels
from jaxnorm.report.hover import tell_points
from jaxnorm.report.seeds import GOLDEN_ANGLE
from jaxnorm.report.style import levels_of, looks, norms_of
from jaxnorm.report.text import arm_title, conjoin, described, level_text, norm_title, value_title
from jaxnorm.report.vocabulary import Drawing, Vocabulary
from jaxnorm.stats.summary import ArmSummary, Estimate, Summary
from jaxnorm.stats.units import FRACTION, Unit

MODEL_TITLES = {"transformer": "Transformer encoder (2 post-norm layers, 4 heads)", "lstm": "LSTM", "gru": "GRU"}
STATISTICS_TITLES = {"per_step": "running statistics of each time step", "shared": "running statistics of all time steps together"}
EVALUATION_TITLES = {
    "test_accuracy_biased": "running,\nbiased",
    "test_accuracy_unbiased": "running,\nunbiased",
    "test_accuracy_population": "population",
    "test_accuracy_batch_statistics": "batch",
}
Kind = tuple[str, str]
"""Norm and masking: what a line stands for."""
WIDTH = 0.6
"""Share of the room between two places over which lines are set apart."""
JITTER = 0.06
"""How far dots of runs lie beside their mean, in places."""


def network(summary: Summary) -> str:
    """``LSTM of width 32, batches of 32, running statistics of all time steps together, 8 positions in the mean``."""
    settings = summary.settings
    parts = [f"{conjoin(MODEL_TITLES[model] for model in settings['models'])} of width {settings['width']}"]
    parts.append(f"batches of {settings['batch_size']}")
    parts += [STATISTICS_TITLES[settings["statistics"]]] if set(settings["models"]) != {"transformer"} else []
    parts += [f"{settings['mean_length']} positions in the mean"] if settings["dataset"] in TASKS else []
    return ", ".join(parts)


def make_padding(summary: Summary, words: Vocabulary) -> Figure:
    """Test accuracy against the padding share: a column per model, a row per spread of lengths."""
    kinds, shares = kinds_of(summary.arms), [float(share) for share in levels_of(summary, "padding_share")]
    room = min((high - low for low, high in itertools.pairwise(shares)), default=1.0)
    unit = words.measure("test_accuracy").unit

    def plot(ax: Axes, arms: Sequence[ArmSummary], name: str) -> None:
        for rank, kind in enumerate(kinds):
            own = sorted((arm for arm in arms if kind_of(arm) == kind), key=lambda arm: float(arm.factors["padding_share"]))
            x = [float(arm.factors["padding_share"]) + _shift(rank, len(kinds), room / 3) for arm in own]
            _plot_means(ax, own, x, [arm.measures[name] for arm in own], unit, **style_of(summary, kind))
        ax.xaxis.set_major_locator(FixedLocator(shares))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{FRACTION.factor * share:.0f}"))
        ax.set(xlabel="padding (% of all positions)", ylabel=axis_label(words.measure(name).title, unit))

    return _panels(summary, summary.arms, plot, kinds)


def make_evaluation(summary: Summary, words: Vocabulary) -> Figure:
    """Every run's test accuracy by the statistics that it is evaluated with, at the largest padding share."""
    arms = arms_of(summary, padding_share=levels_of(summary, "padding_share")[-1])
    coupled = coupled_kinds(summary)
    references = [kind for kind in kinds_of(arms) if kind not in coupled][:1]
    unit = words.measure("test_accuracy").unit
    titles = [*EVALUATION_TITLES.values(), *(f"none\n({norm_title(norm)})" for norm, _ in references)]

    def plot(ax: Axes, arms: Sequence[ArmSummary], name: str) -> None:
        for arm in arms:
            if kind_of(arm) in coupled:
                shift = _shift(coupled.index(kind_of(arm)), len(coupled), 1 / 2)
                _plot_runs(ax, summary, arm, EVALUATED, [rank + shift for rank in range(len(EVALUATED))], unit)
            elif kind_of(arm) in references:
                _plot_runs(ax, summary, arm, [name], [len(EVALUATED)], unit)
        ax.set_xticks(range(len(titles)), titles)
        ax.set(xlabel="statistics of the evaluation", ylabel=axis_label(words.measure(name).title, unit), xlim=(-0.5, len(titles) - 0.5))

    return _panels(summary, arms, plot, [*coupled, *references])


def _panels(summary: Summary, arms: Sequence[ArmSummary], plot: PlotPanel, kinds: Sequence[Kind]) -> Figure:
    """The test accuracy in a column per model and a row per spread of lengths."""
    models = levels_of(summary, "model")
    groups = {
        f"{value_title('model', model)}, {_lengths(float(spread))}": [
            arm for arm in arms if (arm.factors["model"], arm.factors["length_spread"]) == (model, spread)
        ]
        for spread in levels_of(summary, "length_spread")
        for model in models
    }

    def add_legend(figure: Figure, summary: Summary, arms: Sequence[ArmSummary]) -> None:
        handles = [
            Line2D([], [], label=described(dict(zip(("norm", "masking"), kind, strict=True))), **style_of(summary, kind)) for kind in kinds
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=3, handlelength=3.2)

    return panels(summary, ["test_accuracy"], plot, groups=groups, columns=len(models), legend=add_legend, sharey="row")


def _lengths(spread: float) -> str:
    return f"lengths {1 - spread:.3g} to {1 + spread:.3g} times their mean" if spread else "all of one length"


def kind_of(arm: ArmSummary) -> Kind:
    """Norm and masking of an arm."""
    return arm.norm, str(arm.factors["masking"])


def kinds_of(arms: Iterable[ArmSummary]) -> list[Kind]:
    """Norms and maskings of arms."""
    return list(dict.fromkeys(kind_of(arm) for arm in arms))


def coupled_kinds(summary: Summary) -> list[Kind]:
    """Those whose networks are not the same by all statistics: their norms keep some."""
    return kinds_of(arm for arm in summary.arms if len({tuple(arm.by_seed[measure]) for measure in EVALUATED}) > 1)


def style_of(summary: Summary, kind: Kind) -> dict[str, Any]:
    """The look of the norm; hollow and dashed where padding is not masked."""
    norm, masking = kind
    look = looks(norms_of(summary))[norm]
    hollow = {"linestyle": (0, (4, 1.5)), "markerfacecolor": "white"} if masking == "unmasked" else {}
    return {"color": look.color, "marker": look.marker} | hollow


def _shift(rank: int, number: int, room: float) -> float:
    """How far sideways the line of a rank is drawn; the same in every panel."""
    return WIDTH * room * (rank - (number - 1) / 2) / max(number - 1, 1)


def _plot_runs(ax: Axes, summary: Summary, arm: ArmSummary, names: Sequence[str], x: Sequence[float], unit: Unit) -> None:
    """A dot for each run by each measure, and their means."""
    style: dict[str, Any] = style_of(summary, kind_of(arm)) | {"linestyle": "none"}
    jitter = JITTER * np.sin(GOLDEN_ANGLE * np.arange(len(summary.seeds)))
    for at, name in zip(x, names, strict=True):
        ax.plot(at + jitter, unit.factor * np.asarray(arm.by_seed[name]), **style, alpha=0.5, markersize=2.5, mew=0.5)
    _plot_means(ax, [arm] * len(names), x, [arm.measures[name] for name in names], unit, **style)


def _plot_means(ax: Axes, arms: Sequence[ArmSummary], x: Sequence[float], levels: Sequence[Estimate], unit: Unit, **style: Any) -> None:
    """Means with intervals, one arm each; none where there are no arms."""
    if not arms:
        return
    means, errors = with_errors(levels, unit.factor)
    line = ax.errorbar(x, means, errors, capsize=2.0, linewidth=1.4, **style)[0]
    if style.get("linestyle") != "none":
        line.set_label(arm_title({"norm": arms[0].norm, "masking": arms[0].factors["masking"]}))
    tell_points(
        line, [f"{described(arm.factors)}: {level_text(each, unit)}{diverged_text(arm)}" for arm, each in zip(arms, levels, strict=True)]
    )
    mark_diverged(ax, [(at, mean) for at, mean, arm in zip(x, means, arms, strict=True) if arm.diverged])


WORDS = Vocabulary(
    measures=MEASURES,
    claims={claim.id: claim for claim in CLAIMS},
    drawings={
        "padding": Drawing(
            "Test accuracy against the share of padding",
            "Means with 95 % intervals, set apart sideways. Within a panel only the padding grows; unmasked, it enters the norms' "
            "statistics.",
            make_padding,
        ),
        "evaluation": Drawing(
            "Test accuracy by the statistics that networks are evaluated with",
            "A dot for each run, at the largest share of padding; means with 95 % intervals.",
            make_evaluation,
            lambda summary: bool(coupled_kinds(summary)),
        ),
    },
    network=network,
)
