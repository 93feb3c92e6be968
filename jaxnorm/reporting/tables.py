"""The tables of a report as text, for terminal and Markdown alike."""

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

from jaxnorm.analysis.control import describe_control
from jaxnorm.analysis.measures import EVALUATIONS, MEASURES, find_measure
from jaxnorm.analysis.summary import ArmSummary, Control, Difference, Evidence, Finding, Summary
from jaxnorm.analysis.wording import (
    SCALES,
    arm_title,
    count,
    described,
    format_difference,
    format_level,
    format_margin,
    format_p,
    norm_title,
    value_title,
)


@dataclasses.dataclass(frozen=True)
class TextTable:
    """Cells and what they mean. ``groups`` are headings, each over some of the rows; the heading is empty where a table has one group."""

    title: str
    caption: str
    headings: tuple[str, ...]
    groups: list[tuple[str, list[tuple[str, ...]]]]
    num_text_columns: int
    """How many leading columns hold words; the others hold numbers."""

    @property
    def anchor(self) -> str:
        """The title as an identifier: ``paired-differences``."""
        return re.sub(r"\W+", "-", self.title.lower())


POWER_CAPTION = (
    " Detectable: the true difference that so many seeds find in four runs of five, before any correction. Seeds needed: to find a "
    "difference of the observed size as often."
)
RESULT_COLUMNS = {
    "train_loss": "train. loss",
    "validation_loss": "valid. loss",
    "validation_accuracy": "valid. accuracy %",
    "test_accuracy": "test accuracy %",
    "validation_noise": "valid. noise points",
}
"""Measure to heading, after the epochs to converge."""


def results_table(summary: Summary) -> TextTable:
    """One row per arm: means with the half widths of their 95 % intervals."""
    measures = {name: heading for name, heading in RESULT_COLUMNS.items() if name in summary.arms[0].measures}
    columns = {"epochs_to_converge": f"epochs to {summary.rule.convergence_loss:g} nats"} | measures
    rows = [_result_row(arm, list(columns)) for arm in summary.arms]
    caption = (
        f"Means ± half width of the 95 % Student t interval, n = {count(len(summary.seeds), 'network')} per arm, after "
        f"{count(summary.epochs, 'epoch')}; losses in nats. Seconds: run time per network, over {_timed_groups(summary)}."
    )
    factors = [name.replace("_", " ") for name in summary.arms[0].factors]
    return TextTable("Results", caption, (*factors, *columns.values(), "seconds"), [("", rows)], 1)


def evaluations_table(summary: Summary) -> TextTable | None:
    """One row per arm whose networks differ by the statistics that they are evaluated with; None where there is no such arm."""
    columns = {f"test_accuracy_{name}": by for name, by in EVALUATIONS.items()}
    arms = [
        arm for arm in summary.arms if columns.keys() <= arm.measures.keys() and len({tuple(arm.by_seed[name]) for name in columns}) > 1
    ]
    if not arms:
        return None
    rows = [(arm_title(arm.factors), *(format_level(arm.measures[name], "fraction") for name in columns)) for arm in arms]
    caption = (
        f"Test accuracy in %, of the same networks evaluated by different statistics: means ± half width of the 95 % Student t interval, "
        f"n = {len(summary.seeds)}. Arms whose networks are the same by all are left out."
    )
    return TextTable("Evaluation", caption, ("arm", *columns.values()), [("", rows)], 1)


def _result_row(arm: ArmSummary, names: list[str]) -> tuple[str, ...]:
    cells = [format_level(arm.measures[name], MEASURES[name].unit) for name in names]
    others = [value_title(name, value) or "–" for name, value in arm.factors.items() if name != "norm"]
    return (norm_title(arm.norm), *others, *cells, format_level(arm.seconds, "seconds"))


def _timed_groups(summary: Summary) -> str:
    numbers = sorted({arm.seconds.n for arm in summary.arms})
    least_to_most = str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
    return f"{least_to_most} timed group{'' if numbers == [1] else 's'} of networks"


def differences_table(summary: Summary, *, with_power: bool = False) -> TextTable:
    """One row per difference, grouped by measure; ``with_power`` adds what so many seeds could find, and how many it needs."""
    row = _powered_row if with_power else _difference_row
    headings = ("difference", "mean [interval]", "margin", "adjusted p", *(("detectable", "seeds needed") if with_power else ()))
    groups = [
        (f"{MEASURES[name].title} ({SCALES[MEASURES[name].unit].of_difference})", [row(difference) for difference in group])
        for name, group in groupby(summary.differences, key=lambda difference: difference.measure)
    ]
    caption = (
        f"Mean differences with 95 % intervals, paired by seed, n = {len(summary.seeds)}; p by sign flips, adjusted for "
        f"{count(len(summary.differences), 'difference')} (see Method). A difference counts as none where it is shown to be smaller than "
        f"the margin.{POWER_CAPTION if with_power else ''}"
    )
    return TextTable("Paired differences", caption, headings, groups, 1)


def _difference_row(difference: Difference) -> tuple[str, ...]:
    unit = MEASURES[difference.measure].unit
    return (
        difference.label,
        format_difference(difference.estimate, unit, with_unit=False),
        format_margin(difference.margin, unit, with_unit=False),
        format_p(difference.p_adjusted).removeprefix("= "),
    )


