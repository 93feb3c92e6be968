"""How often whole reports claim what is not so: the simulation behind ``coverage`` of the plans of all instruments.

A simulated network has a value in each measure, half of whose variance all measures share. What all arms of a seed would share cancels in
every difference, and is left out. What is made of these values is made by the code that makes reports.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from jaxnorm.analysis.advice import AIMS, hold_contests
from jaxnorm.analysis.coverage import FalseClaims, Rate
from jaxnorm.analysis.plan import Plan
from jaxnorm.analysis.simulation import DISTRIBUTIONS, Draw
from jaxnorm.analysis.summarise import Measured, list_differences
from jaxnorm.analysis.summary import ALPHA, Difference, Evidence, Expectation
from jaxnorm.analysis.verdict import judge
from jaxnorm.stats.rule import DecisionRule

NORMAL: Draw = DISTRIBUTIONS["normal"][1]
SCATTER = 30.0
"""Standard deviation of the values of one arm; the margins that measures fix, 0.3 and less, are next to none against it."""
LEVEL = 1_000 * SCATTER
"""Mean of all values: so large that margins which are shares of it do not depend on the sample."""
ROUNDING = 1e-6 * SCATTER
"""Below it a true difference is none."""
STRAYS = "equal means, one in twenty of BatchNorm's networks astray"
"""A truth that the tests of reports do not promise to stand up to: where arms differ in more than their mean, signs do not flip freely."""
SKEWED = "BatchNorm's arms very skewed, and off by a margin of 8 standard errors"
"""Another, for statements of sameness alone: the t tests behind them err more often in the tail of a skewed distribution."""
STRAY_SHARE, STRAY_BY = 0.05, 10.0
"""How many networks go astray, and by how many standard deviations of the others."""
OPPOSITES: dict[Expectation, Expectation] = {"higher": "lower", "lower": "higher", "same": "different"}
"""What contradicts an expectation; that of a difference in either direction cannot be contradicted."""
EARLY = 100
"""First reports of a simulation, whose number of errors is published so that rerunning so few checks the rest."""


def _with_strays(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Normal values, some of them far up, and the others down by so much that the mean is 0 all the same."""
    return rng.normal(size=shape) + STRAY_BY * ((rng.random(shape) < STRAY_SHARE) - STRAY_SHARE)


@dataclasses.dataclass(frozen=True)
class Truth:
    """What is so in a simulated report."""

    scatter: Draw = NORMAL
    """Of BatchNorm's networks; those of other norms scatter normally. Where arms differ in more than their mean, their differences are not
    symmetric, and sign flips are exact no longer."""
    margin: float = 0.0
    """In standard errors of the difference of two arms. Nothing hides behind a margin of zero."""
    apart: bool = False
    """Whether BatchNorm's mean is just the margin above that of the others, which otherwise are all equal."""


TRUTHS = {
    "all arms alike": Truth(),
    "all arms alike, margins of 3.5 standard errors": Truth(margin=3.5),
    "BatchNorm off by a margin of 3.5 standard errors": Truth(margin=3.5, apart=True),
    "BatchNorm off by a margin of 8 standard errors": Truth(margin=8.0, apart=True),
    "equal means, BatchNorm's arms very skewed": Truth(DISTRIBUTIONS["very skewed"][1]),
    STRAYS: Truth(_with_strays),
    SKEWED: Truth(DISTRIBUTIONS["very skewed"][1], margin=8.0, apart=True),
}
"""What is so, in words. With margins of 3.5 standard errors some differences of a report are found the same, and others are not."""


def truths_of(plan: str) -> list[str]:
    """What is simulated of a plan: of compare everything, of others that all arms are alike."""
    return list(TRUTHS) if plan == "compare" else list(TRUTHS)[:1]


def count_differences(plan: Plan) -> int:
    """Differences that a report lists."""
    return len(plan.measures) * sum(len(contrasts) for contrasts in plan.contrasts.values())


def simulate_reports(name: str, plan: Plan, truth: str, n: int, reports: int, rng_seed: int) -> FalseClaims:
    """How often reports of n networks per arm claim a difference that is not there; ``name`` is what to call the plan."""
    rng = np.random.default_rng([rng_seed, n, list(TRUTHS).index(truth), *name.encode()])
    found = [_simulate_report(plan, TRUTHS[truth], n, rng) for _ in range(reports)]
    rates = {kind: Rate.of(np.array([each[kind] for each in found])) for kind in found[0]}
    anywhere = Rate.of(np.array([any(wrong for kind, wrong in each.items() if kind != "sameness") for each in found]))
    early = round(EARLY * Rate.of(np.array([any(each.values()) for each in found[:EARLY]])).share)
    return FalseClaims(name, truth, n, count_differences(plan), len(plan.claims), anywhere=anywhere, early=early, **rates)


