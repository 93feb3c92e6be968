"""What ``jaxnorm.experiments.depth`` asks of its table: which arms are set against which, and the claims that this decides."""

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from jaxnorm.analysis.claims import Comparison, Entry, find_claims
from jaxnorm.analysis.contrasts import Contrast, of_arms, of_contrasts, slope
from jaxnorm.analysis.plan import MAIN_MEASURES, Plan
from jaxnorm.analysis.sources import ADD_NORM, BENEFITS, WARM_UP
from jaxnorm.analysis.statistics import mean_interval
from jaxnorm.analysis.wording import format_level, norm_title, value_title
from jaxnorm.experiments.depth.study import DepthArm, DepthConfig

RESIDUAL_PLACEMENTS = ("post", "pre", "sandwich")


@dataclasses.dataclass(frozen=True)
class DepthDesign:
    """Every norm at every place, depth and warm-up, of one model."""

    config: DepthConfig

    @property
    def arms(self) -> tuple[DepthArm, ...]:
        """All arms."""
        return self.config.arms

    @property
    def depths(self) -> tuple[int, ...]:
        """Ascending."""
        return tuple(sorted(self.config.depths))

    @property
    def warmups(self) -> tuple[int, int]:
        """Fewest and most updates of warm-up."""
        return min(self.config.warmup_steps), max(self.config.warmup_steps)

    @property
    def words(self) -> dict[str, object]:
        """Shallowest and deepest network, and the longest warm-up."""
        return {"shallow": self.depths[0], "deep": self.depths[-1], "warmup": self.warmups[1]}

    def arm(self, norm: str, placement: str, depth: int, warmup_steps: int | None = None) -> DepthArm:
        """An arm, without warm-up unless it is told."""
        return DepthArm(norm, placement, depth, self.warmups[0] if warmup_steps is None else warmup_steps)

    def placements(self, norm: str) -> list[str]:
        """Where a norm stands."""
        return list(dict.fromkeys(arm.placement for arm in self.arms if arm.norm == norm))


def make_plan(config: DepthConfig) -> Plan:
    """At the greatest depth: each norm against the first in the same kind of block, residual blocks against plain ones, the places of
    a norm against its first, and the longest warm-up against the shortest; and the greatest depth against the least.
    """
    design = DepthDesign(config)
    baseline, *others = config.norms
    deepest = design.depths[-1]
    norms = [
        of_arms(design.arm(norm, placement, deepest), partner)
        for norm in others
        for placement in design.placements(norm)
        if (partner := _partner(design, baseline, placement, deepest)) is not None
    ]
    residual = [
        of_arms(design.arm(norm, placement, deepest), design.arm(norm, "plain", deepest))
        for norm in config.norms
        for placement in design.placements(norm)
        if placement != "plain" and "plain" in design.placements(norm)
    ]
    residual_places = {norm: [place for place in RESIDUAL_PLACEMENTS if place in design.placements(norm)] for norm in config.norms}
    places = [
        of_arms(design.arm(norm, placement, deepest), design.arm(norm, own[0], deepest))
        for norm, own in residual_places.items()
        for placement in own[1:]
    ]
    kinds = [(norm, placement, deepest) for norm in config.norms for placement in design.placements(norm)]
    warmup = [of_arms(design.arm(*kind, design.warmups[1]), design.arm(*kind)) for kind in kinds if len(config.warmup_steps) > 1]
    depth = [of_arms(design.arm(*kind), design.arm(*kind[:2], design.depths[0])) for kind in kinds if len(design.depths) > 1]
    contrasts = {
        "the choice of norm": norms,
        "the residual connection": residual,
        "the place of the norm": places,
        "warm-up": warmup,
        "the depth": depth,
    }
    shown = ("train_loss", "test_accuracy", "gradient_unevenness_at_start")
    measures = tuple(name for name in (*MAIN_MEASURES, "gradient_unevenness_at_start") if name in shown)
    return Plan(config.arms, contrasts, find_claims(LEDGER, design), measures, ("train_loss", "test_accuracy"))


def _partner(design: DepthDesign, baseline: str, placement: str, depth: int) -> DepthArm | None:
    """The baseline in the same kind of block: without a norm, all residual blocks are of one kind."""
    for name in (placement, "none" if placement in RESIDUAL_PLACEMENTS else placement):
        if name in design.placements(baseline):
            return design.arm(baseline, name, depth)
    return None


def describe_growth(config: DepthConfig, rows: pd.DataFrame) -> list[str]:
    """A sentence per kind of block: the factor by which gradients grow per block on their way back, before training (law 13)."""
    deepest = max(config.depths)
    shown: dict[str, list[str]] = {}
    for arm in config.arms:
        if (arm.depth, arm.warmup_steps) == (deepest, min(config.warmup_steps)):
            chosen = {"metric": "gradient_growth", "epoch": 0} | arm.factors
            matching = np.logical_and.reduce([np.asarray(rows[column]) == value for column, value in chosen.items()])
            growth = format_level(mean_interval(np.asarray(rows["value"])[matching]), "ratio")
            shown.setdefault(arm.placement, []).append(f"{norm_title(arm.norm)} {growth}")
    when = f"Growth of the gradient per block before training, depth {deepest}"
    return [f"{when}, {value_title('placement', placement)} blocks: {', '.join(each)}." for placement, each in shown.items()]


