"""How a report decides, in four paragraphs."""

import math

from jaxnorm.stats.summary import Summary
from jaxnorm.stats.table import CHANCE_TOLERANCE

PAIRED = (
    "Runs are paired: the same seed gives the same initial weights and the same order of examples in every arm, so differences are taken "
    "within seeds and averaged over them."
)
RULE = (
    "This report makes {number} comparisons. Each has one Student t interval, at a level (1 - 0.05 / {number}) at which all of them hold "
    "together in 95 % of reports (Bonferroni). Everything is read off it. A difference whose interval lies within the margin is "
    "negligible, however surely it is not zero; any other whose interval lies on one side of zero is shown; the rest are open. Where "
    "sameness is claimed, an interval within the margin is as claimed, and only one wholly beyond the margin is opposite. An accuracy's "
    "interval includes the error of the finite test set where that was recorded. Arms without a mark are worse than the best by such an "
    "interval. Intervals beside arms, and thick bars, are plain 95 % intervals."
)
VERDICTS = (
    "A claim consists of comparisons. Supported: all are as claimed. Refuted: none is, at least one is opposite, none is open. Negligible: "
    "all differences are smaller than their margins. Mixed: some are as claimed, others opposite or negligible. Inconclusive: some are "
    "open. The count says how many are as claimed."
)
DIVERGED = (
    "A run diverged if a loss or accuracy is not finite, or if its training loss ends more than {tolerance:g} % above the chance level "
    "({chance:.2f} nats among {classes} classes) and also above its own first epoch's, or twice the chance level. It stays in every "
    "statistic, its losses at most at chance level."
)


def method(summary: Summary) -> list[str]:
    """The paragraphs."""
    classes = summary.num_classes
    diverged = DIVERGED.format(tolerance=100 * CHANCE_TOLERANCE, chance=math.log(classes), classes=classes)
    return [PAIRED, RULE.format(number=summary.number), VERDICTS, diverged]
