"""What tests of reports share: the summary of a run of ``compare``, and its report."""

import pytest
from stats.synthetic import summarise_compare

from jaxnorm.experiments.compare.figures import WORDS
from jaxnorm.experiments.compare.study import CompareConfig
from jaxnorm.report.blocks import Code, Details, Heading, Picture, Report, Table, Text
from jaxnorm.report.build import build_report
from jaxnorm.stats.summary import Summary

HOSTILE = "<b>&\"'x'[/red]|$^{}#%~\\_*`\x1b[31m"
"""What users may call things, and no renderer may take for its own language."""
HARMLESS = HOSTILE.replace("\x1b", "\N{REPLACEMENT CHARACTER}")
"""The same as readers see it."""
COMMAND = "python -m jaxnorm.experiments.compare --seeds 16"
ENVIRONMENT = {
    "date": "2026-01-01",
    "python": "3.11",
    "cores": 2,
    "backend": "cpu",
    "wall_seconds": 414.0,
    "packages": {"jax": "0.10.2"},
}


@pytest.fixture(scope="session")
def summary() -> Summary:
    """Three norms at two batch sizes; some findings of every kind."""
    return summarise_compare(CompareConfig(norms=("batch", "layer", "none"), seeds=16, epochs=6))


@pytest.fixture(scope="session")
def report(summary) -> Report:
    return build_report(summary, WORDS, COMMAND, ENVIRONMENT)


@pytest.fixture(scope="session")
def hostile() -> Summary:
    """A run in which all that users name is named ``HOSTILE``."""
    config = CompareConfig(norms=("batch", HOSTILE), seeds=8, epochs=4, question=HOSTILE, conclusion=HOSTILE, dataset=HOSTILE)
    return summarise_compare(config)


def words_at_a_glance(report: Report) -> int:
    """Words that are read before anything is unfolded, as ``wc`` counts them."""
    said = [report.title, report.kicker]
    for block in report.blocks:
        match block:
            case Text(text) | Heading(text) | Code(text):
                said.append(text)
            case Picture(_, title, caption) | Table(title=title, caption=caption):
                said += [title, caption]
            case Details(title):
                said.append(title)
        if isinstance(block, Table):
            said += [*block.headings, *(f"{cell.text} {cell.small}" for row in block.rows for cell in row)]
    return len(" ".join(said).split())
