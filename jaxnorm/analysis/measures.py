"""What is measured of one network: a number from a curve. One table, ``MEASURES``; a line here adds a measure to every report."""

import dataclasses
from collections.abc import Callable
from typing import Literal

import numpy as np

from jaxnorm.analysis.table import ArmTable
from jaxnorm.config import DecisionRule

Unit = Literal["nats", "fraction", "points", "epochs", "seconds", "decades", "ratio", "input"]
"""``fraction`` is a level of accuracy, ``points`` a spread of accuracies; both are stored as fractions of 1. ``decades`` are
powers of ten, ``input`` is the scale on which a nonlinearity reads what it is given."""
PerSeed = Callable[[np.ndarray, DecisionRule], np.ndarray]
"""From curves, (S, E), to one number per seed, (S,)."""

MIN_EPOCHS_OF_NOISE = 4
"""Fewest epochs whose second half holds two first differences, so that they have a standard deviation."""
RATE_MARGIN = 0.3
"""Decades of learning rate below which a difference counts as none: a factor of 2, which is about what a grid of rates tells apart."""
SHARE_MARGIN = 0.02
"""Share of a grid of learning rates and initial scales below which a difference counts as none."""


@dataclasses.dataclass(frozen=True)
class Measure:
    """A number per network, computed from the curve of one metric."""

    title: str
    metric: str
    unit: Unit
    per_seed: PerSeed
    min_epochs: int = 1
    """Shorter runs leave the measure out."""
    epoch: int | None = None
    """The epoch to take the value at, instead of ``per_seed``; 0 is before training."""
    absolute_margin: bool = False
    """Whether differences count from ``accuracy_margin`` on, instead of from ``loss_margin`` times the mean on."""
    fixed_margin: float | None = None
    """From where on differences count, in the unit of the measure, where it has neither an accuracy nor a mean that means anything."""


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


LANDSCAPE = {
    "range": "range of the loss along the gradient",
    "predictiveness": "change of the gradient along itself",
    "smoothness": "effective smoothness along the gradient",
    "sharpness": "sharpness (largest Hessian eigenvalue)",
}
"""Quantities of the loss around a network, each a logarithm; all are small where the loss is smooth."""
LANDSCAPE_MARGIN = 0.1
"""Decades: a factor of 1.26."""


