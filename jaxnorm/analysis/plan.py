"""What an instrument asks of its table, fixed before the run."""

import dataclasses
from collections.abc import Mapping, Sequence

from jaxnorm.analysis.claims import Claim
from jaxnorm.analysis.contrasts import Contrast
from jaxnorm.config import Arm

MAIN_MEASURES = ("train_loss_area", "train_loss", "validation_loss", "validation_accuracy", "test_accuracy", "validation_noise")
"""The measures whose differences a report lists, unless its plan names others."""
ANSWER_MEASURES = ("train_loss_area", "test_accuracy")
"""How fast a network learns, and how good it ends."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """Arms, contrasts and claims."""

    arms: Sequence[Arm]
    contrasts: Mapping[str, Sequence[Contrast]]
    """What is varied, as the answer names it ("the choice of norm"), to the contrasts that tell whether it matters. Those of "" are listed,
    and the answer does not speak of them."""
    claims: Sequence[Claim]
    measures: Sequence[str] = MAIN_MEASURES
    """The measures whose differences are listed, as far as the run has them."""
    answer_measures: tuple[str, str] = ANSWER_MEASURES
    """The two measures that the answer has a sentence on each of."""
    curves: Sequence[str] = ()
    """The instrument's own metrics that figures draw against epochs, besides losses and accuracies."""
    traces: Sequence[str] = ()
    """Those that figures draw of the first seed's networks alone, because a mean over networks would mean nothing."""
