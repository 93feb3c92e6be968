"""The simulation behind ``coverage``: samples of paired differences, and whole reports, whose truth is known.

Every distribution has mean 0 and standard deviation 1; intervals and p values do not mind another unit. Samples of a skewness of 1 show
more of it than those of the published runs do (docs/method.md sets them side by side); a skewness of 2 and an infinite kurtosis are there
to strain.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from scipy import stats

from jaxnorm.analysis.advice import AIMS, hold_contests
from jaxnorm.analysis.bootstrap import bca_interval, expanded_tail, studentised_interval
from jaxnorm.analysis.compare import make_plan
from jaxnorm.analysis.coverage import Cell, FalseClaims, Rate, Shape
from jaxnorm.analysis.measures import measure_arm
from jaxnorm.analysis.plan import Plan
from jaxnorm.analysis.statistics import ALPHA, CONFIDENCE, FAMILIES, paired_interval, sign_flip_p, t_interval
from jaxnorm.analysis.summarise import list_differences
from jaxnorm.analysis.summary import Difference
from jaxnorm.analysis.table import ArmTable
from jaxnorm.analysis.verdict import judge
from jaxnorm.config import CompareConfig, DecisionRule

FEWEST = 4
"""Smallest sample whose kurtosis is defined."""
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
        coverage={method: _rate((low <= 0) & (high >= 0)) for method, (low, high) in intervals.items()},
        width={method: _median_ratio((high - low)[has_width_M], t_width_M) for method, (low, high) in intervals.items()},
        false_positives=_rate(sign_flip_p(values_Mn) <= ALPHA),
        power=_rate(p_M <= ALPHA),
        power_corrected=_rate(p_M * num_differences * FAMILIES <= ALPHA),
        shape=describe_shape(values_Mn[has_width_M]),
    )


def _rate(happened: np.ndarray) -> Rate:
    return Rate(float(happened.mean()), len(happened))


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


DEFAULT = CompareConfig()
WITH_CONTROL = dataclasses.replace(DEFAULT, norms=("batch", "layer", "none"))
"""What simulated reports compare: all that the published ones do."""
RULE = DecisionRule(accuracy_margin=0, loss_margin=0)
"""Nothing hides behind a margin."""
NULLS: dict[str, Draw] = {
    "all arms alike": DISTRIBUTIONS["normal"][1],
    "equal means, BatchNorm's arms skewed": DISTRIBUTIONS["skewed"][1],
}
"""What is alike to how BatchNorm's networks scatter; those of other norms scatter normally. Where arms differ in more than their mean,
their differences are not symmetric, and sign flips are exact no longer."""


def count_differences(config: CompareConfig) -> int:
    """Differences that a report of compare lists."""
    plan = make_plan(config)
    return len(plan.measures) * sum(len(contrasts) for contrasts in plan.contrasts.values())


def count_claims(config: CompareConfig) -> int:
    """Claims that a report of compare judges."""
    return len(make_plan(config).claims)


def simulate_reports(null: str, n: int, reports: int, rng_seed: int) -> FalseClaims:
    """How often reports of n networks per arm claim a difference, where arms have equal means."""
    rng = np.random.default_rng([rng_seed, n, list(NULLS).index(null)])
    plan = make_plan(WITH_CONTROL)
    found = np.array([_claimed(plan, list(_null_tables(plan, NULLS[null], n, rng))) for _ in range(reports)])
    anywhere = np.array([any(each) for each in found])
    return FalseClaims(null, n, *(_rate(each) for each in found.T), anywhere=_rate(anywhere))


def _claimed(plan: Plan, tables: list[ArmTable]) -> tuple[bool, bool, bool, bool]:
    """Whether a report claims a difference in its list, by its verdicts, in their evidence, and in its advice."""
    measured: dict[tuple[str, str], np.ndarray] = {}
    listed = list_differences(plan, tables, RULE, plan.measures, measured)
    verdicts = judge(plan.claims, tables, RULE, measured)
    contests = hold_contests({name: np.array([measure_arm(name, table, RULE) for table in tables]) for name in AIMS}, RULE)
    return (
        any(difference.p_adjusted <= ALPHA for _, difference in listed),
        any(verdict.word in ("holds", "contradicted") for verdict in verdicts),
        any(part.difference.p_adjusted <= ALPHA for verdict in verdicts for part in verdict.evidence),
        any(contest.worse for contest in contests.values()),
    )


def _null_tables(plan: Plan, scatter: Draw, n: int, rng: np.random.Generator) -> Iterator[ArmTable]:
    """Arms of equal means, which share each seed's luck: constant curves, scattered between networks and between epochs."""
    luck_S1 = rng.normal(size=(n, 1))
    for arm in plan.arms:
        draw = scatter if arm.norm == "batch" else NULLS["all arms alike"]

        def curve(draw: Draw, epochs: int = DEFAULT.epochs) -> np.ndarray:
            return 10 + (luck_S1 + draw(rng, (n, 1)) + draw(rng, (n, epochs)))

        curves = {metric: curve(draw) for metric in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")}
        curves |= {metric: curve(draw, epochs=1) for metric in ("test_loss", "test_accuracy")}
        yield ArmTable(arm, list(range(n)), curves, diverged=[])
