"""Measures: a number per network, computed from the curve of one metric."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from jaxnorm.stats.metrics import Better
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.stats.table import ArmTable
from jaxnorm.stats.units import Unit

PerSeed = Callable[[np.ndarray, DecisionRule], np.ndarray]
"""From curves, (S, E), to one number per seed, (S,)."""
MIN_EPOCHS_OF_NOISE = 4
"""Fewest epochs whose second half holds two first differences, so that they have a standard deviation."""


def final(curves_SE: np.ndarray, rule: DecisionRule) -> np.ndarray:
    """The value after the last epoch."""
    return curves_SE[:, -1]


def deviation(curves_SE: np.ndarray, rule: DecisionRule) -> np.ndarray:
    """How far the value after the last epoch is from the median over seeds (Brown & Forsythe 1974): its mean tells how seeds differ."""
    last = final(curves_SE, rule)
    return np.abs(last - np.median(last))


def area(curves_SE: np.ndarray, rule: DecisionRule) -> np.ndarray:
    """The mean over epochs: the area under the curve per epoch."""
    return curves_SE.mean(axis=1)


def noise(curves_SE: np.ndarray, rule: DecisionRule) -> np.ndarray:
    """Standard deviation (n - 1) of the first differences, over the later half of them; a steady slope has none."""
    steps = np.diff(curves_SE, axis=1)
    return steps[:, steps.shape[1] // 2 :].std(axis=1, ddof=1)


def epochs_to_converge(curves_SE: np.ndarray, rule: DecisionRule) -> np.ndarray:
    """When the curve first reaches ``rule.convergence_loss``, linearly interpolated between the ends of epochs.

    1 where the first epoch is already below it; E where it is never reached (censored: see ``ArmSummary.unconverged``).
    """
    target, num_epochs = rule.convergence_loss, curves_SE.shape[1]
    reached_SE = curves_SE <= target
    index = reached_SE.argmax(axis=1)
    seed = np.arange(len(curves_SE))
    after, before = curves_SE[seed, index], curves_SE[seed, np.maximum(index - 1, 0)]
    fall = np.where(before > after, before - after, 1.0)
    inside = index + 1 - np.where(index > 0, (target - after) / fall, 0.0)
    return np.where(reached_SE.any(axis=1), inside, float(num_epochs))


@dataclasses.dataclass(frozen=True)
class Measure:
    """A number per network."""

    title: str
    metric: str
    unit: Unit
    per_seed: PerSeed = final
    definition: str = dataclasses.field(kw_only=True)
    """What the title means."""
    better: Better = ""
    min_epochs: int = 1
    """Shorter runs leave the measure out."""
    epoch: int | None = None
    """The epoch to take the value at, instead of ``per_seed``; 0 is before training."""
    margin: float | Literal["accuracy", "share"] = "share"
    """From where on differences count, in the stored unit: the rule's margin of accuracies, or its share of the arms' mean, or a number."""
    step: float = 0.0
    """Resolution of a measure that is read off a grid, in the stored unit."""

    def at(self, epoch: int) -> "Measure":
        """The metric of this measure at one epoch."""
        return dataclasses.replace(self, min_epochs=epoch, epoch=epoch, per_seed=final)

    def of(self, table: ArmTable, rule: DecisionRule) -> np.ndarray:
        """The measure of every network of an arm, (S,)."""
        if self.epoch is not None:
            return table.at_epoch(self.metric, self.epoch)
        return self.per_seed(table.trained(self.metric), rule)

    def margin_of(self, means: list[float], rule: DecisionRule) -> float:
        """The margin of a difference between arms with these means."""
        if self.margin == "accuracy":
            return rule.accuracy_margin
        return rule.loss_margin * abs(sum(means) / len(means)) if self.margin == "share" else self.margin


def find_measure(name: str, measures: Mapping[str, Measure]) -> Measure:
    """The measure of a name: one of ``measures``, or one of them at an epoch, ``train_loss@3``. Raises ``KeyError`` for other names."""
    base, at, epoch = name.partition("@")
    return measures[base].at(int(epoch)) if at else measures[base]
