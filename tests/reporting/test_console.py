"""Laws of the printed report: readable at any width, nothing lost, plain where there is no terminal."""

import io

import numpy as np
import pytest
from analysis.synthetic import summarise_compare
from rich.console import Console

from jaxnorm.analysis.findings import sentence
from jaxnorm.analysis.summary import Summary
from jaxnorm.analysis.wording import format_difference
from jaxnorm.experiments.compare.study import CompareConfig
from jaxnorm.reporting.console import print_summary
from jaxnorm.reporting.tables import notes, results_table


@pytest.fixture(scope="module")
def summary() -> Summary:
    return summarise_compare(CompareConfig(norms=("batch", "layer", "none"), seeds=16, epochs=6))


def _print(summary: Summary, width: int, *, terminal: bool = False) -> str:
    file = io.StringIO()
    print_summary(summary, Console(file=file, width=width, force_terminal=terminal, color_system="truecolor" if terminal else None))
    return file.getvalue()


@pytest.mark.parametrize("width", [80, 100, 160])
def test_no_line_is_too_long_and_no_word_is_cut(summary, width):
    text = _print(summary, width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "…" not in text
    assert "\x1b" not in text


def test_every_difference_and_sentence_is_printed(summary):
    text = _print(summary, 100)
    words = " ".join(text.split())
    assert all(" ".join(sentence(verdict).split()) in words for verdict in summary.verdicts)
    for difference in summary.differences:
        unit = "fraction" if difference.measure.endswith(("accuracy", "_noise")) else "nats"
        assert format_difference(difference.estimate, unit, with_unit=False) in text


def test_results_keep_one_line_an_arm_where_there_is_room(summary):
    rows = [
        line
        for line in _print(summary, 160).splitlines()
        if line.strip().startswith(("BatchNorm ", "LayerNorm ", "no norm ")) and "±" in line
    ]
    assert len(rows) == len(summary.arms)


def test_terminal_output_is_coloured(summary):
    assert "\x1b[1;32mholds" in _print(summary, 120, terminal=True)


def test_results_of_short_runs_leave_noise_out():
    table = results_table(summarise_compare(CompareConfig(seeds=2, epochs=2)))
    assert not any("noise" in heading for heading in table.headings)
    assert "2 networks per arm" in table.caption


def test_notes_count_and_list_seeds():
    def effect(arm, loss):
        if arm.key == "batch-16":
            loss[[0, 1, 2, 5]] = np.nan
        return loss

    summary = summarise_compare(CompareConfig(seeds=8, epochs=6, first_seed=10), effect=effect)
    assert notes(summary) == [
        "BatchNorm at batch size 16: 4 of 8 networks diverged, counted as guessing (seeds 10-12, 15).",
        "BatchNorm at batch size 16: 4 of 8 networks never reached 0.2 nats, counted as 6 epochs (seeds 10-12, 15).",
    ]


def test_single_network_is_printed_without_intervals():
    text = _print(summarise_compare(CompareConfig(norms=("mine",), batch_sizes=(16,), seeds=1, epochs=1)), 100)
    assert "n = 1 network per arm" in text
    assert "Paired differences" not in text
    assert "Verdicts" not in text
