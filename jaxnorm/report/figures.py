"""Figures: the kinds that many reports have, their legends, and how they are saved."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from jaxnorm.files import write_atomically
from jaxnorm.report.curves import plot_curves
from jaxnorm.report.factors import plot_factor
from jaxnorm.report.hover import with_titles
from jaxnorm.report.line_labels import label_lines
from jaxnorm.report.seeds import plot_seeds
from jaxnorm.report.style import INK, PAPER, levels_of, line_styles, looks, norms_of, styled, variant, variants_of
from jaxnorm.report.text import arm_title, described, norm_title
from jaxnorm.report.vocabulary import Drawing, Vocabulary
from jaxnorm.stats.arm import Factor
from jaxnorm.stats.summary import ArmSummary, Summary

LARGEST = 300_000
"""Bytes of an SVG from which on its dots and bands are drawn as an image within it."""
PANEL = (3.3, 2.7)
"""Inches of a panel among others."""
FOLLOWS_PAGE = """<style>svg{color:#333}@media screen and (prefers-color-scheme:dark){svg{color:#d5dbe3}}</style>"""
"""Ink of a figure that is a file of its own; in a page it is the page's."""

PlotPanel = Callable[[Axes, Sequence[ArmSummary], str], object]
"""Draws some arms by one name, of a metric or of a measure."""


def save_figures(summary: Summary, words: Vocabulary, folder: Path) -> None:
    """Write every figure of a report as ``NAME.svg``; the same summary gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    with styled():
        for name, drawing in words.figures_of(summary).items():
            write_atomically(folder / f"{name}.svg", to_svg(drawing.make(summary, words)).encode())


def to_svg(figure: Figure) -> str:
    """The drawing, with labels at lines, titles of points, and ink that follows the page it stands on."""
    label_lines(figure)
    svg = _save(figure)
    if len(svg) > LARGEST:
        for ax in figure.axes:
            for artist in ax.findobj(lambda each: isinstance(each, PathCollection | PolyCollection) or _is_dots(each)):
                artist.set_rasterized(True)
        svg = _save(figure)
    inked = re.sub(rf"(?i){INK}|#000000", "currentColor", svg)
    return re.sub(r"(<svg[^>]*>)", rf"\1{FOLLOWS_PAGE}", inked, count=1)


def _is_dots(artist: object) -> bool:
    return isinstance(artist, Line2D) and artist.get_linestyle() == "None"


def _save(figure: Figure) -> str:
    content = io.BytesIO()
    figure.savefig(content, format="svg", metadata={"Date": None}, facecolor=PAPER)
    return with_titles(content.getvalue().decode())


def curves(
    *metrics: str, across: str = "", title: str = "Training loss and validation accuracy after each epoch", caption: str = ""
) -> Drawing:
    """Metrics against epochs: a row for each and a column for each level of the factor ``across``; without one, a column for each metric."""
    read = "Means over seeds with 95 % bands."

    def make(summary: Summary, words: Vocabulary) -> Figure:
        def plot(ax: Axes, arms: Sequence[ArmSummary], name: str) -> None:
            plot_curves(ax, summary, words, name, arms)

        return panels(
            summary, metrics, plot, across=across, legend=add_norm_legend if across else add_arm_legend, sharey="row" if across else False
        )

    return Drawing(title, f"{read} {caption}".strip(), make)


def lines(*measures: str, over: str, across: str = "", where: Mapping[str, Factor] | None = None, title: str, caption: str = "") -> Drawing:
    """Measures against the numbers of the factor ``over``: a row for each, a column for each level of ``across``; or a column for each."""
    read = "Means with 95 % intervals, set apart sideways; crosses: some runs diverged."

    def make(summary: Summary, words: Vocabulary) -> Figure:
        def plot(ax: Axes, arms: Sequence[ArmSummary], name: str) -> None:
            plot_factor(ax, summary, words, name, over, arms)

        present = [name for name in measures if name in summary.arms[0].measures]
        return panels(summary, present, plot, across=across, where=where, legend=add_norm_legend, sharey="row" if across else False)

    return Drawing(title, f"{read} {caption}".strip(), make, lambda summary: len(levels_of(summary, over)) > 1)


def results(*measures: str, title: str = "Every run's result") -> Drawing:
    """A strip of dots for each arm, a panel for each measure."""

    def make(summary: Summary, words: Vocabulary) -> Figure:
        figure = Figure(figsize=(4.6 * len(measures), 1.0 + 0.28 * len(summary.arms)), layout="constrained")
        for ax, name in zip(figure.subplots(1, len(measures), squeeze=False, sharey=True)[0], measures, strict=True):
            plot_seeds(ax, summary, words, name)
        return figure

    return Drawing(title, "A dot for each run; above, the mean with its 95 % interval.", make)


def panels(
    summary: Summary,
    names: Sequence[str],
    plot: PlotPanel,
    *,
    across: str = "",
    where: Mapping[str, Factor] | None = None,
    legend: Callable[[Figure, Summary, Sequence[ArmSummary]], None],
    sharey: bool | str = False,
    size: tuple[float, float] = PANEL,
) -> Figure:
    """A grid of panels: a row for each name and a column for each level of ``across``; without one, a column for each name."""
    arms = arms_of(summary, **(where or {}))
    groups = {level: arms_of(summary, **{**(where or {}), across: level}) for level in levels_of(summary, across)} if across else {"": arms}
    shape = (len(names), len(groups)) if across else (1, len(names))
    width = size[0] * (1.35 if shape[1] == 2 else 1.0)
    figure = Figure(figsize=(width * shape[1], size[1] * shape[0] + 0.6), layout="constrained")
    axes = figure.subplots(*shape, squeeze=False, sharex=bool(across), sharey=sharey)  # pyright: ignore[reportArgumentType]
    for row, name in enumerate(names):
        for column, (level, group) in enumerate(groups.items()):
            ax = axes[row, column] if across else axes[0, row]
            plot(ax, group, name)
            if across and row == 0:
                ax.set_title(described({across: level}))
            if across:
                ax.label_outer()
    legend(figure, summary, arms)
    return figure


def arms_of(summary: Summary, **factors: Factor) -> list[ArmSummary]:
    """The arms that agree with ``factors``."""
    return [arm for arm in summary.arms if all(arm.factors[name] == value for name, value in factors.items())]


def add_arm_legend(figure: Figure, summary: Summary, arms: Sequence[ArmSummary]) -> None:
    """One entry per arm, a column per norm."""
    look, style = looks(norms_of(summary)), line_styles(variants_of(summary))
    ordered = sorted(arms, key=lambda arm: (norms_of(summary).index(arm.norm), variants_of(summary).index(variant(arm))))
    handles = [
        Line2D(
            [], [], color=look[arm.norm].color, marker=look[arm.norm].marker, linestyle=style[variant(arm)], label=arm_title(arm.factors)
        )
        for arm in ordered
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=len({arm.norm for arm in arms}), handlelength=3.2)


def add_norm_legend(figure: Figure, summary: Summary, arms: Sequence[ArmSummary]) -> None:
    """One entry per norm."""
    shown = {arm.norm for arm in arms}
    look = {norm: mark for norm, mark in looks(norms_of(summary)).items() if norm in shown}
    handles = [Line2D([], [], color=mark.color, marker=mark.marker, label=norm_title(norm)) for norm, mark in look.items()]
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles))
