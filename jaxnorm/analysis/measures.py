"""What is measured of one network: a number from a curve. One table, ``MEASURES``; a line here adds a measure to every report."""

import dataclasses
from collections.abc import Callable
from typing import Literal

import numpy as np

from jaxnorm.analysis.table import ArmTable
from jaxnorm.config import DecisionRule

Unit = Literal["nats", "fraction", "points", "epochs", "seconds"]
"""``fraction`` is a level of accuracy, ``points`` a spread of accuracies; both are stored as fractions of 1."""
PerSeed = Callable[[np.ndarray, DecisionRule], np.ndarray]
"""From curves, (S, E), to one number per seed, (S,)."""

MIN_EPOCHS_OF_NOISE = 4
"""Fewest epochs whose second half holds two first differences, so that they have a standard deviation."""


@dataclasses.dataclass(frozen=True)
class Measure:
    """A number per network, computed from the curve of one metric."""

    title: str
    metric: str
    unit: Unit
    per_seed: PerSeed
    min_epochs: int = 1
    """Shorter runs leave the measure out."""
    absolute_margin: bool = False
    """Whether differences count from ``accuracy_margin`` on, instead of from ``loss_margin`` times the mean on."""


def final(curves_SE: np.ndarray, rule: DecisionRule) -> np.ndarray:
    """The value after the last epoch."""
    return curves_SE[:, -1]


def area(curves_SE: np.ndarray, rule: DecisionRule) -> np.ndarray:
    """The mean over epochs: the area under the curve per epoch."""
    return curves_SE.mean(axis=1)


def noise(curves_SE: np.ndarray, rule: DecisionRule) -> np.ndarray:
    """Standard deviation (n - 1) of the first differences, over the later half of them; a steady slope has none."""
    steps = np.diff(curves_SE, axis=1)
    return steps[:, steps.shape[1] // 2 :].std(axis=1, ddof=1)


def epochs_to_converge(curves_SE: np.ndarray, rule: DecisionRule) -> np.ndarray:
    """When the curve first reaches ``rule.convergence_loss``, linearly interpolated between the ends of epochs.

    1 where the first epoch is already below it; E where it is never reached (censored: see ``unconverged``).
    """
    target, num_epochs = rule.convergence_loss, curves_SE.shape[1]
    reached_SE = curves_SE <= target
    index = reached_SE.argmax(axis=1)
    seed = np.arange(len(curves_SE))
    after, before = curves_SE[seed, index], curves_SE[seed, np.maximum(index - 1, 0)]
    fall = np.where(before > after, before - after, 1.0)
    inside = index + 1 - np.where(index > 0, (target - after) / fall, 0.0)
    return np.where(reached_SE.any(axis=1), inside, float(num_epochs))


MEASURES = {
    "epochs_to_converge": Measure("epochs to converge", "train_loss", "epochs", epochs_to_converge),
    "train_loss_area": Measure("area under the training loss", "train_loss", "nats", area),
    "train_loss": Measure("final training loss", "train_loss", "nats", final),
    "validation_loss": Measure("final validation loss", "validation_loss", "nats", final),
    "validation_accuracy": Measure("final validation accuracy", "validation_accuracy", "fraction", final, absolute_margin=True),
    "test_loss": Measure("test loss", "test_loss", "nats", final),
    "test_accuracy": Measure("test accuracy", "test_accuracy", "fraction", final, absolute_margin=True),
    "train_noise": Measure("noise of the training loss", "train_loss", "nats", noise, MIN_EPOCHS_OF_NOISE),
    "validation_loss_noise": Measure("noise of the validation loss", "validation_loss", "nats", noise, MIN_EPOCHS_OF_NOISE),
    "validation_noise": Measure("noise of the validation accuracy", "validation_accuracy", "points", noise, MIN_EPOCHS_OF_NOISE),
}


def at_epoch(metric: str, epoch: int) -> Measure:
    """The value of a metric after one epoch, counted from 1."""

    def value(curves_SE: np.ndarray, rule: DecisionRule) -> np.ndarray:
        return curves_SE[:, epoch - 1]

    is_accuracy = metric.endswith("_accuracy")
    title = f"{metric.replace('train', 'training').replace('_', ' ')} at epoch {epoch}"
    return Measure(title, metric, "fraction" if is_accuracy else "nats", value, epoch, absolute_margin=is_accuracy)


def find_measure(name: str) -> Measure:
    """The measure of a name: one of ``MEASURES``, or a metric at an epoch, ``train_loss@3``. Raises ``KeyError`` for other names."""
    metric, at, epoch = name.partition("@")
    return at_epoch(metric, int(epoch)) if at else MEASURES[name]


def defined_measures(epochs: int) -> list[str]:
    """The names of ``MEASURES`` that a run of this length has."""
    return [name for name, measure in MEASURES.items() if epochs >= measure.min_epochs]


def measure_arm(name: str, table: ArmTable, rule: DecisionRule) -> np.ndarray:
    """One measure of every network of an arm, (S,)."""
    measure = find_measure(name)
    return measure.per_seed(table.curves[measure.metric], rule)


def unconverged(table: ArmTable, rule: DecisionRule) -> list[int]:
    """Seeds whose training loss never reached ``rule.convergence_loss``."""
    reached_S = (table.curves["train_loss"] <= rule.convergence_loss).any(axis=1)
    return np.asarray(table.seeds)[~reached_S].tolist()
