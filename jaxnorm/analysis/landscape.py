"""What ``jaxnorm.experiments.landscape`` asks of its table: the landscape at equal loss, which arms are set against which, and claim D8."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from jaxnorm.analysis.claims import Comparison, Entry, find_claims
from jaxnorm.analysis.contrasts import of_arms
from jaxnorm.analysis.matching import common_levels, read_at
from jaxnorm.analysis.measures import LANDSCAPE, landscape_measures
from jaxnorm.analysis.plan import ANSWER_MEASURES, Plan
from jaxnorm.analysis.sources import BENEFITS
from jaxnorm.analysis.statistics import mean_interval
from jaxnorm.analysis.summary import Sweep, SweepPoint
from jaxnorm.analysis.table import ArmTable, read_arms
from jaxnorm.analysis.wording import in_place_of
from jaxnorm.stats.arm import Arm
from jaxnorm.experiments.compare.study import CompareArm
from jaxnorm.experiments.landscape.study import LandscapeConfig

LOSS = "probed_loss"
SCALES = ("", "_scaled")
METRICS = tuple(f"log_{quantity}{scale}" for scale in SCALES for quantity in LANDSCAPE)
MATCHED = tuple(f"{quantity}{scale}_matched" for scale in SCALES for quantity in LANDSCAPE)
"""Measures at equal loss."""


@dataclasses.dataclass(frozen=True)
class AtEqualLoss:
    """The landscape of every arm at the same training losses.

    Of the configured levels of loss, those count that every network of every arm passes between the end of the first epoch and that of the
    last; before, a single epoch may change everything. There may be none.
    """

    levels: tuple[float, ...]
    """Descending, in nats."""
    values: dict[Arm, dict[str, np.ndarray]]
    """Arm and metric to one value per network and level, (S, L)."""
    tables: Sequence[ArmTable]
    """What was read; empty where no level counts."""

    def rows(self) -> pd.DataFrame:
        """Tidy rows, ``METRIC_matched``: means over the levels, which stand at the last epoch."""
        parts = [
            pd.DataFrame(
                table.arm.factors
                | {"seed": table.seeds, "epoch": table.epochs, "metric": f"{metric}_matched", "value": values_SL.mean(axis=1)}
            )
            for table in self.tables
            for metric, values_SL in self.values[table.arm].items()
        ]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def sweeps(self) -> list[Sweep]:
        """Means over networks at every level."""
        return [
            Sweep(
                table.arm.factors,
                [
                    SweepPoint(
                        {LOSS: level},
                        {metric: mean_interval(values_SL[:, index]) for metric, values_SL in self.values[table.arm].items()},
                        table.diverged,
                    )
                    for index, level in enumerate(self.levels)
                ],
            )
            for table in self.tables
        ]


def match_losses(config: LandscapeConfig, rows: pd.DataFrame, num_classes: int) -> AtEqualLoss:
    """Read a run's table at equal training loss."""
    tables = read_arms(rows, config.arms, num_classes)
    levels = np.array(sorted(config.loss_levels, reverse=True))
    losses = {table.arm: table.trained(LOSS) for table in tables}
    common = common_levels(levels, list(losses.values()))
    if not common.any():
        return AtEqualLoss((), {}, ())
    values = {
        table.arm: {metric: read_at(levels[common], losses[table.arm], table.trained(metric)).values for metric in METRICS}
        for table in tables
    }
    return AtEqualLoss(tuple(levels[common].tolist()), values, tables)


def describe_levels(config: LandscapeConfig, levels: Sequence[float]) -> list[str]:
    """What was measured, and at which losses networks were compared."""
    steps, fractions = ([f"{step:g}" for step in (min(each), max(each))] for each in (config.steps, config.relative_steps))
    measured = (
        f"Along the gradient: from each network, steps of {steps[0]} to {steps[1]} learning rates times the gradient; in units of the "
        "weights, every kernel is divided by its norm, other parameters stay, and steps go "
        f"{fractions[0]} to {fractions[1]} of the weights' norm far. "
        f"Always the same {config.probe_examples} training examples, statistics of this batch, no noise."
    )
    said = ", ".join(f"{level:g}" for level in levels)
    equal = (
        f"At equal loss: mean over the training losses of these examples that all networks pass after the first epoch ({said} nats), "
        "interpolated between epochs."
        if levels
        else "At equal loss nothing can be compared: no loss level is passed by all networks after the first epoch."
    )
    return [measured, equal]


@dataclasses.dataclass(frozen=True)
class LandscapeDesign:
    """Every norm in the same network, and the losses at which all can be compared."""

    config: LandscapeConfig
    levels: tuple[float, ...]

    @property
    def words(self) -> dict[str, object]:
        """Nothing."""
        return {}

    def arm(self, norm: str) -> CompareArm:
        """The arm of a norm."""
        return CompareArm(norm, self.config.batch_size)


def make_plan(config: LandscapeConfig, levels: tuple[float, ...]) -> Plan:
    """Each norm against the first, and BatchNorm's control against the first and BatchNorm; at equal loss, then at equal epochs."""
    design = LandscapeDesign(config, levels)
    baseline, *others = config.norms
    chosen = [norm for norm in others if norm != "noisy"] or others
    controlled = {baseline, "batch"} if "noisy" not in (baseline, *chosen) and "noisy" in others else set()
    contrasts = {
        **{in_place_of(norm, baseline): [of_arms(design.arm(norm), design.arm(baseline))] for norm in chosen},
        "": [of_arms(design.arm("noisy"), design.arm(norm)) for norm in config.norms if norm in controlled],
    }
    answered = ("smoothness_matched", "smoothness_scaled_matched") if levels else ANSWER_MEASURES
    claims = find_claims(LEDGER, design)
    return Plan(config.arms, contrasts, claims, (*landscape_measures(), *ANSWER_MEASURES), answered, (LOSS, *METRICS))


def _smoother(design: LandscapeDesign) -> list[Comparison]:
    contrast = of_arms(design.arm("batch"), design.arm("none"))
    return [Comparison(contrast, measure, "lower") for measure in MATCHED]


LEDGER: tuple[Entry[LandscapeDesign], ...] = (
    Entry(
        "D8",
        f"{BENEFITS}; Santurkar et al. 2018",
        "BatchNorm smooths the loss: at equal training loss, the range of the loss, the change of the gradient and its change per "
        "distance, all along the gradient, and the sharpness are lower than without a norm, both raw and relative to the weights' norms",
        _smoother,
        lambda design: {"batch", "none"} <= set(design.config.norms) and bool(design.levels),
    ),
)
"""The claim that the landscape decides."""
