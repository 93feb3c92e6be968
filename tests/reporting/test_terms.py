"""A report explains the words that it uses."""

import re

import pytest
from analysis.synthetic import summarise_compare

from jaxnorm.analysis.measures import MEASURES, find_measure
from jaxnorm.experiments.compare.study import CompareConfig
from jaxnorm.reporting.report import render_report
from jaxnorm.reporting.terms import terms


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_is_defined_in_other_words_than_its_title(name):
    measure = MEASURES[name]
    assert len(measure.definition.split()) >= 5
    assert measure.definition.lower() != measure.title.lower()
    assert not measure.definition.endswith(".")


def test_report_defines_every_measure_that_it_lists():
    summary = summarise_compare(CompareConfig(seeds=8, epochs=6))
    explained = terms(summary)
    spoken_of = {each.measure for each in summary.differences} | {part.difference.measure for v in summary.verdicts for part in v.evidence}
    assert {find_measure(name).title for name in spoken_of if "@" not in name} <= set(explained)
    assert {"arm", "diverged", "margin", "adjusted p"} <= set(explained)
    report = render_report(summary, "", {})
    assert all(f"- *{term}*: {meaning}." in report for term, meaning in explained.items())


def test_direction_is_said_of_measures_that_have_a_better_one():
    explained = terms(summarise_compare(CompareConfig(seeds=8, epochs=6)))
    assert explained["test accuracy"].endswith("higher is better; margin 0.5 points")
    assert re.search("lower is (faster|better)", explained["area under the training loss"])
