"""From curves to one number per network: each function takes the curves of one metric, (S, E), and returns (S,)."""

import numpy as np

from jaxnorm.stats.rule import DecisionRule

MIN_EPOCHS_OF_NOISE = 4
"""Fewest epochs whose second half holds two first differences, so that they have a standard deviation."""


def final(curves_SE: np.ndarray, rule: DecisionRule) -> np.ndarray:
    """The value after the last epoch."""
    return curves_SE[:, -1]


def deviation(curves_SE: np.ndarray, rule: DecisionRule) -> np.ndarray:
    """How far the value after the last epoch is from the median over seeds (Brown & Forsythe 1974): its mean tells how seeds differ."""
    last = final(curves_SE, rule)
    return np.abs(last - np.median(last))


def area(curves_SE: np.ndarray, rule: DecisionRule) -> np.ndarray:
    """The mean over epochs: the area under the curve per epoch."""
    return curves_SE.mean(axis=1)


def noise(curves_SE: np.ndarray, rule: DecisionRule) -> np.ndarray:
    """Standard deviation (n - 1) of the first differences, over the later half of them; a steady slope has none."""
    steps = np.diff(curves_SE, axis=1)
    return steps[:, steps.shape[1] // 2 :].std(axis=1, ddof=1)


def epochs_to_converge(curves_SE: np.ndarray, rule: DecisionRule) -> np.ndarray:
    """When the curve first reaches ``rule.convergence_loss``, linearly interpolated between the ends of epochs.

    1 where the first epoch is already below it; E where it is never reached (censored: see ``unconverged``).
    """
    target, num_epochs = rule.convergence_loss, curves_SE.shape[1]
    reached_SE = curves_SE <= target
    index = reached_SE.argmax(axis=1)
    seed = np.arange(len(curves_SE))
    after, before = curves_SE[seed, index], curves_SE[seed, np.maximum(index - 1, 0)]
    fall = np.where(before > after, before - after, 1.0)
    inside = index + 1 - np.where(index > 0, (target - after) / fall, 0.0)
    return np.where(reached_SE.any(axis=1), inside, float(num_epochs))
