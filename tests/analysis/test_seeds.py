"""What is said of the number of seeds, in words."""

import re

import pytest
from analysis.synthetic import summarise_compare

from jaxnorm.analysis.measures import MEASURES
from jaxnorm.analysis.seeds import seeds_sentences
from jaxnorm.experiments.compare.study import CompareConfig


@pytest.mark.parametrize(("norms", "seeds"), [(("batch", "layer", "none"), 24), (("layer", "batch"), 3)])
def test_two_sentences_on_each_measure_of_the_answer(norms, seeds):
    summary = summarise_compare(CompareConfig(norms=norms, seeds=seeds, epochs=6))
    sentences = seeds_sentences(summary)
    assert len(sentences) == 2
    for sentence, name in zip(sentences, summary.answer_measures, strict=True):
        differences = [difference for difference in summary.differences if difference.measure == name]
        coarsest = max(differences, key=lambda difference: difference.detectable)
        smallest = min(differences, key=lambda difference: abs(difference.estimate.mean))
        assert sentence.lower().startswith(f"{MEASURES[name].title}: {seeds} seeds find a true difference of")
        factor = 100 if MEASURES[name].absolute_margin else 1
        (said,) = re.findall(r"true difference of ([\d.]+)", sentence)
        assert float(said) == pytest.approx(factor * coarsest.detectable, rel=0.06)
        assert f"({coarsest.label})" in sentence
        needed = "more seeds than are of use" if smallest.seeds_needed is None else f"would need {smallest.seeds_needed} seeds."
        assert needed in sentence
        assert f"({smallest.label}, " in sentence


def test_nothing_is_said_where_nothing_can_be():
    assert seeds_sentences(summarise_compare(CompareConfig(seeds=1, epochs=2))) == []
    assert seeds_sentences(summarise_compare(CompareConfig(norms=("batch",), batch_sizes=(16,), seeds=3, epochs=2))) == []
