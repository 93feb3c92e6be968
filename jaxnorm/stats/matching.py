"""Networks compared at equal training loss instead of after equally many epochs: what was measured when each first came to that loss."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from jaxnorm.stats.arm import Arm
from jaxnorm.stats.summarise import estimate
from jaxnorm.stats.summary import Sweep, SweepPoint
from jaxnorm.stats.table import ArmTable
from jaxnorm.stats.units import SMALLEST

LEVEL = "matched_loss"
"""Name of the setting at which a sweep of levels stands."""


class Matched(NamedTuple):
    """One curve read where another first comes down to each of M levels. All arrays are ``(S, M)``."""

    values: np.ndarray
    reached: np.ndarray
    """Whether the network ever came down to the level; where not, its value is that after the last epoch."""
    inside: np.ndarray
    """Whether it did so after the first epoch; where it was there already, its value is that after the first epoch."""


def read_at(levels: np.ndarray, losses_SE: np.ndarray, values_SE: np.ndarray) -> Matched:
    """Read ``values_SE`` where ``losses_SE`` first comes down to each of the positive ``levels``, (M,).

    Between the ends of two epochs the value is linear in the logarithm of the loss: losses fall by factors, not by amounts. The first
    crossing counts, so a loss that rises again later changes nothing.
    """
    below_SME = losses_SE[:, None, :] <= levels[None, :, None]
    reached = np.asarray(below_SME.any(axis=2))
    after = np.where(reached, below_SME.argmax(axis=2), losses_SE.shape[1] - 1)
    inside = reached & (after > 0)
    before = np.where(inside, after - 1, after)
    logs = np.log(np.maximum(losses_SE, SMALLEST))
    high, low = (np.take_along_axis(logs, epoch, axis=1) for epoch in (before, after))
    fraction = np.where(inside, (high - np.log(levels)) / np.where(inside, high - low, 1.0), 1.0)
    start, end = (np.take_along_axis(values_SE, epoch, axis=1) for epoch in (before, after))
    return Matched(start + fraction * (end - start), reached, inside)


def common_levels(levels: np.ndarray, losses: Sequence[np.ndarray]) -> np.ndarray:
    """Which levels, (M,), every network of every arm, ``(S, E)`` each, comes down to after the first epoch."""
    return np.all([read_at(levels, losses_SE, losses_SE).inside.all(axis=0) for losses_SE in losses], axis=0)


@dataclasses.dataclass(frozen=True)
class AtEqualLoss:
    """What was measured of every network of all arms at the same training losses."""

    levels: list[float]
    """Descending, in nats: those that every network of every arm passes after the first epoch. There may be none."""
    tables: Sequence[ArmTable]
    values: Mapping[Arm, Mapping[str, np.ndarray]]
    """Arm and name to one value per network and level, (S, M)."""

    @property
    def rows(self) -> list[pd.DataFrame]:
        """Tidy rows: means over the levels, as metrics of the last epoch. None where there is no level."""
        return [
            pd.DataFrame(table.arm.factors | {"seed": table.seeds, "epoch": table.epochs, "metric": name, "value": values_SM.mean(axis=1)})
            for table in self.tables
            for name, values_SM in self.values[table.arm].items()
            if self.levels
        ]

    @property
    def sweeps(self) -> list[Sweep]:
        """Means over networks at every level. None where there is no level."""
        return [Sweep(table.arm.factors, self._points(table)) for table in self.tables if self.levels]

    def _points(self, table: ArmTable) -> list[SweepPoint]:
        values = self.values[table.arm]
        return [
            SweepPoint({LEVEL: level}, {name: estimate(values_SM[:, index]) for name, values_SM in values.items()}, table.diverged)
            for index, level in enumerate(self.levels)
        ]


def match(tables: Sequence[ArmTable], loss: str, read: Mapping[str, str], wanted: Sequence[float]) -> AtEqualLoss:
    """Read all arms at equal loss.

    Args:
      tables: the arms.
      loss: the metric whose levels are compared.
      read: name to the metric that it is read from.
      wanted: levels, in nats, of which those count that every network passes.
    """
    wanted_M = np.array(sorted(wanted, reverse=True))
    levels_M = wanted_M[common_levels(wanted_M, [table.trained(loss) for table in tables])]
    values = {
        table.arm: {name: read_at(levels_M, table.trained(loss), table.trained(metric)).values for name, metric in read.items()}
        for table in tables
    }
    return AtEqualLoss(levels_M.tolist(), tables, values)
