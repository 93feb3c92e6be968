"""The one decision rule: Student t intervals that hold for all K comparisons of a report together, and what is read off them.

Each comparison gets one interval, at level ``1 - (1 - confidence) / K`` (Bonferroni). By Boole's inequality all of them cover their true
means at once in at least ``confidence`` of reports, whatever the comparisons have in common; so whatever is read off them is as sure.
Everything works along the last axis, which holds the S seeds.

======================================  ==================================================
the interval lies                       finding
======================================  ==================================================
within the margin on both sides         ``negligible``
above zero / below zero                 ``higher`` / ``lower``
else                                    ``open``
======================================  ==================================================
"""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

CONFIDENCE = 0.95
FEWEST = 3
"""Seeds below which nothing is found."""
FEWEST_EQUAL = 8
"""Seeds below which equal values are no evidence: of so few, none might differ by chance."""
ROUNDING = 1e-12
"""Differences below this share of what was subtracted are zero."""

Finding = Literal["higher", "lower", "negligible", "open"]


class Intervals(NamedTuple):
    """Of M comparisons, each array ``(M,)``."""

    mean: np.ndarray
    deviation: np.ndarray
    """Standard deviation over seeds of the paired difference."""
    half: np.ndarray
    """Half width of the joint interval; infinite where the seeds are too few for any finding."""
    half_alone: np.ndarray
    """Half width of the interval that holds for this comparison alone."""


def level_of(number: int, confidence: float = CONFIDENCE) -> float:
    """The confidence of each of ``number`` intervals that hold together with ``confidence``."""
    return 1 - (1 - confidence) / max(number, 1)


def critical_value(n: ArrayLike, level: float) -> np.ndarray:
    """Student's t: how many standard errors the interval of a mean over n values reaches to either side."""
    return special.stdtrit(np.asarray(n) - 1, (1 + level) / 2)


def zero_rounding(differences: np.ndarray, subtracted: np.ndarray) -> np.ndarray:
    """Differences in which rounding is zero; ``subtracted`` is the sum of the magnitudes that each was made of."""
    return np.where(np.abs(differences) <= ROUNDING * subtracted, 0.0, differences)


def intervals(
    differences_MS: np.ndarray, number: int, *, test_error_M: ArrayLike = 0.0, step_M: ArrayLike = 0.0, confidence: float = CONFIDENCE
) -> Intervals:
    """Intervals of mean differences, of which a report has ``number``.

    Args:
      differences_MS: paired by seed.
      number: K, the comparisons that the intervals shall hold for together.
      test_error_M: the part of the standard error that a finite test set adds (``test_set_error``).
      step_M: resolution of a measure that is read off a grid; half of it is added to either side.
      confidence: of all intervals together.
    """
    n = differences_MS.shape[-1]
    mean_M = differences_MS.mean(-1)
    if n < 2:
        nothing = np.full_like(mean_M, np.inf)
        return Intervals(mean_M, np.zeros_like(mean_M), nothing, nothing)
    equal_M = np.ptp(differences_MS, axis=-1) == 0  # rounding of the mean would hide it
    deviation_M = np.where(equal_M, 0.0, differences_MS.std(-1, ddof=1))
    error_M = np.hypot(deviation_M / np.sqrt(n), test_error_M)
    alone_M, joint_M = (critical_value(n, level) * error_M + np.asarray(step_M) / 2 for level in (confidence, level_of(number, confidence)))
    unknown_M = (n < FEWEST) | (equal_M & (n < FEWEST_EQUAL))
    return Intervals(mean_M, deviation_M, np.where(unknown_M, np.inf, joint_M), alone_M)


def test_set_error(correct_MN: np.ndarray) -> np.ndarray:
    """Standard error of accuracies' differences from the N examples of the test set, ``(M,)``.

    ``correct_MN`` is the difference of the shares of seeds that got each example right. The variance over examples contains some of that
    over seeds, so that the sum of both errors is a little too large (Owen 2007, doi:10.1214/07-AOAS122).
    """
    return correct_MN.std(-1, ddof=1) / np.sqrt(correct_MN.shape[-1])


def find(mean: float, half: float, margin: float) -> Finding:
    """What is found of one comparison."""
    low, high = mean - half, mean + half
    if is_within(low, high, margin):
        return "negligible"
    return "higher" if low > 0 else "lower" if high < 0 else "open"


def is_within(low: float, high: float, margin: float) -> bool:
    """Whether an interval lies within the margin on both sides."""
    return -margin < low and high < margin


def is_beyond(low: float, high: float, margin: float) -> bool:
    """Whether an interval lies wholly beyond the margin, on either side."""
    return low > margin or high < -margin