def _simulate_report(plan: Plan, truth: Truth, n: int, rng: np.random.Generator) -> dict[str, bool]:
    """What a report claims falsely, by the names of ``FalseClaims``."""
    margin = truth.margin * SCATTER * np.sqrt(2 / n)
    offsets = {arm.key: margin if truth.apart and arm.norm == "batch" else 0.0 for arm in plan.arms}
    rule = DecisionRule(accuracy_margin=margin, loss_margin=margin / LEVEL)
    measured = _draw(plan, truth, offsets, n, rng)
    listed = list_differences(plan, [], rule, plan.measures, measured)
    verdicts = judge(plan.claims, [], rule, measured)
    contests = hold_contests({name: np.array([measured[arm.key, name] for arm in plan.arms]) for name in AIMS}, rule)
    evidence = [part for verdict in verdicts for part in verdict.evidence]
    return {
        "differences": any(_is_false(difference, offsets) or _exceeds_falsely(difference, offsets, margin) for difference in listed),
        "claims": any(_finds_difference_falsely(part, offsets, margin) for part in evidence),
        "advice": any(contest.worse for contest in contests.values()),  # no arm is worse by more than the margin
        "sameness": any(_finds_sameness(part) and _is_as_large(part.difference, offsets, margin) for part in evidence)
        or any(difference.p_within <= ALPHA and _is_as_large(difference, offsets, margin) for difference in listed),
    }


def _draw(plan: Plan, truth: Truth, offsets: Mapping[str, float], n: int, rng: np.random.Generator) -> Measured:
    """The values of all arms in all measures that a report speaks of."""
    judged = [comparison.measure for claim in plan.claims for comparison in claim.comparisons]
    measures = list(dict.fromkeys([*plan.measures, *judged, *AIMS]))
    measured: Measured = {}
    for arm in plan.arms:
        draw = truth.scatter if arm.norm == "batch" else NORMAL
        own_MS = np.sqrt(0.5) * (draw(rng, (1, n)) + draw(rng, (len(measures), n)))
        values_MS = LEVEL + offsets[arm.key] + SCATTER * own_MS
        measured |= {(arm.key, measure): values_S for measure, values_S in zip(measures, values_MS, strict=True)}
    return measured


def _true_difference(difference: Difference, offsets: Mapping[str, float]) -> float:
    true = sum(weight * offsets[key] for key, weight in difference.weights.items())
    return 0.0 if abs(true) < ROUNDING else true


def _is_false(difference: Difference, offsets: Mapping[str, float]) -> bool:
    """Whether it is significant, and nothing."""
    return difference.p_adjusted <= ALPHA and _true_difference(difference, offsets) == 0


def _exceeds_falsely(difference: Difference, offsets: Mapping[str, float], margin: float) -> bool:
    """Whether it is shown to exceed the margin, and does not."""
    return difference.p_beyond <= ALPHA and abs(_true_difference(difference, offsets)) <= margin + ROUNDING


def _is_as_large(difference: Difference, offsets: Mapping[str, float], margin: float) -> bool:
    return abs(_true_difference(difference, offsets)) >= margin - ROUNDING


def _finds_difference_falsely(part: Evidence, offsets: Mapping[str, float], margin: float) -> bool:
    """Whether a comparison is found as claimed and is not, or the opposite although nothing speaks against it.

    A verdict that is not so rests on one of these.
    """
    true = _true_difference(part.difference, offsets)
    if part.finding == "the opposite":
        return part.expected not in OPPOSITES or not is_so(OPPOSITES[part.expected], true, margin)
    return part.finding == "as claimed" and part.expected != "same" and not is_so(part.expected, true, margin)


def _finds_sameness(part: Evidence) -> bool:
    return part.finding == "too small" or (part.finding == "as claimed" and part.expected == "same")


def is_so(expected: Expectation, true: float, margin: float) -> bool:
    """Whether a true difference is as claimed."""
    beyond = abs(true) > margin + ROUNDING
    return {"higher": true > 0, "lower": true < 0, "different": beyond, "same": not beyond}[expected]
