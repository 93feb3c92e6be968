"""What ``depth`` asks of its table: which arms are set against which, and the claims that this decides."""

import dataclasses
import math
from collections.abc import Callable, Sequence

from jaxnorm.experiments.depth.study import DepthArm, DepthConfig
from jaxnorm.experiments.measures import MEASURES as COMMON
from jaxnorm.experiments.sources import ADD_NORM, BENEFITS, BEYOND
from jaxnorm.stats.claims import Claim, Expected, Slot, find_claims
from jaxnorm.stats.contrasts import Contrast, of_arms, of_contrasts, slope
from jaxnorm.stats.measures import Measure, area
from jaxnorm.stats.plan import ArmsTable, Plan
from jaxnorm.stats.units import DECADES, RATIO

UNEVENNESS = "how far apart the gradient norms of the second block and the last are, in powers of ten: zero where they are equal"
MEASURES = COMMON | {
    "gradient_unevenness_at_start": Measure(
        "unevenness of gradients before training", "gradient_unevenness", DECADES, epoch=0, definition=UNEVENNESS
    ),
    "gradient_unevenness_area": Measure(
        "mean unevenness of gradients", "gradient_unevenness", DECADES, area, definition=f"{UNEVENNESS}; mean over epochs"
    ),
    "gradient_growth_at_start": Measure(
        "growth of the gradient per block before training",
        "gradient_growth",
        RATIO,
        epoch=0,
        definition="factor by which the gradient's norm grows per block on its way back from the last",
    ),
    "similarity_at_start": Measure(
        "similarity of two inputs in the last block before training",
        "similarity_last",
        RATIO,
        better="lower",
        epoch=0,
        definition="mean cosine of the angle between what the last block makes of two inputs: at 1 it no longer tells them apart",
    ),
}

RESIDUAL_PLACEMENTS = ("post", "pre", "sandwich")
LISTED = ("train_loss", "test_accuracy", "gradient_unevenness_at_start")
SHOWN = ("train_loss", "test_accuracy", "gradient_growth_at_start", "gradient_unevenness_at_start")
"""The columns of the table of results."""


@dataclasses.dataclass(frozen=True)
class DepthDesign:
    """Every norm at every place, depth and warm-up, of one model."""

    config: DepthConfig

    @property
    def depths(self) -> tuple[int, ...]:
        """Ascending."""
        return tuple(sorted(self.config.depths))

    @property
    def warmups(self) -> tuple[int, int]:
        """Fewest and most updates of warm-up."""
        return min(self.config.warmup_steps), max(self.config.warmup_steps)

    @property
    def slots(self) -> dict[str, Slot]:
        """Shallowest and deepest network, and the longest warm-up."""
        return {"shallow": self.depths[0], "deep": self.depths[-1], "warmup": self.warmups[1]}

    def arm(self, norm: str, placement: str, depth: int | None = None, warmup_steps: int | None = None) -> DepthArm:
        """An arm, as deep as the run has and with the fewest updates of warm-up, unless told."""
        steps = self.warmups[0] if warmup_steps is None else warmup_steps
        return DepthArm(norm, placement, self.depths[-1] if depth is None else depth, steps)

    def placements(self, norm: str) -> list[str]:
        """Where a norm stands."""
        return list(dict.fromkeys(arm.placement for arm in self.config.arms if arm.norm == norm))

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """Norm and placement of all arms."""
        return [(norm, placement) for norm in self.config.norms for placement in self.placements(norm)]

    def partner(self, norm: str, placement: str) -> str:
        """Where a norm stands in the same kind of block: without a norm, all residual blocks are of one kind. Empty where nowhere."""
        own = self.placements(norm)
        return placement if placement in own else "none" if placement in RESIDUAL_PLACEMENTS and "none" in own else ""


def make_plan(config: DepthConfig) -> Plan:
    """At the greatest depth: each norm against the first in the same kind of block, residual blocks against plain ones, the places of
    a norm against its first, and the longest warm-up against the shortest; and the greatest depth against the least.
    """
    design = DepthDesign(config)
    baseline, *others = config.norms
    shallowest, deepest = min(design.depths), max(design.depths)
    norms = [
        of_arms(design.arm(norm, placement), design.arm(baseline, partner))
        for norm in others
        for placement in design.placements(norm)
        if (partner := design.partner(baseline, placement))
    ]
    residual = [
        of_arms(design.arm(norm, placement), design.arm(norm, "plain"))
        for norm, placement in design.kinds
        if placement != "plain" and "plain" in design.placements(norm)
    ]
    places = [
        of_arms(design.arm(norm, placement), design.arm(norm, own[0]))
        for norm in config.norms
        if (own := [place for place in RESIDUAL_PLACEMENTS if place in design.placements(norm)])
        for placement in own[1:]
    ]
    warmup = [over_warmup(design, *kind) for kind in design.kinds if len(config.warmup_steps) > 1]
    depth = [of_arms(design.arm(*kind), design.arm(*kind, shallowest)) for kind in design.kinds if shallowest < deepest]
    shown = SHOWN if config.model == "mlp" else ("train_loss_area", *SHOWN)
    where = {"depth": deepest, "warmup_steps": design.warmups[0]}
    return Plan(
        arms=config.arms,
        contrasts=[*norms, *residual, *places, *warmup, *depth],
        measures=LISTED,
        claims=find_claims(CLAIMS, design),
        tables=[ArmsTable(shown, where=where)],
        definitions=MEASURES,
        told=["similarity_at_start"],
    )


def over_warmup(design: DepthDesign, norm: str, placement: str) -> Contrast:
    """The longest warm-up minus the shortest, at the greatest depth."""
    return of_arms(design.arm(norm, placement, warmup_steps=design.warmups[1]), design.arm(norm, placement))


