"""Laws of the rule: the table of findings, their correction, and the weakest comparison. ``test_false_claims`` has the promise of 5 %."""

import numpy as np
import pytest
from analysis.synthetic import make_frame

from jaxnorm.analysis.claims import Claim, Comparison
from jaxnorm.analysis.compare import between_norms, between_sizes, interaction
from jaxnorm.analysis.statistics import FAMILIES, SAMENESS, equivalence_p, holm
from jaxnorm.analysis.summary import ALPHA, Difference, Estimate, Evidence, Expectation, Finding, Verdict
from jaxnorm.analysis.table import read_arms
from jaxnorm.analysis.verdict import decide, judge, weigh
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.experiments.compare.study import CompareConfig

RULE = DecisionRule()


def _difference(mean: float, spread: float = 0.1, margin: float = 1.0, p_value: float = 0.001) -> Difference:
    """Alone in its list as far as sameness goes."""
    by_seed = (mean + spread * np.array([-1.0, 1.0] * 8)).tolist()
    estimate, inside = Estimate(mean, mean - 0.1, mean + 0.1, 16), float(SAMENESS * equivalence_p(by_seed, margin))
    return Difference("a − b", {"a": 1.0, "b": -1.0}, "train_loss", estimate, p_value, p_value, margin, by_seed, p_within=inside)


@pytest.mark.parametrize(
    ("expected", "mean", "spread", "p_value", "finding"),
    [
        ("higher", 5.0, 0.1, 0.001, "as claimed"),
        ("lower", -5.0, 0.1, 0.001, "as claimed"),
        ("higher", -5.0, 0.1, 0.001, "the opposite"),
        ("lower", 5.0, 0.1, 0.001, "the opposite"),
        ("higher", 0.5, 0.1, 0.001, "too small"),  # significant, and yet smaller than the margin
        ("higher", 5.0, 20.0, 0.3, "open"),
        ("same", 0.0, 0.1, 0.9, "as claimed"),
        ("same", -5.0, 0.1, 0.001, "the opposite"),
        ("same", 1.2, 5.0, 0.001, "open"),  # not zero, but perhaps within the margin
        ("different", -5.0, 0.1, 0.001, "as claimed"),
        ("different", 0.0, 0.1, 0.9, "too small"),
        ("different", 1.2, 5.0, 0.001, "open"),
        ("different", 5.0, 0.1, 0.3, "open"),  # beyond the margin by the t test, and not by sign flips
    ],
)
def test_findings_follow_the_table(expected, mean, spread, p_value, finding):
    (part,) = weigh([_difference(mean, spread, p_value=p_value)], [expected])
    assert part.finding == finding
    assert (part.p_adjusted <= ALPHA) == (finding != "open")


def test_findings_are_corrected_by_holm_over_all_comparisons_of_a_report():
    differences = [_difference(5.0, p_value=p) for p in (0.0001, 0.004, 0.009)] + [_difference(0.0, p_value=0.9)]
    *apart, _ = weigh(differences, ["higher", "higher", "lower", "same"])
    assert [part.p_adjusted for part in apart] == pytest.approx(FAMILIES * holm([0.0001, 0.004, 0.009, 1.0])[:3])
    assert [part.finding for part in apart] == ["as claimed", "as claimed", "open"]


def test_sameness_is_corrected_by_holm_over_all_comparisons_of_a_report():
    config = CompareConfig(seeds=16, epochs=6)
    contrasts = [between_norms("layer", "batch", size) for size in (16, 128)] + [between_sizes("batch", 16, 128)]
    comparisons = tuple(Comparison(contrast, measure, "same") for contrast in contrasts for measure in ("test_accuracy", "test_loss"))
    rule = DecisionRule(accuracy_margin=0.01, loss_margin=0.1)
    (verdict,) = judge([Claim("S", "it is so", "t", comparisons)], read_arms(make_frame(config), config.arms, 10), rule, {})
    own = [float(equivalence_p(part.difference.by_seed, part.difference.margin)) for part in verdict.evidence]
    assert any(1e-4 < p < 1e-2 for p in own)
    found = [part for part in verdict.evidence if part.finding == "as claimed"]
    assert [part.difference.p_within for part in verdict.evidence] == pytest.approx(np.minimum(SAMENESS * holm(own), 1), rel=1e-9, abs=0)
    assert all(part.p_adjusted == part.difference.p_within for part in found)
    assert {part.finding for part in verdict.evidence} > {"as claimed"}


def _part(finding: Finding, expected: Expectation = "higher", p: float = 0.01) -> Evidence:
    return Evidence(_difference(1.0), expected, finding, p)


@pytest.mark.parametrize(
    ("parts", "word"),
    [
        ([_part("as claimed"), _part("as claimed")], "holds"),
        ([_part("as claimed"), _part("as claimed", "same")], "holds"),
        ([_part("as claimed", "same")], "equivalent"),
        ([_part("as claimed"), _part("too small")], "equivalent"),
        ([_part("as claimed"), _part("too small"), _part("open")], "unresolved"),
        ([_part("the opposite"), _part("as claimed"), _part("open"), _part("too small")], "contradicted"),
    ],
)
def test_weakest_comparison_decides(parts, word):
    assert decide(parts) == word


def _judge(config: CompareConfig, claims: list[Claim], **effects) -> list[Verdict]:
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


@pytest.mark.parametrize(
    ("expected", "mean", "support"), [("higher", 0.5, 0.5), ("lower", 0.5, -0.5), ("same", 0.25, 0.75), ("different", 3.0, 2.0)]
)
def test_support_is_the_distance_on_the_side_of_the_claim_in_margins(expected, mean, support):
    part = Evidence(_difference(2 * mean, margin=2.0), expected, "open", 1.0)
    assert part.support == support
    assert part.points_as_claimed == (support > 0)


def test_comparison_furthest_from_the_claim_is_told():
    config = CompareConfig(seeds=16, epochs=6)
    strong = Comparison(between_sizes("batch", 16, 128), "train_loss_area", "higher")
    weak = Comparison(between_norms("layer", "batch", 128), "train_loss_area", "higher")
    against = [Comparison(each.contrast, each.measure, "lower") for each in (weak, strong)]
    held, contradicted = _judge(config, [Claim("H", "it is so", "t", (strong, weak)), Claim("C", "it is so", "t", tuple(against))])
    sizes = [abs(part.difference.estimate.mean) / part.difference.margin for part in held.evidence]
    assert sizes[0] > sizes[1]
    assert (held.word, held.decisive) == ("holds", 1)
    assert (contradicted.word, contradicted.decisive) == ("contradicted", 1)


def test_more_claims_ask_for_more():
    config = CompareConfig(seeds=8, epochs=6)  # smallest p: 2 / 256, times 4 kinds of statements
    claim = Claim("T", "it is so", "test", (Comparison(between_sizes("batch", 16, 128), "train_loss_area", "higher"),))
    (alone,) = _judge(config, [claim])
    assert alone.word == "holds"
    verdicts = _judge(config, [claim, claim])
    assert [verdict.word for verdict in verdicts] == ["unresolved", "unresolved"]
    assert verdicts[0].evidence[0].p_adjusted == pytest.approx(2 * alone.evidence[0].p_adjusted)
