"""The figures of ``batch_size``, and its words: accuracy, noise and learning rates against the batch size, kinds of evaluation, ghosts."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from jaxnorm.experiments.batch_size.claims import CLAIMS, MEASURES
from jaxnorm.experiments.batch_size.rates import RATE, SWEPT
from jaxnorm.experiments.batch_size.study import WHOLE
from jaxnorm.experiments.evaluation_measures import EVALUATED_BY
from jaxnorm.report.axes import FACTOR_LABELS, axis_label
from jaxnorm.report.blocks import Block, Cell, Details, Table, Text
from jaxnorm.report.factors import DODGE, diverged_text, mark_diverged, spread_measure, with_errors
from jaxnorm.report.figures import add_norm_legend, arms_of, lines
from jaxnorm.report.hover import tell_points
from jaxnorm.report.style import INK, looks, norms_of
from jaxnorm.report.text import arm_title, count, level, level_text, norm_title, value_title
from jaxnorm.report.vocabulary import Drawing, Vocabulary
from jaxnorm.stats.summary import ArmSummary, Summary, Sweep

BY_SIZE = {"ghost_size": WHOLE, "order": "mixed"}
"""Factors of the arms that differ in their batch size and their norm."""
REFERENCE = "layer"
"""The norm that stands among the evaluations of others for comparison."""
EVALUATIONS: dict[str, dict[str, Any]] = {
    "biased": {"color": "#7F7F7F", "marker": "v", "linestyle": (0, (1, 1.2))},
    "unbiased": {"color": "#56B4E9", "marker": "^", "linestyle": (0, (4, 1.5))},
    "population": {"color": "#009E73", "marker": "P", "linestyle": (0, (5, 1.5, 1, 1.5))},
    "batch_statistics": {"color": "#7A5195", "marker": "X", "linestyle": "solid"},
}
"""How the lines look that tell by what BatchNorm evaluates."""
RATE_LINES = {"fixed": (0, (4, 3)), "scaled": (0, (1, 1.2))}


def network(summary: Summary) -> str:
    """``MLP 784-64-64-10, relu``."""
    settings, width = summary.settings, summary.settings["width"]
    return f"MLP {summary.data['inputs']}-{width}-{width}-{summary.num_classes}, {settings['activation']}"


def evaluation(summary: Summary, words: Vocabulary) -> Figure:
    """Test accuracy by the statistics of the evaluation against the batch size, a panel per norm over the batch, at the best rates."""
    norms, arms = coupled_norms(summary), arms_of(summary, rate="best", **BY_SIZE)
    shown, references = ([arm for arm in arms if arm.norm in each] for each in (norms, (REFERENCE,)))
    figure = Figure(figsize=(max(7.4, 4.6 * len(norms)), 3.9), layout="constrained")
    for ax, norm in zip(figure.subplots(1, len(norms), squeeze=False, sharey=True)[0], norms, strict=True):
        plot_evaluations(ax, words, [arm for arm in shown if arm.norm == norm], references)
        ax.set_title(norm_title(norm))
        ax.label_outer()
    estimates = [arm.measures[name] for arm in (*shown, *references) for name in _evaluated()]
    spread_measure(figure.axes[0], words.measure("test_accuracy"), estimates)
    look = looks([REFERENCE])[REFERENCE]
    handles = [Line2D([], [], label=EVALUATED_BY[kind], **style) for kind, style in EVALUATIONS.items()]
    handles += [Line2D([], [], color=look.color, marker=look.marker, label=norm_title(REFERENCE))][: len(references)]
    figure.legend(handles=handles, loc="outside upper left", ncols=3, handlelength=3.2)
    return figure


def coupled_norms(summary: Summary) -> list[str]:
    """The norms whose networks are not the same by all statistics."""
    arms = arms_of(summary, rate="best", **BY_SIZE)
    return list(dict.fromkeys(arm.norm for arm in arms if len({tuple(arm.by_seed[name]) for name in _evaluated()}) > 1))


def _evaluated() -> list[str]:
    return [f"test_accuracy_{kind}" for kind in EVALUATIONS]


def plot_evaluations(ax: Axes, words: Vocabulary, arms: Sequence[ArmSummary], references: Sequence[ArmSummary]) -> Axes:
    """One line per kind of statistics for the arms of one norm, and one for those of another."""
    look = looks([REFERENCE])[REFERENCE]
    drawn = [(arms, f"test_accuracy_{kind}", kind.replace("_", " "), style) for kind, style in EVALUATIONS.items()]
    drawn += [(references, "test_accuracy", norm_title(REFERENCE), {"color": look.color, "marker": look.marker})] if references else []
    for rank, (own, name, label, style) in enumerate(drawn):
        ordered = sorted(own, key=lambda arm: arm.factors["batch_size"])
        measure = words.measure(name)
        means, errors = with_errors([arm.measures[name] for arm in ordered], measure.unit.factor)
        x = [float(arm.factors["batch_size"]) * 2 ** (DODGE * (rank - (len(drawn) - 1) / 2)) for arm in ordered]
        line = ax.errorbar(x, means, errors, capsize=2.0, linewidth=1.4, **style)[0]
        line.set_label(label)
        told = (f"{arm_title(arm.factors)}, {measure.title}: {level_text(arm.measures[name], measure.unit)}" for arm in ordered)
        tell_points(line, [text + diverged_text(arm) for text, arm in zip(told, ordered, strict=True)])
        mark_diverged(ax, [(at, mean) for at, mean, arm in zip(x, means, ordered, strict=True) if arm.diverged])
    _by_size(ax, sorted({float(arm.factors["batch_size"]) for arm in (*arms, *references)}))
    ax.set(ylabel=axis_label(words.measure("test_accuracy").title, words.measure("test_accuracy").unit))
    return ax


def _by_size(ax: Axes, sizes: Sequence[float]) -> None:
    """An axis of batch sizes, with a tick at each."""
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_locator(FixedLocator(list(sizes)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set(xlabel=FACTOR_LABELS["batch_size"], xlim=(sizes[0] / 1.4, sizes[-1] * 1.4))


def learning_rate(summary: Summary, words: Vocabulary) -> Figure:
    """The best learning rate of every norm against the batch size, beside the fixed and the scaled one."""
    figure = Figure(figsize=(7.4, 3.9), layout="constrained")
    ax = figure.subplots()
    look, sweeps = looks(norms_of(summary)), sweeps_by_size(summary)
    norms = list(dict.fromkeys(sweep.norm for sweep in sweeps))
    for rank, norm in enumerate(norms):
        best = _rates(sweeps, "best", norm)
        x = [size * 2 ** (2 * DODGE * (rank - (len(norms) - 1) / 2)) for size in best]
        mark = look[norm]
        (curve,) = ax.plot(x, list(best.values()), color=mark.color, marker=mark.marker, linewidth=1.2, label=norm_title(norm))
        tell_points(curve, [f"{norm_title(norm)}, batch size {size:g}: {rate:g}" for size, rate in best.items()])
    for kind, style in RATE_LINES.items():
        rates = _rates(sweeps, kind)
        ax.plot(list(rates), list(rates.values()), color=INK, linewidth=1.0, linestyle=style, zorder=0, label=value_title("rate", kind))
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(FixedLocator([point.setting[RATE] for point in sweeps[0].points]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set(ylabel="learning rate")
    _by_size(ax, list(_rates(sweeps, "best")))
    add_norm_legend(figure, summary, arms_of(summary, rate="best", **BY_SIZE))
    return figure


def sweeps_by_size(summary: Summary) -> list[Sweep]:
    """The sweeps of the arms that differ in their batch size and their norm."""
    return [sweep for sweep in summary.sweeps if all(sweep.factors[name] == value for name, value in BY_SIZE.items())]


def _rates(sweeps: Sequence[Sweep], kind: str, norm: str = "") -> dict[float, float]:
    """Batch size to the rate of a kind, ascending, with one norm or any."""
    own = (sweep for sweep in sweeps if norm in ("", sweep.norm))
    return dict(sorted((float(sweep.factors["batch_size"]), sweep.marked[kind][RATE]) for sweep in own))


def more(summary: Summary) -> list[Block]:
    """How well every arm did at every learning rate, and which was chosen."""
    settings, unit = summary.settings, MEASURES[SWEPT].unit
    rates = [point.setting for point in summary.sweeps[0].points]
    rows = []
    for sweep in summary.sweeps:
        levels = [
            Cell(level(point.measures[SWEPT], unit)[0], mark="best" if point.setting == sweep.marked["best"] else "")
            for point in sweep.points
        ]
        updates = summary.epochs * (summary.data["train"] // int(sweep.factors["batch_size"]))
        scaled = f"{sweep.marked['scaled'][RATE]:g}" if "scaled" in sweep.marked else ""
        rows.append([Cell(arm_title(sweep.factors)), Cell(f"{updates:,}"), Cell(scaled), *levels])
    caption = (
        f"{MEASURES[SWEPT].title.capitalize()} ({unit.level}) of the reported seeds at each learning rate. Bold: the best rate of the arm "
        f"by the same of {count(settings['tuning_seeds'], 'tuning seed')}, which are not reported. "
        f"Fixed rate: {settings['learning_rate']:g}. Scaled rate: in proportion to the batch size, {settings['learning_rate']:g} at "
        f"{settings['reference_batch_size']}."
    )
    headings = ("arm", "updates", "scaled rate", *(f"{rate[RATE]:g}" for rate in rates))
    return [Details("Learning rates", [Table("other", headings, rows), Text(caption, "note")])]


WORDS = Vocabulary(
    measures=MEASURES,
    claims={claim.id: claim for claim in CLAIMS},
    drawings={
        "accuracy": lines(
            "test_accuracy",
            over="batch_size",
            across="rate",
            where=BY_SIZE,
            title="Test accuracy against the batch size",
            caption="Scaled: in proportion to the batch size. Best: chosen by other seeds.",
        ),
        "evaluation": Drawing(
            "Test accuracy by the statistics that the same networks are evaluated with, best rates",
            "Running averages and population statistics come from training examples, batch statistics from each test batch. Means with "
            "95 % intervals.",
            evaluation,
            lambda summary: bool(coupled_norms(summary)),
        ),
        "noise": lines(
            "validation_noise",
            "test_accuracy_spread",
            over="batch_size",
            across="rate",
            where=BY_SIZE,
            title="Noise from epoch to epoch, and differences between seeds, against the batch size",
        ),
        "ghost": lines(
            "test_accuracy", over="ghost_size", across="rate", where={"norm": "ghost"}, title="Test accuracy against the ghost size"
        ),
        "learning_rate": Drawing(
            "The best learning rate against the batch size",
            "Best of the grid by validation accuracy of other seeds; norms set apart sideways.",
            learning_rate,
            lambda summary: len(_rates(sweeps_by_size(summary), "best")) > 1,
        ),
    },
    network=network,
    more=more,
)
