"""What ``sensitivity`` sets against what, and the claims that this decides. ``grid`` reads the table."""

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence

from jaxnorm.experiments.measures import MEASURES as COMMON
from jaxnorm.experiments.sensitivity.study import SensitivityArm, SensitivityConfig
from jaxnorm.experiments.sources import BENEFITS
from jaxnorm.stats.claims import Claim, Expectation, Expected, Slot, find_claims
from jaxnorm.stats.contrasts import Contrast, of_arms, of_contrasts, slope
from jaxnorm.stats.measures import Measure
from jaxnorm.stats.plan import ArmsTable, Plan
from jaxnorm.stats.units import DECADES, FRACTION, NATS, Unit

LOGARITHM = Unit("log₁₀", DECADES.difference)
"""Logarithms to base 10, whose differences are decades."""
RATE_MARGIN = 0.3
"""Decades of learning rate below which a difference is negligible: a factor of 2, which is about what a grid of rates tells apart."""
SHARE_MARGIN = 0.02
"""Share of a grid of learning rates and initial scales below which a difference is negligible."""
WORKABLE = "a run is workable that does not diverge and ends at the convergence loss or below"
SHARED = "at the small learning rate that all norms share"

MEASURES = COMMON | {
    "largest_stable_rate": Measure(
        "largest stable learning rate",
        "largest_stable_rate",
        LOGARITHM,
        better="higher",
        margin=RATE_MARGIN,
        definition="the largest at which a seed's run does not diverge and ends near the lowest loss that the seed reaches at any",
    ),
    "workable_decades": Measure(
        "width of the workable learning rates",
        "workable_decades",
        DECADES,
        better="higher",
        margin=RATE_MARGIN,
        definition=f"the range of rates that are workable, as powers of ten, from the shared initial scale; {WORKABLE}",
    ),
    "workable_share": Measure(
        "workable share of learning rates and initial scales",
        "workable_share",
        FRACTION,
        better="higher",
        margin=SHARE_MARGIN,
        definition=f"of all points of the grid; {WORKABLE}",
    ),
    "init_scale_spread": Measure(
        "spread of the final training loss over initial scales",
        "init_scale_spread",
        NATS,
        better="lower",
        definition="standard deviation of a seed's final training losses from all initial scales, at the arm's best learning rate: zero "
        "where all do equally well, or badly",
    ),
    "init_scale_spread_shared": Measure(
        "spread of the final training loss over initial scales, shared rate",
        "init_scale_spread_shared",
        NATS,
        better="lower",
        definition=f"the same {SHARED}",
    ),
    "init_scale_mean": Measure(
        "mean of the final training loss over initial scales",
        "init_scale_mean",
        NATS,
        better="lower",
        definition="of a seed's final training losses from all initial scales, at the arm's best learning rate: high where training fails "
        "from many",
    ),
    "train_loss_shared": Measure(
        "final training loss, shared rate", "train_loss_shared", NATS, better="lower", definition=f"{SHARED}, from the shared initial scale"
    ),
    "validation_accuracy_shared": Measure(
        "final validation accuracy, shared rate",
        "validation_accuracy_shared",
        FRACTION,
        better="higher",
        margin="accuracy",
        definition=f"{SHARED}, from the shared initial scale",
    ),
}
LISTED = (
    "largest_stable_rate",
    "workable_decades",
    "workable_share",
    "init_scale_spread",
    "init_scale_spread_shared",
    "init_scale_mean",
    "train_loss",
    "train_loss_shared",
    "validation_accuracy",
    "validation_accuracy_shared",
)
SHOWN = ("largest_stable_rate", "workable_share", "validation_accuracy")
"""A table of results for each, over depths."""


@dataclasses.dataclass(frozen=True)
class SensitivityDesign:
    """Every norm at every depth."""

    norms: tuple[str, ...]
    depths: tuple[int, ...]
    init_scales: tuple[float, ...]

    @property
    def rivals(self) -> list[str]:
        """The norms whose largest stable rates BatchNorm's is claimed to exceed, as far as the run has them."""
        return [norm for norm in ("none", "layer") if norm in self.norms]

    @property
    def slots(self) -> dict[str, Slot]:
        """The rivals, all depths, and the ends of depths and initial scales."""
        depths = sorted(self.depths)
        return {
            "rivals": [*self.rivals],
            "depths": [*depths],
            "shallow": depths[0],
            "deep": depths[-1],
            "least": min(self.init_scales),
            "most": max(self.init_scales),
        }


