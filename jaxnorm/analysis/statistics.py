"""Intervals and p values. Everything works along the last axis, so many comparisons cost one call; n is that axis' length.

The interval of a paired difference is chosen by its measured coverage, which ``python -m jaxnorm.experiments.coverage`` simulates and
docs/method.md shows: Student's t stands up to heavy tails and misses skewness, bootstraps the other way round, the wider of both covers.
"""

from collections.abc import Iterator
from typing import SupportsFloat

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from jaxnorm.analysis.bootstrap import RNG_SEED, TIE, bca_interval, expanded_tail
from jaxnorm.analysis.summary import ALPHA, Estimate

CONFIDENCE = 0.95
FAMILIES = 4
"""Kinds of statements in a report, each corrected on its own for a quarter of ``ALPHA``: that listed differences are not zero, that they
exceed the margin, what is found of the comparisons of claims, advice."""
SAMENESS = 2
"""Kinds of statements that a difference is smaller than the margin, which share ``ALPHA`` among themselves: of listed ones, of claims'."""
FLIPS = 99_999
"""Random sign flips of the permutation test: p values from 0.00001 up."""
MAX_EXACT = 16
"""Most values whose sign flips are all enumerated."""
FLIPS_AT_ONCE = 4096


def t_interval(values: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Student's t 95 % interval of the mean, low and high. Needs n >= 2."""
    values = np.asarray(values, float)
    n = values.shape[-1]
    half_width = special.stdtrit(n - 1, (1 + CONFIDENCE) / 2) * _standard_error(values)
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
    """95 % interval of the mean difference, low and high; a point where all values agree. Needs n >= 2.

    On either side the wider of Student's t interval and the BCa bootstrap at Hesterberg's expanded level (``bootstrap.expanded_tail``).
    """
    t_low, t_high = t_interval(differences)
    bootstrap_low, bootstrap_high = bca_interval(differences, expanded_tail(np.shape(differences)[-1], CONFIDENCE))
    return np.minimum(t_low, bootstrap_low), np.maximum(t_high, bootstrap_high)


def sign_flip_p(differences: ArrayLike) -> np.ndarray:
    """Two-sided p of "the difference is as often up as down": the mean against those of sign-flipped differences (Fisher 1935).

    Exact up to n = 16, else estimated from ``FLIPS`` random flips as (count + 1) / (FLIPS + 1). One value, only zeros, or a value that is
    not finite give 1. All comparisons share matrix products, so that p values small enough to survive Holm's correction over hundreds
    stay affordable.
    """
    differences = np.asarray(differences, float)
    n = differences.shape[-1]
    rows = differences.reshape(-1, n)
    finite = np.asarray(np.isfinite(rows).all(axis=-1))
    rows = np.where(finite[:, None], rows, 0.0)
    observed = np.abs(rows.sum(-1)) - TIE * np.abs(rows).sum(-1)
    count, total = np.zeros(len(rows)), 0
    for signs in _signs(n):
        count += (np.abs(signs @ rows.T) >= observed).sum(axis=0)
        total += len(signs)
    extra = 0 if n <= MAX_EXACT else 1
    return ((count + extra) / (total + extra)).reshape(differences.shape[:-1])


def _signs(n: int) -> Iterator[np.ndarray]:
    """Rows of n signs, block by block: all there are, but for a common sign, or ``FLIPS`` random ones."""
    rng = np.random.default_rng(RNG_SEED)
    total = 2 ** (n - 1) if n <= MAX_EXACT else FLIPS
    for start in range(0, total, FLIPS_AT_ONCE):
        size = min(FLIPS_AT_ONCE, total - start)
        exact = n <= MAX_EXACT
        yield 2.0 * ((start + np.arange(size)[:, None] >> np.arange(n)) & 1 if exact else rng.integers(0, 2, (size, n))) - 1.0


def equivalence_p(differences: ArrayLike, margin: ArrayLike) -> np.ndarray:
    """P of "the mean difference is at least the margin", by two one-sided t tests (Schuirmann 1987).

    One value, or a value that is not finite, gives 1; so it does in ``exceedance_p``.
    """
    return _distance_p(differences, margin, inside=True)


def exceedance_p(differences: ArrayLike, margin: ArrayLike) -> np.ndarray:
    """Two-sided p of "the mean difference is at most the margin"; 0.05 where the 95 % t interval touches it."""
    return np.minimum(1.0, 2 * _distance_p(differences, margin, inside=False))


def _distance_p(differences: ArrayLike, margin: ArrayLike, *, inside: bool) -> np.ndarray:
    """P of a mean difference as far inside (outside) the margin, if the true one lay on the margin."""
    differences = np.asarray(differences, float)
    n = differences.shape[-1]
    finite = np.asarray(np.isfinite(differences).all(axis=-1))
    if n < 2 or not finite.any():
        return np.ones(differences.shape[:-1])
    differences = np.where(finite[..., None], differences, 0.0)
    distance = (np.asarray(margin) - np.abs(differences.mean(-1))) * (1 if inside else -1)
    error = _standard_error(differences)
    certain = np.where(distance > 0, 0.0, 1.0)
    p_values = np.where(error > 0, special.stdtr(n - 1, -distance / np.where(error > 0, error, 1.0)), certain)
    return np.where(finite, p_values, 1.0)


def holm(p_values: ArrayLike) -> np.ndarray:
    """P values adjusted so that any mistake among all of them has the stated rate (Holm 1979)."""
    p_values = np.asarray(p_values, float)
    order = np.argsort(p_values, kind="stable")
    stepped = np.maximum.accumulate(p_values[order] * np.arange(len(order), 0, -1))
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def adjust(p_values: ArrayLike, kinds: int = FAMILIES) -> np.ndarray:
    """P values of one kind of statements, adjusted so that any mistake in a whole report has the stated rate.

    They are Holm's, times the number of ``kinds``: ``FAMILIES``, or ``SAMENESS`` for statements that differences are small.
    """
    return np.minimum(kinds * holm(p_values), 1.0)


def could_show(n: int, number: int) -> bool:
    """Whether the smallest p that sign flips of ``n`` values can give survives the adjustment over ``number`` p values."""
    smallest = 2.0 ** (1 - n) if n <= MAX_EXACT else 1 / (FLIPS + 1)
    return smallest * number * FAMILIES <= ALPHA


def _standard_error(values: np.ndarray) -> np.ndarray:
    """Of the mean; exactly 0 where all values agree, which rounding of the mean would hide."""
    spread = np.ptp(values, axis=-1) > 0
    return np.where(spread, values.std(-1, ddof=1) / np.sqrt(values.shape[-1]), 0.0)
