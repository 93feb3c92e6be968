"""What ``jaxnorm.experiments.sensitivity`` sets against what, and the claims that this decides. ``rate_grids`` reads the table."""

import dataclasses
import math
from collections.abc import Callable, Sequence

from jaxnorm.analysis.claims import Comparison, Entry, find_claims
from jaxnorm.analysis.contrasts import Contrast, of_arms, of_contrasts, slope
from jaxnorm.analysis.plan import Plan
from jaxnorm.analysis.sources import BENEFITS
from jaxnorm.analysis.summary import Expectation
from jaxnorm.analysis.wording import conjoin, in_place_of, norm_title
from jaxnorm.experiments.sensitivity.study import SensitivityArm, SensitivityConfig

LISTED_MEASURES = (
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
ANSWER_MEASURES = ("largest_stable_rate", "workable_share")


@dataclasses.dataclass(frozen=True)
class SensitivityDesign:
    """Every norm at every depth."""

    config: SensitivityConfig

    @property
    def depths(self) -> list[int]:
        """Ascending."""
        return sorted(self.config.depths)

    @property
    def rivals(self) -> list[str]:
        """The norms whose largest stable rates BatchNorm's is claimed to exceed, as far as the run has them."""
        return [norm for norm in ("none", "layer") if norm in self.config.norms]

    @property
    def words(self) -> dict[str, object]:
        """``rivals``: ``no norm and LayerNorm``; ``where``: ``at depths 2 and 8``; the ends of depths and initial scales."""
        return {
            "rivals": conjoin(norm_title(norm) for norm in self.rivals),
            "where": f"at {'depths' if len(self.depths) > 1 else 'depth'} {conjoin(map(str, self.depths))}",
            "shallow": self.depths[0],
            "deep": self.depths[-1],
            "least": f"{min(self.config.init_scales):g}",
            "most": f"{max(self.config.init_scales):g}",
        }


def make_plan(config: SensitivityConfig) -> Plan:
    """Each norm against the first at every depth, and BatchNorm against LayerNorm, each arm at its best rate and from the shared scale."""
    design = SensitivityDesign(config)
    baseline, *others = config.norms
    pairs = [("batch", "layer")] if {"batch", "layer"} <= set(others) else []
    contrasts = {
        **{in_place_of(norm, baseline): [between_norms(norm, baseline, depth) for depth in design.depths] for norm in others},
        "": [between_norms(*pair, depth) for depth in design.depths for pair in pairs],
    }
    return Plan(config.arms, contrasts, find_claims(LEDGER, design), LISTED_MEASURES, ANSWER_MEASURES)


def between_norms(norm: str, other: str, depth: int) -> Contrast:
    """One norm minus another at the same depth."""
    return of_arms(SensitivityArm(norm, depth), SensitivityArm(other, depth))


def over_depth(design: SensitivityDesign, norm: str) -> Contrast:
    """Change per doubling of depth."""
    arms = [SensitivityArm(norm, depth) for depth in design.depths]
    return slope(arms, [math.log2(depth) for depth in design.depths], f"{norm_title(norm)}, per doubling of depth")


def _larger_rates(design: SensitivityDesign) -> list[Comparison]:
    pairs = [(rival, depth) for depth in design.depths for rival in design.rivals]
    return [Comparison(between_norms("batch", rival, depth), "largest_stable_rate", "higher") for rival, depth in pairs]


def _at_every_depth(expected: Expectation, *measures: str) -> Callable[[SensitivityDesign], list[Comparison]]:
    return lambda design: [
        Comparison(between_norms("batch", "none", depth), measure, expected) for measure in measures for depth in design.depths
    ]


def _benefit_grows(design: SensitivityDesign) -> list[Comparison]:
    label = "(BatchNorm − no norm), per doubling of depth"
    return [Comparison(of_contrasts(over_depth(design, "batch"), over_depth(design, "none"), label), "train_loss", "lower")]


def _has_both(design: SensitivityDesign) -> bool:
    return {"batch", "none"} <= set(design.config.norms)


LEDGER: Sequence[Entry[SensitivityDesign]] = (
    Entry(
        "D2",
        BENEFITS,
        "BatchNorm allows larger learning rates than {rivals}, {where}",
        _larger_rates,
        _has_both,
    ),
    Entry(
        "D3",
        BENEFITS,
        "BatchNorm's final training loss depends less on the initial scale, from {least} to {most}, than that of no norm, and is lower in "
        "the mean over the scales, {where}, each at its best learning rate",
        _at_every_depth("lower", "init_scale_spread", "init_scale_mean"),
        _has_both,
    ),
    Entry(
        "D5",
        BENEFITS,
        "BatchNorm reaches a higher validation accuracy than no norm, {where}, each at its best learning rate",
        _at_every_depth("higher", "validation_accuracy"),
        _has_both,
    ),
    Entry(
        "D7",
        BENEFITS,
        "BatchNorm lowers the training loss of no norm by more the deeper the network, from {shallow} to {deep} layers, each at its best "
        "learning rate",
        _benefit_grows,
        lambda design: _has_both(design) and len(design.depths) > 1,
    ),
)
"""The claims that a grid of learning rates and initial scales can decide. What the learning rate has to do with it is in the differences:
the same measures at the small rate that all share."""
