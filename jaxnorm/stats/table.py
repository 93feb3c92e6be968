"""From a tidy table to arrays: the one place that knows pandas, and the one that decides what a diverged network counts as.

The table has one row per value: the factors of the arm, then the network's seed and what else varies between networks, then
``VALUE_COLUMNS``. Epochs count from 1, and 0 is the network before training; losses are in nats, accuracies are fractions. The metrics of
``CURVE_METRICS`` stand at every epoch, those of ``FINAL_METRICS`` only at the last; an instrument's own metrics stand at every epoch, with
or without epoch 0, or only at the last.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from jaxnorm.stats.arm import Arm
from jaxnorm.stats.metrics import CURVE_METRICS, FINAL_METRICS, METRICS

VALUE_COLUMNS = ("epoch", "metric", "value")
CHANCE_TOLERANCE = 0.05
"""Share of the loss at the level of chance by which a network that learns nothing may end above it: it has not diverged."""

Curves = dict[str, np.ndarray]
"""Metric to values, ``(S, E)`` in the order of seeds; ``(S, E + 1)`` with epoch 0; ``(S, 1)`` where measured once, at the end."""


@dataclasses.dataclass(frozen=True)
class ArmTable:
    """What was measured of one arm, with diverged networks replaced by networks at the level of chance."""

    arm: Arm
    seeds: list[int]
    curves: Curves
    diverged: list[int]

    @property
    def epochs(self) -> int:
        """Number of epochs trained."""
        return self.curves["train_loss"].shape[1]

    def at_epoch(self, metric: str, epoch: int) -> np.ndarray:
        """A metric after one epoch, (S,); epoch 0 is the network before training."""
        curves_SE = self.curves[metric]
        return curves_SE[:, epoch - 1 - self.epochs + curves_SE.shape[1]]

    def trained(self, metric: str) -> np.ndarray:
        """A metric after each epoch it was measured at, without epoch 0: (S, E), or (S, 1)."""
        return self.curves[metric][:, -self.epochs :]


def tidy(arm: Arm, replicas: Mapping[str, Sequence[float]], metrics: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """The tidy rows of one arm.

    ``replicas`` holds ``seed``, and what else varies between networks, one value each; ``metrics`` arrays ``(S, E)``, ``(S, E + 1)``, or
    ``(S,)`` for those that were measured once, after the last epoch.
    """
    curves = {metric: np.asarray(values, float).reshape(len(replicas["seed"]), -1) for metric, values in metrics.items()}
    epochs = curves["train_loss"].shape[1]
    return pd.concat([_tidy_metric(arm, replicas, metric, values, epochs) for metric, values in curves.items()], ignore_index=True)


def _tidy_metric(arm: Arm, replicas: Mapping[str, Sequence[float]], metric: str, values: np.ndarray, epochs: int) -> pd.DataFrame:
    number, epoch = np.meshgrid(range(len(values)), range(epochs - values.shape[1] + 1, epochs + 1), indexing="ij")
    varied = {column: np.asarray(each)[number.ravel()] for column, each in replicas.items()}
    measured = {"epoch": epoch.ravel(), "metric": metric, "value": values.ravel()}
    return pd.DataFrame(arm.factors | varied | measured)


def read_arms(frame: pd.DataFrame, arms: Sequence[Arm], num_classes: int) -> list[ArmTable]:
    """Read the arms out of a tidy table, whatever the order of its rows. An arm's rows are those that agree with all its factors.

    Raises ``ValueError`` where a column, an arm, a metric, a seed or an epoch is missing, or a value stands twice.
    """
    missing = {"seed", *VALUE_COLUMNS, *(factor for arm in arms for factor in arm.factors)} - set(frame.columns)
    if missing:
        raise ValueError(f"the results table lacks the columns {sorted(missing)}; it has {list(frame.columns)}")
    tables = [_read_arm(frame, arm, num_classes) for arm in arms]
    for table in tables:
        if (table.seeds, table.epochs) != (tables[0].seeds, tables[0].epochs):
            raise ValueError(f"arms {table.arm.key} and {tables[0].arm.key} differ in their seeds or epochs: they cannot be paired")
    return tables


def _read_arm(frame: pd.DataFrame, arm: Arm, num_classes: int) -> ArmTable:
    chosen = np.logical_and.reduce([np.asarray(frame[factor]) == value for factor, value in arm.factors.items()])
    if not chosen.any():
        raise ValueError(f"the results table has no rows of arm {arm.key}")
    rows = {column: np.asarray(frame[column])[chosen] for column in ("seed", *VALUE_COLUMNS)}
    seeds, epochs = np.unique(rows["seed"]).tolist(), int(rows["epoch"].max())
    curves = {metric: _pivot(rows, arm, metric, seeds, range(1, epochs + 1)) for metric in CURVE_METRICS}
    curves |= {metric: _pivot(rows, arm, metric, seeds, range(epochs, epochs + 1)) for metric in FINAL_METRICS}
    for metric in sorted(set(rows["metric"].tolist()) - set(curves)):
        first = int(rows["epoch"][rows["metric"] == metric].min())
        curves[metric] = _pivot(rows, arm, metric, seeds, range(first, epochs + 1))
    diverged_S = find_diverged(curves, num_classes)
    return ArmTable(arm, seeds, count_as_chance(curves, diverged_S, num_classes), np.asarray(seeds)[diverged_S].tolist())


def _pivot(rows: dict[str, np.ndarray], arm: Arm, metric: str, seeds: list[int], epochs: range) -> np.ndarray:
    """One metric of one arm, (S, len(epochs)). Comparing the rows first tells a missing value from a value of NaN."""
    chosen = (rows["metric"] == metric) & np.isin(rows["epoch"], epochs)
    seed, epoch, value = rows["seed"][chosen], rows["epoch"][chosen], rows["value"][chosen].astype(float)
    order = np.lexsort((epoch, seed))
    found = np.stack([seed[order], epoch[order]], axis=1)
    wanted = np.stack(np.meshgrid(seeds, epochs, indexing="ij"), axis=-1).reshape(-1, 2)
    if not np.array_equal(found, wanted):
        raise ValueError(
            f"arm {arm.key} needs {metric} once for each of {len(seeds)} seeds at epochs {epochs.start} to {epochs.stop - 1}; "
            f"the results table has {len(found)} rows of it"
        )
    return value[order].reshape(len(seeds), len(epochs))


def find_diverged(curves: Curves, num_classes: int) -> np.ndarray:
    """Which seeds diverged, (S,): a value is not finite, or training ends worse than chance and did not get better.

    Worse than chance is a training loss more than ``CHANCE_TOLERANCE`` above that of a network that has learnt nothing; not better is above
    the first epoch's, or beyond twice that loss still: a network that blows up within its first epoch may come down for ever after.
    """
    chance = chance_levels(num_classes)
    finite_S = np.all([np.isfinite(values).all(axis=1) for metric, values in curves.items() if metric in chance], axis=0)
    first_S, last_S = curves["train_loss"][:, 0], curves["train_loss"][:, -1]
    loss = chance["train_loss"]
    return ~finite_S | ((last_S > (1 + CHANCE_TOLERANCE) * loss) & (last_S > np.minimum(first_S, 2 * loss)))


def chance_levels(num_classes: int) -> dict[str, float]:
    """Metric of performance to its value for a network that has learnt nothing."""
    return {name: metric.chance(num_classes) for name, metric in METRICS.items() if metric.chance}


def count_as_chance(curves: Curves, diverged_S: np.ndarray, num_classes: int) -> Curves:
    """Curves in which no loss of a diverged seed exceeds that of chance, and its values that are not finite are those of chance.

    Metrics without a level of chance keep their last finite value in any seed; 0 where none was.
    """
    chance = chance_levels(num_classes)

    def repaired(metric: str, values: np.ndarray) -> np.ndarray:
        if metric not in chance:
            return _last_finite(values)
        finite = np.where(np.isfinite(values), values, chance[metric])
        capped = np.minimum(finite, chance[metric]) if METRICS[metric].better == "lower" else finite
        return np.where(diverged_S[:, None], capped, values)

    return {metric: repaired(metric, values) for metric, values in curves.items()}


def _last_finite(values_SE: np.ndarray) -> np.ndarray:
    """Every value that is not finite replaced by the latest finite one before it, or by 0."""
    finite_SE = np.isfinite(values_SE)
    latest_SE = np.maximum.accumulate(np.where(finite_SE, np.arange(values_SE.shape[1]), 0), axis=1)
    return np.take_along_axis(np.where(finite_SE, values_SE, 0.0), latest_SE, axis=1)
