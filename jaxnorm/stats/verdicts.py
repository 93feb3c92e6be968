"""From intervals to findings of what was expected, to the verdict on a claim.

====================  ==========================================  ==========================================
expected              as claimed                                  opposite
====================  ==========================================  ==========================================
``lower``/``higher``  the interval lies on that side of zero      it lies on the other side
``different``         it lies wholly beyond the margin            --
``same``              it lies within the margin                   it lies wholly beyond the margin
====================  ==========================================  ==========================================

Where a difference is expected, an interval within the margin makes it *negligible*; whatever is none of these is *open*.
"""

from collections.abc import Sequence
from typing import Literal

from jaxnorm.stats.claims import Expectation
from jaxnorm.stats.intervals import is_beyond, is_within

Weighed = Literal["as claimed", "opposite", "negligible", "open"]
"""What was found of one comparison that a claim rests on."""
Word = Literal["supported", "refuted", "negligible", "mixed", "inconclusive"]
"""The words that a verdict may say."""


def weigh(expected: Expectation, mean: float, half: float, margin: float) -> Weighed:
    """What an interval says of an expectation."""
    low, high = mean - half, mean + half
    within, beyond = is_within(low, high, margin), is_beyond(low, high, margin)
    if expected == "same":
        return "as claimed" if within else "opposite" if beyond else "open"
    if within:
        return "negligible"
    if expected == "different":
        return "as claimed" if beyond else "open"
    if low > 0:
        return "as claimed" if expected == "higher" else "opposite"
    if high < 0:
        return "as claimed" if expected == "lower" else "opposite"
    return "open"


def judge(found: Sequence[Weighed]) -> Word:
    """The verdict on a claim, from what was found of its comparisons, one at least."""
    kinds = set(found)
    if "open" in kinds:
        return "inconclusive"
    if kinds == {"as claimed"}:
        return "supported"
    if kinds == {"negligible"}:
        return "negligible"
    return "mixed" if "as claimed" in kinds else "refuted"
