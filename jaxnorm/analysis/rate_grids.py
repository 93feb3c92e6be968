"""The table of ``jaxnorm.experiments.sensitivity``: networks at every learning rate from every initial scale. It gives the best learning
rates, the numbers per seed that only the whole grid tells, the rows that are set against each other, and the notes of the report.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from jaxnorm.analysis.measures import measure_arm
from jaxnorm.analysis.regions import Region, largest, width
from jaxnorm.analysis.summary import Sweep
from jaxnorm.analysis.sweeps import Setting, SweepTable, rows_at
from jaxnorm.analysis.wording import count, norm_title
from jaxnorm.stats.arm import Arm
from jaxnorm.experiments.sensitivity.study import SensitivityArm, SensitivityConfig

SWEPT_MEASURES = ("train_loss", "validation_accuracy")
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
        loss = np.stack([measure_arm("train_loss", table, self.config) for table in tables], axis=1)
        diverged = np.stack([np.isin(table.seeds, table.diverged) for table in tables], axis=1)
        return Region(np.asarray(self.rates), loss.reshape(shape), diverged.reshape(shape))

    def sweeps(self, best: BestRates) -> list[Sweep]:
        """What the reported seeds did at every point."""
        table = self.at(self.rates, self.scales)
        shared = _setting(self.config.learning_rate, self.config.init_scale)
        marked = {arm: {"best": _setting(best[arm], self.config.init_scale), "shared": shared} for arm in self.config.arms}
        return [table.summarise(arm, self.config.seed_numbers, SWEPT_MEASURES, marked[arm]) for arm in self.config.arms]

    def rows(self, best: BestRates, regions: Regions) -> pd.DataFrame:
        """The reported seeds' rows at each arm's best rate and the shared scale, and after the last epoch the numbers of the whole grid."""
        chosen: dict[Arm, Setting] = {arm: _setting(best[arm], self.config.init_scale) for arm in self.config.arms}
        parts = [rows_at(self.frame, self.config.seed_numbers, chosen)]
        for arm in self.config.arms:
            parts += self._derived(arm, best[arm], regions[arm])
        return pd.concat(parts, ignore_index=True)

    def _derived(self, arm: SensitivityArm, best: float, region: Region) -> list[pd.DataFrame]:
        (shared,) = self.at([self.config.learning_rate], [self.config.init_scale]).read(arm, self.config.seed_numbers)
        accuracy = measure_arm("validation_accuracy", shared, self.config)
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
        config, middle = self.config, self.scales.index(self.config.init_scale)
        workable = region.workable(config.convergence_loss)
        at_best, at_shared = (region.losses[:, self.rates.index(rate)] for rate in (best, config.learning_rate))  # (S, C)
        return {
            "largest_stable_rate": largest(region.rates, self.stable(region)),
            "workable_decades": width(region.rates, workable[..., middle]),
            "workable_share": workable.mean(axis=(1, 2)),
            "init_scale_spread": at_best.std(axis=1),
            "init_scale_spread_shared": at_shared.std(axis=1),
            "init_scale_mean": at_best.mean(axis=1),
            "train_loss_shared": at_shared[:, middle],
        }

    def stable(self, region: Region) -> np.ndarray:
        """Which rates are stable for each seed from the shared scale, (S, R)."""
        return region.stable(self.config.loss_tolerance, self.config.loss_margin)[..., self.scales.index(self.config.init_scale)]

    def notes(self, best: BestRates, regions: Regions) -> list[str]:
        """How the best rates were chosen; then, depth by depth, best and largest rates, and what diverged."""
        seeds, grid = self.config.tuning_seed_numbers, ", ".join(f"{rate:g}" for rate in self.rates)
        how = f"by mean validation accuracy of {len(seeds)} tuning networks each (seeds {seeds.start} to {seeds.stop - 1}, not reported)"
        chosen = f"The best learning rate of each arm is chosen among {grid}, from initial scale {self.config.init_scale:g}, {how}."
        return [chosen, *(note for depth in self.config.depths for note in self._notes_at(depth, best, regions))]

    def _notes_at(self, depth: int, best: BestRates, regions: Regions) -> list[str]:
        arms = [arm for arm in self.config.arms if arm.depth == depth]
        kinds = {
            "Best learning rates": {arm: self._best_in_words(best[arm]) for arm in arms},
            "Largest stable learning rates, geometric means": {arm: self._largest_in_words(regions[arm]) for arm in arms},
            f"Largest learning rates at which no network diverged and the mean loss is within {100 * self.config.loss_margin:g} % of the "
            "lowest": {arm: self._always_in_words(regions[arm]) for arm in arms},
            "Diverged on the whole grid": {arm: f"{regions[arm].diverged.mean():.1%}".replace("%", " %") for arm in arms},
        }
        return [
            f"{kind}, depth {depth}: {'; '.join(f'{norm_title(arm.norm)} {said}' for arm, said in words.items())}."
            for kind, words in kinds.items()
        ]

    def _best_in_words(self, rate: float) -> str:
        return f"{rate:g}{', an end of the grid' if rate in (self.rates[0], self.rates[-1]) else ''}"

    def _largest_in_words(self, region: Region) -> str:
        logs_S = largest(region.rates, self.stable(region))
        ends = int((logs_S == np.log10(self.rates[-1])).sum())
        none = int((logs_S < np.log10(self.rates[0])).sum())
        beyond = [f"{ends} of {count(len(logs_S), 'network')} at the end of the grid"] if ends else []
        beyond += [f"{none} stable nowhere on it"] if none else []
        return f"{10 ** logs_S.mean():.3g}" + (f" ({', '.join(beyond)})" if beyond else "")

    def _always_in_words(self, region: Region) -> str:
        middle = self.scales.index(self.config.init_scale)
        always_R = region.always_stable(self.config.loss_margin)[:, middle]
        if not always_R.any():
            return "none"
        return self._best_in_words(self.rates[int(np.flatnonzero(always_R)[-1])])


def _setting(rate: float, scale: float) -> Setting:
    return {"learning_rate": rate, "init_scale": scale}
