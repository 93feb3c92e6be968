"""What ``covariate_shift`` asks of its table: how far units' inputs drift, which arms are set against which, and the claims of shift."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from jaxnorm.experiments.covariate_shift.study import ActivationArm, CovariateShiftConfig
from jaxnorm.experiments.measures import MEASURES as COMMON
from jaxnorm.experiments.sources import BENEFITS
from jaxnorm.stats.claims import Claim, Expectation, Expected, Slot, find_claims
from jaxnorm.stats.contrasts import Contrast, of_arms
from jaxnorm.stats.measures import Measure, area
from jaxnorm.stats.plan import ArmsTable, Plan
from jaxnorm.stats.units import FRACTION, GRADIENT, INPUT, RATIO

PERCENTILES = (15, 50, 85)
"""Of a unit's input over examples: those that Ioffe & Szegedy (2015, arXiv:1502.03167, figure 1) draw."""
NO_SPREAD = 1e-6
"""Smallest spread that a drift is set against, in units of input: that of a unit with the same input for every example is 0."""
SHIFT = {
    "input_drift": Measure(
        "input drift per epoch",
        "input_drift",
        INPUT,
        area,
        better="lower",
        definition="how far the 15th, 50th and 85th percentile over examples of what a unit of the last hidden layer is given move in an "
        "epoch; mean over the three, over units and over epochs",
    ),
    "input_drift_relative": Measure(
        "relative input drift per epoch",
        "input_drift_relative",
        RATIO,
        area,
        better="lower",
        definition="the same, each unit's divided by its distance from the 15th to the 85th percentile",
    ),
    "gradient_cosine": Measure(
        "gradient cosine",
        "gradient_cosine",
        RATIO,
        area,
        better="higher",
        margin=0.01,
        definition="cosine of the angle between a layer's gradients on a batch before and after the layers below took the step that this "
        "batch asks for (Santurkar et al. 2018, definition 2.1), 1 without shift; mean over all layers but the first, batches and epochs",
    ),
    "gradient_distance": Measure(
        "gradient distance",
        "gradient_distance",
        GRADIENT,
        area,
        better="lower",
        definition="Euclidean distance between the same two gradients; mean over layers, batches and epochs",
    ),
    "gradient_change": Measure(
        "relative gradient distance",
        "gradient_change",
        RATIO,
        area,
        better="lower",
        definition="the same, divided by the norm of the gradient before",
    ),
    "saturation": Measure(
        "saturated or dead units",
        "saturation",
        FRACTION,
        area,
        better="lower",
        margin=0.01,
        definition="share of sigmoid and tanh outputs within 5 % of the range from a bound, or of ReLU units that are the same for every "
        "example; mean over hidden layers and epochs",
    ),
}
"""The instrument's own: each is the mean over epochs of the metric of its name."""
MEASURES = COMMON | SHIFT


def percentile_name(percent: int, unit: int) -> str:
    """The metric that holds a percentile of a unit's input."""
    return f"input_p{percent}.unit_{unit}"


def add_drift(rows: pd.DataFrame, config: CovariateShiftConfig) -> pd.DataFrame:
    """A run's rows, and two metrics more at epochs 1 to E, from the percentiles of the units' inputs at the ends of epochs.

    * ``input_drift``: how far a percentile moves from the end of one epoch to that of the next, mean over units and percentiles.
    * ``input_drift_relative``: the same, each unit's as a multiple of its spread, the distance from the 15th to the 85th percentile, mean
      of the spreads at both ends.
    """
    network = [*config.arms[0].factors, "seed"]
    names = [percentile_name(percent, unit) for percent in PERCENTILES for unit in range(config.observed_units)]
    wide = rows.loc[rows["metric"].isin(names)].pivot(index=[*network, "epoch"], columns="metric", values="value").sort_index()
    levels = wide[names].to_numpy().reshape(-1, config.epochs + 1, len(PERCENTILES), config.observed_units)  # (networks, E + 1, 3, U)
    drifts = measure_drift(levels)
    later = wide.index[wide.index.get_level_values("epoch") > 0].to_frame(index=False)
    return pd.concat([rows, *(later.assign(metric=metric, value=values.ravel()) for metric, values in drifts.items())], ignore_index=True)


