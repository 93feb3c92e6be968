"""What BatchNorm is said to do for a network without a norm: claims that several instruments judge, each on arms of its own."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from jaxnorm.experiments.sources import BENEFITS
from jaxnorm.stats.claims import Claim, Expectation, Expected, HasSlots
from jaxnorm.stats.contrasts import Contrast
from jaxnorm.stats.measures import MIN_EPOCHS_OF_NOISE


class TimedDesign(HasSlots, Protocol):
    """A design that says how long networks train."""

    @property
    def epochs(self) -> int:
        """Passes over the training set."""
        ...


Timed = TypeVar("Timed", bound=TimedDesign)


def benefits(
    contrasts: Callable[[Timed], list[Contrast]], where: str, applies: Callable[[Timed], bool], *, curves: str = "curves"
) -> tuple[Claim[Timed], ...]:
    """D1, D4 and D5: BatchNorm trains faster, more smoothly and to a better validation accuracy than no norm.

    Args:
      contrasts: BatchNorm minus no norm, everywhere a run compares them; each claim needs all.
      where: that in words, which end the statements; may name slots in braces.
      applies: whether a run has these arms.
      curves: name of the figure that shows the curves.
    """

    def comparing(expected: Expectation, *measures: str) -> Callable[[Timed], list[Expected]]:
        return lambda design: [Expected(contrast, name, expected) for contrast in contrasts(design) for name in measures]

    def has_noise(design: Timed) -> bool:
        return applies(design) and design.epochs >= MIN_EPOCHS_OF_NOISE

    return (
        Claim(
            "D1",
            BENEFITS,
            "BatchNorm trains faster than no norm, from epoch 1 on",
            f"BatchNorm trains faster than no norm from the first epoch on, {where}",
            comparing("lower", "train_loss@1", "train_loss_area"),
            applies,
            curves,
        ),
        Claim(
            "D4",
            BENEFITS,
            "BatchNorm's loss oscillates less than no norm's",
            f"BatchNorm's loss curves oscillate less than those of no norm, {where}",
            comparing("lower", "train_noise", "validation_loss_noise"),
            has_noise,
            curves,
        ),
        Claim(
            "D5",
            BENEFITS,
            "BatchNorm reaches a higher validation accuracy than no norm",
            f"BatchNorm reaches a higher validation accuracy than no norm, {where}",
            comparing("higher", "validation_accuracy"),
            applies,
            curves,
        ),
    )
