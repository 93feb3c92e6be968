"""From a summary to the blocks of its report: what is seen at a glance first, everything else folded below."""

import math
from collections.abc import Mapping
from typing import Any

from jaxnorm.controls import clean
from jaxnorm.report.arms import all_arms_table, results_tables
from jaxnorm.report.blocks import Block, Code, Details, Heading, Picture, Report, Text
from jaxnorm.report.certainty import seeds_line, test_set_line
from jaxnorm.report.claims import claims_table, statements_table
from jaxnorm.report.comparisons import comparisons_table, control_blocks
from jaxnorm.report.method import method
from jaxnorm.report.reference import environment_table, terms_table
from jaxnorm.report.setting import kicker, question, setting
from jaxnorm.report.text import arm_title, count
from jaxnorm.report.vocabulary import Vocabulary
from jaxnorm.stats.intervals import FEWEST
from jaxnorm.stats.summary import Summary


def build_report(summary: Summary, words: Vocabulary, command: str, environment: Mapping[str, Any]) -> Report:
    """The whole report. ``command`` repeats the run, ``environment`` says on what it ran, as JSON values."""
    blocks = [
        Text(setting(summary, words)),
        *_conclusion(summary),
        Heading("Results"),
        *results_tables(summary, words),
        *warnings(summary),
        *([Heading("Claims and verdicts"), claims_table(summary, words)] if summary.verdicts else []),
        *(Text(line, "note") for line in (seeds_line(summary), test_set_line(summary, words)) if line),
        *_figures(summary, words),
        *_folded(summary, words, command, environment),
    ]
    return Report(question(summary), kicker(summary, environment), blocks)


def _conclusion(summary: Summary) -> list[Block]:
    said = clean(str(summary.settings.get("conclusion", "")))
    return [Text(said, "quote")] if said else []


def warnings(summary: Summary) -> list[Block]:
    """What must be seen before the numbers are believed."""
    said, total = [], len(summary.arms) * len(summary.seeds)
    diverged = [arm for arm in summary.arms if arm.diverged]
    number = sum(len(arm.diverged) for arm in diverged)
    if number == total:
        said.append(f"All {count(total, 'run')} diverged: this run shows nothing of its question.")
    elif diverged:
        worst = max(diverged, key=lambda arm: len(arm.diverged))
        most = f"{len(worst.diverged)} of {len(summary.seeds)} of {arm_title(worst.factors)}"
        chance = f"at most chance level ({math.log(summary.num_classes):.2f} nats)"
        said.append(f"{number:,} of {count(total, 'run')} diverged, {most}; their losses count as {chance}.")
    if len(summary.seeds) < FEWEST:
        said.append(f"{count(len(summary.seeds), 'seed')} can show nothing: give at least {FEWEST}.")
    return [Text(" ".join(said), "note")] if said else []


def _figures(summary: Summary, words: Vocabulary) -> list[Block]:
    drawings = words.figures_of(summary)
    return [Heading("Figures"), *(Picture(name, each.title, each.caption) for name, each in drawings.items())] if drawings else []


def _folded(summary: Summary, words: Vocabulary, command: str, environment: Mapping[str, Any]) -> list[Block]:
    """Claims and comparisons in full, all arms, what was chosen, the control, terms, method, environment."""
    comparisons = comparisons_table(summary, words, summary.comparisons)
    return [
        *([Details("Claims in full", [statements_table(summary, words)])] if summary.verdicts else []),
        Details(f"All {count(len(summary.comparisons), 'comparison')}", [comparisons]),
        Details("All arms", [all_arms_table(summary, words)]),
        *words.more(summary),
        *([Details("Control: the same arm on other seeds", control_blocks(summary, summary.control, words))] if summary.control else []),
        Details("Terms", [terms_table(summary, words)]),
        Details("Method", [Text(each) for each in method(summary)]),
        Details("Environment and command", [Code(clean(command)), environment_table(environment)]),
    ]
