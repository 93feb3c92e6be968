"""Weighted sums of arms, paired by seed, and their measurement: from arrays to ``Difference``."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from jaxnorm.analysis import statistics
from jaxnorm.analysis.measures import find_measure, measure_arm
from jaxnorm.analysis.summary import Difference
from jaxnorm.analysis.table import ArmTable
from jaxnorm.analysis.wording import norm_title
from jaxnorm.config import Arm, DecisionRule


@dataclasses.dataclass(frozen=True)
class Contrast:
    """``sum(weight * arm)``, in words and in numbers; the weights are keyed by ``Arm.key`` and sum to zero."""

    label: str
    weights: dict[str, float]


def of_arms(arm: Arm, other: Arm) -> Contrast:
    """One arm minus another."""
    if arm.batch_size == other.batch_size:
        label = f"{norm_title(arm.norm)} − {norm_title(other.norm)} at batch size {arm.batch_size}"
    elif arm.norm == other.norm:
        label = f"{norm_title(arm.norm)}, batch size {arm.batch_size} − {other.batch_size}"
    else:
        label = f"{norm_title(arm.norm)} at {arm.batch_size} − {norm_title(other.norm)} at {other.batch_size}"
    return Contrast(label, {arm.key: 1.0, other.key: -1.0})


def between_norms(norm: str, other: str, batch_size: int) -> Contrast:
    """One norm minus another at the same batch size."""
    return of_arms(Arm(norm, batch_size), Arm(other, batch_size))


def between_sizes(norm: str, size: int, other: int) -> Contrast:
    """One norm at one batch size minus the same at another."""
    return of_arms(Arm(norm, size), Arm(norm, other))


def interaction(norm: str, other: str, size: int, other_size: int) -> Contrast:
    """What changing the batch size does to one norm, minus what it does to another."""
    weights = between_sizes(norm, size, other_size).weights | between_sizes(other, other_size, size).weights
    return Contrast(f"({norm_title(norm)} − {norm_title(other)}), batch size {size} − {other_size}", weights)


def measure_contrasts(
    contrasts: Sequence[tuple[Contrast, str]], tables: Sequence[ArmTable], rule: DecisionRule, measured: dict[tuple[str, str], np.ndarray]
) -> list[Difference]:
    """Measure pairs of contrast and measure name, corrected for their number.

    ``measured`` holds values per seed by arm key and measure name; what it lacks is added to it. Raises ``KeyError`` where a contrast
    names an arm that is not in ``tables``.
    """
    if not contrasts:
        return []
    by_key = {table.arm.key: table for table in tables}

    def values(key: str, name: str) -> np.ndarray:
        if (key, name) not in measured:
            measured[key, name] = measure_arm(name, by_key[key], rule)
        return measured[key, name]

    def weighted(contrast: Contrast, name: str) -> np.ndarray:
        return np.sum([weight * values(key, name) for key, weight in contrast.weights.items()], axis=0)

    differences = np.stack([weighted(contrast, name) for contrast, name in contrasts])
    margins = [find_margin(name, [float(values(key, name).mean()) for key in contrast.weights], rule) for contrast, name in contrasts]
    return _build_differences(contrasts, differences, margins)


def find_margin(name: str, means: Sequence[float], rule: DecisionRule) -> float:
    """Below what a difference counts as none: fixed for accuracies, else a share of the compared arms' mean."""
    return rule.accuracy_margin if find_measure(name).absolute_margin else rule.loss_margin * sum(means) / len(means)


def _build_differences(contrasts: Sequence[tuple[Contrast, str]], differences_MS: np.ndarray, margins: list[float]) -> list[Difference]:
    n = differences_MS.shape[1]
    low_M, high_M = statistics.paired_interval(differences_MS) if n > 1 else ([None] * len(contrasts),) * 2
    p_M = statistics.sign_flip_p(differences_MS)
    adjusted_M = statistics.holm(p_M)
    return [
        Difference(
            label=contrast.label,
            weights=contrast.weights,
            measure=name,
            estimate=statistics.to_estimate(differences_MS[m].mean(), low_M[m], high_M[m], n),
            p_value=float(p_M[m]),
            p_adjusted=float(adjusted_M[m]),
            margin=margins[m],
            by_seed=differences_MS[m].tolist(),
        )
        for m, (contrast, name) in enumerate(contrasts)
    ]
