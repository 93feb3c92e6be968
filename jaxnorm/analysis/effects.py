"""What the listed differences say of each thing that was varied."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from jaxnorm.analysis.statistics import ALPHA
from jaxnorm.analysis.summary import Difference

VERBS = ("changes with", "changes, perhaps by less than the margin, with", "hardly changes with", "is not shown to change with")
"""What a measure does with something that is varied: some difference is shown to exceed the margin; some is shown not to be zero; all are
shown to be smaller than the margin; nothing is shown."""


@dataclasses.dataclass(frozen=True)
class Effect:
    """What the differences in one measure say of one thing that was varied. At least one."""

    subject: str
    differences: Sequence[Difference]

    @property
    def beyond(self) -> list[Difference]:
        """Those that are shown to exceed the margin."""
        return [difference for difference in self.differences if difference.p_beyond <= ALPHA]

    @property
    def within(self) -> list[Difference]:
        """Those that are shown to be smaller than the margin."""
        return [difference for difference in self.differences if difference.p_within <= ALPHA]

    @property
    def significant(self) -> list[Difference]:
        """Those that are shown not to be zero."""
        return [difference for difference in self.differences if difference.p_adjusted <= ALPHA]

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
        return max(self.beyond or self.significant or self.differences, key=_size)

    @property
    def ends(self) -> list[Difference]:
        """The largest difference, and the largest in the other direction where one is shown not to be zero."""
        opposite = [each for each in self.significant if each.estimate.mean * self.largest.estimate.mean < 0]
        return [self.largest, *([max(opposite, key=_size)] if opposite else [])]


def _size(difference: Difference) -> float:
    return float(np.nan_to_num(abs(difference.estimate.mean), nan=-1.0))


def find_effects(differences: Sequence[Difference], measure: str) -> list[Effect]:
    """Of everything that was varied on one measure, the most certain first."""
    told = [difference for difference in differences if difference.measure == measure and difference.subject]
    subjects = dict.fromkeys(difference.subject for difference in told)
    effects = [Effect(subject, [each for each in told if each.subject == subject]) for subject in subjects]
    return sorted(effects, key=lambda effect: VERBS.index(effect.verb))
