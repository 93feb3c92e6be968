"""The rule that turns paired differences into verdicts, fixed before the run.

**Comparison.** A claim consists of comparisons: contrasts of arms, paired by seed, on one measure, each with an expectation. Let p be the
two-sided sign-flip permutation p of the mean difference, p_inside that of two one-sided t tests for "smaller than the margin", and p_beyond
the two-sided t test p for "larger than the margin". The words a comparison may earn are tried in the order of the table; the first whose p
is at most 0.05 is its word, and if there is none, the comparison is unresolved.

====================  ========================  ==============================================================
expected              first                     second
====================  ========================  ==============================================================
``lower``/``higher``  equivalent, by p_inside   holds or contradicted as the mean's sign has it, by p
``different``         equivalent, by p_inside   holds, by the larger of p and p_beyond
``same``              equivalent, by p_inside   contradicted, by the larger of p and p_beyond
====================  ========================  ==============================================================

A difference shown to be smaller than the margin is thus "equivalent" even where it is significantly not zero.

**Claim.** Its weakest comparison decides. One contradicted comparison contradicts the claim; else one unresolved comparison leaves it
unresolved; else a difference that was claimed and is equivalent makes it equivalent; else it holds. Sameness that was expected and found
counts as confirmed; a claim of nothing but sameness is then "equivalent" rather than "holds".

**Correction.** Each claim brings one p to Holm's procedure over all claims of the report. A contradicted claim brings Bonferroni's: the
smallest p of its contradicted comparisons times the number of its comparisons, since any one of them would have done. Every other claim
brings the largest p of its comparisons, since all of them must be right (intersection-union test, Berger 1982). The result is multiplied by
the number of kinds of statements in a report (``statistics.FAMILIES``). Claims that are found equivalent count with a p of 1 there, and are
adjusted by a Holm's procedure of their own, in which the others do, times 2, since listed differences may be called small as well. Claims
whose adjusted p exceeds 0.05 are unresolved. Under no difference at all, the chance that a report claims any, in either direction and
anywhere in it, is at most 5 %.

The margin of losses, areas and noises is a share of the compared arms' mean, and that mean is estimated from the same run.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from jaxnorm.analysis.claims import Claim
from jaxnorm.analysis.contrasts import measure_contrasts
from jaxnorm.analysis.measures import find_measure
from jaxnorm.analysis.statistics import ALPHA, SAMENESS, adjust, equivalence_p, exceedance_p
from jaxnorm.analysis.summary import Difference, Evidence, Expectation, Verdict, Word
from jaxnorm.analysis.table import ArmTable
from jaxnorm.analysis.wording import count, format_difference, format_margin, format_p, out_of
from jaxnorm.config import DecisionRule


@dataclasses.dataclass(frozen=True)
class Part:
    """A comparison that was weighed: its evidence, and the p of its word (of the claim's word where it is unresolved)."""

    evidence: Evidence
    p_value: float

    @property
    def size(self) -> float:
        """The difference in margins; settles ties, which p values of permutations have."""
        difference = self.evidence.difference
        return abs(difference.estimate.mean) / difference.margin if difference.margin else 0.0

    @property
    def confirms_sameness(self) -> bool:
        """Whether sameness was expected and found."""
        return self.evidence.expected == "same" and self.evidence.word == "equivalent"


@dataclasses.dataclass(frozen=True)
class Finding:
    """A claim's word before the correction over claims, its p, and the part that decided."""

    word: Word
    p_value: float
    decisive: Part
    num_deciding: int
    """How many parts say what the decisive one says."""


def judge(
    claims: Sequence[Claim], tables: Sequence[ArmTable], rule: DecisionRule, measured: dict[tuple[str, str], np.ndarray]
) -> list[Verdict]:
    """Judge the claims of one report together. ``measured`` is the cache of ``measure_contrasts``."""
    comparisons = [comparison for claim in claims for comparison in claim.comparisons]
    pairs = [(comparison.contrast, comparison.measure) for comparison in comparisons]
    differences = measure_contrasts(pairs, tables, rule, measured)
    weighed = iter([weigh(difference, part.expected) for difference, part in zip(differences, comparisons, strict=True)])
    parts = [[next(weighed) for _ in claim.comparisons] for claim in claims]
    findings = [find(claim_parts) for claim_parts in parts]
    return [_verdict(*row, num_claims=len(claims)) for row in zip(claims, parts, findings, _adjusted(findings), strict=True)]


def _adjusted(findings: Sequence[Finding]) -> list[float]:
    """The p of each claim after correction, among the claims of its kind: those of a difference, or those of none.

    Others count as 1, not as absent: which kind a claim is of, is decided by the data. "Equivalent" claims no difference, and shares its
    errors with no other kind of statements.
    """
    equivalent = np.array([finding.word == "equivalent" for finding in findings])
    p_values = np.array([finding.p_value for finding in findings])
    of_difference = adjust(np.where(equivalent, 1.0, p_values))
    of_none = adjust(np.where(equivalent, p_values, 1.0), SAMENESS)
    return np.where(equivalent, of_none, of_difference).tolist()


def weigh(difference: Difference, expected: Expectation) -> Part:
    """Give one comparison its word."""
    inside = float(equivalence_p(difference.by_seed, difference.margin))
    beyond = max(difference.p_value, float(exceedance_p(difference.by_seed, difference.margin)))
    if expected == "same":
        words: list[tuple[Word, float]] = [("equivalent", inside), ("contradicted", beyond)]
    elif expected == "different":
        words = [("equivalent", inside), ("holds", beyond)]
    else:
        agrees = (difference.estimate.mean > 0) == (expected == "higher")
        words = [("equivalent", inside), ("holds" if agrees else "contradicted", difference.p_value)]
    as_claimed = inside if expected == "same" else words[1][1]
    for word, p_value in words:
        if p_value <= ALPHA:
            return Part(Evidence(difference, expected, word), p_value)
    return Part(Evidence(difference, expected, "unresolved"), as_claimed)


def find(parts: Sequence[Part]) -> Finding:
    """The word that the weakest comparison leaves to a claim."""

    def having(word: Word) -> list[Part]:
        return [part for part in parts if part.evidence.word == word]

    negligible = [part for part in having("equivalent") if not part.confirms_sameness]
    all_same = all(part.confirms_sameness for part in parts)
    if opposing := having("contradicted"):
        decisive = min(opposing, key=lambda part: (part.p_value, -part.size))
        return Finding("contradicted", min(1.0, len(parts) * decisive.p_value), decisive, len(opposing))
    word: Word = "unresolved" if having("unresolved") else "equivalent" if negligible or all_same else "holds"
    deciding = having("unresolved") or negligible or parts
    weakest = max(deciding, key=lambda part: (part.p_value, -part.size))
    return Finding(word, max(part.p_value for part in parts), weakest, len(deciding))


def _verdict(claim: Claim, parts: list[Part], finding: Finding, p_adjusted: float, num_claims: int) -> Verdict:
    word: Word = finding.word if p_adjusted <= ALPHA else "unresolved"
    return Verdict(
        claim=claim.id,
        statement=claim.statement,
        source=claim.source,
        word=word,
        words=_words(claim, word, finding, num_claims) + _of_parts(parts, word),
        facts=_facts(claim, finding, p_adjusted),
        p_adjusted=p_adjusted,
        evidence=[part.evidence for part in parts],
    )


def _words(claim: Claim, word: Word, finding: Finding, num_claims: int) -> str:
    """The verdict in plain words. Where only the correction made it unresolved, it says so."""
    evidence, num_parts = finding.decisive.evidence, len(claim.comparisons)
    measure = find_measure(evidence.difference.measure)
    margin = f"the margin of {format_margin(evidence.difference.margin, measure.unit)}"
    where = f"in {finding.num_deciding} of {num_parts} comparisons " if finding.num_deciding < num_parts else ""
    if word == "holds":
        return claim.statement
    if word == "contradicted":
        found = f"the difference is larger than {margin}" if evidence.expected == "same" else "the opposite is found"
        return f"the claim is that {claim.statement}, but {where}{found}"
    if word == "equivalent" and finding.decisive.confirms_sameness:
        return f"as claimed, {claim.statement}: the difference is smaller than {margin}"
    if word == "equivalent":
        return f"the claim is that {claim.statement}, but {where}the difference is smaller than {margin}"
    after = f" after correction for {count(num_claims, 'claim')}" if finding.word != "unresolved" else ""
    return f"{count(evidence.difference.estimate.n, 'seed')} cannot tell{after} whether {claim.statement}"


def _of_parts(parts: Sequence[Part], word: Word) -> str:
    """How many of several comparisons are as claimed, as far as means go, and how many of these are shown, where the word does not say.

    So of those that point the other way, unless the claim is contradicted, which says it.
    """
    evidence = [part.evidence for part in parts]
    claimed = [each for each in evidence if each.as_claimed]
    contrary = [each for each in evidence if not each.as_claimed and each.expected in ("lower", "higher")]
    if len(parts) == 1 or (len(claimed) == len(parts) and word != "unresolved"):
        return ""
    told = []
    if claimed:
        told.append(f"; {out_of(len(claimed), len(parts))} comparisons {_pointing(claimed, 'as claimed')}")
    if contrary and word != "contradicted":
        told.append(f"; {out_of(len(contrary), len(parts))} {_pointing(contrary, 'the other way')}")
    return "".join(told)


def _pointing(evidence: Sequence[Evidence], where: str) -> str:
    """``point as claimed, 2 of them shown``; ``points the other way, and is shown``."""
    shown = sum(each.expected != "same" and each.difference.p_adjusted <= ALPHA for each in evidence)
    if len(evidence) == 1:
        return f"points {where}{', and is shown' if shown else ''}"
    return f"point {where}, {_some(shown, len(evidence))} of them shown"


def _some(part: int, whole: int) -> str:
    """``none``, ``2``, ``both``, ``all``. Of at least two."""
    return "none" if not part else str(part) if part < whole else "both" if whole == 2 else "all"


def _facts(claim: Claim, finding: Finding, p_adjusted: float) -> str:
    """The decisive difference, and which of several comparisons it is: the clearest against a claim, or else the weakest."""
    num_parts, difference = len(claim.comparisons), finding.decisive.evidence.difference
    chosen = f"weakest of {num_parts} comparisons: " if num_parts > 1 else ""
    if finding.word == "contradicted":
        chosen = "the clearest of them: " if finding.num_deciding > 1 else ""
    return f"{chosen}{describe(difference)}, adjusted p {format_p(p_adjusted)}, n = {difference.estimate.n}"


def decisive(verdict: Verdict) -> Difference:
    """The difference that decided a claim, and that its sentence names."""
    return find([weigh(part.difference, part.expected) for part in verdict.evidence]).decisive.evidence.difference


def describe(difference: Difference) -> str:
    """A difference as half a sentence: measure, arms, estimate, interval."""
    measure = find_measure(difference.measure)
    return f"{measure.title}, {difference.label}: {format_difference(difference.estimate, measure.unit)}"
