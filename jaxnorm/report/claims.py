"""Claims with their verdicts: the table with forests, the statements in full, and a line for each."""

from collections.abc import Mapping, Sequence

from jaxnorm.report.arms import STRAY
from jaxnorm.report.blocks import Cell, ForestRow, Table
from jaxnorm.report.comparisons import factors_of, forest_row
from jaxnorm.report.text import comparison_title, difference_text, margin, say, signed
from jaxnorm.report.vocabulary import Vocabulary
from jaxnorm.stats.claims import Expectation, Slot
from jaxnorm.stats.summary import Evidence, Summary, Verdict

FAVOURS: dict[Expectation, int] = {"higher": 1, "lower": -1}
"""Expectation to the sign of differences that are in favour of it."""


def claims_table(summary: Summary, words: Vocabulary, *, amounts: bool = True) -> Table:
    """Every claim with its verdict, how many of its comparisons are as claimed, and a forest; ``amounts``: and by how much they differ."""
    rows = []
    for verdict in summary.verdicts:
        claim = words.claims[verdict.claim]
        linked = claim.figure if claim.figure in words.figures_of(summary) else ""
        rows.append(
            [
                Cell(verdict.claim),
                Cell(filled(claim.title, verdict.slots), _amounts(summary, words, verdict) if amounts else "", link=linked),
                Cell(verdict.word, f"{verdict.as_claimed} of {verdict.number}", verdict.word),
                Cell("", forest=forest(summary, words, verdict), image=f"claims/{verdict.claim}.svg"),
            ]
        )
    caption = (
        "Dots: comparisons; grey band: the margin; arrows: beyond three margins. Right, above zero, favours the claim; where sameness is "
        "claimed, inside the band does. Thin bars, the joint intervals, decide: they hold together for the whole report (95 %); thick bars "
        "are plain 95 % intervals."
    )
    return Table("claims", ("", "claim", "verdict", "comparisons"), rows, caption, 4)


def _amounts(summary: Summary, words: Vocabulary, verdict: Verdict) -> str:
    """From where to where the differences of a claim's comparisons reach, measure by measure; those in favour of it are above zero."""
    parts: dict[str, list[Evidence]] = {}
    for part in verdict.evidence:
        parts.setdefault(summary.comparisons[part.comparison].measure.partition("@")[0], []).append(part)
    return "; ".join(_amount(summary, words, name, found) for name, found in parts.items())


def _amount(summary: Summary, words: Vocabulary, name: str, found: Sequence[Evidence]) -> str:
    """``mean training loss −0.0081…+0.027 nats, margin 0.0031…0.0040``."""
    measure, compared = words.measure(name), [summary.comparisons[part.comparison] for part in found]
    signs = [part.sign * FAVOURS.get(part.expected, 1) for part in found]
    means = sorted(measure.unit.factor * sign * each.mean for sign, each in zip(signs, compared, strict=True))
    margins = sorted(each.margin for each in compared)
    by_epoch = len(compared) > 1 and any("@" in each.measure for each in compared)
    title = f"{words.metric(measure.metric).title} by epoch" if by_epoch else measure.title
    amount = " ".join(filter(None, [_range([signed(mean) for mean in means]), measure.unit.difference]))
    return f"{title} {amount}, margin {_range([margin(value, measure.unit) for value in margins])}"


def _range(numbers: Sequence[str]) -> str:
    """The first and the last of ascending numbers: ``0.0031…0.0040``; one that they share."""
    return "…".join(dict.fromkeys((numbers[0], numbers[-1])))


def forest(summary: Summary, words: Vocabulary, verdict: Verdict) -> tuple[ForestRow, ...]:
    """The intervals of a claim's comparisons, in margins."""
    return tuple(_forest_row(summary, words, part) for part in verdict.evidence)


def _forest_row(summary: Summary, words: Vocabulary, part: Evidence) -> ForestRow:
    comparison = summary.comparisons[part.comparison]
    unit = words.measure(comparison.measure).unit
    favour = part.sign * FAVOURS.get(part.expected, 1)
    if part.expected == "different" and favour * comparison.mean < 0:
        favour = -favour
    label = comparison_title(comparison, factors_of(summary), part.sign) + (f" {STRAY}" if comparison.strays else "")
    text = (
        f"{words.measure(comparison.measure).title}, {label}: {difference_text(comparison, unit, part.sign)}, "
        f"margin {margin(comparison.margin, unit)}; expected {part.expected}"
    )
    return forest_row(comparison, text, part.finding, favour)


def statements_table(summary: Summary, words: Vocabulary) -> Table:
    """Every claim as it is stated, and a row for each of its comparisons."""
    rows = []
    for verdict in summary.verdicts:
        statement = filled(words.claims[verdict.claim].statement, verdict.slots)
        for number, row in enumerate(forest(summary, words, verdict)):
            opening = [Cell(verdict.claim), Cell(statement)] if number == 0 else [Cell(""), Cell("")]
            rows.append([*opening, Cell(row.finding, mark=row.finding), Cell(row.text)])
    strays = any(summary.comparisons[part.comparison].strays for verdict in summary.verdicts for part in verdict.evidence)
    caption = "python -m jaxnorm.experiments.claims tells which document makes which claim."
    caption += f" {STRAY} with outlier or diverged runs." * strays
    return Table("other", ("", "statement", "finding", "comparison"), rows, caption, 4)


def verdict_line(summary: Summary, words: Vocabulary, verdict: Verdict) -> str:
    """A verdict in one line: ``A1 mixed, 5 of 6: BatchNorm at 128 converges fastest and lowest``."""
    title = filled(words.claims[verdict.claim].title, verdict.slots)
    return f"{verdict.claim} {verdict.word}, {verdict.as_claimed} of {verdict.number}: {title}"


def filled(template: str, slots: Mapping[str, Slot]) -> str:
    """A title or statement, its braces filled."""
    return template.format(**{name: say(value) for name, value in slots.items()})
