"""Simulated reports: they claim next to nothing where there is nothing, and everything where there is much."""

import dataclasses

import numpy as np
import pytest

from jaxnorm.analysis import false_claims
from jaxnorm.analysis.coverage import packaged_coverage
from jaxnorm.analysis.false_claims import TRUTHS, Truth, count_differences, simulate_reports, truths_of
from jaxnorm.analysis.plans import default_plans
from jaxnorm.config import CoverageConfig

CONFIG = CoverageConfig()
PLANS = default_plans()
DIFFERENCES = ("differences", "claims", "evidence", "advice")
MONTE_CARLO = 3.0
"""Standard errors by which a simulated rate may differ from the true one."""


def test_published_simulation_is_of_all_plans_at_the_default_settings():
    published = packaged_coverage().false_claims
    assert [(each.plan, each.truth) for each in published] == [(name, truth) for name in PLANS for truth in truths_of(name)]
    assert {(each.n, each.anywhere.trials) for each in published} == {(CONFIG.report_seeds, CONFIG.reports)}
    assert [(each.num_differences, each.num_claims) for each in published] == [
        (count_differences(PLANS[each.plan]), len(PLANS[each.plan].claims)) for each in published
    ]


@pytest.mark.parametrize("claimed", ["anywhere", *DIFFERENCES, "sameness"])
def test_reports_claim_what_is_not_so_in_at_most_five_percent(claimed):
    """Where arms are alike sign flips are exact; where they are not, this too is what was found."""
    assert all(getattr(each, claimed).share <= 0.05 for each in packaged_coverage().false_claims)


def test_rerunning_a_plan_gives_what_is_published():
    published = next(each for each in packaged_coverage().false_claims if each.plan == "depth, Transformer")
    again = simulate_reports(published.plan, PLANS[published.plan], published.truth, published.n, 20, CONFIG.rng_seed)
    for kind in (*DIFFERENCES, "anywhere"):
        rate = getattr(published, kind).share
        assert abs(getattr(again, kind).share - rate) <= MONTE_CARLO * np.sqrt(max(rate, 0.01) / 20)


@pytest.mark.parametrize("plan", ["compare", "landscape"])
def test_reports_without_a_difference_rarely_claim_one(plan):
    found = simulate_reports(plan, PLANS[plan], "all arms alike", 10, reports=40, rng_seed=1)
    assert all(getattr(found, kind).share <= 0.05 + MONTE_CARLO * np.sqrt(0.05 * 0.95 / 40) for kind in (*DIFFERENCES, "anywhere"))
    assert found.anywhere.share >= max(getattr(found, kind).share for kind in DIFFERENCES)
    assert found.sameness.share == 0  # nothing is smaller than a margin of zero


def test_simulation_notices_claims_that_are_not_so(monkeypatch):
    """Uncorrected, a family of 78 differences errs nearly always: the check can fail."""
    monkeypatch.setattr("jaxnorm.analysis.statistics.holm", lambda p_values: np.asarray(p_values, float))
    monkeypatch.setattr("jaxnorm.analysis.statistics.FAMILIES", 1)
    found = simulate_reports("compare", PLANS["compare"], "all arms alike", 12, reports=20, rng_seed=2)
    assert found.differences.share > 0.5
    assert found.anywhere.share >= found.differences.share


def test_true_differences_are_not_false_claims(monkeypatch):
    """Far apart, with margins of next to nothing, everything about BatchNorm is significant and so."""
    monkeypatch.setitem(TRUTHS, "BatchNorm off by such a margin", Truth(margin=40.0, apart=True))
    found = simulate_reports("compare", PLANS["compare"], "BatchNorm off by such a margin", 12, reports=10, rng_seed=3)
    assert found.differences.share == found.claims.share == found.evidence.share == 0


@pytest.mark.parametrize(
    ("expected", "true", "so", "contrary"),
    [
        ("higher", 1.0, True, False),
        ("higher", 0.0, False, False),
        ("higher", -1.0, False, True),
        ("lower", -1.0, True, False),
        ("lower", 1.0, False, True),
        ("different", 3.0, True, False),
        ("different", -2.0, False, False),
        ("same", 2.0, True, False),
        ("same", -3.0, False, True),
    ],
)
def test_expectations_are_so_or_contrary_or_neither(expected, true, so, contrary):
    assert false_claims._is_so(expected, true, margin=2.0) is so
    assert false_claims._is_contrary(expected, true, margin=2.0) is contrary


def test_simulated_values_have_the_means_and_the_scatter_that_are_told():
    plan, margin = dataclasses.replace(PLANS["compare"], claims=()), 50.0
    offsets = {arm.key: margin if arm.norm == "batch" else 0.0 for arm in plan.arms}
    measured = false_claims._draw(plan, Truth(), offsets, 20_000, np.random.default_rng(0))
    one, other = (measured[next(arm.key for arm in plan.arms if arm.norm == norm), "train_loss"] for norm in ("batch", "layer"))
    difference = one - other
    assert difference.mean() == pytest.approx(margin, abs=1.5)
    assert difference.std() == pytest.approx(np.sqrt(2) * false_claims.SCATTER, rel=0.03)
    assert one.std() == pytest.approx(np.sqrt(2) * false_claims.SCATTER, rel=0.03)  # the luck of seeds, and their own
