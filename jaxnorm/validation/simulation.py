"""Simulated reports: values of every run of a plan, compared by the rule of reports, where what is true is known.

Half of the variance of a run's values is shared by all its measures. What all arms of a seed would share cancels in every comparison, and
is left out. Axes: R reports, M measures, A arms, S seeds, C comparisons.
"""

import dataclasses
import functools
import math
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from jaxnorm.stats.intervals import find, intervals
from jaxnorm.stats.plan import Plan
from jaxnorm.stats.verdicts import weigh

SEEDS = {16: 1.0, 32: 0.7}
"""Seeds of simulated reports, and the true difference, in its standard deviations, that so many look for."""
BATCH = 100
"""Reports that share a random stream. The first of them are counted apart, so that rerunning so few checks what is published."""
MARGIN = 8.0
"""The margin, in standard errors of the difference of two arms."""
STRAY_SHARE, STRAY_BY = 0.05, 10.0
"""How many runs go astray, and by how many standard deviations of the others."""

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
"""Values ``(M, ...)`` of mean 0."""


def draw_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Normal values."""
    return math.sqrt(0.5) * (rng.normal(size=shape[1:]) + rng.normal(size=shape))


def draw_gamma(rng: np.random.Generator, shape: tuple[int, ...], skewness: float) -> np.ndarray:
    """Gamma values: sums of gamma values, which are gamma again."""
    k = 4 / skewness**2
    return (rng.gamma(k / 2, size=shape[1:]) + rng.gamma(k / 2, size=shape) - k) / math.sqrt(k)


def draw_heavy(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Student's t with 3 degrees of freedom, its standard deviation 1; a run that is far out is so in all its measures."""
    return draw_normal(rng, shape) / np.sqrt(rng.chisquare(3, shape[1:]))


def draw_strays(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Normal values; but one run in twenty is far up in all its measures, and the others down by so much that the mean is 0."""
    return draw_normal(rng, shape) + STRAY_BY * ((rng.random(shape[1:]) < STRAY_SHARE) - STRAY_SHARE)


DISTRIBUTIONS: dict[str, Draw] = {
    "normal": draw_normal,
    "skewness 1": functools.partial(draw_gamma, skewness=1.0),
    "skewness 2": functools.partial(draw_gamma, skewness=2.0),
    "heavy tails": draw_heavy,
    "strays": draw_strays,
}
"""Of BatchNorm's runs (where a plan has none, of its last norm's); all others are normal with standard deviation 1."""


@dataclasses.dataclass(frozen=True)
class Simulated:
    """Reports of one plan, with one distribution and number of seeds."""

    plan: str
    distribution: str
    seeds: int
    comparisons: int
    """K, which the intervals hold for together."""
    false: int
    """Reports that say anything false."""
    early: int
    """Those among the first ``BATCH``."""
    power: float
    """Share of comparisons that are found where the true difference is that of ``SEEDS``."""


@dataclasses.dataclass(frozen=True)
class ValidationSummary:
    """Everything that was simulated."""

    reports: int
    """Of each plan, distribution and number of seeds."""
    simulated: list[Simulated]

    def to_json(self) -> bytes:
        """The summary as indented JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"

    @classmethod
    def load(cls, path: Path) -> "ValidationSummary":
        """Read ``summary.json``. Raises ``msgspec.ValidationError`` where the file is not one of these."""
        return msgspec.json.decode(path.read_bytes(), type=cls)


def simulate(name: str, plan: Plan, distribution: str, seeds: int, reports: int) -> Simulated:
    """Simulate reports of a plan; ``name`` is what to call it. The first reports are the same however many follow."""
    false, power = [], []
    for start in range(0, reports, BATCH):
        rng = np.random.default_rng([seeds, start, *f"{name}, {distribution}".encode()])
        false_R, found = simulate_batch(plan, DISTRIBUTIONS[distribution], seeds, rng)
        false += false_R[: reports - start].tolist()
        power.append(found)
    return Simulated(name, distribution, seeds, plan.number, sum(false), sum(false[:BATCH]), float(np.mean(power)))


