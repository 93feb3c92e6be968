"""``report.html``: the report as one file, for people who were sent it. Nothing is fetched; all content is there without JavaScript."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from jaxnorm.analysis.advice import advice
from jaxnorm.analysis.findings import circumstances, count_deciding, count_verdicts, role, speaks_for
from jaxnorm.analysis.measures import find_measure
from jaxnorm.analysis.seeds import seeds_sentences
from jaxnorm.analysis.summary import Summary, Verdict
from jaxnorm.analysis.wording import count, format_difference, format_p, out_of
from jaxnorm.files import write_atomically
from jaxnorm.reporting.drawings import drawings_of
from jaxnorm.reporting.effects import effects_tables
from jaxnorm.reporting.report import as_sentence, method, plain, seeds
from jaxnorm.reporting.tables import TextTable, control_table, differences_table, evaluations_table, evidence_table, notes, results_table
from jaxnorm.reporting.terms import terms

NUMBERS = re.compile(r"(\((?=[^()]* )(?=[^()]*\d)(?:[^()]|\([^()]*\))*\))")
"""What stands in brackets, of several words and with a number among them; brackets may stand within."""
TEMPLATE = "report.html.jinja"


def write_page(summary: Summary, folder: Path, command: str, environment: Mapping[str, Any]) -> Path:
    """Write ``report.html`` into ``folder``, with the drawings of its ``figures/``; returns its path."""
    figures = {name: (folder / "figures" / f"{name}.svg").read_text() for name in drawings_of(summary)}
    path = folder / "report.html"
    write_atomically(path, render_page(summary, figures, command, environment).encode())
    return path


def render_page(summary: Summary, figures: Mapping[str, str], command: str, environment: Mapping[str, Any]) -> str:
    """The page; ``figures`` maps a figure's file name to its SVG."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    template = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    tables: list[TextTable] = [*effects_tables(summary), results_table(summary)]
    if evaluations := evaluations_table(summary):
        tables.append(evaluations)
    if summary.differences:
        tables.append(differences_table(summary, with_power=True))
    if summary.verdicts:
        tables.append(evidence_table(summary))
    if summary.control:
        tables.append(control_table(summary, summary.control))
    return template.get_template(TEMPLATE).render(
        summary=summary,
        answer=[_quietened(sentence) for sentence in summary.answer],
        verdicts=[_verdict_row(verdict) for verdict in summary.verdicts],
        margins=f"{100 * summary.rule.accuracy_margin:g} points of accuracy, {100 * summary.rule.loss_margin:g} % of a loss",
        comparisons=count(sum(len(verdict.evidence) for verdict in summary.verdicts), "comparison"),
        counted=count_verdicts(summary.verdicts) if summary.verdicts else "",
        terms=terms(summary),
        enough=seeds_sentences(summary),
        advice=advice(summary),
        figures=[(name, drawing.text, inline_svg(figures[name], name)) for name, drawing in drawings_of(summary).items()],
        tables=tables,
        notes=notes(summary),
        method=[_emphasised(paragraph) for paragraph in method(summary).split("\n\n")],
        command=command,
        environment={name: plain(value) for name, value in {"seeds": seeds(summary), **environment}.items()},
    )


def _verdict_row(verdict: Verdict) -> dict[str, str]:
    """The cells of a verdict: what was found in words, and of the decisive comparison by how much it differs, where, and from what."""
    decisive = verdict.evidence[verdict.decisive]
    difference = decisive.difference
    measure = find_measure(difference.measure)
    return {
        "claim": verdict.claim,
        "word": verdict.word,
        "share": f"in {out_of(count_deciding(verdict), number)}" if (number := len(verdict.evidence)) > 1 else "",
        "words": f"{as_sentence(verdict.words)}.",
        "amount": format_difference(difference.estimate, measure.unit),
        "where": "; ".join([*circumstances(decisive), ": ".join(filter(None, [role(verdict), f"{measure.title}, {difference.label}"]))]),
        "p": format_p(decisive.p_adjusted).removeprefix("= "),
        "tested": speaks_for(decisive),
        "n": str(difference.estimate.n),
    }


def inline_svg(svg: str, prefix: str) -> str:
    """An SVG file as an element of a page: without XML's opening lines, scaling to its place, its identifiers its own."""
    element = svg[svg.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.DOTALL)
    element = re.sub(r'^(<svg[^>]*?) width="[^"]*"', r"\1", re.sub(r'^(<svg[^>]*?) height="[^"]*"', r"\1", element))
    element = re.sub(r'\bid="', f'id="{prefix}-', element)
    return re.sub(r"url\(#", f"url(#{prefix}-", re.sub(r'href="#', f'href="#{prefix}-', element))


def _quietened(sentence: str) -> list[tuple[str, bool]]:
    """A sentence as pieces, each with whether it may stand back: what is in brackets and has numbers."""
    return [(piece, index % 2 == 1) for index, piece in enumerate(NUMBERS.split(sentence)) if piece]


def _emphasised(paragraph: str) -> list[tuple[str, bool]]:
    """A paragraph as pieces, each with whether it is stressed: Markdown's ``*holds*``."""
    return [(piece, index % 2 == 1) for index, piece in enumerate(paragraph.split("*"))]