def over_depth(design: DepthDesign, norm: str, placement: str) -> Contrast:
    """Change per doubling of depth."""
    arms = [design.arm(norm, placement, depth) for depth in design.depths]
    return slope(arms, [math.log2(depth) for depth in design.depths], f"{norm_title(norm)} ({placement}), per doubling of depth")


def _benefit_grows(design: DepthDesign) -> list[Comparison]:
    kinds = [("plain", "plain"), *((place, "none") for place in design.placements("batch") if place != "plain")]
    return [
        Comparison(
            of_contrasts(
                over_depth(design, "batch", place),
                over_depth(design, "none", partner),
                f"(BatchNorm − no norm), {place} blocks, per doubling of depth",
            ),
            "train_loss",
            "lower",
        )
        for place, partner in kinds
        if partner in design.placements("none") and place in design.placements("batch")
    ]


def _even_gradients(design: DepthDesign) -> list[Comparison]:
    contrast = of_arms(design.arm("batch", "plain", design.depths[-1]), design.arm("none", "plain", design.depths[-1]))
    return [Comparison(contrast, measure, "lower") for measure in ("gradient_unevenness_at_start", "gradient_unevenness_area")]


def _residual_keeps_gradient(design: DepthDesign) -> list[Comparison]:
    return [
        Comparison(
            of_contrasts(
                over_depth(design, norm, "none" if norm == "none" else "pre"),
                over_depth(design, norm, "plain"),
                f"{norm_title(norm)}, residual instead of plain blocks, per doubling of depth",
            ),
            "gradient_unevenness_at_start",
            "lower",
        )
        for norm in ("none", "batch")
        if {"plain", "none" if norm == "none" else "pre"} <= set(design.placements(norm))
    ]


def _faster_transformer(design: DepthDesign) -> list[Comparison]:
    return [
        Comparison(of_arms(design.arm("layer", place, depth), design.arm("none", "none", depth)), "train_loss_area", "lower")
        for place in design.placements("layer")
        for depth in design.depths
    ]


def _warmup_matters_to_post(design: DepthDesign) -> list[Comparison]:
    short, long = design.warmups
    deepest = design.depths[-1]

    def need(placement: str) -> Contrast:
        return of_arms(design.arm("layer", placement, deepest, short), design.arm("layer", placement, deepest, long))

    label = f"(post − pre), LayerNorm at depth {deepest}, warm-up of {short} instead of {long} updates"
    return [
        Comparison(need("post"), "train_loss", "higher"),
        Comparison(of_contrasts(need("post"), need("pre"), label), "train_loss", "higher"),
    ]


def _has(norms: Sequence[str], placements: Sequence[str] = (), *, several: str = "", model: str = "") -> Callable[[DepthDesign], bool]:
    """Whether a run has these norms and placements, several values of a field, and this model."""

    def applies(design: DepthDesign) -> bool:
        config = design.config
        enough = not several or len(getattr(config, several)) > 1
        return (
            set(norms) <= set(config.norms)
            and set(placements) <= set(config.possible_placements)
            and enough
            and model in ("", config.model)
        )

    return applies


LEDGER: tuple[Entry[DepthDesign], ...] = (
    Entry(
        "D7",
        BENEFITS,
        "BatchNorm lowers the training loss of no norm by more the deeper the network, from {shallow} to {deep} layers",
        _benefit_grows,
        _has(("batch", "none"), several="depths"),
    ),
    Entry(
        "D10",
        BENEFITS,
        "in plain networks of {deep} layers BatchNorm makes gradients more even across layers than no norm, before and during training",
        _even_gradients,
        _has(("batch", "none"), ("plain",)),
    ),
    Entry(
        "E1",
        ADD_NORM,
        "the residual connection keeps gradients even across layers as depth grows from {shallow} to {deep}",
        _residual_keeps_gradient,
        _has(("none",), ("plain", "pre"), several="depths"),
    ),
    Entry(
        "E2",
        ADD_NORM,
        "LayerNorm makes a Transformer converge faster than no norm",
        _faster_transformer,
        _has(("layer", "none"), model="transformer"),
    ),
    Entry(
        "F1",
        WARM_UP,
        "post-norm needs warm-up ({warmup} updates) and pre-norm does not, in Transformers of {deep} layers",
        _warmup_matters_to_post,
        _has(("layer",), ("post", "pre"), several="warmup_steps", model="transformer"),
    ),
)
"""The claims that networks of several depths can decide."""
