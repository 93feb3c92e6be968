"""Laws of report.md: every number in it stands in the summary, and it says how to repeat the run."""

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

import pytest
from analysis.synthetic import summarise_compare

from jaxnorm.analysis.bootstrap import RESAMPLES
from jaxnorm.analysis.coverage import packaged_coverage
from jaxnorm.analysis.findings import sentence
from jaxnorm.analysis.statistics import FLIPS
from jaxnorm.analysis.summary import Summary
from jaxnorm.experiments.compare.study import CompareConfig
from jaxnorm.reporting.drawings import DRAWINGS
from jaxnorm.reporting.report import render_report, write_report

COMMAND = "python -m jaxnorm.experiments.compare --seeds 24"
ENVIRONMENT = {
    "python": "3.11",
    "cores": 2,
    "packages": {"jax": "0.10.2"},
    "arms": {"batch-16": {"run_seconds": 1.5}},
    "devices": ["cpu:0", "cpu:1"],
}
WORDS_OF_METHOD = {95.0, 2015.0, float(RESAMPLES), float(FLIPS)}
"""Numbers of the method itself: the level of intervals, the year of a reference, resamples and flips."""


@pytest.fixture(scope="module")
def summary() -> Summary:
    config = CompareConfig(norms=("batch", "layer", "none"), seeds=24, epochs=6)
    return summarise_compare(config)


def _numbers(value: Any) -> Iterator[float]:
    """Every number of a summary, the half widths of its intervals, and the counts of its lists."""
    if isinstance(value, dict):
        if value.get("low") is not None and isinstance(value.get("low"), float):
            yield (value["high"] - value["low"]) / 2
        for inner in value.values():
            yield from _numbers(inner)
    elif isinstance(value, list):
        yield len(value)
        for inner in value:
            yield from _numbers(inner)
    elif isinstance(value, int | float):
        yield float(value)


def _stands_in(token: str, numbers: list[float]) -> bool:
    decimals = len(token.partition(".")[2])
    unit = 10.0**-decimals
    return any(abs(abs(scale * number) - float(token)) <= 0.5000001 * unit for number in numbers for scale in (1, 100))


def test_every_number_of_the_report_stands_in_the_summary(summary):
    covered = [cell.coverage["chosen"].share for cell in packaged_coverage().at(len(summary.seeds)).values()]
    comparisons = sum(len(verdict.evidence) for verdict in summary.verdicts)
    numbers = [*_numbers(dataclasses.asdict(summary)), *WORDS_OF_METHOD, *covered, 16, 0.05, 0.001, comparisons]
    report = render_report(summary, "", {})
    for said in (summary.question, *summary.answer, summary.setting, *(sentence(verdict) for verdict in summary.verdicts)):
        report = report.replace(said, "")
    text = re.sub(r"[A-Z]\d+ \||figures/\w+\.svg", "", report)
    tokens = re.findall(r"(?<![\w.])\d+(?:\.\d+)?", text)
    assert len(tokens) > 300
    assert [token for token in tokens if not _stands_in(token, numbers)] == []


def test_report_changes_with_the_summary_alone(summary, tmp_path):
    path = tmp_path / "summary.json"
    path.write_bytes(summary.to_json())
    assert render_report(Summary.load(path), COMMAND, ENVIRONMENT) == render_report(summary, COMMAND, ENVIRONMENT)


def test_report_has_its_parts_in_order(summary):
    report = render_report(summary, COMMAND, ENVIRONMENT)
    parts = [
        f"# {summary.question}",
        *summary.answer,
        summary.setting,
        "## Verdicts",
        "(figures/curves.svg)",
        "## What changes with what",
        "## Results",
        "## Paired differences",
        "## Terms",
        "## Method",
        COMMAND,
        "## Environment",
    ]
    positions = [report.index(part) for part in parts]
    assert positions == sorted(positions)
    assert all(f"| {verdict.claim} | **{verdict.word}** | " in report for verdict in summary.verdicts)
    assert all(sentence(verdict).split(": ", 1)[1][1:] in report for verdict in summary.verdicts)
    assert "- packages: jax 0.10.2\n- arms: batch-16 (run_seconds 1.5)\n- devices: cpu:0, cpu:1" in report


def test_tables_have_as_many_cells_as_headings(summary):
    widths = [
        {line.count("|") for line in block.splitlines()}
        for block in render_report(summary, COMMAND, ENVIRONMENT).split("\n\n")
        if "| --- |" in block
    ]
    assert len(widths) == 5  # verdicts, effects, results, differences, evidence
    assert all(len(width) == 1 for width in widths)


def test_links_lead_to_the_figures(summary, tmp_path):
    path = write_report(summary, tmp_path / "run", COMMAND, ENVIRONMENT)
    assert re.findall(r"\]\((.+?)\)", path.read_text()) == [f"figures/{name}.svg" for name in DRAWINGS["compare"]]
    assert path.read_text() == render_report(summary, COMMAND, ENVIRONMENT)


def test_report_of_one_network_omits_what_it_cannot_say():
    config = CompareConfig(norms=("mine",), batch_sizes=(16,), seeds=1, epochs=1)
    report = render_report(summarise_compare(config), COMMAND, ENVIRONMENT)
    assert "## Verdicts" not in report
    assert "## Paired differences" not in report
    assert "| mine | 16 | 1.00 | 0.465 |" in report
