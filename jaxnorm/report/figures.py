"""Figures: the kinds that many reports have, their legends, and how they are saved."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from jaxnorm.files import write_atomically
from jaxnorm.report.curves import plot_curves
from jaxnorm.report.factors import plot_factor, spread_measure
from jaxnorm.report.hover import with_titles
from jaxnorm.report.line_labels import label_lines
from jaxnorm.report.seeds import plot_seeds
from jaxnorm.report.style import BLACK, INK, PAPER, levels_of, line_styles, looks, norms_of, styled, variant, variants_of, varied
from jaxnorm.report.text import arm_title, described, norm_title
from jaxnorm.report.vocabulary import Drawing, Vocabulary
from jaxnorm.stats.arm import Factor
from jaxnorm.stats.summary import ArmSummary, Summary

LARGEST = 300_000
"""Bytes of an SVG from which on its dots and bands are drawn as an image within it."""
PANEL = (3.3, 2.7)
"""Inches of a panel among others."""
WIDTHS, NARROWEST = {1: 1.0, 2: 1.35, 3: 1.0}, 0.82
"""Number of columns to the width of a panel, as a share of ``PANEL``'s; and where there are more columns."""
PLACES = re.compile(r' (?:d|x|y|x1|x2|y1|y2|points)="[^"]*"')
FINE = re.compile(r"(\.\d)\d+")
"""Attributes that hold places, and what of their numbers is finer than a tenth of a point."""
FOLLOWS_PAGE = """<style>svg{color:#333}@media screen and (prefers-color-scheme:dark){svg{color:#d5dbe3}}</style>"""
"""Ink of a figure that is a file of its own; in a page it is the page's."""

PlotPanel = Callable[[Axes, Sequence[ArmSummary], str], object]
"""Draws some arms by one name, of a metric or of a measure."""
Legend = Callable[[Figure, Summary, Sequence[ArmSummary]], None]
"""Adds the legend of the arms that are shown."""


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
    svg = PLACES.sub(lambda place: FINE.sub(r"\1", place[0]), re.sub(r"\n +", "\n", svg))
    inked = re.sub(rf"(?i){INK}|{BLACK}", "currentColor", svg)
    return re.sub(r"(<svg[^>]*>)", rf"\1{FOLLOWS_PAGE}", inked, count=1)


def _is_dots(artist: object) -> bool:
    return isinstance(artist, Line2D) and artist.get_linestyle() == "None"


def _save(figure: Figure) -> str:
    content = io.BytesIO()
    figure.savefig(content, format="svg", metadata={"Date": None}, facecolor=PAPER)
    return with_titles(content.getvalue().decode())


def curves(
    *metrics: str,
    across: str = "",
    columns: int | None = None,
    legend: Legend | None = None,
    title: str = "Training loss and validation accuracy after each epoch",
    caption: str = "",
) -> Drawing:
    """Metrics against epochs: a row for each, a column for each level of ``across``; without one, a panel for each in ``columns``."""
    read = "Means over seeds with 95 % bands."

    def make(summary: Summary, words: Vocabulary) -> Figure:
        def plot(ax: Axes, arms: Sequence[ArmSummary], name: str) -> None:
            plot_curves(ax, summary, words, name, arms)

        shown = legend or (add_norm_legend if across else add_arm_legend)
        return panels(summary, metrics, plot, across=across, legend=shown, sharey="row" if across else False, columns=columns)

    return Drawing(title, f"{read} {caption}".strip(), make)


def lines(*measures: str, over: str, across: str = "", where: Mapping[str, Factor] | None = None, title: str, caption: str = "") -> Drawing:
    """Measures against the numbers of the factor ``over``: a row for each, a column for each level of ``across``; or a column for each."""
    read = "Means with 95 % intervals; crosses: some runs diverged."

    def shown(summary: Summary) -> list[ArmSummary]:
        return arms_of(summary, **(where or {}))

    def make(summary: Summary, words: Vocabulary) -> Figure:
        def plot(ax: Axes, arms: Sequence[ArmSummary], name: str) -> None:
            plot_factor(ax, summary, words, name, over, arms)
            spread_measure(ax, words.measure(name), [arm.measures[name] for arm in shown(summary)])

        present = [name for name in measures if name in summary.arms[0].measures]
        return panels(summary, present, plot, across=across, where=where, legend=add_norm_legend, sharey="row" if across else False)

    return Drawing(title, f"{read} {caption}".strip(), make, lambda summary: len({arm.factors[over] for arm in shown(summary)}) > 1)


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
    legend: Legend,
    sharey: Literal["row"] | bool = False,
    size: tuple[float, float] = PANEL,
    columns: int | None = None,
    groups: Mapping[str, Sequence[ArmSummary]] | None = None,
) -> Figure:
    """Panels: a row for each name and a column for each level of ``across``; without one, a panel for each name in so many ``columns``.

    ``groups``: arms by the title of their column, instead of levels; an arm may stand in several. With ``columns``, they take more rows.
    """
    arms = arms_of(summary, **(where or {}))
    if across:
        by_level = {level: arms_of(summary, **{**(where or {}), across: level}) for level in levels_of(summary, across)}
        groups = {described({across: level}): group for level, group in by_level.items() if group}
    titled = groups or {"": arms}
    columns = columns or (len(titled) if groups else len(names))
    shape = (len(names) * len(titled) // columns, columns)
    width = size[0] * WIDTHS.get(columns, NARROWEST)
    figure = Figure(figsize=(width * shape[1], size[1] * shape[0] + 0.6), layout="constrained")
    axes = figure.subplots(*shape, squeeze=False, sharex=bool(groups), sharey=sharey)
    for row, name in enumerate(names):
        for column, (title, group) in enumerate(titled.items()):
            ax = axes.flat[row * len(titled) + column]
            plot(ax, group, name)
            if groups and row == 0:
                ax.set_title(title)
            if groups:
                ax.label_outer()
    legend(figure, summary, arms)
    return figure


def arms_of(summary: Summary, **factors: Factor) -> list[ArmSummary]:
    """The arms that agree with ``factors``."""
    return [arm for arm in summary.arms if all(arm.factors[name] == value for name, value in factors.items())]


def add_arm_legend(figure: Figure, summary: Summary, arms: Sequence[ArmSummary]) -> None:
    """One entry per arm, a column per norm."""
    norms, variants, named = norms_of(summary), variants_of(arms), varied(arms)
    look, style = looks(norms), line_styles(variants)
    handles = []
    for arm in sorted(arms, key=lambda arm: (norms.index(arm.norm), variants.index(variant(arm)))):
        mark, title = look[arm.norm], arm_title({name: arm.factors[name] for name in named})
        handles.append(Line2D([], [], color=mark.color, marker=mark.marker, linestyle=style[variant(arm)], label=title))
    columns = len(handles) // len(variants) if len(handles) % len(variants) == 0 else len(handles)
    figure.legend(handles=handles, loc="outside upper left", ncols=columns, handlelength=3.2)


def add_norm_legend(figure: Figure, summary: Summary, arms: Sequence[ArmSummary]) -> None:
    """One entry per norm."""
    shown = {arm.norm for arm in arms}
    look = {norm: mark for norm, mark in looks(norms_of(summary)).items() if norm in shown}
    handles = [Line2D([], [], color=mark.color, marker=mark.marker, label=norm_title(norm)) for norm, mark in look.items()]
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles))
