"""What BatchNorm is said to do for a network without a norm: claims that several instruments judge, each on arms of its own."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from jaxnorm.analysis.claims import Comparison, Design, Entry
from jaxnorm.analysis.contrasts import Contrast
from jaxnorm.analysis.per_seed import MIN_EPOCHS_OF_NOISE
from jaxnorm.analysis.sources import BENEFITS
from jaxnorm.analysis.summary import Expectation


class TimedDesign(Design, Protocol):
    """A design that says how long networks train."""

    @property
    def epochs(self) -> int:
        """Passes over the training set."""
        ...


Timed = TypeVar("Timed", bound=TimedDesign)


def benefits(contrasts: Callable[[Timed], list[Contrast]], where: str, applies: Callable[[Timed], bool]) -> tuple[Entry[Timed], ...]:
    """D1, D4 and D5: BatchNorm trains faster, more smoothly and to a better validation accuracy than no norm.

    Args:
      contrasts: BatchNorm minus no norm, everywhere a run compares them; each claim needs all.
      where: that in words, which end the statements; may name the design's words in braces.
      applies: whether a run has these arms.
    """

    def comparing(expected: Expectation, *measures: str) -> Callable[[Timed], list[Comparison]]:
        return lambda design: [Comparison(contrast, name, expected) for contrast in contrasts(design) for name in measures]

    def has_noise(design: Timed) -> bool:
        return applies(design) and design.epochs >= MIN_EPOCHS_OF_NOISE

    faster = comparing("lower", "train_loss@1", "train_loss_area")
    smoother = comparing("lower", "train_noise", "validation_loss_noise")
    better = comparing("higher", "validation_accuracy")
    return (
        Entry("D1", BENEFITS, f"BatchNorm trains faster than no norm from the first epoch on, {where}", faster, applies),
        Entry("D4", BENEFITS, f"BatchNorm's loss curves oscillate less than those of no norm, {where}", smoother, has_noise),
        Entry("D5", BENEFITS, f"BatchNorm reaches a higher validation accuracy than no norm, {where}", better, applies),
    )
