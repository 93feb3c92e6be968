"""What ``jaxnorm.experiments.regularisation`` asks of its table: which arms are set against which, and the claims that this decides."""

import dataclasses
from collections.abc import Sequence

from jaxnorm.analysis.benefits import benefits
from jaxnorm.analysis.claims import Comparison, Entry, find_claims
from jaxnorm.analysis.contrasts import Contrast, of_arms, of_contrasts
from jaxnorm.analysis.plan import Plan
from jaxnorm.analysis.sources import BENEFITS
from jaxnorm.analysis.trajectories import DECISIVE, MATCHED
from jaxnorm.analysis.wording import conjoin, in_place_of, norm_title
from jaxnorm.experiments.regularisation.study import RegularisationArm, RegularisationConfig

MEASURES = (*MATCHED, "train_loss_area", "validation_loss", "validation_accuracy", "test_accuracy")


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
    def words(self) -> dict[str, object]:
        """``losses``: ``0.3, 0.1 and 0.03``."""
        return {"losses": conjoin(f"{level:g}" for level in self.levels or self.config.matched_losses)}

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


def make_plan(config: RegularisationConfig, levels: Sequence[float]) -> Plan:
    """Each norm against the first, and BatchNorm against LayerNorm, in every order; shuffled batches against fixed ones; frozen statistics
    against those of the batch; and what the order does to each norm beyond what it does to the first.
    """
    design = RegularisationDesign(config, levels)
    usual = {norm: (norm, config.statistics_of(norm)[0]) for norm in config.norms}
    (baseline, reference), *others = usual.items()
    others.sort(key=lambda other: other[0] != "batch")  # of which the question is
    norms = {in_place_of(norm, baseline): [between_kinds(kind, reference, order) for order in config.orders] for norm, kind in others}
    varied = [kind for kind in design.kinds if kind[0] != baseline]
    orders = [between_orders(*kind) for kind in design.kinds] if design.has_both_orders else []
    frozen = [freezing(order) for order in config.orders if {("batch", "live"), ("batch", "frozen")} <= set(design.kinds)]
    beyond = [between_kinds(kind, reference, order) for kind in varied if kind not in usual.values() for order in config.orders]
    beyond += [interaction(kind, reference) for kind in varied] if design.has_both_orders else []
    if {"batch", "layer"} <= set(config.norms[1:]):
        beyond += [between_kinds(usual["batch"], usual["layer"], order) for order in config.orders]
    answered = (DECISIVE if levels else "validation_loss", "test_accuracy")
    contrasts = {
        **norms,
        "new batches in every epoch": orders,
        "the freezing of BatchNorm's statistics": frozen,
        "": beyond,
    }
    curves = ("train_evaluation_loss",)
    return Plan(config.arms, contrasts, find_claims(LEDGER, design), MEASURES, answered, curves)


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
    titles = (norm_title(norm) + (" frozen" if statistics == "frozen" else "") for norm, statistics in (kind, other))
    return of_contrasts(between_orders(*kind), between_orders(*other), f"({' − '.join(titles)}), shuffled instead of fixed batches")


def _usual(design: RegularisationDesign) -> list[Contrast]:
    del design
    return [between_kinds(("batch", "live"), ("none", "live"), "shuffled")]


def _lower_at_equal_loss(design: RegularisationDesign) -> list[Comparison]:
    return [Comparison(contrast, DECISIVE, "lower") for contrast in _usual(design)]


LEDGER: Sequence[Entry[RegularisationDesign]] = (
    *benefits(_usual, "with shuffled batches", lambda design: design.decides_benefits),
    Entry(
        "D6",
        BENEFITS,
        "BatchNorm regularises: with shuffled batches its validation loss is lower than that of no norm at equal training loss (of the "
        "network in evaluation mode, in the mean over {losses} nats)",
        _lower_at_equal_loss,
        lambda design: design.decides_benefits and len(design.levels) > 0,
    ),
)
"""The claims that networks on few examples can decide."""
