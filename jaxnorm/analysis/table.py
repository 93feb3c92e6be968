"""From a tidy table to arrays: the one place that knows pandas, and the one that decides what a diverged network counts as.

The table has one row per value, with the columns of ``COLUMNS``. Epochs count from 1, losses are in nats, accuracies are fractions.
Training and validation metrics stand at every epoch, test metrics only at the last.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from jaxnorm.config import Arm

COLUMNS = ("norm", "batch_size", "seed", "epoch", "metric", "value")
CURVE_METRICS = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
FINAL_METRICS = ("test_loss", "test_accuracy")

Curves = dict[str, np.ndarray]
"""Metric to values, ``(S, E)`` in the order of seeds; ``(S, 1)`` for the metrics that are measured once, at the end."""


@dataclasses.dataclass(frozen=True)
class ArmTable:
    """What was measured of one arm, with diverged networks replaced by networks that guess."""

    arm: Arm
    seeds: list[int]
    curves: Curves
    diverged: list[int]

    @property
    def epochs(self) -> int:
        """Number of epochs trained."""
        return self.curves["train_loss"].shape[1]


def tidy(arm: Arm, seeds: Sequence[int], metrics: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """The tidy rows of one arm, from metrics of shape (S, E), or (S,) for those that were measured once, after the last epoch."""
    curves = {metric: np.asarray(values, float).reshape(len(seeds), -1) for metric, values in metrics.items()}
    epochs = max(values.shape[1] for values in curves.values())
    return pd.concat([_tidy_metric(arm, seeds, metric, values, epochs) for metric, values in curves.items()], ignore_index=True)


def _tidy_metric(arm: Arm, seeds: Sequence[int], metric: str, values: np.ndarray, epochs: int) -> pd.DataFrame:
    seed, epoch = np.meshgrid(seeds, range(epochs - values.shape[1] + 1, epochs + 1), indexing="ij")
    constants = {"norm": arm.norm, "batch_size": arm.batch_size, "metric": metric}
    return pd.DataFrame(constants | {"seed": seed.ravel(), "epoch": epoch.ravel(), "value": values.ravel()}, columns=list(COLUMNS))


def read_arms(frame: pd.DataFrame, arms: Sequence[Arm], num_classes: int) -> list[ArmTable]:
    """Read the arms out of a tidy table, whatever the order of its rows.

    Raises ``ValueError`` where a column, an arm, a metric, a seed or an epoch is missing, or a value stands twice.
    """
    missing = set(COLUMNS) - set(frame.columns)
    if missing:
        raise ValueError(f"the results table lacks the columns {sorted(missing)}; it has {list(frame.columns)}")
    tables = [_read_arm(frame, arm, num_classes) for arm in arms]
    for table in tables:
        if (table.seeds, table.epochs) != (tables[0].seeds, tables[0].epochs):
            raise ValueError(f"arms {table.arm.key} and {tables[0].arm.key} differ in their seeds or epochs: they cannot be paired")
    return tables


def _read_arm(frame: pd.DataFrame, arm: Arm, num_classes: int) -> ArmTable:
    columns = {column: np.asarray(frame[column]) for column in COLUMNS}
    chosen = (columns["norm"] == arm.norm) & (columns["batch_size"] == arm.batch_size)
    if not chosen.any():
        raise ValueError(f"the results table has no rows of arm {arm.key}")
    rows = {column: values[chosen] for column, values in columns.items()}
    seeds, epochs = np.unique(rows["seed"]).tolist(), int(rows["epoch"].max())
    curves = {metric: _pivot(rows, arm, metric, seeds, range(1, epochs + 1)) for metric in CURVE_METRICS}
    curves |= {metric: _pivot(rows, arm, metric, seeds, range(epochs, epochs + 1)) for metric in FINAL_METRICS}
    diverged_S = find_diverged(curves, num_classes)
    return ArmTable(arm, seeds, count_as_guessing(curves, diverged_S, num_classes), np.asarray(seeds)[diverged_S].tolist())


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
    """Which seeds diverged, (S,): a value is not finite, or training ends worse than guessing and did not get better.

    Worse than guessing is a training loss above ``ln K``; not better is above the first epoch's, or beyond ``2 ln K`` still: a network
    that blows up within its first epoch may come down for ever after.
    """
    finite_S = np.all([np.isfinite(values).all(axis=1) for values in curves.values()], axis=0)
    first_S, last_S = curves["train_loss"][:, 0], curves["train_loss"][:, -1]
    guessing = math.log(num_classes)
    return ~finite_S | ((last_S > guessing) & (last_S > np.minimum(first_S, 2 * guessing)))


def count_as_guessing(curves: Curves, diverged_S: np.ndarray, num_classes: int) -> Curves:
    """Curves in which no loss of a diverged seed exceeds ``ln K`` and its accuracies that are not finite are ``1 / K``."""

    def repaired(metric: str, values: np.ndarray) -> np.ndarray:
        guess = math.log(num_classes) if metric.endswith("_loss") else 1 / num_classes
        finite = np.where(np.isfinite(values), values, guess)
        capped = np.minimum(finite, guess) if metric.endswith("_loss") else finite
        return np.where(diverged_S[:, None], capped, values)

    return {metric: repaired(metric, values) for metric, values in curves.items()}
