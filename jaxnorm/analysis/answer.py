"""The report's answer: a sentence on each of two measures, and one that counts the verdicts."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import get_args

from jaxnorm.analysis.measures import Measure, find_measure
from jaxnorm.analysis.statistics import ALPHA, could_show
from jaxnorm.analysis.summary import Difference, Verdict, Word
from jaxnorm.analysis.wording import conjoin, count, format_difference, format_margin, format_p, say_number

VERBS = ("changes with", "hardly changes with", "is not shown to change with")
"""What a measure does with something that is varied: a difference is shown to count, is shown but not to count, or is not shown."""
DETAILED = 2
"""Things varied whose largest difference a sentence spells out; of further ones it says only how large that is."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """What the differences in one measure say of one thing that was varied."""

    subject: str
    differences: Sequence[Difference]

    @property
    def shown(self) -> list[Difference]:
        """Those that are significant after correction, with an interval wholly beyond the margin."""
        return [difference for difference in self.differences if difference.p_adjusted <= ALPHA and difference.beyond_margin]

    @property
    def verb(self) -> str:
        """One of ``VERBS``."""
        significant = any(difference.p_adjusted <= ALPHA for difference in self.differences)
        return VERBS[0 if self.shown else 1 if significant else 2]

    @property
    def largest(self) -> Difference:
        """Of those that are shown, if any are."""
        return max(self.shown or self.differences, key=lambda difference: abs(difference.estimate.mean))

    @property
    def alike(self) -> list[Difference]:
        """The differences that set the same against the same as the largest does: only their signs can be compared."""
        sides = self.largest.sides
        return [difference for difference in self.differences if difference.sides == sides] if sides else [self.largest]

    @property
    def opposite(self) -> list[Difference]:
        """Those of them that are shown to have the other sign."""
        rises = self.largest.estimate.mean > 0
        return [difference for difference in self.alike if difference in self.shown and (difference.estimate.mean > 0) != rises]


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
    largest, opposite = finding.largest, len(finding.opposite)
    amount = format_difference(largest.estimate, measure.unit)
    if not finding.shown:
        margin = f"the margin is {format_margin(largest.margin, measure.unit)}"
        reason = f"adjusted p {format_p(largest.p_adjusted)}" if finding.verb == VERBS[-1] else margin
        return f"{finding.subject} (largest: {largest.label}, {amount}, {reason})"
    contrary = f"the other way in {opposite} of {len(finding.alike)} comparisons" if opposite else ""
    return f"{finding.subject} (most: {'; '.join(filter(None, [', '.join([largest.label, amount, *_better(largest)]), contrary]))})"


def _in_brief(finding: Finding, measure: Measure) -> str:
    if not finding.shown:
        return finding.subject
    favour = ["in either direction"] if finding.opposite else _better(finding.largest)
    return f"{finding.subject} ({', '.join([f'up to {format_margin(abs(finding.largest.estimate.mean), measure.unit)}', *favour])})"


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
