"""The report's answer: a sentence on each of two measures, and one that counts the verdicts."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import get_args

from jaxnorm.analysis.measures import Measure, find_measure
from jaxnorm.analysis.statistics import ALPHA, could_show
from jaxnorm.analysis.summary import Difference, Verdict, Word
from jaxnorm.analysis.wording import conjoin, count, format_change, format_difference, format_margin, format_p, out_of, say_number

VERBS = ("changes with", "changes somewhat with", "hardly changes with", "is not shown to change with")
"""What a measure does with something that is varied: a difference is shown to exceed the margin; some are significant, but may not exceed
it; those that are significant are all smaller than it; none is significant."""
DETAILED = 1
"""Things varied of which a sentence spells out arms and intervals; of further ones it says only how large differences are."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """What the differences in one measure say of one thing that was varied."""

    subject: str
    differences: Sequence[Difference]

    @property
    def significant(self) -> list[Difference]:
        """Those that are significant after correction."""
        return [difference for difference in self.differences if difference.p_adjusted <= ALPHA]

    @property
    def shown(self) -> list[Difference]:
        """Those of them whose interval lies wholly beyond the margin."""
        return [difference for difference in self.significant if difference.beyond_margin]

    @property
    def verb(self) -> str:
        """One of ``VERBS``."""
        if self.shown:
            return VERBS[0]
        within = all(difference.within_margin for difference in self.significant)
        return VERBS[3] if not self.significant else VERBS[2] if within else VERBS[1]

    @property
    def largest(self) -> Difference:
        """The largest of what the verb says."""
        return max(self.shown or self.significant or self.differences, key=lambda difference: abs(difference.estimate.mean))

    @property
    def ends(self) -> list[Difference]:
        """The largest difference that is shown; where some are significant in either direction, the largest in each."""
        by_mean = sorted(self.significant, key=lambda difference: difference.estimate.mean)
        lowest, highest = by_mean[0], by_mean[-1]
        return [lowest, highest] if lowest.estimate.mean < 0 < highest.estimate.mean else [self.largest]


def answer(varied: Mapping[str, Sequence[Difference]], measures: Sequence[str], num_differences: int) -> str:
    """What was varied ("the choice of norm") to the differences that tell whether it matters, as a sentence on each of the measures.

    ``num_differences`` is the number that was corrected for.
    """
    told = {subject: differences for subject, differences in varied.items() if differences}
    if not told:
        return "Nothing was varied, so there is nothing to compare."
    n = next(iter(told.values()))[0].estimate.n
    reason = f"n = {n}" if could_show(n, num_differences) else f"{count(n, 'seed')} could not have shown any difference"
    sentences = [_sentence(find_measure(name), _findings(told, name)) for name in measures]
    return f"{'. '.join(sentences)}; {reason}."


def _findings(varied: Mapping[str, Sequence[Difference]], name: str) -> list[Finding]:
    by_subject = {subject: [each for each in differences if each.measure == name] for subject, differences in varied.items()}
    findings = [Finding(subject, differences) for subject, differences in by_subject.items()]
    return sorted(findings, key=lambda finding: VERBS.index(finding.verb))


def _sentence(measure: Measure, findings: Sequence[Finding]) -> str:
    """``The test accuracy changes with the choice of norm (...); it is not shown to change with the batch size (...)``."""
    told = [_in_detail(finding, measure) for finding in findings[:DETAILED]] + [
        _in_brief(finding, measure) for finding in findings[DETAILED:]
    ]
    by_verb = {verb: [text for finding, text in zip(findings, told, strict=True) if finding.verb == verb] for verb in VERBS}
    title = f"{measure.title}," if "," in measure.title else measure.title
    clauses = [f"{verb} {conjoin(texts, 'or' if verb == VERBS[-1] else 'and')}" for verb, texts in by_verb.items() if texts]
    return f"The {title} {'; it '.join(clauses)}"


def _in_detail(finding: Finding, measure: Measure) -> str:
    if finding.shown:
        ends = [", ".join([each.label, format_difference(each.estimate, measure.unit), *_better(each)]) for each in finding.ends]
        reach = f"from {', to '.join(ends)}" if len(ends) > 1 else f"{'most: ' if len(finding.shown) > 1 else ''}{ends[0]}"
        return f"{finding.subject} ({'; '.join([reach, *_how_many(finding)])})"
    largest = finding.largest
    margin = f"the margin of {format_margin(largest.margin, measure.unit)}"
    reasons = (f"perhaps below {margin}", f"below {margin}", f"adjusted p {format_p(largest.p_adjusted)}")
    reason = reasons[VERBS.index(finding.verb) - 1]
    amount = format_difference(largest.estimate, measure.unit)
    return f"{finding.subject} ({'largest: ' if len(finding.differences) > 1 else ''}{largest.label}, {amount}, {reason})"


def _in_brief(finding: Finding, measure: Measure) -> str:
    largest = format_change(finding.largest.estimate.mean, measure.unit)
    if not finding.shown:
        return f"{finding.subject} (at most {largest})" if finding.significant else finding.subject
    lowest = format_change(finding.ends[0].estimate.mean, measure.unit, with_unit=False)
    highest = format_change(finding.ends[-1].estimate.mean, measure.unit)
    either_way = len(finding.ends) > 1
    reach = f"from {lowest} to {highest}" if either_way else ", ".join([f"up to {largest}", *_better(finding.largest)])
    return f"{finding.subject} ({'; '.join([reach, *_how_many(finding)])})"


def _how_many(finding: Finding) -> list[str]:
    """How many of several comparisons are shown."""
    number = len(finding.differences)
    return [f"{out_of(len(finding.shown), number)} beyond the margin"] if number > 1 else []


def _better(difference: Difference) -> list[str]:
    """In whose favour a difference is: ``better for LayerNorm``; nothing where neither direction is better."""
    better = find_measure(difference.measure).better
    if better == "neither":
        return []
    if difference.sides is None:
        return [f"{better} is better"]
    first, second = difference.sides
    return [f"better for {first if (difference.estimate.mean > 0) == (better == 'higher') else second}"]


def count_verdicts(verdicts: Sequence[Verdict]) -> str:
    """What became of the claims, as a sentence: "Of 3 claims, 1 holds (A8), 2 are contradicted (A1, A3)"."""
    by_word = {word: [verdict.claim for verdict in verdicts if verdict.word == word] for word in get_args(Word)}
    parts = [f"{say_number(word, len(claims))} ({', '.join(claims)})" for word, claims in by_word.items() if claims]
    return f"Of {count(len(verdicts), 'claim')}, {', '.join(parts)}."
