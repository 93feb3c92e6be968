"""The coverage instrument as a user runs it, and what reports quote of it."""

import pytest

from jaxnorm.analysis.coverage import METHODS, CoverageSummary, packaged_coverage
from jaxnorm.analysis.simulation import DISTRIBUTIONS
from jaxnorm.experiments.coverage import main
from jaxnorm.reporting.coverage import coverage_table, describe_coverage


def test_coverage_simulates_everything_and_writes_its_results(tmp_path, capsys):
    flags = ["--seeds", "8", "4", "--samples", "20", "--reports", "2", "--report-seeds", "5", "--out", str(tmp_path)]
    assert main(flags) == 0
    summary = CoverageSummary.load(tmp_path / "summary.json")
    assert [(cell.distribution, cell.n) for cell in summary.cells] == [(name, n) for name in DISTRIBUTIONS for n in (4, 8)]
    assert all(set(cell.coverage) == set(METHODS) for cell in summary.cells)
    assert (tmp_path / "figures" / "coverage.svg").exists()
    report = (tmp_path / "report.md").read_text()
    for text in (report, capsys.readouterr().out):
        assert all(f"{title}" in text for title in ("Coverage of intervals", "Power of the sign-flip test", "claim what is not so"))
    assert main(flags) == 0
    assert CoverageSummary.load(tmp_path / "summary.json") == summary


@pytest.mark.parametrize(
    "flags", [["--samples", "0"], ["--seeds", "3"], ["--seeds", "8", "8"], ["--report-seeds", "2"], ["--rng-seed", "-1"]]
)
def test_coverage_refuses_bad_settings(flags, tmp_path, capsys):
    assert main([*flags, "--out", str(tmp_path / "out")]) == 2
    assert flags[0] in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_table_marks_exactly_what_is_off():
    rows = [row for _, group in coverage_table(packaged_coverage()).groups for row in group]
    for cell, row in zip(packaged_coverage().cells, rows, strict=True):
        for method, text in zip(METHODS, row[1:], strict=True):
            assert text.startswith("**") == (not 0.93 <= cell.coverage[method].share <= 0.97)
            assert f"{100 * cell.coverage[method].share:.1f}" in text


def test_reports_say_what_their_interval_covers():
    cell = packaged_coverage().at(16)["very skewed"]
    assert f"{100 * cell.coverage['chosen'].share:.1f} % of very skewed" in describe_coverage(20)
    assert "at n = 16" in describe_coverage(20)
    assert describe_coverage(3) == "What it covers with 3 seeds was not simulated."
