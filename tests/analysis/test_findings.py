"""Verdicts in words: what was found of how many comparisons, of which, and by how much."""

import dataclasses

import pytest
from analysis.synthetic import make_frame, summarise_compare

from jaxnorm.analysis.claims import Claim, Comparison
from jaxnorm.analysis.compare import between_norms, between_sizes
from jaxnorm.analysis.findings import circumstances, count_verdicts, describe_findings, facts, role, sentence, speaks_for
from jaxnorm.analysis.summary import Difference, Estimate, Evidence, Expectation, Finding, Verdict, Word
from jaxnorm.analysis.table import read_arms
from jaxnorm.analysis.verdict import DECIDING, decide, judge
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.experiments.compare.study import CompareConfig

SETTLED, OPEN = "the claim is that it is so, but ", "16 seeds do not settle whether it is so"


def _part(finding: Finding, mean: float = 0.3, expected: Expectation = "higher", place: str = "c") -> Evidence:
    estimate = Estimate(mean, mean - 0.01, mean + 0.01, 16)
    label = f"LayerNorm − BatchNorm at {place}"
    levels = (1.0 + mean, 1.0)
    return Evidence(Difference(label, {}, "train_loss", estimate, 0.001, 0.001, 0.05, [mean] * 16, levels=levels), expected, finding, 0.012)


def _words(*parts: Evidence) -> str:
    word = decide(parts)
    decisive = next((part for part in parts if part.finding == DECIDING[word]), parts[0])
    return describe_findings("it is so", word, parts, decisive)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (_part("as claimed"), "it is so"),
        (_part("the opposite", -0.3), f"{SETTLED}the opposite is found"),
        (_part("the opposite", expected="same"), f"{SETTLED}the difference is larger than the margin"),
        (_part("too small", 0.01), f"{SETTLED}the difference is smaller than the margin"),
        (_part("as claimed", 0.01, "same"), "as claimed, it is so: the difference is smaller than the margin"),
        (_part("open"), OPEN),
    ],
)
def test_one_comparison_needs_few_words(part, words):
    assert _words(part) == words


def test_several_comparisons_are_counted_and_the_deciding_ones_named():
    good, bad, small, unclear = (
        _part("as claimed"),
        _part("the opposite", -0.3, place="d"),
        _part("too small", 0.01, place="e"),
        _part("open", 0.1, place="f"),
    )
    assert _words(good, good) == "it is so, in both comparisons"
    assert _words(good, good, bad) == f"{SETTLED}in 1 of 3 comparisons the opposite is found; 2 are as claimed"
    assert _words(good, small) == f"{SETTLED}in 1 of 2 comparisons the difference is smaller than the margin; 1 is as claimed"
    assert _words(bad, small, unclear, good) == (
        f"{SETTLED}in 1 of 4 comparisons the opposite is found; 1 is as claimed, 1 is too small to count and 1 is open"
    )
    assert _words(good, unclear) == f"{OPEN}: 1 of 2 comparisons is open, pointing as claimed; 1 is as claimed"


def test_open_comparisons_tell_where_they_point():
    claimed, other = _part("open", 0.1), _part("open", -0.1, place="d")
    assert _words(claimed, claimed) == f"{OPEN}: both comparisons are open, both pointing as claimed"
    assert _words(claimed, other, other) == f"{OPEN}: all 3 comparisons are open, 1 pointing as claimed and 2 the other way"


def test_several_comparisons_of_sameness_are_counted():
    same = [_part("as claimed", 0.01, "same", place) for place in "cd"]
    assert _words(*same) == "as claimed, it is so: in both comparisons the difference is smaller than the margin"
    small, other_way = _part("too small", 0.01), _part("too small", -0.01, place="d")
    assert _words(other_way).endswith("the difference is smaller than the margin, and points the other way")
    assert _words(small, other_way).endswith("in both comparisons the difference is smaller than the margin")


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (_part("as claimed"), "for a difference"),
        (_part("open"), "for a difference"),
        (_part("too small", 0.01), "for less than the margin"),
        (_part("open", expected="same"), "for less than the margin"),
        (_part("the opposite", expected="same"), "for more than the margin"),
        (_part("open", expected="different"), "for more than the margin"),
    ],
)
def test_what_a_p_speaks_for_is_said(part, said):
    assert speaks_for(part) == said


