"""The throughput instrument: the work is the same for all contenders, and what is reported follows from what was timed."""

import importlib.util
import json

import numpy as np
import pytest

from jaxnorm.experiments.throughput import contenders
from jaxnorm.experiments.throughput.__main__ import main
from jaxnorm.experiments.throughput.report import best_row, plot_all, throughput_tables
from jaxnorm.experiments.throughput.results import GRID, SpeedSummary, Timing, matrix_flops_per_example


def summary(**rates):
    timings = [Timing(name.replace("_", " "), "adam", 16, seeds, seconds) for name, (seeds, seconds) in rates.items()]
    rounds = len(timings[0].seconds)
    return SpeedSummary("a setting", timings, [1e9, 2e9, 2e9][:rounds], flops_per_example=1e3)


def test_speedup_is_the_median_of_ratios_within_rounds():
    speeds = summary(jaxnorm=(8, [1.0, 2.0, 3.0]), PyTorch_1=(1, [9.0, 12.0, 12.0]), PyTorch_2=(1, [8.0, 10.0, 30.0]))
    assert speeds.speedup(speeds.timings[0], "PyTorch") == np.median([8 / 1, 10 / 2, 30 / 3])
    assert speeds.speedup(speeds.timings[0], "Flax loop") is None


def test_grid_is_compared_with_as_many_seeds_alone_within_rounds():
    timings = [Timing("jaxnorm", "adam", 16, seeds, seconds) for seeds, seconds in ((1, [9.0, 9.0]), (8, [1.0, 2.0]))]
    timings.append(Timing(GRID, "adam", 16, 8, [2.0, 2.0]))
    assert SpeedSummary("a setting", timings, [1e9, 1e9], flops_per_example=1e3).grid_ratios() == [np.median([1 / 2, 2 / 2])]


def test_share_of_peak_is_taken_within_rounds():
    speeds = summary(jaxnorm=(8, [1.6e-4, 1.6e-4]))
    assert speeds.share_of_peak(speeds.timings[0]) == pytest.approx(np.median([1e8 / 1e9, 1e8 / 2e9]))


def test_matrix_flops_count_each_product_that_an_update_needs():
    # forward and kernel gradient in both layers, input gradient in the upper one only
    assert matrix_flops_per_example((784, 256, 10)) == 2 * (2 * 784 * 256 + 3 * 256 * 10)


def test_figure_and_tables_show_what_was_timed():
    speeds = summary(jaxnorm=(8, [1e-4, 2e-4, 4e-4]), Flax_loop=(1, [1e-3, 1e-3, 1e-3]), PyTorch_2=(1, [4e-4, 5e-4, 9e-4]))
    lines = {line.get_label(): np.asarray(line.get_ydata(), float) for line in plot_all(speeds).axes[0].get_lines()}
    assert {name: rates[0] for name, rates in lines.items()} == pytest.approx({"jaxnorm": 5.0, "Flax loop": 1.0, "PyTorch 2": 2.0})
    (table,) = throughput_tables(speeds)
    assert [cell.text for cell in table.rows[0][:6]] == ["jaxnorm", "8", "5,000", "200", "5.00", "2.50"]
    assert best_row(speeds, "adam", 16)[:6] == ("adam", "16", "8", "5,000", "5.00", "2.50")


def test_summary_survives_its_file(tmp_path):
    speeds = summary(jaxnorm=(8, [1.0, 2.0]))
    (tmp_path / "summary.json").write_bytes(speeds.to_json())
    assert SpeedSummary.load(tmp_path / "summary.json") == speeds


def test_throughput_times_every_contender_and_writes_its_results(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(contenders, "PEAK_SIZES", (64,))
    flags = ["--seeds", "3", "--batch-sizes", "8", "--optimizers", "sgd", "--hidden-sizes", "4", "--steps", "3", "--rounds", "2"]
    flags += ["--other-models", "lstm", "--other-seeds", "2"]
    assert main([*flags, "--out", str(tmp_path)]) == 0
    timings = SpeedSummary.load(tmp_path / "summary.json").timings
    assert {(each.contender, each.seeds) for each in timings if each.model == "lstm"} == {("jaxnorm", 2), ("Flax loop", 1)}
    timed = {(each.contender, each.seeds) for each in timings}
    assert {("jaxnorm", 3), (GRID, 3), ("Flax loop", 1)} <= timed
    assert any(name.startswith("PyTorch") for name, _ in timed) == (importlib.util.find_spec("torch") is not None)
    assert all(len(each.seconds) == 2 and min(each.seconds) > 0 for each in timings)
    assert (tmp_path / "figures" / "throughput.svg").exists()
    assert json.loads((tmp_path / "config.json").read_text())["steps"] == 3
    report = (tmp_path / "report.md").read_text()
    assert all(name in report for name, _ in timed)
    assert "Flax loop" in capsys.readouterr().out


@pytest.mark.parametrize("flags", [["--rounds", "0"], ["--seeds", "0"], ["--norm", "btach"], ["--norm", "instance"], ["--optimizers"]])
def test_throughput_refuses_bad_settings(flags, tmp_path, capsys):
    assert main([*flags, "--out", str(tmp_path / "out")]) == 2
    assert flags[-1] in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_throughput_refuses_the_folder_of_another_instrument(tmp_path, capsys):
    (tmp_path / "config.json").write_text('{"instrument": "compare"}')
    assert main(["--out", str(tmp_path)]) == 2
    assert "instrument is 'compare' there and 'throughput' now" in capsys.readouterr().err
