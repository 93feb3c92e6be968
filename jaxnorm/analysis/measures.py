"""What is measured of one network: a number from a curve. One table, ``MEASURES``; a line here adds a measure to every report."""

import dataclasses
from collections.abc import Callable
from typing import Literal

import numpy as np

from jaxnorm.analysis.per_seed import MIN_EPOCHS_OF_NOISE, area, deviation, epochs_to_converge, final, noise
from jaxnorm.analysis.table import ArmTable
from jaxnorm.config import DecisionRule

Unit = Literal["nats", "fraction", "points", "epochs", "seconds", "decades", "ratio", "input", "gradient"]
"""``fraction`` is a level of accuracy, ``points`` a spread of accuracies; both are stored as fractions of 1. ``decades`` are
powers of ten, ``input`` is the scale on which a nonlinearity reads what it is given, ``gradient`` a loss per change of a weight."""
PerSeed = Callable[[np.ndarray, DecisionRule], np.ndarray]
"""From curves, (S, E), to one number per seed, (S,)."""

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
    definition: str = dataclasses.field(kw_only=True)
    """What the title means, in plain words."""
    better: Literal["lower", "higher", "neither"] = "neither"
    in_words: tuple[str, str] = ("better", "worse")
    """What its better and its worse direction mean."""
    epoch: int | None = None
    """The epoch to take the value at, instead of ``per_seed``; 0 is before training."""
    absolute_margin: bool = False
    """Whether differences count from ``accuracy_margin`` on, instead of from ``loss_margin`` times the mean on."""
    fixed_margin: float | None = None
    """From where on differences count, in the unit of the measure, where it has neither an accuracy nor a mean that means anything."""


SMOOTHNESS = ("smoother", "less smooth")
"""The directions of what is small where the loss is smooth."""
SHIFT = ("less shift", "more shift")
"""The directions of what is called internal covariate shift."""
NOISE = "standard deviation of the changes from epoch to epoch, over the later half of training: a steady slope has none"
UNEVENNESS = "how far apart the gradient norms of the second block and the last are, in powers of ten: zero where they are equal"
WORKABLE = "a network is workable that does not diverge and ends at the convergence loss or below"
EVALUATIONS = {
    "biased": "running averages (biased variance)",
    "unbiased": "running averages (unbiased variance)",
    "population": "population statistics",
    "batch_statistics": "batch statistics",
}
"""What BatchNorm may evaluate by."""
LANDSCAPE = {
    "range": ("range of the loss along the gradient", "highest less lowest loss on {steps}"),
    "predictiveness": ("change of the gradient along itself", "largest distance of the gradient on {steps} from that before them"),
    "smoothness": (
        "effective β-smoothness along the gradient",
        "largest distance of the gradient from that before the step, per length of the step, on {steps}",
    ),
    "sharpness": ("sharpness (largest Hessian eigenvalue)", "largest curvature of the loss{where} in any direction, by Lanczos iterations"),
}
"""Quantities of the loss around a network, each a logarithm; all are small where the loss is smooth. Title and definition."""
LANDSCAPE_MARGIN = 0.1
"""Decades: a factor of 1.26."""


def landscape_measures() -> dict[str, Measure]:
    """Every quantity, raw and scaled, at equal loss and over all epochs: ``range_matched``, ``range_scaled_area``, ..."""
    raw = {"steps": "steps against the gradient, in learning rates", "where": ""}
    scaled = {"steps": "steps against the gradient, in shares of the weights' norm", "where": ", every kernel divided by its norm,"}
    scales = {"": ("", raw), "_scaled": (", relative to the weights' norms", scaled)}
    times = {
        "_matched": (", at equal loss", final, "mean over the losses that all networks pass"),
        "_area": (", mean over epochs", area, "mean over epochs"),
    }
    return {
        f"{quantity}{scale}{time}": Measure(
            title + unit + when,
            f"log_{quantity}{scale}{time.removesuffix('_area')}",
            "decades",
            per_seed,
            definition=f"logarithm of the {definition.format(**place)}; {mean}",
            better="lower",
            in_words=SMOOTHNESS,
            fixed_margin=LANDSCAPE_MARGIN,
        )
        for time, (when, per_seed, mean) in times.items()
        for scale, (unit, place) in scales.items()
        for quantity, (title, definition) in LANDSCAPE.items()
    }