def _powered_row(difference: Difference) -> tuple[str, ...]:
    unit = MEASURES[difference.measure].unit
    detectable = "–" if difference.detectable is None else format_margin(difference.detectable, unit, with_unit=False)
    needed = "–" if difference.seeds_needed is None else str(difference.seeds_needed)
    return (*_difference_row(difference), detectable, needed)


CLAIMED: dict[Finding, str] = {"as claimed": "higher", "the opposite": "lower", "too small": "none: within the margin", "open": "none"}
"""What would be claimed of a control's arm."""


def control_table(summary: Summary, control: Control) -> TextTable:
    """One row per measure: an arm minus itself on other seeds."""
    rows = [
        (
            f"{MEASURES[each.measure].title} ({SCALES[MEASURES[each.measure].unit].of_difference})",
            *_difference_row(each)[1:],
            CLAIMED[finding],
        )
        for each, finding in zip(control.differences, control.findings, strict=True)
    ]
    number = count(len(control.differences), "measure")
    caption = (
        f"{describe_control(control)} Reported minus further seeds, by position, since nothing pairs them; n = {len(summary.seeds)} "
        f"differences; p by sign flips, adjusted for {number} as the report's are, apart from them. "
        "Claimed: by the rule of the verdicts."
    )
    return TextTable(
        "Control: an arm against itself", caption, ("measure", "mean [interval]", "margin", "adjusted p", "claimed"), [("", rows)], 1
    )


def evidence_table(summary: Summary) -> TextTable:
    """One row per comparison, grouped by claim."""
    groups = [(f"{verdict.claim} {verdict.word}", [_evidence_row(each) for each in verdict.evidence]) for verdict in summary.verdicts]
    caption = (
        "Every comparison that a claim rests on, and what is found of it. Too small: shown to be smaller than the margin. Adjusted p: of "
        "the finding, or of what was expected where it is open, over all "
        f"{count(sum(len(rows) for _, rows in groups), 'comparison')} (see Method), apart from the paired differences above; intervals "
        "are each comparison's own, without a correction, and may leave out zero where it is open."
    )
    headings = ("measure, difference", "expected", "mean [interval]", "margin", "adjusted p", "finding")
    return TextTable("Evidence", caption, headings, groups, 2)


def _evidence_row(evidence: Evidence) -> tuple[str, ...]:
    difference = evidence.difference
    measure = find_measure(difference.measure)
    return (
        f"{measure.title}, {difference.label}",
        evidence.expected,
        format_difference(difference.estimate, measure.unit),
        format_margin(difference.margin, measure.unit, with_unit=False),
        format_p(evidence.p_adjusted).removeprefix("= "),
        evidence.finding,
    )


def timings_table(timings: Mapping[str, tuple[int, float, float]]) -> TextTable:
    """Arm key to number of networks, seconds of compiling and seconds of training, one row per arm."""
    rows = [
        (key, str(networks), f"{compiling:.2f}", f"{running:.2f}", f"{networks / running:.1f}")
        for key, (networks, compiling, running) in timings.items()
    ]
    caption = "Arms compile side by side, so their seconds of compiling overlap; a control shares its arm's program."
    headings = ("arm", "networks", "compiling s", "training s", "networks per s")
    return TextTable("Times", caption, headings, [("", rows)], 1)


def notes(summary: Summary) -> list[str]:
    """What the reader must know: the summary's own notes, then a sentence per arm on networks that diverged or did not converge."""
    target = f"{summary.rule.convergence_loss:g} nats"
    kinds: tuple[tuple[Callable[[ArmSummary], list[int]], str], ...] = (
        (lambda arm: arm.diverged, "diverged, counted as guessing"),
        (lambda arm: arm.unconverged, f"never reached {target}, counted as {count(summary.epochs, 'epoch')}"),
    )
    return summary.notes + [
        f"{norm_title(arm.norm)} at {described(arm.factors)}: {len(seeds)} of {count(len(summary.seeds), 'network')} {what}"
        f" ({'seed' if len(seeds) == 1 else 'seeds'} {_ranges(seeds)})."
        for of_arm, what in kinds
        for arm in summary.arms
        if (seeds := of_arm(arm))
    ]


def _ranges(seeds: list[int]) -> str:
    """``0-3, 7``."""
    runs = [[seed for _, seed in run] for _, run in groupby(enumerate(sorted(seeds)), key=lambda pair: pair[1] - pair[0])]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def markdown(table: TextTable) -> str:
    """The table as a section of a Markdown document."""
    return f"## {table.title}\n\n{markdown_rows(table)}\n\n{table.caption}"


def markdown_rows(table: TextTable) -> str:
    """The table alone."""
    marks = ["---" if index < table.num_text_columns else "---:" for index in range(len(table.headings))]
    lines = [markdown_row(table.headings), markdown_row(marks)]
    for group, rows in table.groups:
        lines += [markdown_row([f"**{group}**", *[""] * (len(marks) - 1)])] if group else []
        lines += [markdown_row(row) for row in rows]
    return "\n".join(lines)


def markdown_row(cells: Sequence[str]) -> str:
    """One line of a Markdown table."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
