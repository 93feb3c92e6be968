"""The committed results: small, complete, and exactly what their summaries say."""

import json
import re
from pathlib import Path

import pandas as pd
import pyarrow.parquet
import pytest
from report.conftest import words_at_a_glance

import jaxnorm
from jaxnorm.experiments.registry import TRAINING, words_of
from jaxnorm.experiments.reproduce import reproducing_command
from jaxnorm.experiments.wording import worded
from jaxnorm.report.build import build_report
from jaxnorm.report.latex import render_latex
from jaxnorm.report.markdown import render_markdown
from jaxnorm.stats.summary import Summary

ROOT = Path(jaxnorm.__file__).parent.parent
RESULTS = ROOT / "experiments" / "results"
RUNS = [path.parent for path in sorted(RESULTS.glob("*/summary.json")) if json.loads(path.read_text()).get("instrument") in TRAINING]
ALL_FILES = [path for path in RESULTS.rglob("*") if path.is_file() and "arms" not in path.parts]
LARGEST_SVG, LARGEST_TOTAL = 300_000, 15_000_000

pytestmark = pytest.mark.skipif(not RESULTS.is_dir(), reason="the results are in the repository only")


def test_results_are_small():
    assert sum(path.stat().st_size for path in ALL_FILES) < LARGEST_TOTAL
    large = {path.name: path.stat().st_size for path in ALL_FILES if path.suffix == ".svg" and path.stat().st_size > LARGEST_SVG}
    assert not large


def test_results_hold_no_second_copies():
    kinds = {path.suffix for path in ALL_FILES}
    assert kinds <= {".json", ".parquet", ".svg", ".md"}


def numbers(text: str) -> list[str]:
    """All numbers of a report: its words may change without touching a result."""
    return re.findall(r"[+−]?\d[\d.,]*", text)


@pytest.mark.parametrize("folder", RUNS, ids=lambda folder: folder.name)
def test_committed_report_is_what_the_summary_says(folder):
    summary = Summary.load(folder / "summary.json")
    config, environment = (json.loads((folder / name).read_text()) for name in ("config.json", "environment.json"))
    assert not {"question", "conclusion"} & set(summary.settings)  # numbers and identifiers
    report = build_report(worded(summary, config), words_of(summary.instrument), reproducing_command(config), environment)
    assert all(line.isascii() for line in render_latex(report, "1.0").splitlines() if not line.startswith("%"))
    assert numbers(render_markdown(report)) == numbers((folder / "report.md").read_text())
    assert words_at_a_glance(report) <= (700 if summary.instrument == "compare" else 1000)
    promised = {f"{name}.svg" for name in words_of(summary.instrument).figures_of(summary)}
    assert promised == {path.name for path in (folder / "figures").glob("*.svg")}


@pytest.mark.parametrize("folder", RUNS, ids=lambda folder: folder.name)
def test_committed_summary_agrees_with_the_metrics_that_it_was_made_of(folder):
    """The final test accuracy of every arm whose factors are columns of the table; of tuned arms the rates are not."""
    summary, rows = Summary.load(folder / "summary.json"), pd.read_parquet(folder / "metrics.parquet")
    if {"learning_rate", "init_scale"} & set(rows.columns):
        pytest.skip("its arms are at chosen learning rates")
    rows = rows[(rows.metric == "test_accuracy") & (rows.role == "reported")]
    for arm in summary.arms:
        own = rows
        for name, value in arm.factors.items():
            own = own[own[name] == value]
        assert arm.measures["test_accuracy"].mean == pytest.approx(own.value.mean(), rel=1e-6)


@pytest.mark.parametrize("folder", RUNS, ids=lambda folder: folder.name)
def test_committed_metrics_are_packed(folder):
    metadata = pyarrow.parquet.ParquetFile(folder / "metrics.parquet").metadata
    column = metadata.row_group(0).column(metadata.schema.names.index("value"))
    assert (column.physical_type, column.compression) == ("FLOAT", "ZSTD")
