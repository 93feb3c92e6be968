"""What ``landscape`` asks of its table: the loss around networks, at equal training loss and at equal epochs, and claim D8."""

import dataclasses
from collections.abc import Iterator, Sequence

import pandas as pd

from jaxnorm.experiments.compare.study import CompareArm
from jaxnorm.experiments.landscape.study import LandscapeConfig
from jaxnorm.experiments.measures import MEASURES as COMMON
from jaxnorm.experiments.sources import BENEFITS
from jaxnorm.stats.claims import Claim, Expected, Slot, find_claims
from jaxnorm.stats.contrasts import of_arms
from jaxnorm.stats.matching import AtEqualLoss, match
from jaxnorm.stats.measures import Measure, area, final
from jaxnorm.stats.plan import ArmsTable, Plan
from jaxnorm.stats.table import read_arms
from jaxnorm.stats.units import DECADES

LOSS = "probed_loss"
QUANTITIES = {
    "range": ("range of the loss", "highest minus lowest loss on {steps}"),
    "predictiveness": ("change of the gradient", "largest distance of the gradient on {steps} from that before them"),
    "smoothness": (
        "β-smoothness",
        "largest distance of the gradient from that before the step, per length of the step, on {steps}",
    ),
    "sharpness": ("sharpness", "largest eigenvalue of the Hessian{where}, by Lanczos iterations"),
}
"""Quantities of the loss around a network: title and definition. All are small where the loss is smooth."""
SCALES = {
    "": ("", {"steps": "steps against the gradient, in learning rates", "where": ""}),
    "_scaled": (
        "relative ",
        {"steps": "steps against the gradient, in shares of the weights' norm", "where": ", every kernel divided by its norm"},
    ),
}
"""Of the parameters as they are, and in units of the kernels' norms: there growing weights change nothing where a norm makes them
scale-invariant. What stands before the title, and how the definition reads."""
TIMES = {
    "_matched": (" at equal loss", final, "mean over the training losses that all runs pass"),
    "_area": (", mean over epochs", area, "mean over epochs"),
}
"""When quantities are read: what is added to the title, how a number is made of the curve, and how the definition reads."""
MARGIN = 0.1
"""Decades: a factor of 1.26."""


def _titles() -> Iterator[tuple[str, str, str]]:
    """``range_scaled``, ``relative range of the loss``, and the definition."""
    for scale, (of, place) in SCALES.items():
        for quantity, (title, definition) in QUANTITIES.items():
            yield quantity + scale, of + title, definition.format(**place)


METRICS = {f"log_{name}": title for name, title, _ in _titles()}
"""Metric of the probe, a decimal logarithm, to its title."""
MATCHED = {f"{name}_matched": f"log_{name}" for name, _, _ in _titles()}
"""Measure at equal loss to the metric that it is read from."""
LANDSCAPE = {
    f"{name}{time}": Measure(
        title + when,
        f"{name}_matched" if time == "_matched" else f"log_{name}",
        DECADES,
        per_seed,
        better="lower",
        margin=MARGIN,
        definition=f"decimal logarithm of the {definition}; {mean}",
    )
    for time, (when, per_seed, mean) in TIMES.items()
    for name, title, definition in _titles()
}
MEASURES = COMMON | LANDSCAPE
SHOWN = ("smoothness", "sharpness", "smoothness_scaled", "sharpness_scaled")
"""The quantities in the table of results."""
RESULTS = ("train_loss_area", "test_accuracy")


def match_losses(config: LandscapeConfig, rows: pd.DataFrame, num_classes: int) -> AtEqualLoss:
    """A run's table at equal training loss of the probed examples."""
    return match(read_arms(rows, config.arms, num_classes), LOSS, MATCHED, config.loss_levels)


@dataclasses.dataclass(frozen=True)
class LandscapeDesign:
    """Every norm in the same network, and the losses at which all can be compared."""

    config: LandscapeConfig
    levels: Sequence[float]

    @property
    def slots(self) -> dict[str, Slot]:
        """Nothing."""
        return {}

    def arm(self, norm: str) -> CompareArm:
        """The arm of a norm."""
        return CompareArm(norm, self.config.batch_size)


def make_plan(config: LandscapeConfig, levels: Sequence[float]) -> Plan:
    """Each norm against the first, and noisy BatchNorm against BatchNorm: at equal loss, where there is one, and over equal epochs."""
    design = LandscapeDesign(config, levels)
    baseline, *others = config.norms
    pairs = [(norm, baseline) for norm in others]
    if {"batch", "noisy"} <= set(others):
        pairs.append(("noisy", "batch"))
    time = "_matched" if levels else "_area"
    return Plan(
        arms=config.arms,
        contrasts=[of_arms(design.arm(norm), design.arm(other)) for norm, other in pairs],
        measures=[*(name for name in LANDSCAPE if levels or name not in MATCHED), *RESULTS],
        claims=find_claims(CLAIMS, design),
        tables=[ArmsTable((*(name + time for name in SHOWN), *RESULTS))],
        definitions=MEASURES,
        curves=(*METRICS, "train_loss", "validation_accuracy"),
    )


def _smoother(design: LandscapeDesign) -> list[Expected]:
    contrast = of_arms(design.arm("batch"), design.arm("none"))
    return [Expected(contrast, measure, "lower") for measure in MATCHED]


CLAIMS: tuple[Claim[LandscapeDesign], ...] = (
    Claim(
        "D8",
        BENEFITS,
        "BatchNorm smooths the loss, at equal training loss",
        "BatchNorm smooths the loss (Santurkar et al. 2018): at equal training loss, the range of the loss, the change of the gradient and "
        "its change per distance, all along the gradient, and the sharpness are lower than without a norm, both of the parameters as they "
        "are and relative to the weights' norms",
        _smoother,
        lambda design: {"batch", "none"} <= set(design.config.norms) and bool(design.levels),
        "against_loss",
    ),
)
"""The claim that the landscape decides."""
