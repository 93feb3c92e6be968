"""The A/A control: an arm against itself on other seeds, where no difference is there to be found.

Two sets of seeds that have none in common are not paired. Their networks are set against each other by position, as seeds come: if nothing
but the seed tells them apart, each difference is as often up as down, which is all that the sign-flip test of ``verdict`` asks for.
"""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from jaxnorm.analysis.contrasts import Contrast, measure_contrasts
from jaxnorm.analysis.measures import find_measure
from jaxnorm.analysis.statistics import FAMILIES, could_show
from jaxnorm.analysis.summary import ALPHA, Control, Difference, Expectation, Finding
from jaxnorm.analysis.table import ArmTable
from jaxnorm.analysis.verdict import weigh
from jaxnorm.analysis.wording import arm_title, count, described, format_difference, format_p, norm_title
from jaxnorm.stats.arm import ControlArm
from jaxnorm.stats.rule import DecisionRule


class Repetition(NamedTuple):
    """The tidy rows of a control."""

    arm: ControlArm
    rows: pd.DataFrame


def measure_control(table: ArmTable, again: ArmTable, names: Sequence[str], rule: DecisionRule) -> Control:
    """An arm minus its control, by each of the measures ``names``, and what would be found of a claim of a difference.

    The rule is that of ``verdict``, applied to one claim a measure, "the arm has higher values than its control".
    """
    contrast = Contrast(f"{arm_title(table.arm.factors)} − its control", {table.arm.key: 1.0, again.arm.key: -1.0})
    differences = measure_contrasts([(contrast, name) for name in names], [table, again], rule, {})
    higher: list[Expectation] = ["higher"] * len(differences)
    findings: list[Finding] = [part.finding for part in weigh(differences, higher)]
    return Control(table.arm.factors, again.seeds, differences, findings)


def describe_control(control: Control) -> str:
    """What was found, as a sentence; a difference that was claimed, wrongly, is named."""
    seeds = f"seed{'s' if len(control.seeds) > 1 else ''} {control.seeds[0]}"
    seeds += f" to {control.seeds[-1]}" if len(control.seeds) > 1 else ""
    arm = f"{norm_title(str(control.factors['norm']))} at {described(control.factors)}"
    compared = f"Control: {arm} against itself, trained again on {seeds}: {count(len(control.differences), 'measure')} compared"
    if claimed := control.claimed:
        named = "; ".join(_facts(difference) for difference in claimed)
        return f"{compared}, {len(claimed)} claimed to differ, wrongly ({named}). One control in {round(FAMILIES / ALPHA)} may do so."
    if not could_show(len(control.seeds), len(control.differences)):
        return f"{compared}, none claimed to differ; {count(len(control.seeds), 'seed')} could not have shown any."
    return f"{compared}, none claimed to differ."


def _facts(difference: Difference) -> str:
    measure = find_measure(difference.measure)
    return f"{measure.title}: {format_difference(difference.estimate, measure.unit)}, adjusted p {format_p(difference.p_adjusted)}"
