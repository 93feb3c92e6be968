"""Contrasts: weighted sums of arms, paired by seed."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from jaxnorm.stats.arm import Arm


@dataclasses.dataclass(frozen=True)
class Contrast:
    """``sum(weight * arm)``. The weights sum to zero."""

    weights: Mapping[str, float]
    """``Arm.key`` to weight."""
    over: str = ""
    """The factor over which the weights are a trend (``slope``); empty where arms are set against each other."""

    @property
    def key(self) -> tuple[tuple[str, float], ...]:
        """What two contrasts share that are the same, or the same with the opposite sign."""
        items = sorted(self.weights.items())
        sign = 1.0 if items[0][1] > 0 else -1.0
        return tuple((arm, sign * weight) for arm, weight in items)

    @property
    def is_flipped(self) -> bool:
        """Whether ``key`` has the opposite sign."""
        return min(self.weights.items())[1] < 0


def of_arms(arm: Arm, other: Arm) -> Contrast:
    """One arm minus another."""
    return Contrast({arm.key: 1.0, other.key: -1.0})


def of_contrasts(contrast: Contrast, other: Contrast) -> Contrast:
    """One contrast minus another: an interaction."""
    weights = dict(contrast.weights)
    for key, weight in other.weights.items():
        weights[key] = weights.get(key, 0.0) - weight
    return Contrast(weights, contrast.over)


def slope(arms: Sequence[Arm], at: Sequence[float], over: str) -> Contrast:
    """The change of a measure from the least to the most of the factor ``over``, on the least-squares line through the arms.

    ``at`` is where each arm stands on that line, ascending: the factor or its logarithm.
    """
    place = np.asarray(at, float) / (max(at) - min(at))
    centred = place - place.mean()
    return Contrast({arm.key: float(weight) for arm, weight in zip(arms, centred / (centred @ centred), strict=True)}, over)
