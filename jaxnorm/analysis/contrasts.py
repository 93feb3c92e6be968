"""Weighted sums of arms, paired by seed, and their measurement: from arrays to ``Difference``."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from jaxnorm.analysis import statistics
from jaxnorm.analysis.measures import find_measure, measure_arm
from jaxnorm.analysis.power import detectable_difference, seeds_needed
from jaxnorm.analysis.summary import Difference
from jaxnorm.analysis.table import ArmTable
from jaxnorm.analysis.wording import DEFAULT_TITLES, arm_title, described, norm_title, value_title
from jaxnorm.config import Arm, DecisionRule

JOINTS = {"placement": "in {}", "masking": "({})", "statistics": "with {}"}
"""How a factor's words stand behind a norm, where it is not "at"."""
SPLIT = "{}"
"""Stands for both values of what differs."""


@dataclasses.dataclass(frozen=True)
class Contrast:
    """``sum(weight * arm)``, in words and in numbers; the weights are keyed by ``Arm.key`` and sum to zero."""

    label: str
    weights: dict[str, float]
    sides: tuple[str, str] | None = None
    """What is set against what, where it is one arm against another: ``LayerNorm``, ``BatchNorm``."""
    where: str = ""
    """What both sides have in common, in words: ``batch size 16``; ``BatchNorm, depth 8``."""


def of_arms(arm: Arm, other: Arm) -> Contrast:
    """One arm minus another of the same kind."""
    differing = [name for name in arm.factors if arm.factors[name] != other.factors[name]]
    sides = (_side(arm, differing), _side(other, differing))
    return Contrast(_label(arm, other), {arm.key: 1.0, other.key: -1.0}, sides, _where(arm, differing))


def _where(arm: Arm, differing: Sequence[str]) -> str:
    """What does not differ, the norm first."""
    shared = described({name: value for name, value in arm.factors.items() if name not in differing})
    return ", ".join(filter(None, [shared] if "norm" in differing else [norm_title(arm.norm), shared]))


def _side(arm: Arm, differing: Sequence[str]) -> str:
    """What is particular to an arm: ``BatchNorm``; ``batch size 16``; ``LayerNorm in post-norm blocks``."""
    if "norm" in differing:
        others = {name: described({name: arm.factors[name]}) for name in differing if name != "norm"}
        return " ".join([norm_title(arm.norm), *(JOINTS.get(name, "at {}").format(said) for name, said in others.items() if said)])
    said = [described({name: arm.factors[name]}) or DEFAULT_TITLES[name, arm.factors[name]] for name in differing]
    return ", ".join(said)


def _label(arm: Arm, other: Arm) -> str:
    """What differs, and at what it does: ``LayerNorm − BatchNorm at batch size 16``, ``BatchNorm, batch size 16 instead of 128``."""
    shared = {name: value for name, value in arm.factors.items() if other.factors[name] == value and name != "norm"}
    differing = [name for name in arm.factors if arm.factors[name] != other.factors[name]]
    where = f" at {said}" if (said := described(shared)) else ""
    if differing == ["norm"]:
        return f"{norm_title(arm.norm)} − {norm_title(other.norm)}{where}"
    if len(differing) == 1:
        (name,) = differing
        values = (value_title(name, each.factors[name]) or str(each.factors[name]) for each in (arm, other))
        changed = described({name: SPLIT}).replace(SPLIT, " instead of ".join(values))
        return f"{norm_title(arm.norm)}, {changed}{where}"
    titles = (arm_title({name: each.factors[name] for name in ("norm", *differing)}) for each in (arm, other))
    return " − ".join(titles) + where


def of_contrasts(contrast: Contrast, other: Contrast, label: str) -> Contrast:
    """One contrast minus another: an interaction."""
    weights = dict(contrast.weights)
    for key, weight in other.weights.items():
        weights[key] = weights.get(key, 0.0) - weight
    return Contrast(label, weights)


def slope(arms: Sequence[Arm], at: Sequence[float], label: str) -> Contrast:
    """The least-squares slope of a measure over ``at``, one number per arm."""
    centred = np.asarray(at, float) - np.mean(at)
    return Contrast(label, {arm.key: float(weight) for arm, weight in zip(arms, centred / (centred @ centred), strict=True)})


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
    means = [{key: float(values(key, name).mean()) for key in contrast.weights} for contrast, name in contrasts]
    margins = [find_margin(name, list(by_arm.values()), rule) for by_arm, (_, name) in zip(means, contrasts, strict=True)]
    levels = [_levels(contrast, by_arm) for by_arm, (contrast, _) in zip(means, contrasts, strict=True)]
    return _build_differences(contrasts, differences, margins, levels)


def _levels(contrast: Contrast, means: Mapping[str, float]) -> tuple[float, float] | None:
    """Of the two arms, the first the one that the other is subtracted from; None where it is not one arm against another."""
    if sorted(contrast.weights.values()) != [-1.0, 1.0]:
        return None
    first, second = sorted(contrast.weights, key=lambda key: -contrast.weights[key])
    return means[first], means[second]


def find_margin(name: str, means: Sequence[float], rule: DecisionRule) -> float:
    """Below what a difference counts as none: fixed for accuracies and where the measure says so, else a share of the arms' mean."""
    measure = find_measure(name)
    if measure.fixed_margin is not None:
        return measure.fixed_margin
    return rule.accuracy_margin if measure.absolute_margin else rule.loss_margin * sum(means) / len(means)


def _build_differences(
    contrasts: Sequence[tuple[Contrast, str]], differences_MS: np.ndarray, margins: list[float], levels: list[tuple[float, float] | None]
) -> list[Difference]:
    n = differences_MS.shape[1]
    low_M, high_M = statistics.paired_interval(differences_MS) if n > 1 else ([None] * len(contrasts),) * 2
    p_M = statistics.sign_flip_p(differences_MS)
    adjusted_M = statistics.adjust(p_M)
    beyond_M = statistics.adjust(np.maximum(p_M, statistics.exceedance_p(differences_MS, margins)))
    within_M = statistics.adjust(statistics.equivalence_p(differences_MS, margins), statistics.SAMENESS)
    return [
        Difference(
            label=contrast.label,
            sides=contrast.sides,
            levels=levels[m],
            where=contrast.where,
            weights=contrast.weights,
            measure=name,
            estimate=statistics.to_estimate(differences_MS[m].mean(), low_M[m], high_M[m], n),
            p_value=float(p_M[m]),
            p_adjusted=float(adjusted_M[m]),
            margin=margins[m],
            by_seed=differences_MS[m].tolist(),
            detectable=detectable_difference(differences_MS[m]),
            seeds_needed=seeds_needed(differences_MS[m]),
            p_beyond=float(beyond_M[m]),
            p_within=float(within_M[m]),
        )
        for m, (contrast, name) in enumerate(contrasts)
    ]
