"""From intervals to what is found of a claim: the whole table, and the words."""

import itertools

import pytest

from jaxnorm.stats.verdicts import judge, weigh

EXPECTED = ("lower", "higher", "same", "different")
CLAIMED, OPPOSITE, NEGLIGIBLE, OPEN = "as claimed", "opposite", "negligible", "open"
PLACES = {
    "wholly above the margin": (3.0, 0.5),
    "above zero, across the margin": (0.8, 0.5),
    "within the margin, above zero": (0.5, 0.2),
    "within the margin, around zero": (0.1, 0.5),
    "within the margin, below zero": (-0.5, 0.2),
    "around zero, across a margin": (0.8, 1.0),
    "around zero, across both margins": (0.1, 2.0),
    "below zero, across the margin": (-0.8, 0.5),
    "wholly below the margin": (-3.0, 0.5),
    "without ends": (3.0, float("inf")),
}
"""Where an interval may lie, as mean and half width in margins."""
FOUND = {
    "wholly above the margin": (OPPOSITE, CLAIMED, OPPOSITE, CLAIMED),
    "above zero, across the margin": (OPPOSITE, CLAIMED, OPEN, OPEN),
    "within the margin, above zero": (NEGLIGIBLE, NEGLIGIBLE, CLAIMED, NEGLIGIBLE),
    "within the margin, around zero": (NEGLIGIBLE, NEGLIGIBLE, CLAIMED, NEGLIGIBLE),
    "within the margin, below zero": (NEGLIGIBLE, NEGLIGIBLE, CLAIMED, NEGLIGIBLE),
    "around zero, across a margin": (OPEN, OPEN, OPEN, OPEN),
    "around zero, across both margins": (OPEN, OPEN, OPEN, OPEN),
    "below zero, across the margin": (CLAIMED, OPPOSITE, OPEN, OPEN),
    "wholly below the margin": (CLAIMED, OPPOSITE, OPPOSITE, CLAIMED),
    "without ends": (OPEN, OPEN, OPEN, OPEN),
}
"""What is found of it where lower, higher, the same or a difference is expected."""


@pytest.mark.parametrize("unit", [1.0, 0.004])
@pytest.mark.parametrize("place", PLACES)
def test_findings_follow_the_table(place, unit):
    mean, half = PLACES[place]
    assert tuple(weigh(expected, unit * mean, unit * half, unit) for expected in EXPECTED) == FOUND[place]


@pytest.mark.parametrize("place", PLACES)
def test_turning_a_difference_round_turns_its_expectation(place):
    mean, half = PLACES[place]
    for expected, turned in (("lower", "higher"), ("higher", "lower"), ("same", "same"), ("different", "different")):
        assert weigh(expected, mean, half, 1.0) == weigh(turned, -mean, half, 1.0)


def test_without_a_margin_every_side_counts_and_nothing_is_the_same():
    assert [weigh(expected, 0.2, 0.1, 0.0) for expected in ("lower", "higher", "same", "different")] == [
        OPPOSITE,
        CLAIMED,
        OPPOSITE,
        CLAIMED,
    ]
    assert [weigh(expected, 0.0, 0.0, 0.0) for expected in ("lower", "higher", "same", "different")] == [OPEN] * 4


WORDS = {
    frozenset({CLAIMED}): "supported",
    frozenset({OPPOSITE}): "refuted",
    frozenset({OPPOSITE, NEGLIGIBLE}): "refuted",
    frozenset({NEGLIGIBLE}): "negligible",
    frozenset({CLAIMED, OPPOSITE}): "mixed",
    frozenset({CLAIMED, NEGLIGIBLE}): "mixed",
    frozenset({CLAIMED, OPPOSITE, NEGLIGIBLE}): "mixed",
}
"""What is found of some comparison to the verdict; whatever is open leaves a claim inconclusive."""


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_verdicts_follow_the_table(size):
    for found in itertools.product((CLAIMED, OPPOSITE, NEGLIGIBLE, OPEN), repeat=size):
        assert judge(found) == WORDS.get(frozenset(found), "inconclusive"), found
        assert (judge(found) == "inconclusive") == (OPEN in found)
