"""What to use when, as far as this run tells: for each aim the best arm, and those that were not told apart from it."""

import dataclasses
import math
from collections.abc import Mapping

import numpy as np

from jaxnorm.analysis.contrasts import find_margin
from jaxnorm.analysis.measures import MEASURES
from jaxnorm.analysis.statistics import adjust, exceedance_p, sign_flip_p
from jaxnorm.analysis.summary import ALPHA, Summary
from jaxnorm.analysis.wording import SCALES, arm_title, format_level
from jaxnorm.stats.rule import DecisionRule

AIMS = {
    "train_loss_area": "To learn fast",
    "test_accuracy": "For accuracy on new data",
    "validation_noise": "For a calm validation curve",
}
"""Measure to aim, as sentences begin."""
MOST_NAMED = 3
"""Arms named beside the best in a sentence; of more, their number."""


@dataclasses.dataclass(frozen=True)
class Contest:
    """All arms by one measure."""

    best: int
    """Which arm has the best mean."""
    worse: list[int]
    """Which are shown to be worse, beyond the margin."""


def hold_contests(values: Mapping[str, np.ndarray], rule: DecisionRule) -> dict[str, Contest]:
    """Measure to its contest; ``values`` are by measure, of all arms and seeds, (A, S).

    An arm is worse if its paired difference from the best is larger than the margin, by the t test of ``statistics.exceedance_p``, whose p,
    other than that of sign flips, is not bounded by the number of seeds: there may be a hundred arms. The correction is over the arms of
    all contests, and since the best was picked from its arms, for all their pairs: A / 2 for each that is compared. As t tests of few seeds
    rest on the normal distribution, sign flips must find the difference too, without a correction.
    """
    best = {name: int((values_AS.mean(axis=1) * (1 if _higher(name) else -1)).argmax()) for name, values_AS in values.items()}
    p_values = {name: _worse_p(name, values_AS, best[name], rule) for name, values_AS in values.items()}
    pairs = [(name, arm) for name, p_A in p_values.items() for arm in range(len(p_A)) if arm != best[name]]
    adjusted = adjust([p_values[name][arm] for name, arm in pairs])
    shown = [pair for pair, p_value in zip(pairs, adjusted, strict=True) if p_value <= ALPHA]
    return {name: Contest(best[name], [arm for measure, arm in shown if measure == name]) for name in values}


def _worse_p(name: str, values_AS: np.ndarray, best: int, rule: DecisionRule) -> np.ndarray:
    """Of every arm, (A,); that of the best itself means nothing."""
    differences_AS = values_AS[best] - values_AS
    mean_A = values_AS.mean(axis=1)
    margin_A = np.array([find_margin(name, [float(mean_A[best]), float(mean)], rule) for mean in mean_A])
    return np.where(sign_flip_p(differences_AS) > ALPHA, 1.0, exceedance_p(differences_AS, margin_A) * len(values_AS) / 2)


def _higher(name: str) -> bool:
    return MEASURES[name].better == "higher"


def advice(summary: Summary) -> list[str]:
    """One sentence for each aim that the run measured.

    A network whose loss is above that of guessing in the mean over training counts as guessing, as one that diverged does: one that blew up
    and came back would make its arm's spread so large that nothing could be shown of it.
    """
    values = {name: np.array([arm.by_seed[name] for arm in summary.arms]) for name in AIMS if name in summary.arms[0].measures}
    capped = {
        name: np.minimum(values_AS, math.log(summary.num_classes)) if MEASURES[name].unit == "nats" else values_AS
        for name, values_AS in values.items()
    }
    return [_sentence(summary, name, contest) for name, contest in hold_contests(capped, summary.rule).items()]


def _sentence(summary: Summary, name: str, contest: Contest) -> str:
    measure, aim, best = MEASURES[name], AIMS[name], summary.arms[contest.best]
    unit = f" {SCALES[measure.unit].of_level}"
    level = f"{arm_title(best.factors)} ({measure.title} {format_level(best.measures[name], measure.unit)}{unit})"
    others = [arm for index, arm in enumerate(summary.arms) if index != contest.best]
    worse = [summary.arms[index] for index in contest.worse]
    level_with = {tuple(arm.by_seed[name]): arm for arm in others if arm not in worse}  # the same networks may stand in two arms
    level_with.pop(tuple(best.by_seed[name]), None)
    if not others:
        return f"{aim}: there is one arm, {level}."
    if not level_with:
        return f"{aim}: {level}; all {len(others)} others are shown to be worse by more than the margin."
    if not worse:
        return f"{aim}: corrected for all pairs of arms, no difference beyond the margin is shown; on average the best is {level}."
    if len(level_with) > MOST_NAMED:
        return f"{aim}: on average {level}; {len(level_with)} of {len(others)} others are not shown to be worse beyond the margin."
    named = [f"{arm_title(arm.factors)} ({format_level(arm.measures[name], measure.unit)}{unit})" for arm in level_with.values()]
    return f"{aim}: {level}, and not shown to be worse beyond the margin: {', '.join(named)}."