def make_plan(config: SensitivityConfig) -> Plan:
    """Each norm against the first at every depth, and BatchNorm against LayerNorm, each arm at its best rate and from the shared scale."""
    design = SensitivityDesign(config.norms, config.depths, config.init_scales)
    baseline, *others = config.norms
    pairs = [(norm, baseline) for norm in others] + ([("batch", "layer")] if {"batch", "layer"} <= set(others) else [])
    return Plan(
        arms=config.arms,
        contrasts=[between_norms(*pair, depth) for pair in pairs for depth in config.depths],
        measures=LISTED,
        claims=find_claims(CLAIMS, design),
        tables=[ArmsTable((measure,), across="depth") for measure in SHOWN],
        definitions=resolved(config.learning_rates, config.init_scales),
    )


def resolved(learning_rates: Sequence[float], init_scales: Sequence[float]) -> dict[str, Measure]:
    """The measures, those read off the grid with its resolution: the longest step between rates, and one point of all."""
    logarithms = [math.log10(rate) for rate in sorted(learning_rates)]
    decades = max(high - low for low, high in itertools.pairwise(logarithms))
    points = len(learning_rates) * len(init_scales)
    steps = {"largest_stable_rate": decades, "workable_decades": decades, "workable_share": 1 / points}
    return MEASURES | {name: dataclasses.replace(MEASURES[name], step=step) for name, step in steps.items()}


def between_norms(norm: str, other: str, depth: int) -> Contrast:
    """One norm minus another at the same depth."""
    return of_arms(SensitivityArm(norm, depth), SensitivityArm(other, depth))


def over_depth(design: SensitivityDesign, norm: str) -> Contrast:
    """What going from the shallowest to the deepest network changes, on a line over the logarithm of the depth."""
    depths = sorted(design.depths)
    return slope([SensitivityArm(norm, depth) for depth in depths], [math.log2(depth) for depth in depths], "depth")


def _larger_rates(design: SensitivityDesign) -> list[Expected]:
    pairs = [(rival, depth) for depth in sorted(design.depths) for rival in design.rivals]
    return [Expected(between_norms("batch", rival, depth), "largest_stable_rate", "higher") for rival, depth in pairs]


def _at_every_depth(expected: Expectation, measure: str) -> Callable[[SensitivityDesign], list[Expected]]:
    return lambda design: [Expected(between_norms("batch", "none", depth), measure, expected) for depth in sorted(design.depths)]


def _benefit_grows(design: SensitivityDesign) -> list[Expected]:
    return [Expected(of_contrasts(over_depth(design, "batch"), over_depth(design, "none")), "train_loss", "lower")]


def _has_both(design: SensitivityDesign) -> bool:
    return {"batch", "none"} <= set(design.norms)


CLAIMS: tuple[Claim[SensitivityDesign], ...] = (
    Claim(
        "D2",
        BENEFITS,
        "BatchNorm allows larger learning rates than {rivals}",
        "BatchNorm allows larger learning rates than {rivals}, at depths {depths}",
        _larger_rates,
        _has_both,
        "learning_rate",
    ),
    Claim(
        "D3a",
        BENEFITS,
        "BatchNorm's loss depends less on the initial scale",
        "BatchNorm's final training loss depends less on the initial scale, from {least} to {most}, than that of no norm, at depths "
        "{depths}, each at its best learning rate",
        _at_every_depth("lower", "init_scale_spread"),
        _has_both,
        "init_scale",
    ),
    Claim(
        "D3b",
        BENEFITS,
        "BatchNorm's loss is lower in the mean over initial scales",
        "BatchNorm's final training loss is lower than that of no norm in the mean over initial scales from {least} to {most}, at depths "
        "{depths}, each at its best learning rate",
        _at_every_depth("lower", "init_scale_mean"),
        _has_both,
        "init_scale",
    ),
    Claim(
        "D5",
        BENEFITS,
        "BatchNorm reaches a higher validation accuracy than no norm",
        "BatchNorm reaches a higher validation accuracy than no norm, at depths {depths}, each at its best learning rate",
        _at_every_depth("higher", "validation_accuracy"),
        _has_both,
        "accuracy",
    ),
    Claim(
        "D7",
        BENEFITS,
        "BatchNorm helps more the deeper the network",
        "BatchNorm lowers the training loss of no norm by more the deeper the network, from {shallow} to {deep} layers, each at its best "
        "learning rate",
        _benefit_grows,
        lambda design: _has_both(design) and len(design.depths) > 1,
        "learning_rate",
    ),
)
"""The claims that a grid of learning rates and initial scales can decide. What the learning rate has to do with it is in the differences:
the same measures at the small rate that all share."""
