"""The rule that turns paired differences into verdicts, fixed before the run.

**Comparison.** A claim consists of comparisons: contrasts of arms, paired by seed, on one measure, each with an expectation. What is found
of a comparison is one of four things. The columns are tried from the left; the first whose p, adjusted, is at most 0.05 is the finding, and
if there is none, the comparison is open.

====================  ===========================  ==============================================================
expected              by p_inside                  by p, or p_beyond
====================  ===========================  ==============================================================
``lower``/``higher``  too small to count           as claimed or the opposite, as the mean's sign has it, by p
``different``         too small to count           as claimed, by p_beyond
``same``              as claimed                   the opposite, by p_beyond
====================  ===========================  ==============================================================

Here p is the two-sided sign-flip permutation p of the mean difference, p_inside that of two one-sided t tests for "smaller than the
margin", and p_beyond the larger of p and the two-sided t test's for "larger than the margin". A difference shown to be smaller than the
margin is thus too small to count even where it is significantly not zero.

**Claim.** Nothing but the findings decides. One comparison that finds the opposite contradicts the claim; else one that is open leaves it
unresolved; else a difference that was claimed and is too small makes it equivalent; else it holds. A claim of nothing but sameness is then
"equivalent" rather than "holds".

**Correction.** The p by which comparisons are shown to differ are adjusted by Holm's procedure over all comparisons of all claims of the
report, times the number of kinds of statements in a report (``statistics.adjust``); so, apart from them, are those of sameness. Under no
difference at all, the chance that a report claims any, in either direction and anywhere in it, is at most 5 %.

The margin of losses, areas and noises is a share of the compared arms' mean, and that mean is estimated from the same run.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from jaxnorm.analysis.claims import Claim
from jaxnorm.analysis.contrasts import measure_contrasts
from jaxnorm.analysis.findings import describe_findings
from jaxnorm.analysis.statistics import adjust, exceedance_p
from jaxnorm.analysis.summary import ALPHA, Difference, Evidence, Expectation, Finding, Verdict, Word
from jaxnorm.analysis.table import ArmTable
from jaxnorm.config import DecisionRule


def judge(
    claims: Sequence[Claim], tables: Sequence[ArmTable], rule: DecisionRule, measured: dict[tuple[str, str], np.ndarray]
) -> list[Verdict]:
    """Judge the claims of one report together. ``measured`` is the cache of ``measure_contrasts``."""
    comparisons = [comparison for claim in claims for comparison in claim.comparisons]
    pairs = [(comparison.contrast, comparison.measure) for comparison in comparisons]
    differences = measure_contrasts(pairs, tables, rule, measured)
    weighed = iter(weigh(differences, [comparison.expected for comparison in comparisons]))
    return [_verdict(claim, [next(weighed) for _ in claim.comparisons]) for claim in claims]


def weigh(differences: Sequence[Difference], expectations: Sequence[Expectation]) -> list[Evidence]:
    """What is found of comparisons, which are all that a report judges: the correction is over their number.

    The differences were measured together, so that their ``p_within`` are corrected alike.
    """
    pairs = list(zip(differences, expectations, strict=True))
    apart = adjust([_p_apart(*pair) for pair in pairs]).tolist()
    return [_evidence(*pair, p_apart) for pair, p_apart in zip(pairs, apart, strict=True)]


def _p_apart(difference: Difference, expected: Expectation) -> float:
    """Of no difference, or, where no direction is expected, of none beyond the margin."""
    if expected in ("lower", "higher"):
        return difference.p_value
    return max(difference.p_value, float(exceedance_p(difference.by_seed, difference.margin)))


def _evidence(difference: Difference, expected: Expectation, p_apart: float) -> Evidence:
    part = Evidence(difference, expected, "open", difference.p_within if expected == "same" else p_apart)
    if difference.is_within:
        return dataclasses.replace(part, finding="as claimed" if expected == "same" else "too small", p_adjusted=difference.p_within)
    if p_apart <= ALPHA:
        return dataclasses.replace(part, finding="as claimed" if part.points_as_claimed else "the opposite", p_adjusted=p_apart)
    return part


def decide(evidence: Sequence[Evidence]) -> Word:
    """The word that its comparisons leave to a claim."""
    found = {part.finding for part in evidence}
    if "the opposite" in found:
        return "contradicted"
    if "open" in found:
        return "unresolved"
    return "equivalent" if "too small" in found or all(part.expected == "same" for part in evidence) else "holds"


DECIDING: dict[Word, Finding] = {"contradicted": "the opposite", "unresolved": "open", "equivalent": "too small", "holds": "as claimed"}
"""The finding behind a word."""


def _verdict(claim: Claim, evidence: list[Evidence]) -> Verdict:
    word = decide(evidence)
    deciding = [part for part in evidence if part.finding == DECIDING[word]] or evidence
    decisive = min(deciding, key=lambda part: part.support)
    return Verdict(
        claim=claim.id,
        statement=claim.statement,
        source=claim.source,
        word=word,
        words=describe_findings(claim.statement, word, evidence, decisive),
        decisive=evidence.index(decisive),
        evidence=evidence,
    )
