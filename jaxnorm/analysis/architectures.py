"""What ``jaxnorm.experiments.architectures`` asks of its table: the best learning rates, the arms at these and at the shared rate, what is
set against what, and the claim that this decides.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from jaxnorm.analysis.claims import Comparison, Entry, find_claims
from jaxnorm.analysis.contrasts import Contrast, of_arms, of_contrasts
from jaxnorm.analysis.plan import ANSWER_MEASURES, Plan
from jaxnorm.analysis.summary import Sweep
from jaxnorm.analysis.sweeps import SweepTable, rows_at
from jaxnorm.analysis.wording import conjoin, in_place_of, norm_title, value_title
from jaxnorm.experiments.architectures.study import ArchitectureArm, ArchitecturesConfig, RateArm

RATES = ("best", "shared")
WHERE = {"best": "best rates", "shared": "shared rate"}
"""Kinds of learning rates, as the labels of differences name them."""
CONVOLUTIONAL, SEQUENTIAL = "cnn", ("lstm", "gru", "transformer")
SWEPT_MEASURES = ("validation_accuracy", "validation_loss", "train_loss", "test_accuracy")
"""What is summarised at every learning rate."""

BestRates = Mapping[ArchitectureArm, float]


def sweep_table(config: ArchitecturesConfig, frame: pd.DataFrame, num_classes: int) -> SweepTable:
    """The table of a run, every network at one of the learning rates."""
    return SweepTable(frame, [{"learning_rate": rate} for rate in sorted(config.learning_rates)], num_classes, config)


def find_best_rates(config: ArchitecturesConfig, table: SweepTable) -> BestRates:
    """The learning rate of each norm and architecture that does best in validation, on the tuning seeds alone.

    By accuracy, since the claims are about accuracy and a confident network's loss rises while its accuracy does; see ``SweepTable.best``.
    """
    return {arm: table.best(arm, config.tuning_seed_numbers)["learning_rate"] for arm in config.arms}


def summarise_sweeps(config: ArchitecturesConfig, table: SweepTable, best: BestRates) -> list[Sweep]:
    """What the reported seeds did at every learning rate."""
    shared = {"learning_rate": config.learning_rate}
    marked = {arm: {"best": {"learning_rate": best[arm]}, "shared": shared} for arm in config.arms}
    return [table.summarise(arm, config.seed_numbers, SWEPT_MEASURES, marked[arm]) for arm in config.arms]


def rate_arms(config: ArchitecturesConfig) -> list[RateArm]:
    """Every norm in every architecture at its best and at the shared rate."""
    return [RateArm(arm.norm, arm.model, rate) for rate in RATES for arm in config.arms]


def rows_at_rates(config: ArchitecturesConfig, frame: pd.DataFrame, best: BestRates) -> pd.DataFrame:
    """The reported seeds' rows at the two rates of each norm and architecture; the new column ``rate`` says at which."""
    chosen = {arm: best[compiled(arm)] if arm.rate == "best" else config.learning_rate for arm in rate_arms(config)}
    return rows_at(frame, config.seed_numbers, {arm: {"learning_rate": value} for arm, value in chosen.items()})


def compiled(arm: RateArm) -> ArchitectureArm:
    """The arm that it was trained in."""
    return ArchitectureArm(arm.norm, arm.model)


def describe_rates(config: ArchitecturesConfig, best: BestRates) -> list[str]:
    """The best rates, a sentence per architecture."""
    seeds = config.tuning_seed_numbers
    how = f"by mean validation accuracy of {len(seeds)} tuning networks each (seeds {seeds.start} to {seeds.stop - 1}, not reported)"
    ends = (min(config.learning_rates), max(config.learning_rates))

    def said(arm: ArchitectureArm) -> str:
        return f"{norm_title(arm.norm)} {best[arm]:g}{', an end of the grid' if best[arm] in ends else ''}"

    grid = ", ".join(f"{rate:g}" for rate in sorted(config.learning_rates))
    chosen = ((model, [said(arm) for arm in config.arms if arm.model == model]) for model in config.models)
    sentences = [f"Best learning rates, {value_title('model', model)}: {'; '.join(each)}." for model, each in chosen]
    return [f"The best learning rate of each norm in each architecture is chosen among {grid}, {how}.", *sentences]