def over_depth(design: DepthDesign, norm: str, placement: str) -> Contrast:
    """The change from the least to the greatest depth on the least-squares line through all, over the logarithm of depth."""
    arms = [design.arm(norm, placement, depth) for depth in design.depths]
    return slope(arms, [math.log2(depth) for depth in design.depths], over="depth")


def _benefit_grows(design: DepthDesign) -> list[Expected]:
    return [
        Expected(of_contrasts(over_depth(design, "batch", place), over_depth(design, "none", partner)), "train_loss", "lower")
        for place in design.placements("batch")
        if (partner := design.partner("none", place))
    ]


def _even_gradients(design: DepthDesign) -> list[Expected]:
    contrast = of_arms(design.arm("batch", "plain"), design.arm("none", "plain"))
    return [Expected(contrast, measure, "lower") for measure in ("gradient_unevenness_at_start", "gradient_unevenness_area")]


def _residual_keeps_gradient(norm: str) -> Callable[[DepthDesign], list[Expected]]:
    def compare(design: DepthDesign) -> list[Expected]:
        residual = over_depth(design, norm, design.partner(norm, "pre"))
        return [Expected(of_contrasts(residual, over_depth(design, norm, "plain")), "gradient_unevenness_at_start", "lower")]

    return compare


def _faster_transformer(design: DepthDesign) -> list[Expected]:
    return [
        Expected(of_arms(design.arm("layer", place, depth), design.arm("none", "none", depth)), "train_loss_area", "lower")
        for place in design.placements("layer")
        for depth in design.depths
    ]


def _without_warmup(design: DepthDesign, placement: str) -> Contrast:
    """The shortest warm-up minus the longest."""
    return of_arms(design.arm("layer", placement), design.arm("layer", placement, warmup_steps=design.warmups[1]))


def _post_needs_warmup(design: DepthDesign) -> list[Expected]:
    return [Expected(_without_warmup(design, "post"), "train_loss", "higher")]


def _post_needs_more(design: DepthDesign) -> list[Expected]:
    return [Expected(of_contrasts(_without_warmup(design, "post"), _without_warmup(design, "pre")), "train_loss", "higher")]


def _has(
    norms: Sequence[str], placements: Sequence[str] = (), *, min_depths: int = 1, min_warmups: int = 1, model: str = ""
) -> Callable[[DepthDesign], bool]:
    """Whether a run has these norms and placements, so many depths and warm-ups, and this model."""

    def applies(design: DepthDesign) -> bool:
        config = design.config
        enough = len(config.depths) >= min_depths and len(config.warmup_steps) >= min_warmups
        return (
            set(norms) <= set(config.norms)
            and set(placements) <= set(config.possible_placements)
            and enough
            and model in ("", config.model)
        )

    return applies


CLAIMS: tuple[Claim[DepthDesign], ...] = (
    Claim(
        "D7",
        BENEFITS,
        "BatchNorm's benefit grows with depth",
        "BatchNorm lowers the final training loss of no norm by more the deeper the network, from {shallow} to {deep} layers",
        _benefit_grows,
        _has(("batch", "none"), min_depths=2),
        "depth",
    ),
    Claim(
        "D10",
        BENEFITS,
        "BatchNorm makes gradients more even across layers",
        "in plain networks of {deep} layers BatchNorm makes gradients more even across layers than no norm, before and during training",
        _even_gradients,
        _has(("batch", "none"), ("plain",)),
        "gradients",
    ),
    Claim(
        "E1a",
        ADD_NORM,
        "Without a norm, residual connections keep the gradient alive",
        "the residual connection keeps the gradient alive in networks without a norm: from {shallow} to {deep} layers gradients become "
        "less uneven across layers than in plain networks",
        _residual_keeps_gradient("none"),
        _has(("none",), ("plain", "pre"), min_depths=2),
        "gradients",
    ),
    Claim(
        "E1b",
        ADD_NORM,
        "With BatchNorm, residual connections keep the gradient alive",
        "the residual connection keeps the gradient alive in networks with BatchNorm: from {shallow} to {deep} layers gradients become "
        "less uneven across layers in pre-norm blocks than in plain networks",
        _residual_keeps_gradient("batch"),
        _has(("batch",), ("plain", "pre"), min_depths=2),
        "gradients",
    ),
    Claim(
        "E2",
        ADD_NORM,
        "LayerNorm makes a Transformer converge faster than no norm",
        "LayerNorm makes a Transformer converge faster than no norm does, wherever it stands and at every depth",
        _faster_transformer,
        _has(("layer", "none"), model="transformer"),
        "depth",
    ),
    Claim(
        "F1a",
        BEYOND,
        "Post-norm needs warm-up in Transformers of {deep} layers",
        "post-norm needs warm-up (Xiong et al. 2020, Nguyen & Salazar 2019): Transformers of {deep} layers end with a higher training loss "
        "without it than with {warmup} updates of it",
        _post_needs_warmup,
        _has(("layer",), ("post",), min_warmups=2, model="transformer"),
        "warmup",
    ),
    Claim(
        "F1b",
        BEYOND,
        "Post-norm needs warm-up more than pre-norm does",
        "post-norm needs warm-up more than pre-norm does (Xiong et al. 2020, Nguyen & Salazar 2019): in Transformers of {deep} layers, "
        "doing without {warmup} updates of it adds more to its final training loss",
        _post_needs_more,
        _has(("layer",), ("post", "pre"), min_warmups=2, model="transformer"),
        "warmup",
    ),
)
"""The claims that networks of several depths can decide."""
