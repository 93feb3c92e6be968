"""Where on a grid of learning rates and initial scales the networks of an arm learn: numbers per seed, from final losses alone."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Region:
    """One arm at R ascending learning rates from C initial scales, S seeds at each."""

    rates: np.ndarray
    """(R,)."""
    losses: np.ndarray
    """Final training losses in nats, (S, R, C); those of diverged networks at most at the level of chance."""
    diverged: np.ndarray
    """Which networks diverged, (S, R, C)."""

    def workable(self, most: float) -> np.ndarray:
        """Which networks did not diverge and end at a loss of at most ``most`` nats, (S, R, C)."""
        return ~self.diverged & (self.losses <= most)

    def stable(self, tolerance: float, share: float) -> np.ndarray:
        """Which networks did not diverge and end near the lowest loss of their seed and scale at any rate, (S, R, C).

        Near is not farther above it than ``tolerance`` nats, or than ``share`` of it.
        """
        lowest_S1C = self.losses.min(axis=1, keepdims=True)
        return ~self.diverged & (self.losses <= lowest_S1C + np.maximum(tolerance, share * lowest_S1C))

    def always_stable(self, share: float) -> np.ndarray:
        """At which rates no seed diverged and the mean loss is at most ``share`` above the lowest mean at any rate, (R, C)."""
        mean_RC = self.losses.mean(axis=0)
        return ~self.diverged.any(axis=0) & (mean_RC <= (1 + share) * mean_RC.min(axis=0))


def largest(rates_R: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Logarithm to base 10 of the largest of R ascending rates that is chosen, ``chosen`` (S, R), result (S,).

    Where none is, one step below the grid: the logarithm of the smallest rate, less that of the ratio to its neighbour.
    """
    log_R = np.log10(rates_R)
    last_S = chosen.shape[1] - 1 - chosen[:, ::-1].argmax(axis=1)
    return np.where(chosen.any(axis=1), log_R[last_S], 2 * log_R[0] - log_R[1])


def width(rates_R: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Decades of the chosen rates, ``chosen`` (S, R), result (S,): a rate stands for half the way to either neighbour, and a rate at an
    end for a whole step. Gaps do not count.
    """
    return chosen @ np.gradient(np.log10(rates_R))
