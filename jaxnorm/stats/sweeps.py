"""Hyperparameters that vary between the networks of one compiled arm, such as the learning rate: what was measured at each setting.

The tidy table of such a run has a column for each of them, and every seed at every setting. A setting read as an arm of its own, ``At``,
gets from ``table.read_arms`` all that an arm gets: divergence, completeness, one array per metric.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from jaxnorm.stats.arm import Arm, Factor
from jaxnorm.stats.measures import Measure
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.stats.summarise import estimate
from jaxnorm.stats.summary import Sweep, SweepPoint
from jaxnorm.stats.table import ArmTable, read_arms

Setting = Mapping[str, float]
"""Column of the table to value: ``{"learning_rate": 0.001}``; one column or several."""


@dataclasses.dataclass(frozen=True)
class At(Arm):
    """A compiled arm at one setting of what was swept."""

    arm: Arm
    setting: tuple[tuple[str, float], ...]

    @property
    def factors(self) -> dict[str, Factor]:
        """Those of the arm, and the setting."""
        return self.arm.factors | dict(self.setting)


@dataclasses.dataclass(frozen=True)
class SweepTable:
    """A tidy table whose networks stand at several settings."""

    frame: pd.DataFrame
    settings: Sequence[Setting]
    num_classes: int
    rule: DecisionRule

    def read(self, arm: Arm, seeds: Sequence[int]) -> list[ArmTable]:
        """One arm at every setting, of these seeds and no others. Raises ``ValueError`` where the table lacks some of it."""
        own = np.logical_and.reduce([np.asarray(self.frame[factor]) == value for factor, value in arm.factors.items()])
        chosen = self.frame.loc[own & np.isin(self.frame["seed"], list(seeds))]
        return read_arms(chosen, [At(arm.norm, arm, tuple(setting.items())) for setting in self.settings], self.num_classes)

    def best(self, arm: Arm, seeds: Sequence[int]) -> Setting:
        """The setting that does best in validation with these seeds."""
        merits = self.merits(arm, seeds)
        return self.settings[merits.index(max(merits))]

    def merits(self, arm: Arm, seeds: Sequence[int]) -> list[tuple[float, float]]:
        """How good every setting is in validation, as tuples that order them: by mean final accuracy; equal ones by loss, negated."""

        def merit(table: ArmTable) -> tuple[float, float]:
            accuracy, loss = (table.curves[name][:, -1].mean() for name in ("validation_accuracy", "validation_loss"))
            return float(accuracy), -float(loss)

        return [merit(table) for table in self.read(arm, seeds)]

    def summarise(self, arm: Arm, seeds: Sequence[int], measures: Mapping[str, Measure], marked: Mapping[str, Setting]) -> Sweep:
        """Means of these seeds at every setting, with intervals; ``marked`` are settings that the report speaks of, by name."""
        points = [
            SweepPoint(
                setting=dict(setting),
                measures={name: estimate(measure.of(table, self.rule)) for name, measure in measures.items()},
                diverged=table.diverged,
            )
            for setting, table in zip(self.settings, self.read(arm, seeds), strict=True)
        ]
        return Sweep(arm.factors, points, {name: dict(setting) for name, setting in marked.items()})


def rows_at(frame: pd.DataFrame, seeds: Sequence[int], chosen: Mapping[Arm, Setting]) -> pd.DataFrame:
    """The rows of these seeds that agree with an arm and with the setting chosen for it, arm by arm.

    Factors of an arm that the table has no column for, such as the kind of a setting, become columns.
    """
    of_seeds = frame.loc[np.isin(frame["seed"], list(seeds))]
    parts = []
    for arm, setting in chosen.items():
        wanted = {name: value for name, value in arm.factors.items() if name in frame} | dict(setting)
        matching = np.logical_and.reduce([np.asarray(of_seeds[column]) == value for column, value in wanted.items()])
        parts.append(of_seeds.loc[matching].assign(**{name: value for name, value in arm.factors.items() if name not in frame}))
    return pd.concat(parts, ignore_index=True)
