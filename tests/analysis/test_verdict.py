"""Laws of the rule: the table of words, and the weakest part. ``test_false_claims`` has the promise of at most 5 % false differences."""

import numpy as np
import pytest
from analysis.synthetic import make_frame

from jaxnorm.analysis.claims import Claim, Comparison
from jaxnorm.analysis.compare import between_norms, between_sizes, interaction
from jaxnorm.analysis.statistics import ALPHA
from jaxnorm.analysis.summary import Difference, Estimate, Evidence, Expectation, Word
from jaxnorm.analysis.table import read_arms
from jaxnorm.analysis.verdict import Part, _of_parts, find, judge, weigh
from jaxnorm.config import CompareConfig, DecisionRule

RULE = DecisionRule()


def _difference(mean: float, spread: float = 0.1, margin: float = 1.0, p_value: float = 0.001) -> Difference:
    by_seed = (mean + spread * np.array([-1.0, 1.0] * 8)).tolist()
    return Difference(
        "a − b", {"a": 1.0, "b": -1.0}, "train_loss", Estimate(mean, mean - 0.1, mean + 0.1, 16), p_value, p_value, margin, by_seed
    )


@pytest.mark.parametrize(
    ("expected", "mean", "spread", "p_value", "word"),
    [
        ("higher", 5.0, 0.1, 0.001, "holds"),
        ("lower", -5.0, 0.1, 0.001, "holds"),
        ("higher", -5.0, 0.1, 0.001, "contradicted"),
        ("lower", 5.0, 0.1, 0.001, "contradicted"),
        ("higher", 0.5, 0.1, 0.001, "equivalent"),  # significant, and yet smaller than the margin
        ("higher", 5.0, 20.0, 0.3, "unresolved"),
        ("same", 0.0, 0.1, 0.9, "equivalent"),
        ("same", -5.0, 0.1, 0.001, "contradicted"),
        ("same", 1.2, 5.0, 0.001, "unresolved"),  # not zero, but perhaps within the margin
        ("different", -5.0, 0.1, 0.001, "holds"),
        ("different", 0.0, 0.1, 0.9, "equivalent"),
        ("different", 1.2, 5.0, 0.001, "unresolved"),
    ],
)
def test_weigh_follows_the_table_of_words(expected, mean, spread, p_value, word):
    part = weigh(_difference(mean, spread, p_value=p_value), expected)
    assert part.evidence.word == word
    assert (part.p_value <= ALPHA) == (word != "unresolved")


def _part(word: Word, p_value: float, expected: Expectation = "higher") -> Part:
    return Part(Evidence(_difference(1.0), expected, word), p_value)


@pytest.mark.parametrize(
    ("parts", "word", "p_value"),
    [
        ([_part("holds", 0.01), _part("holds", 0.02)], "holds", 0.02),
        ([_part("holds", 0.01), _part("equivalent", 0.02, "same")], "holds", 0.02),
        ([_part("equivalent", 0.01, "same")], "equivalent", 0.01),
        ([_part("holds", 0.03), _part("equivalent", 0.01)], "equivalent", 0.03),
        ([_part("holds", 0.001), _part("equivalent", 0.01), _part("unresolved", 0.2)], "unresolved", 0.2),
        ([_part("contradicted", 0.02), _part("contradicted", 0.01), _part("unresolved", 0.2)], "contradicted", 0.03),
        ([_part("contradicted", 0.04)] * 30, "contradicted", 1.0),
    ],
)
def test_weakest_part_decides(parts, word, p_value):
    finding = find(parts)
    assert finding.word == word
    assert finding.p_value == pytest.approx(p_value)


