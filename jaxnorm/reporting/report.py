"""``report.md``: the whole report, for people who read it without running anything."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jaxnorm.analysis.advice import advice
from jaxnorm.analysis.bootstrap import RESAMPLES
from jaxnorm.analysis.findings import count_verdicts, facts
from jaxnorm.analysis.seeds import seeds_sentences
from jaxnorm.analysis.statistics import FAMILIES, FLIPS, SAMENESS
from jaxnorm.analysis.summary import ALPHA, Summary
from jaxnorm.analysis.table import GUESSING_TOLERANCE
from jaxnorm.files import write_atomically
from jaxnorm.reporting.coverage import describe_coverage
from jaxnorm.reporting.drawings import drawings_of
from jaxnorm.reporting.effects import effects_tables
from jaxnorm.reporting.tables import (
    TextTable,
    control_table,
    differences_table,
    evaluations_table,
    evidence_table,
    markdown,
    notes,
    results_table,
)
from jaxnorm.reporting.terms import terms

METHOD = """\
Networks are paired: the same seed gives the same initial weights and the same order of examples in every arm, so differences are
taken within seeds and averaged over them. Intervals of arms are Student's t. Intervals of differences reach on either side as far as the
wider of Student's t and the BCa bootstrap of {resamples} resamples, its level expanded for small n (Hesterberg 2015). {coverage}

p values are two-sided sign-flip permutation tests of the mean difference ({flips} random flips, or all where there are fewer). Listed
differences, that these exceed their margins (by t tests as well), the comparisons of claims and advice (by t tests beyond the margin) are
adjusted each by Holm's procedure over all of their kind, and times {families} for there being so many kinds: where nothing differs, at
most {percent:g} % of reports claim a difference. The answer at the head rests on the listed differences. Intervals are not corrected.

A difference counts as none where it is shown to be smaller than its margin, whose rule is fixed before the run: {accuracy:g} points for
accuracies, {loss:g} % of the compared arms' mean for losses and for the noise of curves, and for other measures what Terms say. Of each
comparison that a claim rests on, one of four things is found (adjusted p at most {alpha:g}): that the difference is *too small*, by two
one-sided t tests (adjusted apart, times {sameness}), or else that it is *as claimed* or *the opposite*; if neither, the comparison is
*open*. A claim is *contradicted* if one of its comparisons finds the opposite, else *unresolved* if one is open, else *equivalent* if one
is too small (or if sameness is all that it claims), else it *holds*. Of the comparisons that decide, the one
furthest from the claim is told, in margins.

A network diverged if any of its losses or accuracies is not finite, or if its training loss ends more than {tolerance:g} % above
ln {classes} nats (guessing among {classes} classes) and also above its own first epoch's, or twice ln {classes}. It stays in every
statistic as a network that guesses: its losses are capped at ln {classes}; what else was measured of it keeps its last finite value."""


def write_report(summary: Summary, folder: Path, command: str, environment: Mapping[str, Any]) -> Path:
    """Write ``report.md`` into ``folder``, beside ``figures/``; returns its path.

    ``command`` repeats the run; ``environment`` says on what it ran, as JSON values.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "report.md"
    write_atomically(path, render_report(summary, command, environment).encode())
    return path


def render_report(summary: Summary, command: str, environment: Mapping[str, Any]) -> str:
    """The report as Markdown."""
    evaluations = evaluations_table(summary)
    sections = [
        f"# {summary.question}",
        *summary.answer,
        f"*Trained: {summary.setting}.*",
        markdown(verdicts_table(summary)) if summary.verdicts else "",
        *(f"![{drawing.text}](figures/{name}.svg)" for name, drawing in drawings_of(summary).items()),
        *(markdown(table) for table in effects_tables(summary)),
        markdown(results_table(summary)),
        markdown(evaluations) if evaluations else "",
        "\n".join(f"- {note}" for note in notes(summary)),
        markdown(differences_table(summary, with_power=True)) if summary.differences else "",
        "\n".join(f"- {sentence}" for sentence in seeds_sentences(summary)),
        markdown(evidence_table(summary)) if summary.verdicts else "",
        markdown(control_table(summary, summary.control)) if summary.control else "",
        "## What to use when\n\n" + "\n".join(f"- {line}" for line in advice(summary)),
        "## Terms\n\n" + "\n".join(f"- *{term}*: {meaning}." for term, meaning in terms(summary).items()),
        f"## Method\n\n{method(summary)}",
        f"## Reproduce\n\n```\n{command}\n```",
        "## Environment\n\n" + "\n".join(f"- {name}: {plain(value)}" for name, value in {"seeds": seeds(summary), **environment}.items()),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def seeds(summary: Summary) -> str:
    """Those that are reported: ``0 to 31``."""
    return f"{summary.seeds[0]} to {summary.seeds[-1]}"


def verdicts_table(summary: Summary) -> TextTable:
    """One row per claim."""
    rows = [(each.claim, f"**{each.word}**", f"{as_sentence(each.words)} ({facts(each)}).") for each in summary.verdicts]
    return TextTable("Verdicts", count_verdicts(summary.verdicts), ("claim", "verdict", "in words"), [("", rows)], 3)


def as_sentence(words: str) -> str:
    """With a capital letter."""
    return words[0].upper() + words[1:]


def method(summary: Summary) -> str:
    """How the numbers came about, as paragraphs of Markdown."""
    return METHOD.format(
        resamples=RESAMPLES,
        coverage=describe_coverage(len(summary.seeds)),
        flips=FLIPS,
        accuracy=100 * summary.rule.accuracy_margin,
        loss=100 * summary.rule.loss_margin,
        alpha=ALPHA,
        classes=summary.num_classes,
        families=FAMILIES,
        sameness=SAMENESS,
        percent=100 * ALPHA,
        tolerance=100 * GUESSING_TOLERANCE,
    )


def plain(value: Any) -> str:
    """A JSON value as words: ``jax 0.10.2, numpy 2.4``."""
    if isinstance(value, Mapping):
        return ", ".join(
            f"{name} ({plain(inner)})" if isinstance(inner, Mapping) else f"{name} {plain(inner)}" for name, inner in value.items()
        )
    return ", ".join(plain(inner) for inner in value) if isinstance(value, list) else str(value)
