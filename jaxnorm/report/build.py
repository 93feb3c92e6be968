"""From a summary to the blocks of its report: what is seen at a glance first, everything else folded below."""

from collections.abc import Mapping, Sequence
from typing import Any

from jaxnorm.report.blocks import Block, Cell, Code, Details, ForestRow, Heading, Picture, Report, Table, Text
from jaxnorm.report.method import method
from jaxnorm.report.setting import kicker, setting
from jaxnorm.report.text import (
    arm_title,
    comparison_title,
    conjoin,
    count,
    described,
    difference,
    difference_text,
    factor_title,
    level,
    margin,
    say,
    value_title,
)
from jaxnorm.report.vocabulary import Vocabulary
from jaxnorm.stats.arm import Factor
from jaxnorm.stats.seeds import MOST_SEEDS
from jaxnorm.stats.summary import ArmSummary, ColumnSummary, Comparison, Evidence, Summary, TableSummary, Verdict

STRAY = "†"
"""Marks arms and comparisons with diverged or outlier runs."""


def build_report(summary: Summary, words: Vocabulary, command: str, environment: Mapping[str, Any]) -> Report:
    """The whole report. ``command`` repeats the run, ``environment`` says on what it ran, as JSON values."""
    return Report(
        title=str(summary.settings["question"]),
        kicker=kicker(summary, environment),
        blocks=[
            Text(setting(summary, words)),
            *_conclusion(summary),
            Heading("Results"),
            *results_tables(summary, words),
            *warnings(summary),
            *([Heading("What people claim, and what this run shows"), claims_table(summary, words)] if summary.verdicts else []),
            Text(seeds_line(summary), "note"),
            *_figures(summary, words),
            *_folded(summary, words, command, environment),
        ],
    )


def _conclusion(summary: Summary) -> list[Block]:
    said = str(summary.settings.get("conclusion", ""))
    return [Text(said, "quote")] if said else []


def results_tables(summary: Summary, words: Vocabulary) -> list[Block]:
    """The tables of arms, best ones marked."""
    legend = "Mean ± 95 % half-width over seeds. Bold: best of its column; shaded: not distinguishable from it."
    tables = [_results_table(summary, words, table) for table in summary.tables]
    stray = any(STRAY in cell.text for table in tables for row in table.rows for cell in row)
    note = f" {STRAY} with outlier or diverged runs: see All arms." if stray else ""
    return [*tables, Text(legend + note, "note")]


def _results_table(summary: Summary, words: Vocabulary, table: TableSummary) -> Table:
    """A row for each arm and a column for each measure; or a column for each value of a factor."""
    varied = _varied(summary, [key for column in table.columns for key in column.arms])
    rows_by = [name for name in varied if name != table.across]
    headings = [f"{words.measure(name).title} ({words.measure(name).unit.level})" for name in table.measures]
    title = ""
    if table.across:
        title = ", ".join(filter(None, [headings[0], described(table.where)]))
        headings = [value_title(table.across, summary.arm(column.arms[0]).factors[table.across]) for column in table.columns]
        headings[0] = f"{factor_title(table.across)} {headings[0]}"
    lines: dict[tuple[Factor, ...], list[Cell]] = {}
    for place, column in enumerate(table.columns):
        for key in column.arms:
            arm = summary.arm(key)
            line = lines.setdefault(tuple(arm.factors[name] for name in rows_by), [Cell("–")] * len(table.columns))
            line[place] = _level_cell(arm, column, words)
    first = ", ".join(factor_title(name) for name in rows_by)
    titled = [[Cell(arm_title(dict(zip(rows_by, values, strict=True)))), *cells] for values, cells in lines.items()]
    return Table("arms", (first, *headings), titled, title=title)


def _varied(summary: Summary, keys: Sequence[str]) -> list[str]:
    """The factors that differ between some arms; the norm always."""
    factors = [summary.arm(key).factors for key in keys]
    return [name for name in factors[0] if name == "norm" or len({each[name] for each in factors}) > 1]