MEASURES = {
    "epochs_to_converge": Measure(
        "epochs to converge",
        "train_loss",
        "epochs",
        epochs_to_converge,
        definition="until the training loss, a mean over an epoch's updates, first reaches the convergence loss, between epochs by "
        "straight lines; as many as were trained where it never does",
        better="lower",
    ),
    "train_loss_area": Measure(
        "area under the training loss",
        "train_loss",
        "nats",
        area,
        definition="mean of the training loss over all epochs: lower is faster learning",
        better="lower",
        in_words=("faster", "slower"),
    ),
    "train_loss": Measure(
        "final training loss", "train_loss", "nats", final, definition="mean over the updates of the last epoch", better="lower"
    ),
    "validation_loss": Measure(
        "final validation loss", "validation_loss", "nats", final, definition="after the last epoch, in evaluation mode", better="lower"
    ),
    "validation_accuracy": Measure(
        "final validation accuracy",
        "validation_accuracy",
        "fraction",
        final,
        definition="after the last epoch, in evaluation mode",
        better="higher",
        absolute_margin=True,
    ),
    "test_loss": Measure(
        "test loss", "test_loss", "nats", final, definition="after the last epoch, once, in evaluation mode", better="lower"
    ),
    "test_accuracy": Measure(
        "test accuracy",
        "test_accuracy",
        "fraction",
        final,
        definition="after the last epoch, once, in evaluation mode",
        better="higher",
        absolute_margin=True,
    ),
    "train_noise": Measure(
        "noise of the training loss", "train_loss", "nats", noise, MIN_EPOCHS_OF_NOISE, definition=NOISE, better="lower"
    ),
    "validation_loss_noise": Measure(
        "noise of the validation loss", "validation_loss", "nats", noise, MIN_EPOCHS_OF_NOISE, definition=NOISE, better="lower"
    ),
    "gradient_unevenness_at_start": Measure(
        "unevenness of gradients before training",
        "gradient_unevenness",
        "decades",
        final,
        definition=UNEVENNESS,
        better="lower",
        epoch=0,
    ),
    "gradient_unevenness_area": Measure(
        "mean unevenness of gradients",
        "gradient_unevenness",
        "decades",
        area,
        definition=f"{UNEVENNESS}; mean over epochs",
        better="lower",
    ),
    "gradient_growth_at_start": Measure(
        "growth of the gradient per layer before training",
        "gradient_growth",
        "ratio",
        final,
        definition="factor by which the gradient's norm grows per block on its way back from the last",
        epoch=0,
    ),
    "similarity_at_start": Measure(
        "similarity of two inputs in the last layer before training",
        "similarity_last",
        "ratio",
        final,
        definition="mean cosine of the angle between what the last block makes of two inputs: at 1 it no longer tells them apart",
        better="lower",
        epoch=0,
    ),
    "input_drift": Measure(
        "drift of a unit's input per epoch",
        "input_drift",
        "input",
        area,
        definition="how far the 15th, 50th and 85th percentile of what a unit of the last hidden layer is given move in an epoch, mean "
        "over the three, over units and over epochs",
        better="lower",
        in_words=SHIFT,
    ),
    "input_drift_relative": Measure(
        "drift of a unit's input per epoch, relative to its spread",
        "input_drift_relative",
        "ratio",
        area,
        definition="the same, each unit's divided by its distance from the 15th to the 85th percentile",
        better="lower",
        in_words=SHIFT,
    ),
    "gradient_cosine": Measure(
        "cosine between a layer's gradients before and after the layers below move",
        "gradient_cosine",
        "ratio",
        area,
        definition="1 where the update of the layers below does not turn a layer's gradient; mean over layers and epochs",
        better="higher",
        in_words=SHIFT,
        fixed_margin=0.01,
    ),
    "gradient_distance": Measure(
        "distance between a layer's gradients before and after the layers below move",
        "gradient_distance",
        "gradient",
        area,
        definition="Euclidean norm of what the update of the layers below changes of a layer's gradient, mean over layers and epochs",
        better="lower",
        in_words=SHIFT,
    ),
    "gradient_change": Measure(
        "that distance relative to the gradient",
        "gradient_change",
        "ratio",
        area,
        definition="the same, divided by the norm of the gradient before",
        better="lower",
        in_words=SHIFT,
    ),
    "saturation": Measure(
        "share of saturated or dead units",
        "saturation",
        "fraction",
        area,
        definition="outputs within 5 % of the range of sigmoid or tanh from its ends, or ReLU units that are the same for every example; "
        "mean over epochs",
        better="lower",
        fixed_margin=0.01,
    ),
    **{
        f"test_accuracy_{name}": Measure(
            f"test accuracy by {by}",
            f"test_accuracy_{name}",
            "fraction",
            final,
            definition=f"after the last epoch, with BatchNorm evaluating by {by}",
            better="higher",
            absolute_margin=True,
        )
        for name, by in EVALUATIONS.items()
    },
    "evaluation_gap": Measure(
        "test accuracy by batch statistics less that by running averages",
        "evaluation_gap",
        "points",
        final,
        definition="what evaluating by running averages costs",
        absolute_margin=True,
    ),
    "population_gap": Measure(
        "test accuracy by batch statistics less that by population statistics",
        "population_gap",
        "points",
        final,
        definition="what evaluating by statistics of the training set costs",
        absolute_margin=True,
    ),
    "test_accuracy_spread": Measure(
        "distance of the test accuracy from its median over seeds",
        "test_accuracy",
        "points",
        deviation,
        definition="how much the result depends on the seed",
        better="lower",
    ),
    "validation_loss_at_matched_loss": Measure(
        "validation loss at equal training loss",
        "validation_loss_at_matched_loss",
        "nats",
        final,
        definition="where the loss on the training set, in evaluation mode, first comes down to stated levels; mean over the levels",
        better="lower",
    ),
    "validation_loss_at_matched_update_loss": Measure(
        "validation loss at equal mean loss of the updates",
        "validation_loss_at_matched_update_loss",
        "nats",
        final,
        definition="the same at levels of the training loss that is a mean over an epoch's updates",
        better="lower",
    ),
    "largest_stable_rate": Measure(
        "largest stable learning rate",
        "largest_stable_rate",
        "decades",
        final,
        definition="the largest at which a seed's network does not diverge and ends near the lowest loss that the seed reaches at any",
        better="higher",
        fixed_margin=RATE_MARGIN,
    ),
    "workable_decades": Measure(
        "width of the workable learning rates",
        "workable_decades",
        "decades",
        final,
        definition=f"the range of rates that are workable, as powers of ten, from the shared initial scale; {WORKABLE}",
        better="higher",
        fixed_margin=RATE_MARGIN,
    ),
    "workable_share": Measure(
        "workable share of learning rates and initial scales",
        "workable_share",
        "fraction",
        final,
        definition=f"of all points of the grid; {WORKABLE}",
        better="higher",
        fixed_margin=SHARE_MARGIN,
    ),
    "init_scale_spread": Measure(
        "spread of the final training loss over initial scales, at the best learning rate",
        "init_scale_spread",
        "nats",
        final,
        definition="standard deviation of a seed's final training losses from all initial scales: zero where all do equally well, or badly",
        better="lower",
    ),
    "init_scale_spread_shared": Measure(
        "spread of the final training loss over initial scales, at the shared learning rate",
        "init_scale_spread_shared",
        "nats",
        final,
        definition="the same at the small rate that all norms share",
        better="lower",
    ),
    "init_scale_mean": Measure(
        "mean of the final training loss over initial scales, at the best learning rate",
        "init_scale_mean",
        "nats",
        final,
        definition="of a seed's final training losses from all initial scales: high where training fails from many",
        better="lower",
    ),
    "train_loss_shared": Measure(
        "final training loss at the shared learning rate",
        "train_loss_shared",
        "nats",
        final,
        definition="at the small rate that all norms share",
        better="lower",
    ),
    "validation_accuracy_shared": Measure(
        "final validation accuracy at the shared learning rate",
        "validation_accuracy_shared",
        "fraction",
        final,
        definition="at the small rate that all norms share",
        better="higher",
        absolute_margin=True,
    ),
    "validation_noise": Measure(
        "noise of the validation accuracy", "validation_accuracy", "points", noise, MIN_EPOCHS_OF_NOISE, definition=NOISE, better="lower"
    ),
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
    definition = "mean over that epoch's updates" if metric.startswith("train") else "in evaluation mode"
    return dataclasses.replace(like, title=title, definition=definition, min_epochs=int(epoch), epoch=int(epoch))


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