def simulate_batch(plan: Plan, draw: Draw, seeds: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Which of ``BATCH`` reports say anything false, (R,), and the share of comparisons that are found where they should be.

    The same runs are read twice: with all arms alike and without margins, and with BatchNorm's arms apart by just the margin.
    """
    norms = [arm.norm for arm in plan.arms]
    odd_A = np.array([norm == ("batch" if "batch" in norms else norms[-1]) for norm in norms])
    weights, columns = _weights(plan), _columns(plan)
    names = list(dict.fromkeys([*weights, *(name for name, _ in columns)]))
    values_MRAS = draw_normal(rng, (len(names), BATCH, len(norms), seeds))
    values_MRAS[:, :, odd_A] = draw(rng, (len(names), BATCH, odd_A.sum(), seeds))
    values = dict(zip(names, values_MRAS, strict=True))
    found = intervals(np.concatenate([weights_CA @ values[name] for name, weights_CA in weights.items()], axis=1), plan.number)
    of_odd_C = np.concatenate([weights_CA @ odd_A for weights_CA in weights.values()]).round(9)
    false_R = np.zeros(BATCH, bool)
    for margin in (0.0, MARGIN * math.sqrt(2 / seeds)):
        true_C = margin * of_odd_C
        false_R |= says_false(found.mean + true_C, found.half, margin, true_C).any(axis=1)
        for (name, column), sign in columns.items():
            level_A = sign * margin * odd_A[[*column]]
            false_R |= misses_best(sign * values[name][:, column] + level_A[:, None], level_A.argmax(), plan.number)
    up_C = np.arange(len(of_odd_C)) % 2 == 0
    shift_C = SEEDS[seeds] * np.sqrt((found.deviation**2).mean(axis=0)) * np.where(up_C, 1, -1)
    told_RC = np.vectorize(find, otypes=["U10"])(found.mean + shift_C, found.half, 0.0)
    return false_R, float((told_RC == np.where(up_C, "higher", "lower")).mean())


@functools.partial(np.vectorize, otypes=[bool])
def says_false(mean: float, half: float, margin: float, true: float) -> bool:
    """Whether anything that reports and verdicts read off an interval is not so."""
    is_so = {"higher": true > 0, "lower": true < 0, "negligible": abs(true) < margin, "open": True}[find(mean, half, margin)]
    return not is_so or (abs(true) <= margin and weigh("different", mean, half, margin) == "as claimed")


def misses_best(values_RAS: np.ndarray, best: np.intp, number: int) -> np.ndarray:
    """Whether the truly best arm is found worse than the one with the highest mean, and so is not marked, (R,)."""
    first_RS = values_RAS[np.arange(len(values_RAS)), values_RAS.mean(axis=-1).argmax(axis=1)]
    ahead = intervals(first_RS - values_RAS[:, best], number)
    return says_false(ahead.mean, ahead.half, 0.0, 0.0)


def _weights(plan: Plan) -> dict[str, np.ndarray]:
    """Measure to the weights of its comparisons over arms, (C, A)."""
    weights: dict[str, list[list[float]]] = {}
    for contrast, name in plan.comparisons.values():
        weights.setdefault(name, []).append([contrast.weights.get(arm.key, 0.0) for arm in plan.arms])
    return {name: np.array(rows) for name, rows in weights.items()}


def _columns(plan: Plan) -> dict[tuple[str, tuple[int, ...]], int]:
    """Measure and arms of every column whose best is marked, and 1 where higher is better, else -1."""
    return {
        (name, tuple(column)): 1 if plan.measure(name).better == "higher" else -1
        for table in plan.tables
        for name in table.measures
        for column in table.columns([arm.factors for arm in plan.arms])
        if column and plan.measure(name).better
    }
