"""Validation losses of networks at equal training losses, from a run's table: as metrics of every network, as means, and in words."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from jaxnorm.analysis.matching import Matched, read_at
from jaxnorm.analysis.statistics import mean_interval
from jaxnorm.analysis.summary import Sweep, SweepPoint
from jaxnorm.analysis.table import ArmTable
from jaxnorm.analysis.wording import count, described, norm_title

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
    levels: Sequence[float]
    """Training losses at which networks are compared, in nats, descending: in the order in which training comes to them."""

    def rows(self) -> pd.DataFrame:
        """Of every network the mean over all levels of its validation loss there, by both training losses, as metrics of the last epoch."""
        parts = []
        for table in self.tables:
            for measure, axis in MATCHED.items():
                values = self._read(table, axis).values.mean(axis=1)
                measured = {"seed": table.seeds, "epoch": table.epochs, "metric": measure, "value": values}
                parts.append(pd.DataFrame(table.arm.factors | measured))
        return pd.concat(parts, ignore_index=True)

    def summarise(self) -> list[Sweep]:
        """The validation losses of every arm at each level."""
        return [Sweep(table.arm.factors, list(self._points(table))) for table in self.tables]

    def describe(self) -> list[str]:
        """What is compared at which losses, and who was not there, a sentence each."""
        levels = ", ".join(f"{level:g}" for level in self.levels)
        how = (
            "At equal training loss: the validation loss where the loss on the whole training set, in evaluation mode after each epoch, "
            f"first comes down to a level, in the mean over {levels} nats; between epochs linear in the logarithm of the training loss. At "
            "equal mean loss of the updates: the same by the loss that training usually reports, over an epoch's updates in training mode."
        )
        return [how, *(sentence for table in self.tables for sentence in self._describe_missed(table))]

    def _read(self, table: ArmTable, axis: str = EVALUATED) -> Matched:
        return read_at(np.asarray(self.levels), table.trained(axis), table.trained("validation_loss"))

    def _points(self, table: ArmTable) -> Iterator[SweepPoint]:
        for level, values_S in zip(self.levels, self._read(table).values.T, strict=True):
            yield SweepPoint({"matched_loss": level}, {"validation_loss": mean_interval(values_S)}, table.diverged)

    def _describe_missed(self, table: ArmTable) -> Iterator[str]:
        """Networks that were not at a level: their value is the nearest that there is."""
        matched, name = self._read(table), f"{norm_title(table.arm.norm)} at {described(table.arm.factors)}"
        kinds = {
            f"never reached the training loss {{}} and count there as after epoch {table.epochs}": ~matched.reached,
            "were below the training loss {} after epoch 1 and count there as after it": matched.reached & ~matched.inside,
        }
        for said, missed_SM in kinds.items():
            for level, number in zip(self.levels, missed_SM.sum(axis=0).tolist(), strict=True):
                if number:
                    yield f"{name}: {number} of {count(len(missed_SM), 'network')} {said.format(f'{level:g}')}."
