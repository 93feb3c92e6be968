"""The table of ``sensitivity``: networks at every learning rate from every initial scale. It gives the best learning rates, the numbers
per seed that only the whole grid tells, and the rows that are set against each other.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from jaxnorm.experiments.measures import MEASURES
from jaxnorm.experiments.sensitivity.regions import Region, largest, width
from jaxnorm.experiments.sensitivity.study import SensitivityArm, SensitivityConfig
from jaxnorm.stats.arm import Arm
from jaxnorm.stats.summary import Sweep
from jaxnorm.stats.sweeps import Setting, SweepTable, rows_at

SWEPT_MEASURES = {name: MEASURES[name] for name in ("train_loss", "validation_accuracy")}
"""What is summarised at every point of the grid."""

BestRates = Mapping[SensitivityArm, float]
Regions = Mapping[SensitivityArm, Region]


@dataclasses.dataclass(frozen=True)
class RateGrid:
    """A run's tidy table. Reported seeds stand at every point of the grid, tuning seeds at every rate from one scale."""

    config: SensitivityConfig
    frame: pd.DataFrame
    num_classes: int

    @property
    def rates(self) -> list[float]:
        """Ascending."""
        return sorted(self.config.learning_rates)

    @property
    def scales(self) -> list[float]:
        """Ascending."""
        return sorted(self.config.init_scales)

    @property
    def middle(self) -> int:
        """Where among the scales the shared one is."""
        return self.scales.index(self.config.init_scale)

    def at(self, rates: Sequence[float], scales: Sequence[float]) -> SweepTable:
        """These points of the grid, rate by rate."""
        settings = [_setting(rate, scale) for rate in rates for scale in scales]
        return SweepTable(self.frame, settings, self.num_classes, self.config)

    def best_rates(self) -> BestRates:
        """The rate of each arm that does best in validation, from the shared scale, on the tuning seeds alone (``SweepTable.best``)."""
        table = self.at(self.rates, [self.config.init_scale])
        return {arm: table.best(arm, self.config.tuning_seed_numbers)["learning_rate"] for arm in self.config.arms}

    def regions(self) -> Regions:
        """Final training losses of the reported seeds, and which diverged."""
        return {arm: self._region(arm) for arm in self.config.arms}

    def _region(self, arm: SensitivityArm) -> Region:
        tables = self.at(self.rates, self.scales).read(arm, self.config.seed_numbers)
        shape = (-1, len(self.rates), len(self.scales))
        loss = np.stack([MEASURES["train_loss"].of(table, self.config) for table in tables], axis=1)
        diverged = np.stack([np.isin(table.seeds, table.diverged) for table in tables], axis=1)
        return Region(np.asarray(self.rates), loss.reshape(shape), diverged.reshape(shape))

    def sweeps(self, best: BestRates, regions: Regions) -> list[Sweep]:
        """What the reported seeds did at every point."""
        table = self.at(self.rates, self.scales)
        return [table.summarise(arm, self.config.seed_numbers, SWEPT_MEASURES, self._marked(best[arm], regions[arm])) for arm in best]

    def _marked(self, best: float, region: Region) -> dict[str, Setting]:
        """The best and the shared rate, and the largest that is stable for all seeds together (``Region.always_stable``), if one is."""
        always = np.flatnonzero(region.always_stable(self.config.loss_margin)[:, self.middle])
        rates = {"best": best, "shared": self.config.learning_rate}
        rates |= {"always_stable": self.rates[always[-1]]} if len(always) else {}
        return {name: _setting(rate, self.config.init_scale) for name, rate in rates.items()}

    def rows(self, best: BestRates, regions: Regions) -> pd.DataFrame:
        """The reported seeds' rows at each arm's best rate and the shared scale, and after the last epoch the numbers of the whole grid."""
        chosen: dict[Arm, Setting] = {arm: _setting(best[arm], self.config.init_scale) for arm in self.config.arms}
        parts = [rows_at(self.frame, self.config.seed_numbers, chosen)]
        for arm in self.config.arms:
            parts += self._derived(arm, best[arm], regions[arm])
        return pd.concat(parts, ignore_index=True)

    def _derived(self, arm: SensitivityArm, best: float, region: Region) -> list[pd.DataFrame]:
        (shared,) = self.at([self.config.learning_rate], [self.config.init_scale]).read(arm, self.config.seed_numbers)
        accuracy = MEASURES["validation_accuracy"].of(shared, self.config)
        metrics = self.numbers(best, region) | {"validation_accuracy_shared": accuracy}
        common = {**arm.factors, **_setting(best, self.config.init_scale), "seed": shared.seeds, "epoch": shared.epochs}
        return [pd.DataFrame(common | {"metric": name, "value": values}) for name, values in metrics.items()]

    def numbers(self, best: float, region: Region) -> dict[str, np.ndarray]:
        """What the whole grid tells of each seed, (S,).

        * ``largest_stable_rate``: logarithm to base 10 of the largest rate at which the seed ends near the lowest loss that it reaches at
          any rate (``Region.stable``), from the shared scale.
        * ``workable_decades``: decades of rates at which it ends at the convergence loss or below, from the shared scale.
        * ``workable_share``: share of all points of the grid at which it does.
        * ``init_scale_spread``: standard deviation of its final training loss over the initial scales, at the arm's best rate; and
          ``init_scale_spread_shared``, at the shared rate. It is small where all scales do well, and where all do badly.
        * ``init_scale_mean``: mean of its final training loss over the initial scales, at the arm's best rate.
        * ``train_loss_shared``: its final training loss at the shared rate, from the shared scale.
        """
        config = self.config
        stable = region.stable(config.loss_tolerance, config.loss_margin)
        workable = region.workable(config.convergence_loss)
        at_best, at_shared = (region.losses[:, self.rates.index(rate)] for rate in (best, config.learning_rate))  # (S, C)
        return {
            "largest_stable_rate": largest(region.rates, stable[..., self.middle]),
            "workable_decades": width(region.rates, workable[..., self.middle]),
            "workable_share": workable.mean(axis=(1, 2)),
            "init_scale_spread": at_best.std(axis=1),
            "init_scale_spread_shared": at_shared.std(axis=1),
            "init_scale_mean": at_best.mean(axis=1),
            "train_loss_shared": at_shared[:, self.middle],
        }


def _setting(rate: float, scale: float) -> Setting:
    return {"learning_rate": rate, "init_scale": scale}
