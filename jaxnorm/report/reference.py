"""What a report says of its terms, and of where it was made."""

from collections.abc import Mapping
from typing import Any

from jaxnorm.controls import clean
from jaxnorm.report.blocks import Cell, Table
from jaxnorm.report.text import described, margin
from jaxnorm.report.vocabulary import Vocabulary
from jaxnorm.stats.arm import Factor
from jaxnorm.stats.measures import Measure
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.stats.summary import Summary
from jaxnorm.stats.units import DECADES, EPOCHS

GENERAL = {
    "arm": "one combination of what is compared, trained from every seed",
    "paired seeds": "the same seed means the same initial weights and the same order of examples in every arm",
    "margin": "how large a difference must be to matter; its rule is fixed before the run",
    "nats": "unit of losses (cross-entropy with natural logarithms)",
    "pp": "percentage points",
}
UNITS = {DECADES: "powers of ten: 0.3 decades are a factor of 2"}
"""Units that not every reader knows."""
GLOSSARY: dict[tuple[str, Factor], str] = {
    ("norm", "rms"): "LayerNorm without subtracting the mean",
    ("norm", "ghost"): "BatchNorm over parts of each batch, its ghosts, apart",
    ("norm", "renorm"): "BatchNorm whose batch statistics are corrected towards its running averages",
    ("norm", "noisy"): "BatchNorm, then noise whose distribution changes at every update: a control without stable distributions",
    ("placement", "plain"): "blocks without a residual connection",
    ("placement", "none"): "residual blocks without a norm",
    ("placement", "post"): "the norm after the residual sum: norm(x + f(x))",
    ("placement", "pre"): "the norm before the sublayer: x + f(norm(x))",
    ("placement", "sandwich"): "norms before and after the sublayer: x + norm(f(norm(x)))",
    ("order", "sorted"): "every batch holds examples of one class",
    ("order", "fixed"): "the same batches in every epoch",
    ("masking", "unmasked"): "padding enters the norm's statistics",
    ("masking", "masked"): "padding is left out of the norm's statistics",
    ("statistics", "frozen"): "BatchNorm's statistics are fixed after some epochs",
    ("rate", "fixed"): "the learning rate that all arms share",
    ("rate", "shared"): "the learning rate that all arms share",
    ("rate", "scaled"): "the learning rate in proportion to the batch size",
    ("rate", "best"): "the learning rate of the arm that does best on tuning seeds, which are not reported",
}
"""Norms and values of factors that not every reader knows."""


def terms_table(summary: Summary, words: Vocabulary) -> Table:
    """Terms, norms, factors and units that not every reader knows, then every measure of the report."""
    present = {(name, value) for arm in summary.arms for name, value in arm.factors.items()}
    named = [each.measure for each in summary.comparisons if "@" not in each.measure]
    measures = [words.measure(name) for name in dict.fromkeys([*named, *summary.arms[0].measures])]
    terms = GENERAL | {described({name: value}): meaning for (name, value), meaning in GLOSSARY.items() if (name, value) in present}
    terms |= {unit.difference: meaning for unit, meaning in UNITS.items() if any(each.unit == unit for each in measures)}
    if any(each.unit == EPOCHS for each in measures):
        terms["convergence loss"] = f"training loss at which a network counts as converged: {summary.rule.convergence_loss:g} nats"
    terms |= {each.title: _meaning(each, summary.rule) for each in measures}
    return Table("other", ("term", "meaning"), [[Cell(term), Cell(meaning)] for term, meaning in terms.items()], text_columns=2)


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
