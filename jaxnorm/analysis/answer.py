"""The report's answer: a sentence on each of two measures."""

from collections.abc import Sequence
from itertools import groupby

from jaxnorm.analysis.effects import VERBS, Effect, find_effects
from jaxnorm.analysis.measures import Measure, find_measure
from jaxnorm.analysis.statistics import could_show
from jaxnorm.analysis.summary import Difference
from jaxnorm.analysis.wording import (
    conjoin,
    count,
    format_amount,
    format_difference,
    format_levels,
    format_margin,
    format_p,
    format_size,
)

DIRECT, OPEN = VERBS[:2], VERBS[3]
"""Said by which arm has the lower and which the higher value; said last, and of what is undecided."""
MOST_TOLD = 6
"""Comparisons of what comes first that are told one by one; of more, the largest each way."""


def answer(differences: Sequence[Difference], measures: Sequence[str]) -> list[str]:
    """What all differences of a report say of everything that was varied: a sentence on each of the measures."""
    told = [difference for difference in differences if difference.subject]
    if not told:
        return ["Nothing was varied, so there is nothing to compare."]
    n = told[0].estimate.n
    reason = f"n = {n}" if could_show(n, len(differences)) else f"{count(n, 'seed')} could not have shown any difference"
    found = {find_measure(name): find_effects(told, name) for name in measures}
    *sentences, last = [_sentence(measure, effects) for measure, effects in found.items() if effects]
    return [*(f"{sentence}." for sentence in sentences), f"{last}; {reason}."]


def _sentence(measure: Measure, effects: Sequence[Effect]) -> str:
    """The first effect with arms, levels and an interval, the others in brief.

    ``The test accuracy is higher (better) with LayerNorm than with BatchNorm for batch size 2 (by 2.1 points [1.7, 2.5]: 96.1 against
    94.0 %); it also changes with the batch size (up to 3.0 points higher with batch size 512 than with batch size 2); ...``
    """
    title = f"the {measure.title}{',' if ',' in measure.title else ''}"
    lead, *others = effects
    alike = [each for each in others if each.verb == lead.verb]
    if lead.verb in DIRECT:
        clauses = [f"{title} is {_told(lead, measure)}"]
    else:
        clauses = [_clause(title, lead.verb, [_in_detail(lead, measure), *(_in_brief(each, measure) for each in alike)])]
        others = others[len(alike) :]
    for verb, group in groupby(others, key=lambda each: each.verb):
        also = verb.replace("changes", "also changes", 1) if verb == lead.verb else verb
        clauses.append(_clause("it", also, [_in_brief(each, measure) for each in group]))
    said = "; ".join(clauses)
    return said[0].upper() + said[1:]


def _clause(title: str, verb: str, subjects: Sequence[str]) -> str:
    if verb == OPEN:
        return f"it is open whether {title} changes with {conjoin(subjects, 'or')}"
    return f"{title} {verb} {conjoin(subjects)}"


def _told(effect: Effect, measure: Measure) -> str:
    """Every comparison, by what is set against what; where they are many, the largest each way."""
    if len(effect.differences) > MOST_TOLD:
        each_way = " each way" if len(effect.ends) > 1 else ""
        largest = f"{_set_against(effect.ends, measure)}, to name the largest{each_way} of {len(effect.differences)} comparisons"
        same, undecided = len(effect.within), sum(not each.is_significant and not each.is_within for each in effect.differences)
        told = [f"{number} {what}" for number, what in ((same, "about the same"), (undecided, "undecided")) if number]
        return f"{largest} ({conjoin(told)})" if told else largest
    groups = _by_sides(effect.differences, first=effect.largest)
    ordered = sorted(groups, key=lambda group: not Effect(effect.subject, group).significant)
    return "; it is ".join(_set_against(group, measure, with_intervals=not index) for index, group in enumerate(ordered))


def _by_sides(differences: Sequence[Difference], first: Difference) -> list[list[Difference]]:
    """Differences that set the same against the same, from those of ``first`` on."""
    groups: dict[tuple[str, str] | None, list[Difference]] = {first.sides: []}
    for difference in differences:
        groups.setdefault(difference.sides, []).append(difference)
    return list(groups.values())


