"""What a report says of its terms, and of where it was made."""

from collections.abc import Mapping
from typing import Any

from jaxnorm.report.blocks import Cell, Table
from jaxnorm.report.text import clean, margin
from jaxnorm.report.vocabulary import Vocabulary
from jaxnorm.stats.measures import Measure
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.stats.summary import Summary


def terms_table(summary: Summary, words: Vocabulary) -> Table:
    """Every measure of the report, and what it means."""
    named = [each.measure for each in summary.comparisons if "@" not in each.measure]
    measures = [words.measure(name) for name in dict.fromkeys([*named, *summary.arms[0].measures])]
    return Table(
        "other", ("measure", "meaning"), [[Cell(each.title), Cell(_meaning(each, summary.rule))] for each in measures], text_columns=2
    )


def _meaning(measure: Measure, rule: DecisionRule) -> str:
    direction = f"{measure.better} is better" if measure.better else ""
    step = f"read off a grid with steps of {_amount(measure.step, measure)}" if measure.step else ""
    return "; ".join(filter(None, [measure.definition, direction, f"margin {_margin(measure, rule)}", step]))


def _margin(measure: Measure, rule: DecisionRule) -> str:
    if measure.margin == "share":
        return f"{100 * rule.loss_margin:g} % of the mean"
    return _amount(rule.accuracy_margin if measure.margin == "accuracy" else measure.margin, measure)


def _amount(value: float, measure: Measure) -> str:
    return f"{margin(value, measure.unit)} {measure.unit.difference}".strip()


def environment_table(environment: Mapping[str, Any]) -> Table:
    """On what a run ran."""
    packages = ", ".join(f"{name} {version}" for name, version in environment.get("packages", {}).items())
    shown = {name: environment[name] for name in ("date", "processor", "cores", "backend", "python", "system") if name in environment}
    rows = [[Cell(name), Cell(clean(str(value)))] for name, value in (shown | {"packages": packages}).items()]
    return Table("other", ("", ""), rows, text_columns=2)
