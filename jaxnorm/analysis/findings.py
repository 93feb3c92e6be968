"""Verdicts in words: what was found of a claim's comparisons, of the one that decided, and of all claims of a report."""

import re
from collections.abc import Sequence
from typing import get_args

from jaxnorm.analysis.measures import find_measure
from jaxnorm.analysis.summary import Difference, Evidence, Finding, Verdict, Word
from jaxnorm.analysis.wording import conjoin, count, format_difference, format_levels, format_margin, format_p, out_of, say_number

MOST_NAMED = 3
"""Comparisons that are named beside their number."""
OTHERS: dict[Finding, str] = {"the opposite": "the opposite", "open": "open", "too small": "too small to count", "as claimed": "as claimed"}
"""What those comparisons are that did not decide."""


def describe_findings(statement: str, word: Word, evidence: Sequence[Evidence], decisive: Evidence) -> str:
    """A verdict in plain words; ``decisive`` is the comparison that decided it.

    ``the claim is that ..., but in 2 of 4 comparisons the opposite is found (batch size 16; batch size 128); 2 are as claimed``.
    """
    deciding = [part for part in evidence if part.finding == decisive.finding]
    others = _others(deciding, evidence)
    if word == "holds":
        return statement if len(evidence) == 1 else f"{statement}, in {out_of(len(evidence), len(evidence))} comparisons"
    if word == "unresolved":
        which = "" if len(evidence) == 1 else f": {_open(deciding, evidence)}{others}"
        n = decisive.difference.estimate.n
        return f"{count(n, 'seed')} {'does' if n == 1 else 'do'} not settle whether {statement}{which}"
    where = "" if len(evidence) == 1 else f"in {out_of(len(deciding), len(evidence))} comparisons "
    if decisive.finding == "as claimed":
        return f"as claimed, {statement}: {where}the difference is smaller than the margin"
    return f"the claim is that {statement}, but {where}{_contrary(deciding, decisive)}{_named(deciding, evidence)}{others}"


def _contrary(deciding: Sequence[Evidence], decisive: Evidence) -> str:
    """What speaks against a claim."""
    if decisive.finding == "too small":
        other_way = not any(part.points_as_claimed for part in deciding)
        return f"the difference is smaller than the margin{', and points the other way' if other_way else ''}"
    return "the difference is larger than the margin" if decisive.expected == "same" else "the opposite is found"


def _open(deciding: Sequence[Evidence], evidence: Sequence[Evidence]) -> str:
    """``2 of 4 comparisons are open (batch size 16; batch size 128), both pointing as claimed``."""
    are = "is" if len(deciding) == 1 else "are"
    return f"{out_of(len(deciding), len(evidence))} comparisons {are} open{_named(deciding, evidence)}, {_leaning(deciding)}"


def _leaning(parts: Sequence[Evidence]) -> str:
    """Where means point that are not far enough from zero, or from the margin."""
    claimed = sum(part.points_as_claimed for part in parts)
    if len(parts) == 1:
        return f"pointing {'as claimed' if claimed else 'the other way'}"
    if claimed in (0, len(parts)):
        return f"{out_of(len(parts), len(parts))} pointing {'as claimed' if claimed else 'the other way'}"
    return f"{claimed} pointing as claimed and {len(parts) - claimed} the other way"


def _others(deciding: Sequence[Evidence], evidence: Sequence[Evidence]) -> str:
    """``; 2 are as claimed and 1 is open``."""
    rest = [part.finding for part in evidence if part not in deciding]
    said = [f"{number} {'is' if number == 1 else 'are'} {OTHERS[name]}" for name in get_args(Finding) if (number := rest.count(name))]
    return f"; {conjoin(said)}" if said else ""


def _named(deciding: Sequence[Evidence], evidence: Sequence[Evidence]) -> str:
    """Several of more comparisons by what tells them from the others, where they are few; a single one is told as the decisive one."""
    if len(deciding) == len(evidence) or not 1 < len(deciding) <= MOST_NAMED:
        return ""
    phrases = [_phrases(part.difference) for part in evidence]
    shared = set.intersection(*map(set, phrases))
    own = [[phrase for phrase in _phrases(part.difference) if phrase not in shared] for part in deciding]
    return f" ({'; '.join(', '.join(names) or part.difference.label for names, part in zip(own, deciding, strict=True))})"


def _phrases(difference: Difference) -> list[str]:
    """Measure, arms and each of the things that they have in common."""
    joints = ",? at |, " if difference.label.count(" at ") == 1 else ", "
    return [find_measure(difference.measure).title, *re.split(joints, difference.label)]


def sentence(verdict: Verdict) -> str:
    """``A8 holds: LayerNorm converges more slowly (area under ...)``."""
    return f"{verdict.claim} {verdict.word if verdict.word == 'holds' else f'is {verdict.word}'}: {verdict.words} ({facts(verdict)})."


def facts(verdict: Verdict) -> str:
    """The decisive comparison: its difference, what decided beside it, p and n."""
    decisive = verdict.evidence[verdict.decisive]
    difference, which = decisive.difference, role(verdict)
    measure = find_measure(difference.measure)
    found = [f"{measure.title}, {difference.label}: {format_difference(difference.estimate, measure.unit)}", *circumstances(decisive)]
    p_value = f"adjusted p {format_p(decisive.p_adjusted)} {speaks_for(decisive)}, n = {difference.estimate.n}"
    return f"{f'{which}: ' if which else ''}{', '.join(found)}; {p_value}"


def circumstances(part: Evidence) -> list[str]:
    """The levels of a comparison's arms, where it has two, and its margin: ``0.0832 against 0.1178``, ``margin 0.0033 nats``."""
    unit = find_measure(part.difference.measure).unit
    return list(filter(None, [format_levels(part.difference, unit), f"margin {format_margin(part.difference.margin, unit)}"]))


def speaks_for(part: Evidence) -> str:
    """What a comparison's p speaks for."""
    if part.finding == "too small" or (part.expected == "same" and part.finding != "the opposite"):
        return "for less than the margin"
    return "for a difference" if part.expected in ("lower", "higher") else "for more than the margin"


def role(verdict: Verdict) -> str:
    """Which of several comparisons decided, of those of which the same was found: ``strongest of 5``; empty where there is one."""
    number = count_deciding(verdict)
    return f"{'strongest' if verdict.word == 'contradicted' else 'weakest'} of {number}" if number > 1 else ""


def count_deciding(verdict: Verdict) -> int:
    """Comparisons of which was found what decided."""
    return sum(part.finding == verdict.evidence[verdict.decisive].finding for part in verdict.evidence)


def count_verdicts(verdicts: Sequence[Verdict]) -> str:
    """What became of the claims, as a sentence: "Of 3 claims, 1 holds (A8), 2 are contradicted (A1, A3)."; "The one claim, A8, holds."."""
    if len(verdicts) == 1:
        (verdict,) = verdicts
        return f"The one claim, {verdict.claim}, {say_number(verdict.word, 1).removeprefix('1 ')}."
    by_word = {word: [verdict.claim for verdict in verdicts if verdict.word == word] for word in get_args(Word)}
    parts = [f"{say_number(word, len(claims))} ({', '.join(claims)})" for word, claims in by_word.items() if claims]
    return f"Of {count(len(verdicts), 'claim')}, {', '.join(parts)}."
