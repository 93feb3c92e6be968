"""What to use when, as far as this run tells: for each aim the best arm, and those that were not told apart from it."""

from jaxnorm.analysis.contrasts import find_margin
from jaxnorm.analysis.measures import MEASURES
from jaxnorm.analysis.statistics import exceedance_p, holm, sign_flip_p
from jaxnorm.analysis.summary import ArmSummary, Summary
from jaxnorm.analysis.verdict import ALPHA
from jaxnorm.analysis.wording import SCALES, arm_title, count, format_level

AIMS = {
    "train_loss_area": "To learn fast",
    "test_accuracy": "For accuracy on new data",
    "validation_noise": "For a calm validation curve",
}
"""Measure to aim, as sentences begin."""
MOST_NAMED = 6
"""Arms named in a sentence; of more, their number."""


def advice(summary: Summary) -> list[str]:
    """One sentence for each aim that the run measured.

    The best arm has the best mean. Another is worse if its paired difference from the best is significant (sign flips, Holm's correction
    over the other arms) and larger than the margin of the measure; what is not worse is named beside the best.
    """
    return [_sentence(summary, name, aim) for name, aim in AIMS.items() if name in summary.arms[0].measures]


def _sentence(summary: Summary, name: str, aim: str) -> str:
    measure = MEASURES[name]
    sign = 1 if measure.unit == "fraction" else -1
    best = max(summary.arms, key=lambda arm: sign * arm.measures[name].mean)
    others = [arm for arm in summary.arms if arm is not best]
    unit = f" {SCALES[measure.unit].of_level}"
    level = f"{arm_title(best.factors)} ({measure.title} {format_level(best.measures[name], measure.unit)}{unit})"
    if not others:
        return f"{aim}: there is one arm, {level}."
    level_with = _not_worse(summary, name, best, others)
    if not level_with:
        return f"{aim}: {level}; all {len(others)} others are shown to be worse by more than the margin."
    if len(level_with) == len(others):
        return f"{aim}: it makes no shown difference beyond the margin; on average the best is {level}."
    several = count(len(level_with), "other arm")
    named = ", ".join(arm_title(arm.factors) for arm in level_with) if len(level_with) <= MOST_NAMED else several
    return f"{aim}: {level}, and not shown to be worse beyond the margin: {named}."


def _not_worse(summary: Summary, name: str, best: ArmSummary, others: list[ArmSummary]) -> list[ArmSummary]:
    differences = [[mine - theirs for mine, theirs in zip(best.by_seed[name], arm.by_seed[name], strict=True)] for arm in others]
    margins = [find_margin(name, [best.measures[name].mean, arm.measures[name].mean], summary.rule) for arm in others]
    p_values = [max(float(sign_flip_p(each)), float(exceedance_p(each, margin))) for each, margin in zip(differences, margins, strict=True)]
    return [arm for arm, p_value in zip(others, holm(p_values), strict=True) if p_value > ALPHA]
