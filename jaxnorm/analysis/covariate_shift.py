"""What ``jaxnorm.experiments.covariate_shift`` asks of its table: how far units' inputs drift, which arms are set against which, and the
claims that this decides.
"""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from jaxnorm.analysis.claims import Comparison, Entry, find_claims
from jaxnorm.analysis.contrasts import Contrast, of_arms
from jaxnorm.analysis.plan import Plan
from jaxnorm.analysis.sources import BENEFITS
from jaxnorm.analysis.summary import Expectation
from jaxnorm.analysis.wording import conjoin, in_place_of, value_title
from jaxnorm.experiments.covariate_shift.study import ActivationArm, CovariateShiftConfig

PERCENTILES = (15, 50, 85)
"""Of a unit's input over examples: those that Ioffe & Szegedy (2015, arXiv:1502.03167, figure 1) draw."""
CURVES = ("input_drift", "input_drift_relative", "gradient_cosine", "gradient_distance", "gradient_change", "saturation")
"""The instrument's own metrics, each a measure of the same name: its mean over epochs."""
NO_SPREAD = 1e-6
"""Smallest spread that a drift is set against, in units of input: that of a unit with the same input for every example is 0."""


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
    def words(self) -> dict[str, object]:
        """The nonlinearities: ``sigmoid, tanh and ReLU``."""
        return {"activations": conjoin(value_title("activation", activation) for activation in self.config.activations)}


def make_plan(config: CovariateShiftConfig) -> Plan:
    """Each norm against the first, nonlinearity by nonlinearity."""
    baseline, *others = config.norms
    contrasts = {in_place_of(norm, baseline): [between(norm, baseline, activation) for activation in config.activations] for norm in others}
    traces = [percentile_name(percent, unit) for unit in range(config.observed_units) for percent in PERCENTILES]
    return Plan(
        config.arms,
        contrasts,
        find_claims(LEDGER, CovariateShiftDesign(config)),
        measures=(*CURVES, "train_loss_area", "test_accuracy"),
        answer_measures=("input_drift", "gradient_cosine"),
        curves=CURVES,
        traces=traces,
    )


def between(norm: str, other: str, activation: str) -> Contrast:
    """One norm minus another before the same nonlinearity."""
    return of_arms(ActivationArm(norm, activation), ActivationArm(other, activation))


def _expects(**measures: Expectation) -> Callable[[CovariateShiftDesign], list[Comparison]]:
    """BatchNorm against no norm on these measures, before every nonlinearity."""
    return lambda design: [
        Comparison(between("batch", "none", activation), measure, expected)
        for activation in design.config.activations
        for measure, expected in measures.items()
    ]


def _drift_of_sigmoids(design: CovariateShiftDesign) -> list[Comparison]:
    del design
    return [Comparison(between("batch", "none", "sigmoid"), "input_drift", "lower")]


def _has(*activations: str) -> Callable[[CovariateShiftDesign], bool]:
    """Whether a run has BatchNorm, no norm, and these nonlinearities."""
    return lambda design: {"batch", "none"} <= set(design.config.norms) and set(activations) <= set(design.config.activations)


LEDGER: Sequence[Entry[CovariateShiftDesign]] = (
    Entry(
        "D9a",
        f"{BENEFITS}: Ioffe & Szegedy 2015, figure 1",
        "with BatchNorm the 15th, 50th and 85th percentile of a sigmoid's input drift less over training than without a norm",
        _drift_of_sigmoids,
        _has("sigmoid"),
    ),
    Entry(
        "D9b",
        f"{BENEFITS}: as Santurkar et al. 2018, definition 2.1, measure it",
        "with BatchNorm a layer's gradient turns and moves less when the layers below it move than without a norm ({activations})",
        _expects(gradient_cosine="higher", gradient_distance="lower"),
        _has(),
    ),
    Entry(
        "D11",
        BENEFITS,
        "with BatchNorm fewer sigmoid and tanh units are saturated, and fewer ReLU units dead, than without a norm ({activations})",
        _expects(saturation="lower"),
        _has(),
    ),
)
"""The claims that several nonlinearities can decide."""