@pytest.mark.parametrize(
    ("means", "word", "said"),
    [
        ([5.0], "unresolved", ""),
        ([5.0, 5.0], "holds", ""),
        ([-5.0, -5.0], "contradicted", ""),
        ([5.0, -5.0, -5.0], "contradicted", "; 1 of 3 comparisons points as claimed, and is shown"),
        (
            [5.0, 5.0, -5.0],
            "unresolved",
            "; 2 of 3 comparisons point as claimed, both of them shown; 1 of 3 points the other way, and is shown",
        ),
        (
            [5.0, -0.5, -5.0],
            "equivalent",
            "; 1 of 3 comparisons points as claimed, and is shown; 2 of 3 point the other way, 1 of them shown",
        ),
        ([-5.0, -5.0], "unresolved", "; both point the other way, both of them shown"),
        ([5.0, 0.5], "unresolved", "; both comparisons point as claimed, 1 of them shown"),
        ([0.5, 0.5], "unresolved", "; both comparisons point as claimed, none of them shown"),
    ],
)
def test_verdict_tells_how_many_comparisons_are_as_claimed_and_shown(means, word, said):
    """Those of 0.5 here are not significant."""
    parts = [weigh(_difference(mean, spread=20.0, p_value=0.3 if abs(mean) == 0.5 else 0.001), "higher") for mean in means]
    assert _of_parts(parts, word) == said


def _judge(config: CompareConfig, claims: list[Claim], **effects):
    return judge(claims, read_arms(make_frame(config, **effects), config.arms, 10), RULE, {})


def test_known_effects_are_recovered():
    config = CompareConfig(seeds=32, epochs=6)
    true = Comparison(between_sizes("batch", 16, 128), "train_loss_area", "higher")  # by synthetic.RATES
    false = Comparison(between_sizes("batch", 16, 128), "train_loss_area", "lower")
    same = Comparison(between_norms("layer", "batch", 16), "test_accuracy", "same")
    more = Comparison(interaction("batch", "layer", 16, 128), "train_loss_area", "higher")
    parts = {"T": (true,), "F": (false,), "S": (same,), "M": (more, same), "N": (true, false)}
    verdicts = _judge(config, [Claim(name, "it is so", "test", comparisons) for name, comparisons in parts.items()])
    assert {verdict.claim: verdict.word for verdict in verdicts} == {
        "T": "holds",
        "F": "contradicted",
        "S": "equivalent",
        "M": "holds",
        "N": "contradicted",
    }


def test_sentences_name_the_decisive_difference():
    config = CompareConfig(seeds=24, epochs=6)
    claim = Claim("A8", "LayerNorm is slower", "test", (Comparison(between_norms("layer", "batch", 128), "train_loss_area", "higher"),))
    (verdict,) = _judge(config, [claim])
    estimate = verdict.evidence[0].difference.estimate
    assert verdict.sentence.startswith(
        "A8 holds: LayerNorm is slower (area under the training loss, LayerNorm − BatchNorm at batch size 128: +0.0"
    )
    assert f"{estimate.low:.5f}" in verdict.sentence
    assert (
        verdict.sentence.endswith("nats [0.00924, 0.00966], adjusted p < 0.001, n = 24).")
        or "adjusted p < 0.001, n = 24)." in verdict.sentence
    )


def test_contradictions_say_what_was_found_instead():
    config = CompareConfig(seeds=24, epochs=6)
    lower = Comparison(between_sizes("batch", 16, 128), "train_loss_area", "lower")
    higher = Comparison(between_sizes("batch", 16, 128), "train_loss_area", "higher")
    same = Comparison(between_sizes("batch", 16, 128), "train_loss_area", "same")
    claims = [
        Claim("F", "it is so", "test", (lower,)),
        Claim("G", "it is so", "test", (higher, lower)),
        Claim("S", "it is so", "test", (same,)),
    ]
    wrong_way, in_part, beyond = (verdict.sentence for verdict in _judge(config, claims))
    assert wrong_way.startswith("F is contradicted: the claim is that it is so, but the opposite is found (area under the training loss, ")
    assert "but in 1 of 2 comparisons the opposite is found" in in_part
    assert "but the difference is larger than the margin of 0.0" in beyond


def test_correction_turns_a_weak_verdict_unresolved_and_says_so():
    config = CompareConfig(seeds=8, epochs=6)  # smallest p: 2 / 256, times 5 kinds of statements
    claim = Claim("T", "it is so", "test", (Comparison(between_sizes("batch", 16, 128), "train_loss_area", "higher"),))
    assert _judge(config, [claim])[0].word == "holds"
    verdicts = _judge(config, [claim, claim])
    assert [verdict.word for verdict in verdicts] == ["unresolved", "unresolved"]
    assert "after correction for 2 claims" in verdicts[0].sentence
    assert verdicts[0].evidence[0].word == "holds"
