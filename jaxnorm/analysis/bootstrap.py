"""Bootstrap intervals of the mean, along the last axis; n is its length.

All rows share their resamples, so that the resampled means of many comparisons, or of thousands of simulated samples, are one matrix
product. ``confidence`` is two-sided throughout.
"""

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

RESAMPLES = 9_999
RNG_SEED = 0
"""Fixed, so that the same results give the same numbers."""
MAX_ELEMENTS = 4_000_000
"""Largest array of resampled means held at once (32 MB)."""
TIE = 1e-12
"""Relative difference that rounding can make between two equal means."""

Interval = tuple[np.ndarray, np.ndarray]
"""Low and high ends, of the shape of the values without their last axis."""
Ends = Callable[[np.ndarray, np.ndarray], Interval]
"""From values centred on their means, (M, n), and how often each resample holds each of them, (RESAMPLES, n), to ends around 0, (M,)."""


def bca_interval(values: ArrayLike, tail: float) -> Interval:
    """The bias-corrected and accelerated bootstrap (Efron 1987) with ``tail`` to either side: 0.025 for 95 %. Needs n >= 2."""
    return _interval(values, functools.partial(_bca_ends, tail=tail))


def expanded_tail(n: int, confidence: float) -> float:
    """The tail that widens a bootstrap as Student's t widens a normal interval: ``Phi(-sqrt(n / (n - 1)) t(n - 1))``.

    Hesterberg's "expanded percentile" (2015, doi:10.1080/00031305.2015.1089789; arXiv:1411.5279, section 4.1.2).
    """
    return float(special.ndtr(-np.sqrt(n / (n - 1)) * special.stdtrit(n - 1, (1 + confidence) / 2)))


def studentised_interval(values: ArrayLike, tail: float) -> Interval:
    """The bootstrap-t: quantiles of the resampled t statistics in place of Student's (Efron 1979, Hall 1988). Needs n >= 2.

    A resample whose values all agree has an infinite t; where these are as many as ``tail`` asks for, so is the interval.
    """
    return _interval(values, functools.partial(_studentised_ends, tail=tail))


def _interval(values: ArrayLike, ends: Ends) -> Interval:
    """Apply ``ends`` block by block; a point where all values of a row agree."""
    values = np.asarray(values, float)
    n = values.shape[-1]
    rows_Mn = values.reshape(-1, n)
    low_M, high_M = rows_Mn.mean(-1), rows_Mn.mean(-1)
    with_spread = np.flatnonzero(np.ptp(rows_Mn, axis=-1) > 0)
    counts_Rn = _resample(n)
    for block in np.array_split(with_spread, -(-len(with_spread) * RESAMPLES // MAX_ELEMENTS) or 1):
        below, above = ends(rows_Mn[block] - low_M[block, None], counts_Rn)
        low_M[block], high_M[block] = low_M[block] + below, high_M[block] + above
    return low_M.reshape(values.shape[:-1]), high_M.reshape(values.shape[:-1])


def _resample(n: int) -> np.ndarray:
    """How often each of ``RESAMPLES`` resamples holds each of n values, (RESAMPLES, n)."""
    drawn = np.random.default_rng(RNG_SEED).integers(0, n, (RESAMPLES, n))
    places = drawn + n * np.arange(RESAMPLES)[:, None]
    return np.bincount(places.ravel(), minlength=RESAMPLES * n).reshape(RESAMPLES, n).astype(float)


def _bca_ends(centred_Mn: np.ndarray, counts_Rn: np.ndarray, tail: float) -> Interval:
    means_MR = centred_Mn @ counts_Rn.T / centred_Mn.shape[1]
    tie_M1 = TIE * np.abs(centred_Mn).max(axis=1, keepdims=True)
    below_M = ((means_MR < -tie_M1).sum(axis=1) + (means_MR <= tie_M1).sum(axis=1)) / 2
    bias_M = special.ndtri(below_M / RESAMPLES)
    acceleration_M = (centred_Mn**3).sum(axis=1) / (6 * (centred_Mn**2).sum(axis=1) ** 1.5)
    means_MR.sort(axis=1)

    def quantile(z: float) -> np.ndarray:
        shifted_M = bias_M + z
        return _interpolate(means_MR, special.ndtr(bias_M + shifted_M / (1 - acceleration_M * shifted_M)))

    z = -float(special.ndtri(tail))
    return quantile(-z), quantile(z)


def _interpolate(sorted_MR: np.ndarray, level_M: np.ndarray) -> np.ndarray:
    """Each row's quantile at its own level, linearly between order statistics."""
    position_M = level_M * (sorted_MR.shape[1] - 1)
    before_M = np.minimum(position_M.astype(int), sorted_MR.shape[1] - 2)
    row_M = np.arange(len(sorted_MR))
    lower_M, upper_M = sorted_MR[row_M, before_M], sorted_MR[row_M, before_M + 1]
    return lower_M + (position_M - before_M) * (upper_M - lower_M)


def _studentised_ends(centred_Mn: np.ndarray, counts_Rn: np.ndarray, tail: float) -> Interval:
    n = centred_Mn.shape[1]
    means_MR = centred_Mn @ counts_Rn.T / n
    variances_MR = centred_Mn**2 @ counts_Rn.T / n - means_MR**2
    variance_M1 = (centred_Mn**2).mean(axis=1, keepdims=True)
    with_spread_MR = variances_MR > TIE * variance_M1
    errors_MR = np.sqrt(np.where(with_spread_MR, variances_MR, variance_M1) / (n - 1))
    t_MR = means_MR / errors_MR
    without = ~with_spread_MR & (np.abs(t_MR) > TIE)
    t_MR[without] = np.copysign(np.inf, t_MR[without])
    t_MR.sort(axis=1)
    rank = round(tail * (RESAMPLES + 1)) - 1
    error_M = np.sqrt(variance_M1[:, 0] / (n - 1))
    return -t_MR[:, -1 - rank] * error_M, -t_MR[:, rank] * error_M
