"""How much a number of seeds can show: the smallest difference it finds, and the seeds that a difference needs."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from jaxnorm.analysis.statistics import CONFIDENCE

POWER = 0.8
MOST_SEEDS = 10_000
"""More is as good as never."""


def detectable_difference(differences: ArrayLike) -> float | None:
    """The true mean difference that a paired t test of as many seeds finds four times in five, at the 5 % level before correction.

    ``(t(0.975) + t(0.8)) * standard error`` with n - 1 degrees of freedom, from the spread of the observed ``differences (S,)``; None for
    one seed.
    """
    differences = np.asarray(differences, float)
    n = len(differences)
    if n < 2:
        return None
    return float((special.stdtrit(n - 1, (1 + CONFIDENCE) / 2) + special.stdtrit(n - 1, POWER)) * differences.std(ddof=1) / math.sqrt(n))


def seeds_needed(differences: ArrayLike) -> int | None:
    """The seeds with which a true mean difference of the observed size is found four times in five, as above.

    By the normal approximation ``((z(0.975) + z(0.8)) * sd / mean)^2``, plus 2 for the degrees of freedom that it forgets (Guenther
    1981); None for one seed, for a mean of zero, and where it were more than ten thousand.
    """
    differences = np.asarray(differences, float)
    mean = abs(differences.mean())
    if len(differences) < 2 or mean == 0:
        return None
    ratio = (special.ndtri((1 + CONFIDENCE) / 2) + special.ndtri(POWER)) * differences.std(ddof=1) / mean
    needed = math.ceil(min(ratio**2, MOST_SEEDS)) + 2
    return needed if needed <= MOST_SEEDS else None
