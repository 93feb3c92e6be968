"""Validation losses of networks at equal training losses, from a run's table: as metrics of every network, as means, and in words."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from jaxnorm.analysis.matching import common_levels, read_at
from jaxnorm.analysis.statistics import mean_interval
from jaxnorm.analysis.summary import Sweep, SweepPoint
from jaxnorm.analysis.table import ArmTable

EVALUATED, REPORTED = "train_evaluation_loss", "train_loss"
DECISIVE = "validation_loss_at_matched_loss"
MATCHED = {DECISIVE: EVALUATED, "validation_loss_at_matched_update_loss": REPORTED}
"""Measure to the training loss at which networks are compared. The first decides: it is the loss of the network that validation sees, in
evaluation mode on the whole training set. The second is what training reports, a mean over the epoch's updates in training mode: it lags
behind, and with batch statistics it includes their noise, so that BatchNorm is further on than another norm of the same reported loss."""


@dataclasses.dataclass(frozen=True)
class Trajectories:
    """How validation losses go as training losses fall."""

    tables: Sequence[ArmTable]
    wanted: Sequence[float]
    """Training losses at which networks shall be compared, in nats, descending: in the order in which training comes to them."""

    @property
    def levels(self) -> list[float]:
        """Those that all networks of all arms pass after the first epoch, by the loss that decides: elsewhere no losses are equal."""
        return self._passed(EVALUATED)

    def _passed(self, axis: str) -> list[float]:
        passed = common_levels(np.asarray(self.wanted), [table.trained(axis) for table in self.tables])
        return np.asarray(self.wanted)[passed].tolist()

    def rows(self) -> list[pd.DataFrame]:
        """Of every network the mean over the levels of its validation loss there, by both training losses, as metrics of the last epoch.

        None where no level can be compared.
        """
        return [
            pd.DataFrame(table.arm.factors | {"seed": table.seeds, "epoch": table.epochs, "metric": measure, "value": values.mean(axis=1)})
            for measure, axis in MATCHED.items()
            for table in self.tables
            if (values := self._read(table, axis)).size
        ]

    def summarise(self) -> list[Sweep]:
        """The validation losses of every arm at each level; nothing where there is none."""
        return [Sweep(table.arm.factors, list(self._points(table))) for table in self.tables] if self.levels else []

    def describe(self) -> list[str]:
        """What is compared at which losses, and at which it cannot be."""
        left_out = [f"{level:g}" for level in self.wanted if level not in self.levels]
        losses = f"the training loss{'es' if len(left_out) > 1 else ''} {', '.join(left_out)} nats"
        missed = f"Not all networks pass {losses} after the first epoch"
        if not self.levels:
            return [f"{missed}, so that at equal training loss nothing is compared."]
        levels = ", ".join(f"{level:g}" for level in self.levels)
        how = (
            "At equal training loss: the validation loss where the loss on the whole training set, in evaluation mode after each epoch, "
            f"first comes down to a level, in the mean over {levels} nats, which all networks pass; between epochs linear in the logarithm "
            "of the training loss. At equal mean loss of the updates: the same by the loss that training usually reports, over an epoch's "
            "updates in training mode."
        )
        return [how, *([f"{missed}: there nothing is compared."] if left_out else [])]

    def _read(self, table: ArmTable, axis: str = EVALUATED) -> np.ndarray:
        """Validation losses at the levels of an axis, (S, M)."""
        return read_at(np.asarray(self._passed(axis)), table.trained(axis), table.trained("validation_loss")).values

    def _points(self, table: ArmTable) -> Iterator[SweepPoint]:
        for level, values_S in zip(self.levels, self._read(table).T, strict=True):
            yield SweepPoint({"matched_loss": level}, {"validation_loss": mean_interval(values_S)}, table.diverged)