@dataclasses.dataclass(frozen=True)
class ArchitecturesDesign:
    """Every norm in every architecture, at its best and at the shared learning rate."""

    config: ArchitecturesConfig

    @property
    def sequential(self) -> list[str]:
        """The architectures that read sequences."""
        return [model for model in self.config.models if model in SEQUENTIAL]

    @property
    def words(self) -> dict[str, object]:
        """``others``: ``the LSTM and the Transformer``; ``the LSTM, the GRU and the Transformer``."""
        return {"others": conjoin(f"the {value_title('model', model)}" for model in self.sequential)}


def make_plan(config: ArchitecturesConfig, best: BestRates) -> Plan:
    """Each norm against the first in every architecture at both rates, each arm's best rate against the shared one, and the interactions.

    An arm whose best rate is the shared one has nothing to set against itself.
    """
    design = ArchitecturesDesign(config)
    baseline, *others = config.norms
    norms = {in_place_of(norm, baseline): [between_norms(norm, baseline, model, "best") for model in config.models] for norm in others}
    shared = [between_norms(norm, baseline, model, "shared") for model in config.models for norm in others]
    tuning = [between_rates(arm) for arm in config.arms if best[arm] != config.learning_rate]
    interactions = [interaction(model, rate) for rate in RATES for model in design.sequential] if _decides_c2(design) else []
    contrasts = {**norms, "": [*shared, *tuning, *interactions]}
    return Plan(rate_arms(config), contrasts, find_claims(LEDGER, design), ("test_accuracy", "train_loss_area"), ANSWER_MEASURES)


def between_norms(norm: str, other: str, model: str, rate: str) -> Contrast:
    """One norm minus another in the same architecture."""
    where = value_title("model", model)
    label = f"{where}, {WHERE[rate]}: {norm_title(norm)} − {norm_title(other)}"
    return dataclasses.replace(of_arms(RateArm(norm, model, rate), RateArm(other, model, rate)), label=label, where=where)


def between_rates(arm: ArchitectureArm) -> Contrast:
    """A norm in an architecture at its best rate minus the same at the shared rate."""
    label = f"{value_title('model', arm.model)}, {norm_title(arm.norm)}: best instead of shared rate"
    return dataclasses.replace(of_arms(RateArm(arm.norm, arm.model, "best"), RateArm(arm.norm, arm.model, "shared")), label=label)


def interaction(model: str, rate: str) -> Contrast:
    """BatchNorm's advantage over LayerNorm in the CNN, minus that in another architecture."""
    in_cnn, elsewhere = (between_norms("batch", "layer", each, rate) for each in (CONVOLUTIONAL, model))
    return of_contrasts(in_cnn, elsewhere, f"(BatchNorm − LayerNorm), CNN instead of {value_title('model', model)}, {WHERE[rate]}")


def _decides_c2(design: ArchitecturesDesign) -> bool:
    return {"batch", "layer"} <= set(design.config.norms) and CONVOLUTIONAL in design.config.models and bool(design.sequential)


def _at_best_rates(measure: str) -> Callable[[ArchitecturesDesign], list[Comparison]]:
    return lambda design: [Comparison(interaction(model, "best"), measure, "higher") for model in design.sequential]


LEDGER: Sequence[Entry[ArchitecturesDesign]] = (
    Entry(
        "C2",
        "the usual advice: BatchNorm for CNNs, LayerNorm for recurrent networks and Transformers",
        "BatchNorm's advantage over LayerNorm in test accuracy is greater in the CNN than in {others}, each at its best learning rate",
        _at_best_rates("test_accuracy"),
        _decides_c2,
    ),
)
"""The claim that several architectures can decide."""
