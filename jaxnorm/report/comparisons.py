"""Comparisons as tables: all of a report, and those of its control."""

from collections.abc import Sequence

from jaxnorm.report.arms import STRAY
from jaxnorm.report.blocks import Block, Cell, ForestRow, Mark, Table, Text
from jaxnorm.report.text import arm_title, comparison_title, count, difference, difference_text, margin
from jaxnorm.report.vocabulary import Vocabulary
from jaxnorm.stats.arm import Factor
from jaxnorm.stats.summary import Comparison, Control, Summary


def comparisons_table(summary: Summary, words: Vocabulary, comparisons: Sequence[Comparison]) -> Table:
    """One row for each comparison, with its interval, its margin and what it lacks."""
    factors, rows = factors_of(summary), []
    for each in comparisons:
        measure = words.measure(each.measure)
        mean, interval = difference(each, measure.unit)
        share = test_share(each)
        text = f"{measure.title}, {comparison_title(each, factors)}: {difference_text(each, measure.unit)}"
        rows.append(
            [
                Cell(f"{measure.title} ({measure.unit.difference})" if measure.unit.difference else measure.title),
                Cell(comparison_title(each, factors) + (STRAY if each.strays else "")),
                Cell(each.finding, mark=each.finding),
                Cell("", forest=(forest_row(each, text, each.finding),)),
                Cell(mean, interval),
                Cell(margin(each.margin, measure.unit)),
                Cell("" if share is None else f"{100 * share:.0f} %"),
                Cell("" if each.seeds_needed is None else f"{each.seeds_needed:,}"),
            ]
        )
    headings = ("measure", "comparison", "finding", "", "difference", "margin", "test set", "seeds needed")
    caption = (
        f"Differences paired by seed (n = {len(summary.seeds)}), with intervals that hold together for these and for the "
        f"{summary.number - len(summary.comparisons)} comparisons behind best marks. Test set: share of the squared standard error that "
        f"comes from the test examples, where it was recorded. {STRAY} with outlier or diverged runs."
    )
    return Table("comparisons", headings, rows, caption, 4)


def forest_row(each: Comparison, text: str, finding: Mark, sign: int = 1) -> ForestRow:
    """The intervals of a comparison in margins, or in sizes of the difference where there is no margin."""
    scale = each.margin or abs(each.mean) or 1.0
    joint, alone = (None if half is None else half / scale for half in (each.half, each.half_alone))
    return ForestRow(text, sign * each.mean / scale, joint, alone, finding, each.margin > 0)


def test_share(each: Comparison) -> float | None:
    """Of the squared standard error, the part of the test set; None where that is not known."""
    if each.test_error is None:
        return None
    test, seeds = each.test_error**2, each.deviation**2 / each.n
    return test / (test + seeds) if test + seeds else 0.0


def factors_of(summary: Summary) -> dict[str, dict[str, Factor]]:
    """Arm key to factors."""
    return {arm.key: arm.factors for arm in summary.arms}


def control_blocks(summary: Summary, control: Control, words: Vocabulary) -> list[Block]:
    """What was found of an arm against itself."""
    claimed = [each for each in control.comparisons if each.finding in ("higher", "lower")]
    arm, seeds = summary.arm(control.key), control.seeds
    rows = [
        [
            Cell(words.measure(each.measure).title),
            Cell(each.finding, mark=each.finding),
            Cell(difference_text(each, words.measure(each.measure).unit)),
        ]
        for each in control.comparisons
    ]
    said = (
        f"{arm_title(arm.factors)} was trained again on {count(len(seeds), 'other seed')}. Nothing differs but the seeds, so no difference "
        f"should be found: {len(claimed)} of {len(rows)} are. One control in twenty may find any."
    )
    return [Text(said), Table("other", ("measure", "finding", "difference"), rows, text_columns=2)]
