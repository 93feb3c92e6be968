"""The report's answer: a sentence on each of two measures, and one that counts the verdicts."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import get_args

import numpy as np

from jaxnorm.analysis.measures import Measure, find_measure
from jaxnorm.analysis.statistics import ALPHA, could_show
from jaxnorm.analysis.summary import Difference, Verdict, Word
from jaxnorm.analysis.wording import conjoin, count, format_change, format_difference, format_margin, format_p, out_of, say_number

VERBS = ("changes with", "changes, to an extent still open, with", "hardly changes with", "is not shown to change with")
"""What a measure does with something that is varied: some difference is shown to exceed the margin; some is shown not to be zero; all are
shown to be smaller than the margin; nothing is shown."""
DETAILED = 1
"""Things varied of which a sentence spells out arms and intervals; of further ones it says only how large differences are."""


@dataclasses.dataclass(frozen=True)
class Effect:
    """What the differences in one measure say of one thing that was varied."""

    subject: str
    differences: Sequence[Difference]

    @property
    def shown(self) -> list[Difference]:
        """Those that are shown to exceed the margin."""
        return [difference for difference in self.differences if difference.p_beyond <= ALPHA]

    @property
    def significant(self) -> list[Difference]:
        """Those that are shown not to be zero."""
        return [difference for difference in self.differences if difference.p_adjusted <= ALPHA]

    @property
    def verb(self) -> str:
        """One of ``VERBS``."""
        if self.shown:
            return VERBS[0]
        if all(difference.p_within <= ALPHA for difference in self.differences):
            return VERBS[2]
        return VERBS[1] if self.significant else VERBS[3]

    @property
    def largest(self) -> Difference:
        """Of those that are shown, or of all where none is."""
        return max(self.shown or self.differences, key=lambda difference: np.nan_to_num(abs(difference.estimate.mean), nan=-1.0))

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
    sentences = [_sentence(find_measure(name), _effects(told, name)) for name in measures]
    return f"{'. '.join(sentences)}; {reason}."


def _effects(varied: Mapping[str, Sequence[Difference]], name: str) -> list[Effect]:
    by_subject = {subject: [each for each in differences if each.measure == name] for subject, differences in varied.items()}
    effects = [Effect(subject, differences) for subject, differences in by_subject.items()]
    return sorted(effects, key=lambda effect: VERBS.index(effect.verb))


def _sentence(measure: Measure, effects: Sequence[Effect]) -> str:
    """``The test accuracy changes with the choice of norm (...); it is not shown to change with the batch size (...)``."""
    told = [_in_detail(effect, measure) for effect in effects[:DETAILED]] + [_in_brief(effect, measure) for effect in effects[DETAILED:]]
    by_verb = {verb: [text for effect, text in zip(effects, told, strict=True) if effect.verb == verb] for verb in VERBS}
    title = f"{measure.title}," if "," in measure.title else measure.title
    clauses = [f"{verb} {conjoin(texts, 'or' if verb == VERBS[-1] else 'and')}" for verb, texts in by_verb.items() if texts]
    return f"The {title} {'; it '.join(clauses)}"


def _in_detail(effect: Effect, measure: Measure) -> str:
    if effect.shown:
        ends = [", ".join([each.label, format_difference(each.estimate, measure.unit), *_better(each)]) for each in effect.ends]
        reach = f"from {', to '.join(ends)}" if len(ends) > 1 else f"{'most: ' if len(effect.shown) > 1 else ''}{ends[0]}"
        return f"{effect.subject} ({'; '.join([reach, *_how_many(effect)])})"
    largest = effect.largest
    margin = f"the margin is {format_margin(largest.margin, measure.unit)}"
    reason = f"adjusted p {format_p(largest.p_adjusted)}" if effect.verb == VERBS[-1] else margin
    amount = format_difference(largest.estimate, measure.unit)
    return f"{effect.subject} ({_largest_of(effect)}{largest.label}, {amount}, {reason})"


def _in_brief(effect: Effect, measure: Measure) -> str:
    largest = format_change(effect.largest.estimate.mean, measure.unit)
    if not effect.shown:
        return effect.subject if effect.verb == VERBS[-1] else f"{effect.subject} ({_largest_of(effect)}{largest})"
    lowest = format_change(effect.ends[0].estimate.mean, measure.unit, with_unit=False)
    highest = format_change(effect.ends[-1].estimate.mean, measure.unit)
    either_way = len(effect.ends) > 1
    reach = f"from {lowest} to {highest}" if either_way else ", ".join([f"up to {largest}", *_better(effect.largest, told=False)])
    return f"{effect.subject} ({'; '.join([reach, *_how_many(effect)])})"


def _largest_of(effect: Effect) -> str:
    return "largest: " if len(effect.differences) > 1 else ""


def _how_many(effect: Effect) -> list[str]:
    """How many of several comparisons are shown."""
    number = len(effect.differences)
    return [f"{out_of(len(effect.shown), number)} beyond the margin"] if number > 1 else []


def _better(difference: Difference, *, told: bool = True) -> list[str]:
    """In whose favour a difference is: ``better for LayerNorm``, and than for what, unless that is ``told``; nothing where neither is."""
    better = find_measure(difference.measure).better
    if better == "neither":
        return []
    if difference.sides is None:
        return [f"{better} is better"]
    first, second = difference.sides if (difference.estimate.mean > 0) == (better == "higher") else reversed(difference.sides)
    return [f"better for {first}" if told else f"better for {first} than for {second}"]


def count_verdicts(verdicts: Sequence[Verdict]) -> str:
    """What became of the claims, as a sentence: "Of 3 claims, 1 holds (A8), 2 are contradicted (A1, A3)"."""
    by_word = {word: [verdict.claim for verdict in verdicts if verdict.word == word] for word in get_args(Word)}
    parts = [f"{say_number(word, len(claims))} ({', '.join(claims)})" for word, claims in by_word.items() if claims]
    return f"Of {count(len(verdicts), 'claim')}, {', '.join(parts)}."
