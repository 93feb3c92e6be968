"""The table that stands behind the answer."""

import pytest
from analysis.synthetic import summarise_compare

from jaxnorm.analysis.measures import find_measure
from jaxnorm.analysis.wording import format_levels
from jaxnorm.experiments.compare.study import CompareConfig
from jaxnorm.reporting.effects import effects_tables


def _effect(arm, losses):
    return losses * (3.0 if arm.norm == "layer" else 1.0)


@pytest.fixture(scope="module")
def summary():
    return summarise_compare(CompareConfig(seeds=24, epochs=6), effect=_effect)


def test_table_has_a_row_for_everything_varied_by_each_measure_of_the_answer(summary):
    (table,) = effects_tables(summary)
    assert [title for title, _ in table.groups] == ["area under the training loss (nats)", "test accuracy (points)"]
    assert [{row[0] for row in rows} for _, rows in table.groups] == [{"the choice of norm", "the batch size"}] * 2


def test_counts_of_a_row_are_those_of_the_listed_differences(summary):
    (table,) = effects_tables(summary)
    for (_, rows), measure in zip(table.groups, summary.answer_measures, strict=True):
        for subject, label, _, levels, *counts in (row for row in rows if row[0]):
            listed = [each for each in summary.differences if each.measure == measure and each.subject == subject]
            beyond = sum(each.p_beyond <= 0.05 for each in listed)
            within = sum(each.p_within <= 0.05 for each in listed)
            assert counts == [f"{part} of {len(listed)}" for part in (beyond, within, len(listed) - beyond - within)]
            shown = [each for each in listed if each.p_beyond <= 0.05] or [each for each in listed if each.p_adjusted <= 0.05] or listed
            largest = max(shown, key=lambda each: abs(each.estimate.mean))
            assert (label, levels) == (largest.label, format_levels(largest, find_measure(measure).unit))
    norms = next(row for row in table.groups[0][1] if row[0] == "the choice of norm")
    assert norms[4] == "2 of 2"  # LayerNorm's at both sizes


def test_the_largest_in_the_other_direction_has_a_row_of_its_own():
    """LayerNorm three times as slow as no norm, and BatchNorm three times as fast."""
    factors = {"layer": 3.0, "batch": 1 / 3}
    several = summarise_compare(
        CompareConfig(norms=("none", "layer", "batch"), seeds=24), effect=lambda arm, x: x * factors.get(arm.norm, 1)
    )
    rows = effects_tables(several)[0].groups[0][1]
    place = next(index for index, row in enumerate(rows) if row[0] == "the choice of norm")
    assert rows[place + 1][0] == ""
    assert [row[2][0] for row in rows[place : place + 2]] == ["+", "−"]


def test_there_is_no_table_where_nothing_was_varied():
    assert effects_tables(summarise_compare(CompareConfig(norms=("mine",), batch_sizes=(16,), seeds=2, epochs=1))) == []