def _level_cell(arm: ArmSummary, column: ColumnSummary, words: Vocabulary) -> Cell:
    mean, half = level(arm.measures[column.measure], words.measure(column.measure).unit)
    stray = STRAY if arm.diverged or column.measure in arm.outliers else ""
    mark = "best" if arm.key == column.best else "tied" if arm.key in column.tied else ""
    return Cell(f"{mean}{stray}", half, mark)


def warnings(summary: Summary) -> list[Block]:
    """What must be seen before the numbers are believed."""
    diverged = sum(len(arm.diverged) for arm in summary.arms)
    total = len(summary.arms) * len(summary.seeds)
    said = []
    if diverged:
        said.append(f"{diverged:,} of {count(total, 'run')} diverged; they count as runs at chance level.")
    if any(comparison.half is None for comparison in summary.comparisons) and len(summary.seeds) < 3:
        said.append(f"{count(len(summary.seeds), 'seed')} can show nothing: give at least 3.")
    return [Text(" ".join(said), "note")] if said else []


def claims_table(summary: Summary, words: Vocabulary) -> Table:
    """Every claim with its verdict, how many of its comparisons are as claimed, and a forest."""
    rows = []
    for verdict in summary.verdicts:
        claim = words.claims[verdict.claim]
        slots = {name: say(value) for name, value in verdict.slots.items()}
        linked = claim.figure if claim.figure in words.figures_of(summary) else ""
        rows.append(
            [
                Cell(verdict.claim),
                Cell(claim.title.format(**slots), link=linked),
                Cell(verdict.word, f"{verdict.as_claimed} of {verdict.number}", verdict.word),
                Cell("", forest=forest(summary, words, verdict), image=f"claims/{verdict.claim}.svg"),
            ]
        )
    caption = (
        f"Right: in favour of the claim; grey band: smaller than the margin; thin bars hold for all {summary.number} comparisons of this "
        "report together (95 %) and decide, thick ones for one alone."
    )
    return Table("claims", ("", "claim", "verdict", "comparisons"), rows, caption, 4)


def forest(summary: Summary, words: Vocabulary, verdict: Verdict) -> tuple[ForestRow, ...]:
    """The intervals of a claim's comparisons, in margins."""
    return tuple(_forest_row(summary, words, part) for part in verdict.evidence)


def _forest_row(summary: Summary, words: Vocabulary, part: Evidence) -> ForestRow:
    comparison = summary.comparisons[part.comparison]
    unit = words.measure(comparison.measure).unit
    scale = comparison.margin or abs(comparison.mean) or 1.0
    favour = part.sign * (-1 if part.expected == "lower" else 1)
    if part.expected == "different" and favour * comparison.mean < 0:
        favour = -favour
    label = comparison_title(comparison, _factors(summary), part.sign)
    text = (
        f"{words.measure(comparison.measure).title}, {label}: {difference_text(comparison, unit, part.sign)}, "
        f"margin {margin(comparison.margin, unit)}; expected {part.expected}: {part.finding}"
    )
    halves = (None if half is None else half / scale for half in (comparison.half, comparison.half_alone))
    return ForestRow(text, favour * comparison.mean / scale, *halves, part.finding)


def _factors(summary: Summary) -> dict[str, dict[str, Factor]]:
    return {arm.key: arm.factors for arm in summary.arms}