def measure_drift(levels: np.ndarray) -> dict[str, np.ndarray]:
    """The two metrics of ``add_drift``, ``(..., E)``, from percentiles ``(..., E + 1, 3, U)``."""
    moved = np.abs(np.diff(levels, axis=-3))
    spread = levels[..., -1, :] - levels[..., 0, :]  # (..., E + 1, U)
    spread = np.maximum((spread[..., 1:, :] + spread[..., :-1, :]) / 2, NO_SPREAD)
    return {"input_drift": moved.mean((-2, -1)), "input_drift_relative": (moved / spread[..., None, :]).mean((-2, -1))}


@dataclasses.dataclass(frozen=True)
class CovariateShiftDesign:
    """Every norm before every nonlinearity."""

    config: CovariateShiftConfig

    @property
    def slots(self) -> dict[str, Slot]:
        """The nonlinearities, and those of them that saturate."""
        return {"activations": [*self.config.activations], "saturating": [*self.saturating]}

    @property
    def saturating(self) -> list[str]:
        """The nonlinearities with bounds."""
        return [activation for activation in self.config.activations if activation != "relu"]


def make_plan(config: CovariateShiftConfig) -> Plan:
    """Each norm against the first, nonlinearity by nonlinearity."""
    baseline, *others = config.norms
    others_traced = [percentile_name(PERCENTILES[1], unit) for unit in range(1, config.observed_units)]
    return Plan(
        arms=config.arms,
        contrasts=[between(norm, baseline, activation) for norm in others for activation in config.activations],
        measures=(*SHIFT, "train_loss_area", "test_accuracy"),
        claims=find_claims(CLAIMS, CovariateShiftDesign(config)),
        tables=[ArmsTable((name,), across="activation") for name in ("input_drift", "gradient_cosine", "saturation")],
        definitions=MEASURES,
        curves=(*SHIFT, "train_loss"),
        traces=[*(percentile_name(percent, 0) for percent in PERCENTILES), *others_traced],
    )


def between(norm: str, other: str, activation: str) -> Contrast:
    """One norm minus another before the same nonlinearity."""
    return of_arms(ActivationArm(norm, activation), ActivationArm(other, activation))


def _expected(activations: Sequence[str], **measures: Expectation) -> list[Expected]:
    """BatchNorm against no norm on these measures, before these nonlinearities."""
    return [
        Expected(between("batch", "none", activation), measure, expected)
        for activation in activations
        for measure, expected in measures.items()
    ]


def _has(*any_of: str) -> Callable[[CovariateShiftDesign], bool]:
    """Whether a run has BatchNorm, no norm, and one of these nonlinearities."""
    return lambda design: {"batch", "none"} <= set(design.config.norms) and bool(set(any_of) & set(design.config.activations))


CLAIMS: tuple[Claim[CovariateShiftDesign], ...] = (
    Claim(
        "D9a",
        BENEFITS,
        "With BatchNorm a sigmoid's inputs drift less",
        "with BatchNorm the 15th, 50th and 85th percentile of a sigmoid's input drift less over training than without a norm (Ioffe & "
        "Szegedy 2015, figure 1)",
        lambda design: _expected(["sigmoid"], input_drift="lower"),
        _has("sigmoid"),
        "drift",
    ),
    Claim(
        "D9b",
        BENEFITS,
        "With BatchNorm gradients shift less when layers below move",
        "with BatchNorm a layer's gradient turns and moves less when the layers below it move than without a norm, as Santurkar et al. "
        "2018, definition 2.1, measure it ({activations})",
        lambda design: _expected(design.config.activations, gradient_cosine="higher", gradient_distance="lower"),
        _has("sigmoid", "tanh", "relu"),
        "gradients",
    ),
    Claim(
        "D11a",
        BENEFITS,
        "With BatchNorm fewer {saturating} units are saturated",
        "with BatchNorm fewer {saturating} units are saturated than without a norm",
        lambda design: _expected(design.saturating, saturation="lower"),
        _has("sigmoid", "tanh"),
        "saturation",
    ),
    Claim(
        "D11b",
        BENEFITS,
        "With BatchNorm fewer ReLU units are dead",
        "with BatchNorm fewer ReLU units are dead than without a norm",
        lambda design: _expected(["relu"], saturation="lower"),
        _has("relu"),
        "saturation",
    ),
)
"""The claims that several nonlinearities can decide."""