def _set_against(differences: Sequence[Difference], measure: Measure, *, with_intervals: bool = True) -> str:
    """``lower (better) with A than with B for X (by ...) and Y (...), but higher (worse) for Z (by ...), undecided for V``.

    The sides are named again where they change; further places in the same direction have no intervals.
    """
    told, sides = [], None
    for first, *others in _ways(differences):
        places = conjoin([_place(first, measure, with_interval=with_intervals), *(_place(each, measure) for each in others)])
        told.append(f"{'but ' if told else ''}{_direction(first, measure)}{_apart(first, sides)} {places}")
        sides = first.sides
    small = [each for each in differences if each.is_within]
    undecided = [each for each in differences if not each.is_significant and not each.is_within]
    for what, form, group in (("about the same", " with {} as with {}", small), ("undecided", " between {} and {}", undecided)):
        if group:
            told.append(f"{what}{_apart(group[0], sides, form)}{_where(group)}")
            sides = group[0].sides
    return ", ".join(told)


def _ways(differences: Sequence[Difference]) -> list[list[Difference]]:
    """Those that count, by direction, the largest first."""
    by_size = sorted(Effect("", differences).significant, key=lambda each: -each.size)
    ways = [[each for each in by_size if (each.estimate.mean > 0) == up] for up in (True, False)]
    return sorted(filter(None, ways), key=lambda way: -way[0].size)


def _direction(difference: Difference, measure: Measure) -> str:
    """``lower (better)``; ``higher (slower)``; ``higher`` alone where neither is better."""
    direction = "higher" if difference.estimate.mean > 0 else "lower"
    return direction if measure.better == "neither" else f"{direction} ({measure.in_words[direction != measure.better]})"


def _apart(difference: Difference, before: tuple[str, str] | None, form: str = " with {} than with {}") -> str:
    """What is set against what, unless that was said ``before``."""
    return form.format(*difference.sides) if difference.sides and difference.sides != before else ""


def _where(group: Sequence[Difference]) -> str:
    places = [each.where for each in group if each.where]
    return f" for {conjoin(places)}" if places else ""


def _place(difference: Difference, measure: Measure, *, with_interval: bool = False) -> str:
    """``for batch size 2 (by 2.1 points [1.7, 2.5]: 96.1 against 94.0 %)``; and whether that may be less than the margin."""
    levels = format_levels(difference, measure.unit)
    interval = f"by {format_amount(difference.estimate, measure.unit)}" if with_interval or not levels else ""
    margin = format_margin(difference.margin, measure.unit)
    doubt = "" if difference.is_beyond else f"once corrected, not shown to exceed the margin of {margin}"
    amount = "; ".join(filter(None, [": ".join(filter(None, [interval, levels])), doubt]))
    return f"{_where([difference]).strip()} ({amount})".strip()


def _in_detail(effect: Effect, measure: Measure) -> str:
    """The largest of differences that are shown to be small, or not shown."""
    largest = effect.largest
    most = "largest: " if len(effect.differences) > 1 else ""
    margin = f"margin {format_margin(largest.margin, measure.unit)}"
    reason = f"adjusted p {format_p(largest.p_adjusted)}" if effect.verb == OPEN else margin
    return f"{effect.subject} ({most}{largest.label}, {format_difference(largest.estimate, measure.unit)}, {reason})"


def _in_brief(effect: Effect, measure: Measure) -> str:
    """``the depth (up to 0.11 nats higher with depth 32 than with depth 2 for LayerNorm)``, each way; what was seen if nothing is shown."""
    if effect.verb == OPEN:
        most = "up to " if len(effect.differences) > 1 else ""
        return f"{effect.subject} ({most}{format_size(effect.largest.estimate.mean, measure.unit)} observed)"
    if effect.verb not in DIRECT:
        return effect.subject
    told, sides = [], None
    if effect.subject == "{} in place of {}".format(*(effect.largest.sides or ("", ""))):
        sides = effect.largest.sides  # which the subject names
    for end in effect.ends:
        several = sum(each.estimate.mean * end.estimate.mean > 0 for each in effect.significant) > 1
        size = f"{'at most ' if several else ''}{format_size(end.estimate.mean, measure.unit)}"
        doubt = "" if end.is_beyond or not effect.beyond else ", not shown to exceed the margin"
        told.append(f"{size} {'higher' if end.estimate.mean > 0 else 'lower'}{_apart(end, sides)}{_where([end])}{doubt}")
        sides = end.sides
    return f"{effect.subject} ({', but '.join(told)})"
