"""Whether BatchNorm regularises, and whether by the noise of its batches."""

import dataclasses
import math
from typing import Literal, Self

from jaxnorm.config.training import Study
from jaxnorm.experiments.checks import check_at_most, check_distinct, check_hidden, check_positive
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.stats.arm import Arm

OrderName = Literal["shuffled", "fixed"]
Statistics = Literal["live", "frozen"]

FREEZABLE = "batch"
"""The norm whose statistics can be frozen while training goes on."""
QUICK_EPOCHS = 4
"""So many that all networks pass a common loss."""


@dataclasses.dataclass(frozen=True, order=True)
class RegularisationArm(Arm):
    """A norm, with its examples in an order, and its statistics live to the end of training or frozen before."""

    order: str
    statistics: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class RegularisationConfig(Study):
    """Train networks on few examples until they overfit, and compare norms at equal training loss: with and without shuffling, and with
    BatchNorm's statistics frozen early in training.
    """

    norms: tuple[str, ...] = ("none", "layer", "batch")
    """Normalization layers to compare, by name or as package.module:Class; the first is the baseline of every difference."""

    orders: tuple[OrderName, ...] = ("shuffled", "fixed")
    """shuffled: every epoch has new batches. fixed: all epochs have the same ones, so that every example keeps its companions."""

    statistics: tuple[Statistics, ...] = ("live", "frozen")
    """live: BatchNorm trains with the statistics of each batch, as usual. frozen: from freeze_epochs on it trains with its running
    statistics, which then stay as they are. Other norms have no statistics of the batch, and one arm for both."""

    freeze_epochs: int = 5
    """Epochs after which frozen statistics are frozen."""

    train_examples: int | None = 512
    """Training images to use, the first ones, in whole batches; all where None. Few, so that the training loss goes to 0 and validation
    suffers."""

    matched_losses: tuple[float, ...] = (0.1, 0.05, 0.02, 0.01, 0.005)
    """Losses on the training set, in nats, at which validation losses are compared."""

    hidden_sizes: tuple[int, ...] = (128, 128)
    """Units of each hidden layer of the MLP."""

    batch_size: int = 32
    """Examples per update."""

    epochs: int = 60
    """Passes over the training set."""

    question: str = "Does BatchNorm regularise: is its validation loss lower at equal training loss, and does that come from its batches?"
    """The question the run answers: heading of the report."""

    @property
    def arms(self) -> tuple[RegularisationArm, ...]:
        """Every norm in every order, BatchNorm with each kind of statistics."""
        return tuple(
            RegularisationArm(norm, order, statistics)
            for norm in self.norms
            for order in self.orders
            for statistics in self.statistics_of(norm)
        )

    def statistics_of(self, norm: str) -> tuple[str, ...]:
        """The kinds of statistics that a norm can train with."""
        return self.statistics if norm == FREEZABLE else ("live",)

    def shortened(self) -> Self:
        """The smoke run: few seeds, epochs and units, no norm and BatchNorm, and losses that so short a training reaches."""
        sizes = tuple(min(size, 32) for size in self.hidden_sizes)
        norms = ("none", "batch") if self.norms == type(self)().norms else self.norms
        shorter = {"epochs": min(self.epochs, QUICK_EPOCHS), "norms": norms, "hidden_sizes": sizes, "freeze_epochs": 1}
        return dataclasses.replace(super().shortened(), **shorter, matched_losses=(1.8, 1.55))


def check(config: RegularisationConfig) -> None:
    """Check what only this instrument has. Raises ``UsageError``."""
    check_positive(config, "hidden_sizes", "batch_size", "freeze_epochs")
    check_distinct(config, "orders", "statistics", "matched_losses")
    if config.train_examples is not None:
        check_positive(config, "train_examples")
        check_at_most(config, "batch_size", "train_examples")
    check_hidden(config.hidden_sizes)
    for level in config.matched_losses:
        if not (math.isfinite(level) and level > 0):
            raise UsageError(f"--matched-losses {level} is not possible; give positive numbers of nats.")
    if "frozen" in {arm.statistics for arm in config.arms} and config.freeze_epochs >= config.epochs:
        raise UsageError(
            f"--freeze-epochs {config.freeze_epochs} leaves nothing to train with frozen statistics in --epochs {config.epochs}; "
            "give fewer, or --statistics live."
        )


SETTINGS = RegularisationConfig
