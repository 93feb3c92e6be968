"""What was measured where runs come to the same training losses: figures, and the table of these losses."""

from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jaxnorm.report.blocks import Cell, Details, Table
from jaxnorm.report.figures import Legend, add_norm_legend, panels
from jaxnorm.report.sweeps import plot_sweep
from jaxnorm.report.vocabulary import Drawing, Vocabulary
from jaxnorm.stats.matching import LEVEL
from jaxnorm.stats.summary import ArmSummary, Summary


def at_equal_loss(
    *measures: str, across: str = "", columns: int | None = None, title: str, caption: str = "", legend: Legend = add_norm_legend
) -> Drawing:
    """Measures against the training loss, which falls from left to right: panels as of ``curves``."""

    def make(summary: Summary, words: Vocabulary) -> Figure:
        def plot(ax: Axes, arms: Sequence[ArmSummary], name: str) -> None:
            shown = [arm.factors for arm in arms]
            plot_sweep(ax, words, [sweep for sweep in summary.sweeps if sweep.factors in shown], name, LEVEL)
            ax.set_xlim(max(ax.get_xlim()), min(ax.get_xlim()))

        return panels(summary, measures, plot, across=across, columns=columns, legend=legend, sharey="row" if across else False)

    read = "Means over seeds with 95 % bands, where each run first comes down to a loss; training runs to the right."
    return Drawing(title, f"{read} {caption}".strip(), make, lambda summary: bool(summary.sweeps))


def levels_table(setting: str) -> Callable[[Summary], list[Details]]:
    """Folded: the losses at which runs are compared, and those of ``setting`` that not all of them pass."""

    def make(summary: Summary) -> list[Details]:
        levels = summary.facts["levels"]
        assert isinstance(levels, list)
        rows = [
            [Cell(f"{level:g}"), Cell("compared" if level in levels else "not passed by every run after epoch 1")]
            for level in sorted(summary.settings[setting], reverse=True)
        ]
        return [Details("Losses at which runs are compared", [Table("other", ("training loss (nats)", ""), rows, text_columns=2)])]

    return make
