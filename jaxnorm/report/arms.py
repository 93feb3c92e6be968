"""Tables of arms: results at a glance with the best marked, and all that was measured of each."""

from collections.abc import Sequence

from jaxnorm.report.blocks import Block, Cell, Table, Text
from jaxnorm.report.text import arm_title, described, factor_title, level, level_titles
from jaxnorm.report.vocabulary import Vocabulary
from jaxnorm.stats.arm import Factor
from jaxnorm.stats.summary import ArmSummary, ColumnSummary, Summary, TableSummary
from jaxnorm.stats.values import OUTLYING

STRAY = "†"
"""Marks arms and comparisons with diverged or outlier runs."""


def results_tables(summary: Summary, words: Vocabulary) -> list[Block]:
    """The tables of arms, best ones marked."""
    legend = "Mean ± 95 % half-width over seeds. Bold: best of its column; shaded: tied with it by joint intervals."
    tables = [_results_table(summary, words, table) for table in summary.tables]
    stray = any(STRAY in cell.text for table in tables for row in table.rows for cell in row)
    note = f" {STRAY} outlier or diverged runs: see All arms." if stray else ""
    return [*tables, Text(legend + note, "note")]


def _results_table(summary: Summary, words: Vocabulary, table: TableSummary) -> Table:
    """A row for each arm and a column for each measure; or a column for each value of a factor."""
    varied = _varied(summary, [key for column in table.columns for key in column.arms])
    rows_by = [name for name in varied if name != table.across]
    headings = [_heading(name, words) for name in table.measures]
    title = described(table.where)
    if table.across:
        title = ", ".join(filter(None, [headings[0], described(table.where)]))
        headings = level_titles(table.across, [summary.arm(column.arms[0]).factors[table.across] for column in table.columns])
    lines: dict[tuple[Factor, ...], list[Cell]] = {}
    for place, column in enumerate(table.columns):
        for key in column.arms:
            arm = summary.arm(key)
            line = lines.setdefault(tuple(arm.factors[name] for name in rows_by), [Cell("–")] * len(table.columns))
            line[place] = _level_cell(arm, column, words)
    first = ", ".join(factor_title(name) for name in rows_by)
    titled = [[Cell(arm_title(dict(zip(rows_by, values, strict=True)))), *cells] for values, cells in lines.items()]
    return Table("arms", (first, *headings), titled, title=title)


def _heading(name: str, words: Vocabulary) -> str:
    """Title and unit of a measure."""
    measure = words.measure(name)
    return f"{measure.title} ({measure.unit.level})" if measure.unit.level else measure.title


def _varied(summary: Summary, keys: Sequence[str]) -> list[str]:
    """The factors that differ between some arms; the norm always."""
    factors = [summary.arm(key).factors for key in keys]
    return [name for name in factors[0] if name == "norm" or len({each[name] for each in factors}) > 1]


def _level_cell(arm: ArmSummary, column: ColumnSummary, words: Vocabulary) -> Cell:
    mean, half = level(arm.measures[column.measure], words.measure(column.measure).unit)
    stray = STRAY if arm.diverged or column.measure in arm.outliers else ""
    mark = "best" if arm.key == column.best else "tied" if arm.key in column.tied else ""
    return Cell(f"{mean}{stray}", half, mark)


def all_arms_table(summary: Summary, words: Vocabulary) -> Table:
    """Every arm by every measure, with its diverged and outlier runs."""
    names = list(summary.arms[0].measures)
    headings = ("arm", *(_heading(name, words) for name in names), "diverged", "outliers")
    rows = []
    for arm in summary.arms:
        levels = [level(arm.measures[name], words.measure(name).unit) for name in names]
        outliers = {seed for seeds in arm.outliers.values() for seed in seeds}
        counts = [Cell(str(len(arm.diverged)) if arm.diverged else ""), Cell(str(len(outliers)) if outliers else "")]
        rows.append([Cell(arm_title(arm.factors)), *(Cell(*each) for each in levels), *counts])
    caption = (
        f"n = {len(summary.seeds)} runs an arm. Outliers: runs more than {OUTLYING:g} robust standard deviations (1.4826 times the median "
        "absolute deviation) from their arm's median."
    )
    return Table("other", headings, rows, caption)
