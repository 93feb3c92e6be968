"""The simulation behind ``coverage`` of single intervals and tests: samples of paired differences whose mean is known.

Every distribution has mean 0 and standard deviation 1; intervals and p values do not mind another unit. Samples of a skewness of 1 show
more of it than those of the published runs do (docs/method.md sets them side by side); a skewness of 2 and an infinite kurtosis are there
to strain.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
from scipy import stats

from jaxnorm.analysis.bootstrap import bca_interval, expanded_tail, studentised_interval
from jaxnorm.analysis.coverage import Cell, Rate, Shape
from jaxnorm.analysis.statistics import CONFIDENCE, FAMILIES, paired_interval, sign_flip_p, t_interval
from jaxnorm.analysis.summary import ALPHA, Difference
from jaxnorm.config.coverage import FEWEST

TAIL = (1 - CONFIDENCE) / 2
STEP_OFFSET = 0.3
"""Where between two steps the mean of the discrete distribution lies before rounding, in steps."""

Draw = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]
"""Samples of differences, of a shape (M, n)."""


def _discrete(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """A normal variable rounded to whole steps; its mean and variance are sums over the steps."""
    steps = np.arange(-10, 11)
    edges = np.append(steps - 0.5, np.inf) - STEP_OFFSET
    shares = np.diff(stats.norm.cdf(edges))
    mean = shares @ steps
    return (np.round(rng.normal(STEP_OFFSET, 1, shape)) - mean) / math.sqrt(shares @ (steps - mean) ** 2)


DISTRIBUTIONS: dict[str, tuple[str, Draw]] = {
    "normal": ("", lambda rng, shape: rng.normal(size=shape)),
    "skewed": ("gamma of shape 4: skewness 1", lambda rng, shape: (rng.gamma(4, size=shape) - 4) / 2),
    "very skewed": ("exponential: skewness 2", lambda rng, shape: rng.exponential(size=shape) - 1),
    "heavy-tailed": ("t with 3 degrees of freedom", lambda rng, shape: rng.standard_t(3, size=shape) / math.sqrt(3)),
    "discrete": ("a normal variable rounded to steps of one standard deviation", _discrete),
}
"""Name to what it is, and how it is drawn."""


def simulate_cell(distribution: str, n: int, samples: int, num_differences: int, rng_seed: int) -> Cell:
    """Simulate one distribution at one number of seeds; the result depends on nothing else."""
    rng = np.random.default_rng([rng_seed, n, list(DISTRIBUTIONS).index(distribution)])
    values_Mn = DISTRIBUTIONS[distribution][1](rng, (samples, n))
    intervals = {
        "t": t_interval(values_Mn),
        "bca": bca_interval(values_Mn, TAIL),
        "bca_expanded": bca_interval(values_Mn, expanded_tail(n, CONFIDENCE)),
        "studentised": studentised_interval(values_Mn, TAIL),
        "chosen": paired_interval(values_Mn),
    }
    has_width_M = np.ptp(values_Mn, axis=1) > 0
    t_width_M = np.subtract(*reversed(intervals["t"]))[has_width_M]
    up_or_down_M1 = np.where(np.arange(samples) % 2, 1.0, -1.0)[:, None]
    p_M = sign_flip_p(values_Mn + up_or_down_M1)
    return Cell(
        distribution,
        n,
        coverage={method: Rate.of((low <= 0) & (high >= 0)) for method, (low, high) in intervals.items()},
        width={method: _median_ratio((high - low)[has_width_M], t_width_M) for method, (low, high) in intervals.items()},
        false_positives=Rate.of(sign_flip_p(values_Mn) <= ALPHA),
        power=Rate.of(p_M <= ALPHA),
        power_corrected=Rate.of(p_M * num_differences * FAMILIES <= ALPHA),
        shape=describe_shape(values_Mn[has_width_M]),
    )


def _median_ratio(widths_M: np.ndarray, t_widths_M: np.ndarray) -> float | None:
    """None where every other width is infinite."""
    ratio = float(np.median(widths_M / t_widths_M))
    return ratio if math.isfinite(ratio) else None


def describe_shape(samples_Mn: np.ndarray) -> Shape:
    """What samples look like; those whose values all agree must be left out. Needs n >= ``FEWEST``."""
    skewness_M = np.abs(stats.skew(samples_Mn, axis=1, bias=False))
    kurtosis_M = stats.kurtosis(samples_Mn, axis=1, bias=False)
    (skew_median, skew_most), (kurtosis_median, kurtosis_most) = (np.quantile(each, (0.5, 0.9)) for each in (skewness_M, kurtosis_M))
    return Shape((float(skew_median), float(skew_most)), (float(kurtosis_median), float(kurtosis_most)))


def observed_shapes(differences: Iterable[Difference]) -> dict[int, tuple[int, Shape]]:
    """Number of seeds to how many differences have it, and what these look like; those without spread are left out."""
    by_size: dict[int, list[list[float]]] = {}
    for difference in differences:
        if len(difference.by_seed) >= FEWEST and np.ptp(difference.by_seed) > 0:
            by_size.setdefault(len(difference.by_seed), []).append(difference.by_seed)
    return {n: (len(samples), describe_shape(np.array(samples))) for n, samples in sorted(by_size.items())}
