"""Intervals and p values. Everything works along the last axis, so many comparisons cost one call; n is that axis' length.

Paired differences get a BCa bootstrap, which follows skewness, at Hesterberg's expanded level (arXiv:1411.5279, section 4.1.2): plain
BCa covers too little at the tens of seeds that are usual here. Below ``MIN_BOOTSTRAP`` values even that covers too little, and Student's
t takes its place. The tests simulate the coverage.
"""

from collections.abc import Iterator
from typing import SupportsFloat

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from jaxnorm.analysis.summary import Estimate

CONFIDENCE = 0.95
RESAMPLES = 9_999
"""Of the bootstrap."""
FLIPS = 99_999
"""Random sign flips of the permutation test: p values from 0.00001 up."""
MAX_EXACT = 16
"""Most values whose sign flips are all enumerated."""
FLIPS_AT_ONCE = 4096
TIE = 1e-12
"""Relative difference that rounding can make between two equal means."""
MIN_BOOTSTRAP = 20
"""Fewest values that are bootstrapped."""
RNG_SEED = 0
"""Fixed, so that the same results give the same numbers."""
MAX_ELEMENTS = 4_000_000
"""Largest array of resampled values held at once (32 MB)."""


def t_interval(values: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Student's t 95 % interval of the mean, low and high. Needs n >= 2."""
    values = np.asarray(values, float)
    n = values.shape[-1]
    half_width = stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * _standard_error(values)
    return values.mean(-1) - half_width, values.mean(-1) + half_width


def mean_interval(values: ArrayLike) -> Estimate:
    """The mean of independent values with its Student t 95 % interval, which one value has not."""
    values = np.asarray(values, float)
    low, high = t_interval(values) if values.size > 1 else (None, None)
    return to_estimate(values.mean(), low, high, values.size)


def to_estimate(mean: SupportsFloat, low: SupportsFloat | None, high: SupportsFloat | None, n: int) -> Estimate:
    """An estimate of plain Python numbers."""
    return Estimate(float(mean), None if low is None else float(low), None if high is None else float(high), n)


def paired_interval(differences: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """95 % interval of the mean difference, low and high. Needs n >= 2.

    From 20 values on the bias-corrected and accelerated bootstrap (Efron 1987), its level expanded as Hesterberg proposes (2015,
    doi:10.1080/00031305.2015.1089789): ``1 - 2 Phi(-sqrt(n / (n - 1)) t)`` in place of 0.95. Student's t below 20 values.
    A point where all values agree.
    """
    differences = np.asarray(differences, float)
    low, high = t_interval(differences)
    spread = np.ptp(differences, axis=-1) > 0
    if differences.shape[-1] < MIN_BOOTSTRAP or not spread.any():
        return low, high
    bootstrap_low, bootstrap_high = _bootstrap(differences[spread])
    low[spread], high[spread] = bootstrap_low, bootstrap_high
    return low, high


def _bootstrap(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n = values.shape[-1]
    expanded = float(1 - 2 * stats.norm.sf(np.sqrt(n / (n - 1)) * stats.t.ppf((1 + CONFIDENCE) / 2, n - 1)))
    result = stats.bootstrap(
        (values,),
        np.mean,
        axis=-1,
        n_resamples=RESAMPLES,
        batch=max(1, MAX_ELEMENTS // values.size),
        confidence_level=expanded,
        rng=np.random.default_rng(RNG_SEED),
    )
    return result.confidence_interval.low, result.confidence_interval.high


def sign_flip_p(differences: ArrayLike) -> np.ndarray:
    """Two-sided p of "the difference is as often up as down": the mean against those of sign-flipped differences (Fisher 1935).

    Exact up to n = 16, else estimated from ``FLIPS`` random flips as (count + 1) / (FLIPS + 1). One value, or only zeros, give 1.
    All comparisons share matrix products, so that p values small enough to survive Holm's correction over hundreds stay affordable.
    """
    differences = np.asarray(differences, float)
    n = differences.shape[-1]
    rows = differences.reshape(-1, n)
    observed = np.abs(rows.sum(-1)) - TIE * np.abs(rows).sum(-1)
    count, extra = np.zeros(len(rows)), 0 if n <= MAX_EXACT else 1
    for signs in _signs(n):
        count += (np.abs(signs @ rows.T) >= observed).sum(axis=0)
    total = 2**n if n <= MAX_EXACT else FLIPS
    return ((count + extra) / (total + extra)).reshape(differences.shape[:-1])


def _signs(n: int) -> Iterator[np.ndarray]:
    """Rows of n signs, block by block: all there are, or ``FLIPS`` random ones."""
    if n <= MAX_EXACT:
        yield 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1) - 1.0
        return
    rng = np.random.default_rng(RNG_SEED)
    for start in range(0, FLIPS, FLIPS_AT_ONCE):
        yield 2.0 * rng.integers(0, 2, (min(FLIPS_AT_ONCE, FLIPS - start), n)) - 1.0


def equivalence_p(differences: ArrayLike, margin: ArrayLike) -> np.ndarray:
    """P of "the mean difference is at least the margin", by two one-sided t tests (Schuirmann 1987). n = 1 gives 1."""
    return _distance_p(differences, margin, inside=True)


def exceedance_p(differences: ArrayLike, margin: ArrayLike) -> np.ndarray:
    """Two-sided p of "the mean difference is at most the margin"; 0.05 where the 95 % t interval touches it. n = 1 gives 1."""
    return np.minimum(1.0, 2 * _distance_p(differences, margin, inside=False))


def _distance_p(differences: ArrayLike, margin: ArrayLike, *, inside: bool) -> np.ndarray:
    """P of a mean difference as far inside (outside) the margin, if the true one lay on the margin."""
    differences = np.asarray(differences, float)
    n = differences.shape[-1]
    if n < 2:
        return np.ones(differences.shape[:-1])
    distance = (np.asarray(margin) - np.abs(differences.mean(-1))) * (1 if inside else -1)
    error = _standard_error(differences)
    certain = np.where(distance > 0, 0.0, 1.0)
    return np.where(error > 0, stats.t.sf(distance / np.where(error > 0, error, 1.0), n - 1), certain)


def holm(p_values: ArrayLike) -> np.ndarray:
    """P values adjusted so that any mistake among all of them has the stated rate (Holm 1979)."""
    p_values = np.asarray(p_values, float)
    order = np.argsort(p_values, kind="stable")
    stepped = np.maximum.accumulate(p_values[order] * np.arange(len(order), 0, -1))
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def _standard_error(values: np.ndarray) -> np.ndarray:
    """Of the mean; exactly 0 where all values agree, which rounding of the mean would hide."""
    spread = np.ptp(values, axis=-1) > 0
    return np.where(spread, values.std(-1, ddof=1) / np.sqrt(values.shape[-1]), 0.0)
