"""What ``architectures`` asks of its table: the best learning rates, the arms at these and at the shared rate, what is set against what,
and the claim that this decides.
"""

import dataclasses
from collections.abc import Callable, Mapping

import pandas as pd

from jaxnorm.experiments.architectures.study import ArchitectureArm, ArchitecturesConfig, RateArm
from jaxnorm.experiments.measures import MAIN_MEASURES, MEASURES
from jaxnorm.experiments.sources import AXES
from jaxnorm.stats.arm import Arm
from jaxnorm.stats.claims import Claim, Expected, Slot, find_claims
from jaxnorm.stats.contrasts import Contrast, of_arms, of_contrasts
from jaxnorm.stats.plan import ArmsTable, Plan, long_enough
from jaxnorm.stats.summary import Sweep
from jaxnorm.stats.sweeps import Setting, SweepTable, rows_at

RATES = ("best", "shared")
CONVOLUTIONAL, SEQUENTIAL = "cnn", ("lstm", "gru", "transformer")
SWEPT_MEASURES = {name: MEASURES[name] for name in ("validation_accuracy", "validation_loss", "train_loss", "test_accuracy")}
"""What is summarised at every learning rate."""
TABLES = (("test_accuracy", "best"), ("test_accuracy", "shared"), ("train_loss_area", "best"))
"""Measure and kind of learning rate of each table of results."""

BestRates = Mapping[ArchitectureArm, Setting]


def sweep_table(config: ArchitecturesConfig, frame: pd.DataFrame, num_classes: int) -> SweepTable:
    """The table of a run, every network at one of the learning rates."""
    return SweepTable(frame, [{"learning_rate": rate} for rate in sorted(config.learning_rates)], num_classes, config)


def find_best_rates(config: ArchitecturesConfig, table: SweepTable) -> BestRates:
    """The learning rate of each norm and architecture that does best in validation, on the tuning seeds alone.

    By accuracy, since the claim is about accuracy and a confident network's loss rises while its accuracy does; see ``SweepTable.best``.
    """
    return {arm: table.best(arm, config.tuning_seed_numbers) for arm in config.arms}


def summarise_sweeps(config: ArchitecturesConfig, table: SweepTable, best: BestRates) -> list[Sweep]:
    """What the reported seeds did at every learning rate."""
    shared = shared_rate(config)
    return [table.summarise(arm, config.seed_numbers, SWEPT_MEASURES, {"best": best[arm], "shared": shared}) for arm in config.arms]


def shared_rate(config: ArchitecturesConfig) -> Setting:
    """The learning rate at which all are compared besides their best."""
    return {"learning_rate": config.learning_rate}


def rate_arms(config: ArchitecturesConfig) -> list[RateArm]:
    """Every norm in every architecture at its best and at the shared rate."""
    return [RateArm(arm.norm, arm.model, rate) for rate in RATES for arm in config.arms]


def find_origins(config: ArchitecturesConfig, best: BestRates) -> dict[Arm, tuple[Arm, Setting]]:
    """Of each arm that is compared: the arm that it was trained in, and its learning rate."""
    compiled = {arm: ArchitectureArm(arm.norm, arm.model) for arm in rate_arms(config)}
    return {arm: (own, best[own] if arm.rate == "best" else shared_rate(config)) for arm, own in compiled.items()}


def rows_at_rates(config: ArchitecturesConfig, frame: pd.DataFrame, best: BestRates) -> pd.DataFrame:
    """The reported seeds' rows at the two rates of each norm and architecture; the new column ``rate`` says at which."""
    return rows_at(frame, config.seed_numbers, {arm: setting for arm, (_, setting) in find_origins(config, best).items()})


@dataclasses.dataclass(frozen=True)
class ArchitecturesDesign:
    """Every norm in every architecture, at its best and at the shared learning rate."""

    norms: tuple[str, ...]
    models: tuple[str, ...]

    @property
    def sequential(self) -> list[str]:
        """The architectures that read sequences."""
        return [model for model in self.models if model in SEQUENTIAL]

    @property
    def slots(self) -> dict[str, Slot]:
        """The architectures that the CNN is set against."""
        return {"others": [*self.sequential]}


def make_plan(config: ArchitecturesConfig, best: BestRates) -> Plan:
    """Each norm against the first in every architecture at both rates, each arm's best rate against the shared one, and the interactions.

    An arm whose best rate is the shared one has nothing to set against itself.
    """
    design = ArchitecturesDesign(config.norms, config.models)
    baseline, *others = config.norms
    norms = [between_norms(norm, baseline, model, rate) for rate in RATES for norm in others for model in config.models]
    tuning = [between_rates(arm) for arm in config.arms if best[arm] != shared_rate(config)]
    interactions = [interaction(model, rate) for rate in RATES for model in design.sequential] if _decides_c2(design) else []
    return Plan(
        arms=rate_arms(config),
        contrasts=[*norms, *tuning, *interactions],
        measures=long_enough(MAIN_MEASURES, MEASURES, config.epochs),
        claims=find_claims(CLAIMS, design),
        tables=[ArmsTable((measure,), across="model", where={"rate": rate}) for measure, rate in TABLES],
        definitions=MEASURES,
    )


def between_norms(norm: str, other: str, model: str, rate: str) -> Contrast:
    """One norm minus another in the same architecture."""
    return of_arms(RateArm(norm, model, rate), RateArm(other, model, rate))


def between_rates(arm: ArchitectureArm) -> Contrast:
    """A norm in an architecture at its best rate minus the same at the shared rate."""
    return of_arms(RateArm(arm.norm, arm.model, "best"), RateArm(arm.norm, arm.model, "shared"))


def interaction(model: str, rate: str) -> Contrast:
    """BatchNorm's advantage over LayerNorm in the CNN, minus that in another architecture."""
    return of_contrasts(between_norms("batch", "layer", CONVOLUTIONAL, rate), between_norms("batch", "layer", model, rate))


def _decides_c2(design: ArchitecturesDesign) -> bool:
    return {"batch", "layer"} <= set(design.norms) and CONVOLUTIONAL in design.models and bool(design.sequential)


def _at_best_rates(measure: str) -> Callable[[ArchitecturesDesign], list[Expected]]:
    return lambda design: [Expected(interaction(model, "best"), measure, "higher") for model in design.sequential]


CLAIMS: tuple[Claim[ArchitecturesDesign], ...] = (
    Claim(
        "C2",
        AXES,
        "BatchNorm suits the CNN better than the {others}",
        "the usual advice is BatchNorm for CNNs and LayerNorm for recurrent networks and Transformers: BatchNorm's advantage over "
        "LayerNorm in test accuracy is greater in the CNN than in the {others}, each at its best learning rate",
        _at_best_rates("test_accuracy"),
        _decides_c2,
        "accuracy",
    ),
)
"""The claim that several architectures can decide."""
