"""The report's answer: a sentence on each of two measures, and one that counts the verdicts."""

from collections.abc import Sequence
from typing import get_args

from jaxnorm.analysis.effects import VERBS, Effect, find_effects
from jaxnorm.analysis.measures import Measure, find_measure
from jaxnorm.analysis.statistics import could_show
from jaxnorm.analysis.summary import Difference, Verdict, Word
from jaxnorm.analysis.wording import (
    conjoin,
    count,
    format_amount,
    format_difference,
    format_margin,
    format_p,
    format_size,
    out_of,
    say_number,
)

DIRECT = VERBS[:2]
"""Said by which arm has the lower and which the higher value."""


def answer(differences: Sequence[Difference], measures: Sequence[str]) -> list[str]:
    """What all differences of a report say of everything that was varied: a sentence on each of the measures."""
    told = [difference for difference in differences if difference.subject]
    if not told:
        return ["Nothing was varied, so there is nothing to compare."]
    n = told[0].estimate.n
    reason = f"n = {n}" if could_show(n, len(differences)) else f"{count(n, 'seed')} could not have shown any difference"
    *sentences, last = [_sentence(find_measure(name), find_effects(told, name)) for name in measures]
    return [*(f"{sentence}." for sentence in sentences), f"{last}; {reason}."]


def _sentence(measure: Measure, effects: Sequence[Effect]) -> str:
    """The first effect with arms, amount and interval, the others in brief.

    ``The test accuracy is higher (better) by 2.1 points [1.7, 2.5] with LayerNorm than with BatchNorm (batch size 2); it also changes with
    the batch size (up to 3.0 points, better with batch size 512); it hardly changes with ...``
    """
    title = f"{measure.title}," if "," in measure.title else measure.title
    lead, *others = effects
    if lead.verb in DIRECT:
        clauses = [f"is {_directly(lead, measure)}"]
        also = lead.verb.replace("changes", "also changes", 1)
        listed = [_in_brief(effect, measure) for effect in others]
    else:
        clauses, also = [], lead.verb
        others, listed = effects, [_in_detail(lead, measure), *(_in_brief(effect, measure) for effect in others)]
    by_verb = {verb: [text for effect, text in zip(others, listed, strict=True) if effect.verb == verb] for verb in VERBS}
    clauses += [
        f"{also if verb == lead.verb else verb} {conjoin(texts, 'or' if verb == VERBS[-1] else 'and')}"
        for verb, texts in by_verb.items()
        if texts
    ]
    return f"The {title} {'; it '.join(clauses)}"


def _directly(effect: Effect, measure: Measure) -> str:
    """``lower (better) by 0.12 nats [0.10, 0.14] with BatchNorm than with no norm (depth 8), but higher (worse) by ...``."""
    first, *opposite = effect.ends
    ends = [_end(first, effect, measure), *(_end(each, effect, measure, first) for each in opposite)]
    return "; ".join([", but ".join(ends), *_how_sure(effect, measure)])


def _end(difference: Difference, effect: Effect, measure: Measure, before: Difference | None = None) -> str:
    """The largest difference of an effect in one direction; what it shares with the one told ``before`` is not said again."""
    others = [each for each in effect.significant if each.estimate.mean * difference.estimate.mean > 0]
    amount = f"by {'up to ' if len(others) > 1 else ''}{format_amount(difference.estimate, measure.unit)}"
    sides = None if before and before.sides == difference.sides else difference.sides
    between = "with {} than with {}".format(*sides) if sides else ""
    where = f"({difference.where})" if difference.where and not (before and before.where == difference.where) else ""
    return " ".join(filter(None, [_direction(difference, measure), amount, between, where]))


def _direction(difference: Difference, measure: Measure) -> str:
    """``lower (better)``; ``higher (slower)``; ``higher`` alone where neither is better."""
    direction = "higher" if difference.estimate.mean > 0 else "lower"
    return direction if measure.better == "neither" else f"{direction} ({measure.in_words[direction != measure.better]})"


def _how_sure(effect: Effect, measure: Measure) -> list[str]:
    """In how many of several comparisons an effect is shown to exceed the margin, or that it is not."""
    number = len(effect.differences)
    if not effect.beyond:
        return [f"corrected for all comparisons, it is open whether this exceeds the margin of {_margin(effect, measure)}"]
    return [f"beyond the margin in {out_of(len(effect.beyond), number)} comparisons"] if number > 1 else []


def _in_detail(effect: Effect, measure: Measure) -> str:
    """The largest of differences that are shown to be small, or not shown."""
    largest = effect.largest
    most = "largest: " if len(effect.differences) > 1 else ""
    unshown = effect.verb == VERBS[-1]
    reason = f"adjusted p {format_p(largest.p_adjusted)}" if unshown else f"the margin is {_margin(effect, measure)}"
    return f"{effect.subject} ({most}{largest.label}, {format_difference(largest.estimate, measure.unit)}, {reason})"


def _in_brief(effect: Effect, measure: Measure) -> str:
    """``the depth (0.11 nats, better with depth 2; LayerNorm, post-norm blocks; in 1 of 4)``; where nothing is shown, what was seen.

    Where the largest difference is, is said if it is not so everywhere.
    """
    largest, number = effect.largest, len(effect.differences)
    size = format_size(largest.estimate.mean, measure.unit)
    if effect.verb not in DIRECT:
        return f"{effect.subject} ({'up to ' if number > 1 else ''}{size} observed)" if effect.verb == VERBS[-1] else effect.subject
    most = "up to " if len(effect.significant) > 1 else ""
    either_way = len(effect.ends) > 1
    amount = ", ".join(filter(None, [most + size, "either way" if either_way else _winner(largest, measure)]))
    everywhere = len(effect.beyond) == number or len({each.where for each in effect.differences}) == 1
    where = "" if either_way or everywhere else largest.where
    shown = f"in {out_of(len(effect.beyond), number)}" if effect.beyond and number > 1 else ""
    return f"{effect.subject} ({'; '.join(filter(None, [amount, where, shown]))})"


def _winner(difference: Difference, measure: Measure) -> str:
    """``better with LayerNorm``; ``higher with LayerNorm`` where neither is better."""
    word, higher = ("higher", True) if measure.better == "neither" else (measure.in_words[0], measure.better == "higher")
    if difference.sides is None:
        return ""
    first, second = difference.sides
    return f"{word} with {first if (difference.estimate.mean > 0) == higher else second}"


def _margin(effect: Effect, measure: Measure) -> str:
    return format_margin(effect.largest.margin, measure.unit)


def count_verdicts(verdicts: Sequence[Verdict]) -> str:
    """What became of the claims, as a sentence: "Of 3 claims, 1 holds (A8), 2 are contradicted (A1, A3)."; "The one claim, A8, holds."."""
    if len(verdicts) == 1:
        (verdict,) = verdicts
        return f"The one claim, {verdict.claim}, {say_number(verdict.word, 1).removeprefix('1 ')}."
    by_word = {word: [verdict.claim for verdict in verdicts if verdict.word == word] for word in get_args(Word)}
    parts = [f"{say_number(word, len(claims))} ({', '.join(claims)})" for word, claims in by_word.items() if claims]
    return f"Of {count(len(verdicts), 'claim')}, {', '.join(parts)}."