def landscape_measures() -> dict[str, Measure]:
    """Every quantity, raw and scaled, at equal loss and over all epochs: ``range_matched``, ``range_scaled_area``, ..."""
    scales = {"": "", "_scaled": ", in units of the weights"}
    times = {"_matched": (", at equal loss", final), "_area": (", mean over epochs", area)}
    return {
        f"{quantity}{scale}{time}": Measure(
            title + unit + when,
            f"log_{quantity}{scale}{time.removesuffix('_area')}",
            "decades",
            per_seed,
            fixed_margin=LANDSCAPE_MARGIN,
        )
        for time, (when, per_seed) in times.items()
        for scale, unit in scales.items()
        for quantity, title in LANDSCAPE.items()
    }


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
    "gradient_unevenness_at_start": Measure("unevenness of gradients before training", "gradient_unevenness", "decades", final, epoch=0),
    "gradient_unevenness_area": Measure("mean unevenness of gradients", "gradient_unevenness", "decades", area),
    "gradient_growth_at_start": Measure("growth of the gradient per layer before training", "gradient_growth", "ratio", final, epoch=0),
    "similarity_at_start": Measure(
        "similarity of two inputs in the last layer before training", "similarity_last", "ratio", final, epoch=0
    ),
    "input_drift": Measure("drift of a unit's input per epoch", "input_drift", "input", area),
    "input_drift_relative": Measure("drift of a unit's input per epoch, relative to its spread", "input_drift_relative", "ratio", area),
    "gradient_cosine": Measure(
        "cosine between a layer's gradients before and after the layers below move", "gradient_cosine", "ratio", area, fixed_margin=0.01
    ),
    "gradient_distance": Measure(
        "distance between a layer's gradients before and after the layers below move", "gradient_distance", "nats", area
    ),
    "gradient_change": Measure("that distance relative to the gradient", "gradient_change", "ratio", area),
    "saturation": Measure("share of saturated or dead units", "saturation", "fraction", area, fixed_margin=0.01),
    "test_accuracy_biased": Measure(
        "test accuracy by running averages (biased variance)", "test_accuracy_biased", "fraction", final, absolute_margin=True
    ),
    "test_accuracy_unbiased": Measure(
        "test accuracy by running averages (unbiased variance)", "test_accuracy_unbiased", "fraction", final, absolute_margin=True
    ),
    "test_accuracy_population": Measure(
        "test accuracy by population statistics", "test_accuracy_population", "fraction", final, absolute_margin=True
    ),
    "test_accuracy_batch_statistics": Measure(
        "test accuracy by batch statistics", "test_accuracy_batch_statistics", "fraction", final, absolute_margin=True
    ),
    "evaluation_gap": Measure(
        "test accuracy by batch statistics less that by running averages", "evaluation_gap", "points", final, absolute_margin=True
    ),
    "population_gap": Measure(
        "test accuracy by batch statistics less that by population statistics", "population_gap", "points", final, absolute_margin=True
    ),
    "test_accuracy_spread": Measure("distance of the test accuracy from its median over seeds", "test_accuracy", "points", deviation),
    "validation_loss_at_matched_loss": Measure("validation loss at equal training loss", "validation_loss_at_matched_loss", "nats", final),
    "validation_loss_at_matched_update_loss": Measure(
        "validation loss at equal mean loss of the updates", "validation_loss_at_matched_update_loss", "nats", final
    ),
    "largest_stable_rate": Measure("largest stable learning rate", "largest_stable_rate", "decades", final, fixed_margin=RATE_MARGIN),
    "workable_decades": Measure("width of the workable learning rates", "workable_decades", "decades", final, fixed_margin=RATE_MARGIN),
    "workable_share": Measure(
        "workable share of learning rates and initial scales", "workable_share", "fraction", final, fixed_margin=SHARE_MARGIN
    ),
    "init_scale_spread": Measure(
        "spread of the final training loss over initial scales, at the best learning rate", "init_scale_spread", "nats", final
    ),
    "init_scale_spread_shared": Measure(
        "spread of the final training loss over initial scales, at the shared learning rate", "init_scale_spread_shared", "nats", final
    ),
    "train_loss_shared": Measure("final training loss at the shared learning rate", "train_loss_shared", "nats", final),
    "validation_accuracy_shared": Measure(
        "final validation accuracy at the shared learning rate", "validation_accuracy_shared", "fraction", final, absolute_margin=True
    ),
    "validation_noise": Measure("noise of the validation accuracy", "validation_accuracy", "points", noise, MIN_EPOCHS_OF_NOISE),
    **landscape_measures(),
}


def find_measure(name: str) -> Measure:
    """The measure of a name: one of ``MEASURES``, or a metric at an epoch, ``train_loss@3``. Raises ``KeyError`` for other names."""
    metric, at, epoch = name.partition("@")
    if not at:
        return MEASURES[name]
    like = next((measure for measure in MEASURES.values() if measure.metric == metric and measure.per_seed is final), None)
    if like is None:
        raise KeyError(name)
    when = f"at epoch {epoch}" if int(epoch) else "before training"
    title = f"{metric.replace('train', 'training').replace('_', ' ')} {when}"
    return dataclasses.replace(like, title=title, min_epochs=int(epoch), epoch=int(epoch))


def defined_measures(table: ArmTable) -> list[str]:
    """The names of ``MEASURES`` that this arm's run has."""
    return [name for name, measure in MEASURES.items() if measure.metric in table.curves and table.epochs >= measure.min_epochs]


def measure_arm(name: str, table: ArmTable, rule: DecisionRule) -> np.ndarray:
    """One measure of every network of an arm, (S,)."""
    measure = find_measure(name)
    if measure.epoch is not None:
        return table.at_epoch(measure.metric, measure.epoch)
    return measure.per_seed(table.trained(measure.metric), rule)


def unconverged(table: ArmTable, rule: DecisionRule) -> list[int]:
    """Seeds whose training loss never reached ``rule.convergence_loss``."""
    reached_S = (table.curves["train_loss"] <= rule.convergence_loss).any(axis=1)
    return np.asarray(table.seeds)[~reached_S].tolist()
