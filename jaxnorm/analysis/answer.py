"""The report's answer: a sentence on each thing that was varied, and one that counts the verdicts."""

from collections.abc import Mapping, Sequence
from typing import get_args

from jaxnorm.analysis.measures import find_measure
from jaxnorm.analysis.statistics import ALPHA, could_show
from jaxnorm.analysis.summary import Difference, Verdict, Word
from jaxnorm.analysis.wording import count, format_difference, format_margin, say_number


def answer(varied: Mapping[str, Sequence[Difference]], measures: Sequence[str], num_differences: int) -> str:
    """What was varied ("choice of norm") to differences that tell whether it matters, as a paragraph each on two of their measures.

    ``num_differences`` is the number that was corrected for.
    """
    return "\n\n".join(_sentence(subject, differences, measures, num_differences) for subject, differences in varied.items())


def _sentence(subject: str, differences: Sequence[Difference], measures: Sequence[str], num_differences: int) -> str:
    if not differences:
        return f"The {subject} was not varied."
    n = differences[0].estimate.n
    by_measure = [[difference for difference in differences if difference.measure == name] for name in measures]
    shown = [_shown_among(group) for group in by_measure]
    clauses = [_clause(group, found) for group, found in zip(by_measure, shown, strict=True)]
    verbs = [_verb(group, found) for group, found in zip(by_measure, shown, strict=True)]
    reason = f"; n = {n}" if could_show(n, num_differences) else f"; {count(n, 'seed')} could not have shown any"
    return f"The {subject} {verbs[0]} {clauses[0]} and {verbs[1]} {clauses[1]}{reason}."


def _verb(differences: Sequence[Difference], shown: Sequence[Difference]) -> str:
    """Whether differences are shown to count, are shown but not to count, or are not shown."""
    if shown:
        return "changes"
    return "hardly changes" if any(each.p_adjusted <= ALPHA for each in differences) else "makes no shown difference to"


def _shown_among(differences: Sequence[Difference]) -> list[Difference]:
    """Those that are significant after correction, with an interval wholly beyond the margin."""
    return [difference for difference in differences if difference.p_adjusted <= ALPHA and difference.beyond_margin]


def _clause(differences: Sequence[Difference], shown: Sequence[Difference]) -> str:
    measure = find_measure(differences[0].measure)
    largest = max(shown or differences, key=lambda difference: abs(difference.estimate.mean))
    label = f"{'most' if shown else 'largest'}: {largest.label}"
    said = _better(largest) if shown else f"the margin is {format_margin(largest.margin, measure.unit)}"
    facts = [label, format_difference(largest.estimate, measure.unit), said]
    return f"the {measure.title} ({', '.join(filter(None, facts))})"


def _better(difference: Difference) -> str:
    """In whose favour a difference is: ``better for LayerNorm``; nothing where neither direction is better."""
    better = find_measure(difference.measure).better
    if better == "neither":
        return ""
    if difference.sides is None:
        return f"{better} is better"
    first, second = difference.sides
    return f"better for {first if (difference.estimate.mean > 0) == (better == 'higher') else second}"


def count_verdicts(verdicts: Sequence[Verdict]) -> str:
    """What became of the claims, as a sentence: "Of 3 claims, 1 holds (A8), 2 are contradicted (A1, A3)"."""
    by_word = {word: [verdict.claim for verdict in verdicts if verdict.word == word] for word in get_args(Word)}
    parts = [f"{say_number(word, len(claims))} ({', '.join(claims)})" for word, claims in by_word.items() if claims]
    return f"Of {count(len(verdicts), 'claim')}, {', '.join(parts)}."
