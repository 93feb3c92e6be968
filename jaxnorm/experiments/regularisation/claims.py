"""What ``regularisation`` asks of its table: validation losses at equal training loss, and what the noise of batches does to them."""

import dataclasses
from collections.abc import Mapping, Sequence

import pandas as pd

from jaxnorm.experiments.benefits import benefits
from jaxnorm.experiments.measures import MEASURES as COMMON
from jaxnorm.experiments.regularisation.study import RegularisationArm, RegularisationConfig
from jaxnorm.experiments.sources import BENEFITS
from jaxnorm.stats.claims import Claim, Expected, Slot, find_claims
from jaxnorm.stats.contrasts import Contrast, of_arms, of_contrasts
from jaxnorm.stats.matching import AtEqualLoss, match
from jaxnorm.stats.measures import Measure
from jaxnorm.stats.plan import ArmsTable, Plan
from jaxnorm.stats.table import read_arms
from jaxnorm.stats.units import NATS

EVALUATED, REPORTED = "train_evaluation_loss", "train_loss"
DECISIVE, BY_UPDATES = "validation_loss_at_matched_loss", "validation_loss_at_matched_update_loss"
MATCHED = {
    DECISIVE: Measure(
        "validation loss at equal training loss",
        DECISIVE,
        NATS,
        better="lower",
        definition="where the loss on the whole training set, in evaluation mode after each epoch, first comes down to a level, between "
        "epochs linear in the logarithm of the training loss; mean over the levels that all runs pass",
    ),
    BY_UPDATES: Measure(
        "validation loss at equal mean loss of the updates",
        BY_UPDATES,
        NATS,
        better="lower",
        definition="the same at levels of the training loss over an epoch's updates, in training mode",
    ),
}
"""The first decides: its training loss is that of the network that validation sees. The other is what training reports: it lags behind,
and with batch statistics it includes their noise, so that BatchNorm is further on than another norm of the same reported loss."""
MEASURES = COMMON | MATCHED
AFTER_EPOCHS = ("train_loss_area", "validation_loss", "validation_accuracy", "test_accuracy")


def match_losses(config: RegularisationConfig, rows: pd.DataFrame, num_classes: int) -> dict[str, AtEqualLoss]:
    """A run's table at equal training loss, of both kinds: by measure."""
    tables = read_arms(rows, config.arms, num_classes)
    losses = {DECISIVE: EVALUATED, BY_UPDATES: REPORTED}
    return {name: match(tables, loss, {name: "validation_loss"}, config.matched_losses) for name, loss in losses.items()}


@dataclasses.dataclass(frozen=True)
class RegularisationDesign:
    """Every norm in every order, BatchNorm with live and with frozen statistics."""

    config: RegularisationConfig
    levels: Sequence[float]
    """Training losses, in nats, that all networks pass."""

    @property
    def epochs(self) -> int:
        """Passes over the training set."""
        return self.config.epochs

    @property
    def slots(self) -> dict[str, Slot]:
        """The losses at which networks are compared."""
        return {"losses": [*self.levels]}

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """Norm and statistics of all arms."""
        return list(dict.fromkeys((arm.norm, arm.statistics) for arm in self.config.arms))

    @property
    def has_both_orders(self) -> bool:
        """Whether batches are shuffled and fixed."""
        return {"shuffled", "fixed"} <= set(self.config.orders)

    @property
    def decides_benefits(self) -> bool:
        """Whether BatchNorm and no norm train as they usually do: batches shuffled, statistics of the batch."""
        usual = {RegularisationArm(norm, "shuffled", "live") for norm in ("batch", "none")}
        return usual <= set(self.config.arms)


def make_plan(config: RegularisationConfig, levels: Mapping[str, Sequence[float]]) -> Plan:
    """Each norm against the first, and BatchNorm against LayerNorm, in every order; shuffled batches against fixed ones; frozen statistics
    against those of the batch; and what the order does to each norm beyond what it does to the first.

    ``levels``: measure at equal loss to the losses that all runs pass; where there is none, a run lacks the measure.
    """
    design = RegularisationDesign(config, levels[DECISIVE])
    (baseline, *_), kinds = design.kinds, design.kinds
    varied = [kind for kind in kinds if kind[0] != baseline[0]]
    norms = [between_kinds(kind, baseline, order) for kind in varied for order in config.orders]
    if {"batch", "layer"} <= set(config.norms[1:]):
        usual = ("batch", config.statistics_of("batch")[0])
        norms += [between_kinds(usual, ("layer", "live"), order) for order in config.orders]
    orders = [*(between_orders(*kind) for kind in kinds), *(interaction(kind, baseline) for kind in varied)]
    frozen = [freezing(order) for order in config.orders if {("batch", "live"), ("batch", "frozen")} <= set(kinds)]
    return Plan(
        arms=config.arms,
        contrasts=[*norms, *(orders if design.has_both_orders else []), *frozen],
        measures=(*(name for name in MATCHED if levels[name]), *AFTER_EPOCHS),
        claims=find_claims(CLAIMS, design),
        tables=[ArmsTable((name,), across="order") for name in (DECISIVE if design.levels else "validation_loss", "test_accuracy")],
        definitions=MEASURES,
        curves=(EVALUATED, "validation_loss", "validation_accuracy"),
    )


def between_kinds(kind: tuple[str, str], other: tuple[str, str], order: str) -> Contrast:
    """One norm with its statistics minus another, in the same order."""
    return of_arms(*(RegularisationArm(norm, order, statistics) for norm, statistics in (kind, other)))


def between_orders(norm: str, statistics: str) -> Contrast:
    """New batches every epoch minus the same ones."""
    return of_arms(*(RegularisationArm(norm, order, statistics) for order in ("shuffled", "fixed")))


def freezing(order: str) -> Contrast:
    """BatchNorm with frozen statistics minus the same with live ones."""
    return of_arms(*(RegularisationArm("batch", order, statistics) for statistics in ("frozen", "live")))


def interaction(kind: tuple[str, str], other: tuple[str, str]) -> Contrast:
    """What shuffling does to one norm, beyond what it does to another: the part that fresh companions in the batch have in it."""
    return of_contrasts(between_orders(*kind), between_orders(*other))


def _usual(design: RegularisationDesign) -> list[Contrast]:
    del design
    return [between_kinds(("batch", "live"), ("none", "live"), "shuffled")]


CLAIMS: tuple[Claim[RegularisationDesign], ...] = (
    *benefits(_usual, "with shuffled batches", lambda design: design.decides_benefits),
    Claim(
        "D6",
        BENEFITS,
        "BatchNorm regularises: lower validation loss at equal training loss",
        "BatchNorm regularises: with shuffled batches its validation loss is lower than that of no norm at equal training loss (of the "
        "network in evaluation mode, in the mean over {losses} nats)",
        lambda design: [Expected(contrast, DECISIVE, "lower") for contrast in _usual(design)],
        lambda design: design.decides_benefits and len(design.levels) > 0,
        "trajectories",
    ),
)
"""The claims that networks on few examples can decide."""
