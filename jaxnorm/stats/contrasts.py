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
        return tuple((arm, self.sign * weight) for arm, weight in sorted(self.weights.items()) if weight)

    @property
    def sign(self) -> int:
        """1, or -1 where ``key`` has the opposite sign."""
        return 1 if min((arm, weight) for arm, weight in self.weights.items() if weight)[1] > 0 else -1


def of_arms(arm: Arm, other: Arm) -> Contrast:
    """One arm minus another."""
    return Contrast({arm.key: 1.0, other.key: -1.0})


def of_contrasts(contrast: Contrast, other: Contrast) -> Contrast:
    """One contrast minus another: an interaction."""
    weights = dict(contrast.weights)
    for key, weight in other.weights.items():
        weights[key] = weights.get(key, 0.0) - weight
    cancelled = {key for key in contrast.weights.keys() & other.weights.keys() if not weights[key]}
    return Contrast({key: weight for key, weight in weights.items() if key not in cancelled}, contrast.over)


def slope(arms: Sequence[Arm], at: Sequence[float], over: str) -> Contrast:
    """The change of a measure from the least to the most of the factor ``over``, on the least-squares line through the arms.

    ``at`` is where each arm stands on that line, ascending: the factor or its logarithm.
    """
    place = np.asarray(at, float) / (max(at) - min(at))
    centred = place - place.mean()
    return Contrast({arm.key: float(weight) for arm, weight in zip(arms, centred / (centred @ centred), strict=True)}, over)