def test_names_keep_what_a_label_has_twice_and_are_never_empty():
    crossed = [_part("the opposite", -0.3, place=place) for place in ("4 − RMSNorm at 4, x", "4 − RMSNorm at 4, y")]
    assert "is found (x; y); 1 is" in _words(_part("as claimed", place="4 − RMSNorm at 4"), *crossed)
    plain = dataclasses.replace(crossed[0], difference=dataclasses.replace(crossed[0].difference, label="A − B"))
    longer = dataclasses.replace(plain, difference=dataclasses.replace(plain.difference, label="A − B, x"))
    good = dataclasses.replace(longer, finding="as claimed")
    assert "is found (A − B; x); 1 is" in _words(good, plain, longer)


def test_a_few_deciding_comparisons_are_named_by_what_tells_them_apart():
    bad = [_part("the opposite", -0.3, place=place) for place in ("d", "e, f")]
    assert _words(_part("as claimed"), *bad) == f"{SETTLED}in 2 of 3 comparisons the opposite is found (d; e, f); 1 is as claimed"


def test_many_deciding_comparisons_are_not_named():
    bad = [_part("the opposite", -0.3, place=place) for place in "defg"]
    assert _words(_part("as claimed"), *bad) == f"{SETTLED}in 4 of 5 comparisons the opposite is found; 1 is as claimed"


def test_facts_tell_the_decisive_comparison_its_levels_and_the_margin_that_decided():
    evidence = [_part("as claimed"), _part("as claimed", 0.01, "same", "d")]
    verdict = Verdict("Z1", "it is so", "test", "holds", "it is so, in both comparisons", 1, evidence)
    assert role(verdict) == "weakest of 2"
    said = "final training loss, LayerNorm − BatchNorm at d: +0.010 nats [0.000, 0.020], 1.010 against 1.000, margin 0.050 nats"
    assert facts(verdict) == f"weakest of 2: {said}; adjusted p = 0.012 for less than the margin, n = 16"
    assert sentence(verdict) == f"Z1 holds: it is so, in both comparisons ({facts(verdict)})."
    assert circumstances(evidence[0]) == ["1.300 against 1.000", "margin 0.050 nats"]


def test_sentences_name_the_decisive_difference():
    config = CompareConfig(seeds=24, epochs=6)
    slower = Comparison(between_norms("layer", "batch", 128), "train_loss_area", "higher")
    faster = Comparison(between_sizes("batch", 16, 128), "train_loss_area", "lower")
    tables = read_arms(make_frame(config), config.arms, 10)
    claims = [Claim("A8", "LayerNorm is slower", "test", (slower,)), Claim("F", "both are so", "test", (slower, faster))]
    alone, in_part = judge(claims, tables, DecisionRule(), {})
    estimate = alone.evidence[0].difference.estimate
    start = "A8 holds: LayerNorm is slower (area under the training loss, LayerNorm − BatchNorm at batch size 128: +0.0"
    assert sentence(alone).startswith(start)
    assert f"{estimate.low:.5f}" in sentence(alone)
    assert sentence(alone).endswith("; adjusted p < 0.001 for a difference, n = 24).")
    named = "in 1 of 2 comparisons the opposite is found; 1 is as claimed"
    assert named in sentence(in_part)


def test_verdicts_are_counted_in_a_sentence():
    verdict = summarise_compare(CompareConfig(seeds=4, epochs=2)).verdicts[0]
    words: list[tuple[str, Word]] = [("A8", "holds"), ("A1", "contradicted"), ("A3", "contradicted"), ("A5", "unresolved")]
    few = [dataclasses.replace(verdict, claim=claim, word=word) for claim, word in words]
    assert count_verdicts(few) == "Of 4 claims, 1 holds (A8), 2 are contradicted (A1, A3), 1 is unresolved (A5)."
    assert [count_verdicts(few[:1]), count_verdicts(few[-1:])] == ["The one claim, A8, holds.", "The one claim, A5, is unresolved."]
