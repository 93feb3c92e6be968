"""Networks compared at equal training loss instead of after equally many epochs: what was measured when each first came to that loss."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

SMALLEST = 1e-30
"""Stands for a loss of zero, which has no logarithm."""


class Matched(NamedTuple):
    """One curve read where another first comes down to each of M levels. All arrays are ``(S, M)``."""

    values: np.ndarray
    reached: np.ndarray
    """Whether the network ever came down to the level; where not, its value is that after the last epoch."""
    inside: np.ndarray
    """Whether it did so after the first epoch; where it was there already, its value is that after the first epoch."""


def read_at(levels: np.ndarray, losses_SE: np.ndarray, values_SE: np.ndarray) -> Matched:
    """Read ``values_SE`` where ``losses_SE`` first comes down to each of the positive ``levels``, (M,).

    Between the ends of two epochs the value is linear in the logarithm of the loss: losses fall by factors, not by amounts. The first
    crossing counts, so a loss that rises again later changes nothing.
    """
    below_SME = losses_SE[:, None, :] <= levels[None, :, None]
    reached = np.asarray(below_SME.any(axis=2))
    after = np.where(reached, below_SME.argmax(axis=2), losses_SE.shape[1] - 1)
    inside = reached & (after > 0)
    before = np.where(inside, after - 1, after)
    logs = np.log(np.maximum(losses_SE, SMALLEST))
    high, low = (np.take_along_axis(logs, epoch, axis=1) for epoch in (before, after))
    fraction = np.where(inside, (high - np.log(levels)) / np.where(inside, high - low, 1.0), 1.0)
    start, end = (np.take_along_axis(values_SE, epoch, axis=1) for epoch in (before, after))
    return Matched(start + fraction * (end - start), reached, inside)


def common_levels(levels: np.ndarray, losses: Sequence[np.ndarray]) -> np.ndarray:
    """Which levels, (M,), every network of every arm, ``(S, E)`` each, comes down to after the first epoch."""
    return np.all([read_at(levels, losses_SE, losses_SE).inside.all(axis=0) for losses_SE in losses], axis=0)
