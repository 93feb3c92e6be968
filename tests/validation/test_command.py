"""The simulation as a user runs it, and its tables."""

import dataclasses
import itertools
import json

import numpy as np

from jaxnorm.experiments import foreseen
from jaxnorm.stats.intervals import find, intervals
from jaxnorm.validation.__main__ import main
from jaxnorm.validation.simulation import DISTRIBUTIONS, SEEDS, Simulated, ValidationSummary
from jaxnorm.validation.tables import SHOWN_NUMBERS, SHOWN_SEEDS, shown_table, validation_table


def test_command_writes_the_same_numbers_again_and_prints_them(tmp_path, capsys, monkeypatch):
    compare = foreseen.foreseen_plans()["compare"]
    monkeypatch.setattr(foreseen, "foreseen_plans", lambda: {"compare": compare})
    flags = ["--reports", "7", "--out", str(tmp_path)]
    assert main(flags) == 0
    written = (tmp_path / "summary.json").read_bytes()
    summary = ValidationSummary.load(tmp_path / "summary.json")
    assert summary.to_json() == written
    assert [(each.distribution, each.seeds) for each in summary.simulated] == list(itertools.product(DISTRIBUTIONS, SEEDS))
    assert json.loads((tmp_path / "environment.json").read_text())["cores"] >= 1
    assert "128" in capsys.readouterr().out
    assert main(flags) == 0
    assert (tmp_path / "summary.json").read_bytes() == written


def test_command_refuses_bad_settings_and_folders(tmp_path, capsys):
    assert main(["--reports", "0", "--out", str(tmp_path / "out")]) == 2
    assert "--reports" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    (tmp_path / "config.json").write_text('{"instrument": "compare"}')
    assert main(["--out", str(tmp_path)]) == 2


def test_every_number_stands_in_its_cell():
    cells = itertools.product(("one", "two"), DISTRIBUTIONS, SEEDS)
    summary = ValidationSummary(1000, [Simulated(plan, name, seeds, 90, 30 + seeds, 2, 0.5) for plan, name, seeds in cells])
    before = validation_table(summary).rows
    assert [cell.text for cell in before[1]] == ["two", "90", *["4.6 / 6.2"] * len(DISTRIBUTIONS), "50 / 50"]
    for place, each in enumerate(summary.simulated):
        simulated = list(summary.simulated)
        simulated[place] = dataclasses.replace(each, false=111, power=0.77)
        after = validation_table(ValidationSummary(1000, simulated)).rows
        changed = {(row, column) for row in range(2) for column in range(len(before[0])) if before[row][column] != after[row][column]}
        row = ["one", "two"].index(each.plan)
        power = {(row, len(before[0]) - 1)} if each.distribution == "normal" else set()
        assert changed == {(row, 2 + list(DISTRIBUTIONS).index(each.distribution))} | power
        assert "11.1" in after[row][2 + list(DISTRIBUTIONS).index(each.distribution)].text


def test_smallest_difference_shown_is_just_shown():
    for n, row in zip(SHOWN_SEEDS, shown_table().rows, strict=True):
        assert row[0].text == str(n)
        scatter = np.random.default_rng(n).normal(size=n)
        scatter = (scatter - scatter.mean()) / scatter.std(ddof=1)
        for number, cell in zip(SHOWN_NUMBERS, row[1:], strict=True):
            below, above = (intervals(scatter + float(cell.text) + step, number) for step in (-0.006, 0.006))
            assert (find(below.mean, below.half, 0.0), find(above.mean, above.half, 0.0)) == ("open", "higher")
