"""What the words of a report mean: its terms, and the measures that it speaks of."""

import math

from jaxnorm.analysis.measures import find_measure
from jaxnorm.analysis.summary import Summary
from jaxnorm.reporting.tables import RESULT_COLUMNS


def terms(summary: Summary) -> dict[str, str]:
    """Term to what it means, the general ones first."""
    return _general(summary) | {find_measure(name).title: _defined(name) for name in measures_of(summary)}


def _general(summary: Summary) -> dict[str, str]:
    guessing, seeds = f"ln {summary.num_classes} = {math.log(summary.num_classes):.2f} nats", len(summary.seeds)
    factors = ", ".join(name.replace("_", " ") for name in summary.arms[0].factors)
    return {
        "arm": f"one combination of what is compared ({factors}), trained from {seeds} seed{'' if seeds == 1 else 's'}",
        "paired by seed": "the same seed means the same initial weights and the same order of examples in every arm: differences are taken "
        "within seeds",
        "margin": "how large a difference must be to count, fixed before the run",
        "adjusted p": "how often chance alone would show as much anywhere in this report, at most",
        "nats": f"unit of losses; guessing among {summary.num_classes} classes costs {guessing}",
        "decades": "powers of ten: 0.3 decades are a factor of 2",
        "diverged": f"not finite, or ended worse than guessing without having become better; counts as guessing ({guessing})",
        "convergence loss": f"{summary.rule.convergence_loss:g} nats of training loss",
    }


def measures_of(summary: Summary) -> list[str]:
    """The names of the measures whose numbers the report shows, epochs of one metric apart."""
    judged = [part.difference.measure for verdict in summary.verdicts for part in verdict.evidence if "@" not in part.difference.measure]
    listed = [difference.measure for difference in summary.differences]
    tabled = [name for name in ("epochs_to_converge", *RESULT_COLUMNS) if name in summary.arms[0].measures]
    return list(dict.fromkeys(listed + judged + tabled))


def _defined(name: str) -> str:
    measure = find_measure(name)
    return measure.definition if measure.better == "neither" else f"{measure.definition}; {measure.better} is better"