def seeds_line(summary: Summary) -> str:
    """How many seeds would close what is open, in one line."""
    parts = [part for verdict in summary.verdicts for part in verdict.evidence if part.finding == "open"]
    needed = [part.seeds_needed for part in parts]
    total, what = sum(verdict.number for verdict in summary.verdicts), "of the claims' comparisons"
    if not summary.verdicts:
        needed = [each.seeds_needed for each in summary.comparisons if each.finding == "open"]
        total, what = len(summary.comparisons), "comparisons"
    if not needed:
        return f"How many seeds? {count(len(summary.seeds), 'seed')} decided all {total} {what}."
    within = sorted(each for each in needed if each is not None)
    opening = f"How many seeds? {len(needed)} of {total} {what} are open with {count(len(summary.seeds), 'seed')}"
    if not within:
        return f"{opening}; more than {MOST_SEEDS:,} would be needed."
    steps = dict.fromkeys((within[(len(within) - 1) // 2], within[-1]))
    closing = [f"{seeds:,} would close {sum(each <= seeds for each in within)}" for seeds in steps]
    return f"{opening}; at the spread seen here {conjoin(closing)} of them."


def _figures(summary: Summary, words: Vocabulary) -> list[Block]:
    drawings = words.figures_of(summary)
    return [Heading("Figures"), *(Picture(name, each.title, each.caption) for name, each in drawings.items())] if drawings else []


def _folded(summary: Summary, words: Vocabulary, command: str, environment: Mapping[str, Any]) -> list[Block]:
    """All comparisons, all arms, what was chosen, the control, terms, method, environment."""
    folded: list[Block] = []
    if summary.verdicts:
        folded.append(Details("Claims in full", [_statements_table(summary, words)]))
    folded.append(Details(f"All {len(summary.comparisons)} comparisons", [comparisons_table(summary, words, summary.comparisons)]))
    folded.append(Details("All arms", [_all_arms_table(summary, words)]))
    folded += words.more(summary)
    if summary.control:
        folded.append(Details("Control: the same arm on other seeds", _control(summary, words)))
    folded.append(Details("Terms", [_terms_table(summary, words)]))
    folded.append(Details("Method", [Text(each) for each in method(summary)]))
    return [*folded, Details("Environment and command", [Code(command), _environment_table(environment)])]


def _statements_table(summary: Summary, words: Vocabulary) -> Table:
    rows = []
    for verdict in summary.verdicts:
        claim, slots = words.claims[verdict.claim], {name: say(value) for name, value in verdict.slots.items()}
        found = [f"{row.text}." for row in forest(summary, words, verdict)]
        rows.append([Cell(verdict.claim), Cell(claim.statement.format(**slots)), Cell(" ".join(found))])
    return Table("other", ("", "statement", "comparisons"), rows, text_columns=3)


def comparisons_table(summary: Summary, words: Vocabulary, comparisons: Sequence[Comparison]) -> Table:
    """One row for each comparison, with its interval, its margin and what it lacks."""
    factors, rows = _factors(summary), []
    for each in comparisons:
        measure = words.measure(each.measure)
        mean, interval = difference(each, measure.unit)
        share = "" if each.test_error is None or not each.half_alone else f"{100 * _test_share(each):.0f} %"
        scale = each.margin or abs(each.mean) or 1.0
        halves = (None if half is None else half / scale for half in (each.half, each.half_alone))
        text = f"{measure.title}, {comparison_title(each, factors)}: {difference_text(each, measure.unit)}"
        rows.append(
            [
                Cell(f"{measure.title} ({measure.unit.difference})" if measure.unit.difference else measure.title),
                Cell(comparison_title(each, factors) + (STRAY if each.strays else "")),
                Cell(each.finding, mark=each.finding),
                Cell("", forest=(ForestRow(text, each.mean / scale, *halves, each.finding),)),
                Cell(mean, interval),
                Cell(margin(each.margin, measure.unit)),
                Cell(share),
                Cell("" if each.seeds_needed is None else f"{each.seeds_needed:,}"),
            ]
        )
    headings = ("measure", "comparison", "finding", "", "difference", "margin", "test set", "seeds needed")
    caption = (
        f"Differences paired by seed, with joint intervals (n = {len(summary.seeds)}). Test set: share of the squared standard error that "
        f"comes from the test examples, where it was recorded. {STRAY} with outlier or diverged runs."
    )
    return Table("comparisons", headings, rows, caption, 4)


def _test_share(each: Comparison) -> float:
    """Of the squared standard error, the part of the test set."""
    test, seeds = (each.test_error or 0.0) ** 2, each.deviation**2 / each.n
    return test / (test + seeds) if test + seeds else 0.0


def _all_arms_table(summary: Summary, words: Vocabulary) -> Table:
    names = list(summary.arms[0].measures)
    headings = ("arm", *(f"{words.measure(name).title} ({words.measure(name).unit.level})" for name in names), "diverged", "outliers")
    rows = []
    for arm in summary.arms:
        levels = [level(arm.measures[name], words.measure(name).unit) for name in names]
        outliers = {seed for seeds in arm.outliers.values() for seed in seeds}
        counts = [Cell(str(len(arm.diverged)) if arm.diverged else ""), Cell(str(len(outliers)) if outliers else "")]
        rows.append([Cell(arm_title(arm.factors)), *(Cell(*each) for each in levels), *counts])
    caption = f"n = {len(summary.seeds)} runs an arm. Outliers: runs more than 5 robust standard deviations from their arm's median."
    return Table("other", headings, rows, caption)


def _control(summary: Summary, words: Vocabulary) -> list[Block]:
    assert summary.control is not None
    claimed = [each for each in summary.control.comparisons if each.finding in ("higher", "lower")]
    arm, seeds = summary.arm(summary.control.key), summary.control.seeds
    rows = [
        [
            Cell(words.measure(each.measure).title),
            Cell(each.finding, mark=each.finding),
            Cell(difference_text(each, words.measure(each.measure).unit)),
        ]
        for each in summary.control.comparisons
    ]
    said = (
        f"{arm_title(arm.factors)} was trained again on {count(len(seeds), 'other seed')}. Nothing differs but the seeds, so no difference should be "
        f"found: {len(claimed)} of {len(rows)} are. One control in twenty may find any."
    )
    return [Text(said), Table("other", ("measure", "finding", "difference"), rows, text_columns=2)]


def _terms_table(summary: Summary, words: Vocabulary) -> Table:
    named = [each.measure for each in summary.comparisons if "@" not in each.measure]
    names = dict.fromkeys([*named, *summary.arms[0].measures])
    rows = [[Cell(words.measure(name).title), Cell(_defined(name, words, summary))] for name in names]
    return Table("other", ("measure", "meaning"), rows, text_columns=2)


def _defined(name: str, words: Vocabulary, summary: Summary) -> str:
    measure = words.measure(name)
    direction = f"; {measure.better} is better" if measure.better else ""
    share, fixed = f"{100 * summary.rule.loss_margin:g} % of the mean", summary.rule.accuracy_margin
    below = (
        share
        if measure.margin == "share"
        else f"{margin(fixed if measure.margin == 'accuracy' else float(measure.margin), measure.unit)} {measure.unit.difference}"
    )
    step = f"; read off a grid with steps of {margin(measure.step, measure.unit)} {measure.unit.difference}" if measure.step else ""
    return f"{measure.definition}{direction}; margin {below.strip()}{step}"


def _environment_table(environment: Mapping[str, Any]) -> Table:
    packages = ", ".join(f"{name} {version}" for name, version in environment.get("packages", {}).items())
    shown = {name: environment[name] for name in ("date", "processor", "cores", "backend", "python", "system") if name in environment}
    rows = [[Cell(name), Cell(str(value))] for name, value in (shown | {"packages": packages}).items()]
    return Table("other", ("", ""), rows, text_columns=2)


def verdict_line(summary: Summary, words: Vocabulary, verdict: Verdict) -> str:
    """A verdict in one line: ``A1 mixed, 5 of 6: BatchNorm at 128 converges fastest and lowest``."""
    title = words.claims[verdict.claim].title.format(**{name: say(value) for name, value in verdict.slots.items()})
    return f"{verdict.claim} {verdict.word}, {verdict.as_claimed} of {verdict.number}: {title}"
