"""What the listed differences say of each thing that was varied."""

import dataclasses
from collections.abc import Sequence

from jaxnorm.analysis.summary import Difference

VERBS = ("changes with", "changes, perhaps by less than the margin, with", "hardly changes with", "may change with")
"""What a measure does with something that is varied: some difference is shown to exceed the margin; some is shown not to be zero, and may
exceed it; all are shown to be smaller than the margin; nothing of this is shown."""


@dataclasses.dataclass(frozen=True)
class Effect:
    """What the differences in one measure say of one thing that was varied. At least one."""

    subject: str
    differences: Sequence[Difference]

    @property
    def beyond(self) -> list[Difference]:
        """Those that are shown to exceed the margin."""
        return [difference for difference in self.differences if difference.is_beyond]

    @property
    def within(self) -> list[Difference]:
        """Those that are shown to be smaller than the margin."""
        return [difference for difference in self.differences if difference.is_within]

    @property
    def significant(self) -> list[Difference]:
        """Those that are shown not to be zero, and not shown to be smaller than the margin."""
        return [difference for difference in self.differences if difference.is_significant and not difference.is_within]

    @property
    def verb(self) -> str:
        """One of ``VERBS``."""
        if self.beyond:
            return VERBS[0]
        if len(self.within) == len(self.differences):
            return VERBS[2]
        return VERBS[1] if self.significant else VERBS[3]

    @property
    def largest(self) -> Difference:
        """Of those that are shown to exceed the margin, else of those shown not to be zero, else of all."""
        return max(self.beyond or self.significant or self.differences, key=lambda each: each.size)

    @property
    def ends(self) -> list[Difference]:
        """The largest difference, and the largest in the other direction where one is shown not to be zero."""
        opposite = [each for each in self.significant if each.estimate.mean * self.largest.estimate.mean < 0]
        return [self.largest, *([max(opposite, key=lambda each: each.size)] if opposite else [])]


def find_effects(differences: Sequence[Difference], measure: str) -> list[Effect]:
    """Of everything that was varied on one measure, the most certain first."""
    told = [difference for difference in differences if difference.measure == measure and difference.subject]
    subjects = dict.fromkeys(difference.subject for difference in told)
    effects = [Effect(subject, [each for each in told if each.subject == subject]) for subject in subjects]
    return sorted(effects, key=lambda effect: VERBS.index(effect.verb))
