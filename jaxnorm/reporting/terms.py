"""What the words of a report mean: its terms, and the measures that it speaks of."""

import math

from jaxnorm.analysis.advice import AIMS
from jaxnorm.analysis.listing import margin_words
from jaxnorm.analysis.measures import find_measure
from jaxnorm.analysis.summary import Summary
from jaxnorm.analysis.wording import norm_title
from jaxnorm.reporting.tables import RESULT_COLUMNS

NORMS = {
    "noisy": "BatchNorm, then noise whose distribution changes at every update: a control, without stable distributions",
    "ghost": "BatchNorm over parts of each batch, its ghosts, apart",
    "renorm": "BatchNorm whose batch statistics are corrected towards its running averages",
}
"""Norms that not every reader knows."""


def terms(summary: Summary) -> dict[str, str]:
    """Term to what it means, the general ones first."""
    norms = {norm_title(norm): NORMS[norm] for norm in dict.fromkeys(arm.norm for arm in summary.arms) if norm in NORMS}
    return _general(summary) | norms | {find_measure(name).title: _defined(name) for name in measures_of(summary)}


def _general(summary: Summary) -> dict[str, str]:
    guessing, seeds = f"ln {summary.num_classes} = {math.log(summary.num_classes):.2f} nats", len(summary.seeds)
    factors = ", ".join(name.replace("_", " ") for name in summary.arms[0].factors)
    return {
        "arm": f"one combination of what is compared ({factors}), trained from {seeds} seed{'' if seeds == 1 else 's'}",
        "paired by seed": "the same seed means the same initial weights and the same order of examples in every arm: differences are taken "
        "within seeds",
        "95 % interval": "of what other seeds would give on the same data; other images would give other results too",
        "margin": "how large a difference must be to count. Its rule is fixed before the run",
        "adjusted p": "how often, at most, chance alone would show as much anywhere in this report: a difference where there is none, one "
        "above the margin where there is less, or one below it where there is as much. Paired differences and the evidence of claims are "
        "adjusted apart, each for its own number, so that the same difference may be shown in one and not in the other",
        "nats": f"unit of losses; guessing among {summary.num_classes} classes costs {guessing}",
        "decades": "powers of ten: 0.3 decades are a factor of 2",
        "diverged": "not finite, or the training loss ends above that of guessing and has not fallen since the first epoch, or is twice as "
        f"high still, whatever the accuracy; counts as guessing ({guessing})",
        "convergence loss": f"{summary.rule.convergence_loss:g} nats of training loss",
    }


def measures_of(summary: Summary) -> list[str]:
    """The names of the measures whose numbers the report shows, epochs of one metric apart."""
    judged = [part.difference.measure for verdict in summary.verdicts for part in verdict.evidence if "@" not in part.difference.measure]
    listed = [difference.measure for difference in summary.differences]
    tabled = [name for name in ("epochs_to_converge", *RESULT_COLUMNS, *AIMS) if name in summary.arms[0].measures]
    return list(dict.fromkeys(listed + judged + tabled))


def _defined(name: str) -> str:
    measure = find_measure(name)
    direction = "" if measure.better == "neither" else f"; {measure.better} is better"
    return f"{measure.definition}{direction}; margin {margin_words(measure)}"
