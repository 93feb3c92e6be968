"""Curves at equal loss: what a network measured when its training loss stood at a given level."""

import numpy as np


def at_loss_levels(losses_SE: np.ndarray, values_SE: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Values when the loss first fell to each level, (S, L); NaN where it stood there from the start, or never got there.

    Between two epochs, values are interpolated linearly in the logarithm of the loss.
    """
    return np.stack([_at_level(losses_SE, values_SE, level) for level in levels], axis=1)


def _at_level(losses_SE: np.ndarray, values_SE: np.ndarray, level: float) -> np.ndarray:
    reached_SE = losses_SE <= level
    after = reached_SE.argmax(axis=1)  # 0 too where no epoch reached it
    passed_S = after > 0
    seed, after = np.arange(len(losses_SE)), np.maximum(after, 1)
    above, below = losses_SE[seed, after - 1], losses_SE[seed, after]
    above, below = (np.where(passed_S, losses, otherwise) for losses, otherwise in ((above, np.e), (below, 1.0)))
    share = np.log(above / level) / np.log(above / below)
    start, end = values_SE[seed, after - 1], values_SE[seed, after]
    return np.where(passed_S, start + share * (end - start), np.nan)


def common_levels(values_at_levels: list[np.ndarray]) -> np.ndarray:
    """Which levels, (L,), every network of every arm, (S, L) each, passed."""
    return np.all([np.isfinite(values_SL).all(axis=0) for values_SL in values_at_levels], axis=0)
