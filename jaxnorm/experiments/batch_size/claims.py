"""What ``batch_size`` asks of its table: which arms are set against which, and the claims that this decides.

Claims about accuracy are decided with every arm at its best learning rate: at a fixed one, the batch size would be judged together with the
number of updates that an epoch has. Those about the noise of the curves are decided at the fixed rate, which their source had.
"""

import dataclasses
import math
from collections.abc import Callable

from jaxnorm.experiments.batch_size.rates import Choices, find_origins
from jaxnorm.experiments.batch_size.study import WHOLE, BatchSizeConfig, BatchSizeRateArm
from jaxnorm.experiments.evaluation_measures import EVALUATED_BY, EVALUATION_MEASURES
from jaxnorm.experiments.measures import MEASURES as COMMON
from jaxnorm.experiments.sources import ADD_NORM, AXES, BEYOND, CLASSIC
from jaxnorm.stats.claims import Claim, Expected, Slot, find_claims
from jaxnorm.stats.contrasts import Contrast, of_arms, of_contrasts, slope
from jaxnorm.stats.measures import MIN_EPOCHS_OF_NOISE
from jaxnorm.stats.plan import ArmsTable, Plan, long_enough

MEASURES = COMMON | EVALUATION_MEASURES
DRAWN = ("validation_noise", "test_accuracy_spread", *(f"test_accuracy_{kind}" for kind in EVALUATED_BY))
"""Measures that figures draw besides the test accuracy."""
CLASSIC_SIZES = (16, 128)
"""Of the claims on the noise of curves."""
SMALL, ONLINE = 4, 1
"""The batch sizes of the claims on small batches, and on training on one example at a time."""


@dataclasses.dataclass(frozen=True)
class BatchSizeDesign:
    """Every norm at every batch size, ghost batches, and batches of one class."""

    config: BatchSizeConfig
    choices: Choices

    @property
    def sizes(self) -> tuple[int, ...]:
        """The batch sizes from 2 on, which every norm has; ascending."""
        return tuple(size for size in sorted(self.config.batch_sizes) if size > 1)

    @property
    def classic(self) -> tuple[int, int]:
        """16 and 128 where the run has both, else its smallest and largest."""
        return CLASSIC_SIZES if set(CLASSIC_SIZES) <= set(self.sizes) else (self.sizes[0], self.sizes[-1])

    @property
    def small(self) -> int:
        """4 where the run has it, else the smallest batch size."""
        return SMALL if SMALL in self.sizes else self.sizes[0]

    @property
    def online(self) -> tuple[int, ...]:
        """LayerNorm's batch sizes from 1 to 4."""
        return tuple(size for size in self.config.sizes_of("layer") if size <= SMALL)

    @property
    def ghosts(self) -> tuple[int, ...]:
        """The ghost sizes, ascending."""
        return tuple(sorted(self.config.ghost_sizes))

    @property
    def slots(self) -> dict[str, Slot]:
        """Sizes that statements name."""
        return {
            "classic": list(self.classic),
            "classic_small": self.classic[0],
            "classic_large": self.classic[1],
            "least": self.sizes[0],
            "most": self.sizes[-1],
            "small": self.small,
            "online": max(self.online, default=ONLINE),
            "by_class": self.config.sorted_batch_size,
            "batch": self.config.ghost_batch_size,
            "ghost": self.choices.ghost_size or WHOLE,
            "ghost_least": self.ghosts[0],
            "ghost_most": self.ghosts[-1],
        }

    def arm(self, norm: str, size: int, rate: str = "best") -> BatchSizeRateArm:
        """An arm of shuffled, whole batches."""
        return BatchSizeRateArm(norm, size, WHOLE, "mixed", rate)

    def ghost(self, size: int, rate: str = "best") -> BatchSizeRateArm:
        """GhostBatchNorm with ghosts of a size."""
        return BatchSizeRateArm("ghost", self.config.ghost_batch_size, size, "mixed", rate)

    def by_class(self, norm: str, rate: str = "best") -> BatchSizeRateArm:
        """An arm of batches sorted by class."""
        return BatchSizeRateArm(norm, self.config.sorted_batch_size, WHOLE, "sorted", rate)


def make_plan(config: BatchSizeConfig, choices: Choices) -> Plan:
    """Norms against the first at every size, and what size, ghosts and sorting do to each, at the kinds of rates that tell."""
    design = BatchSizeDesign(config, choices)
    baseline, *others = config.norms
    norms = [
        between_norms(design, norm, baseline, size)
        for norm in others
        for size in config.sizes_of(norm)
        if size in config.sizes_of(baseline)
    ]
    at_best = {"ghost_size": WHOLE, "rate": "best"}
    return Plan(
        arms=list(find_origins(config, choices)),
        contrasts=[
            *norms,
            *(contrast for rate in ("best", "fixed", "scaled") for contrast in _ends(design, rate)),
            *(contrast for rate in ("best", "fixed") for contrast in _ghosts(design, rate)),
            *(over_order(design, norm, rate) for rate in ("best", "fixed") for norm in config.norms),
        ],
        measures=("test_accuracy", "train_loss"),
        claims=find_claims(CLAIMS, design),
        tables=[
            ArmsTable(("test_accuracy",), across="batch_size", where=at_best | {"order": "mixed"}),
            ArmsTable(("test_accuracy",), across="order", where=at_best | {"batch_size": config.sorted_batch_size}),
        ],
        definitions=MEASURES,
        told=long_enough(DRAWN, MEASURES, config.epochs),
    )


def _ends(design: BatchSizeDesign, rate: str) -> list[Contrast]:
    least, most = design.sizes[0], design.sizes[-1]
    return [between_sizes(design, norm, most, least, rate) for norm in design.config.norms if least < most]


def _ghosts(design: BatchSizeDesign, rate: str) -> list[Contrast]:
    return [of_arms(design.ghost(size, rate), design.ghost(design.ghosts[-1], rate)) for size in design.ghosts[:-1]]


def between_norms(design: BatchSizeDesign, norm: str, other: str, size: int, rate: str = "best") -> Contrast:
    """One norm minus another at the same batch size."""
    return of_arms(design.arm(norm, size, rate), design.arm(other, size, rate))


def between_sizes(design: BatchSizeDesign, norm: str, size: int, other: int, rate: str) -> Contrast:
    """One norm at one batch size minus the same at another."""
    return of_arms(design.arm(norm, size, rate), design.arm(norm, other, rate))


def over_sizes(design: BatchSizeDesign, norm: str) -> Contrast:
    """The change from the smallest to the largest batch size, on a line over its logarithm, at the best rates."""
    return slope([design.arm(norm, size) for size in design.sizes], [math.log2(size) for size in design.sizes], over="batch_size")


def over_order(design: BatchSizeDesign, norm: str, rate: str) -> Contrast:
    """Batches sorted by class minus shuffled ones as large."""
    return of_arms(design.by_class(norm, rate), design.arm(norm, design.config.sorted_batch_size, rate))


def _has(*norms: str, sizes: int = 1, epochs: int = 1) -> Callable[[BatchSizeDesign], bool]:
    """Whether a run has these norms, and so many batch sizes from 2 on, and epochs."""

    def applies(design: BatchSizeDesign) -> bool:
        return set(norms) <= set(design.config.norms) and len(design.sizes) >= sizes and design.config.epochs >= epochs

    return applies


def _noisier_at_small(design: BatchSizeDesign) -> list[Expected]:
    return [Expected(between_sizes(design, "batch", *design.classic, "fixed"), "validation_noise", "higher")]


def _smoother_layer(design: BatchSizeDesign) -> list[Expected]:
    contrasts = [between_norms(design, "batch", "layer", size, "fixed") for size in design.classic]
    of_batch, of_layer = (between_sizes(design, norm, *design.classic, "fixed") for norm in ("batch", "layer"))
    return [Expected(contrast, "validation_noise", "higher") for contrast in (*contrasts, of_contrasts(of_batch, of_layer))]


def _batch_needs_size(design: BatchSizeDesign) -> list[Expected]:
    return [Expected(over_sizes(design, "batch"), "test_accuracy", "higher")]


def _layer_ignores_size(design: BatchSizeDesign) -> list[Expected]:
    return [Expected(over_sizes(design, "layer"), "test_accuracy", "same")]


def _falls_more_than_layer(measure: str) -> Callable[[BatchSizeDesign], list[Expected]]:
    """As batches grow, a measure of instability falls with BatchNorm by more than with LayerNorm."""

    def comparisons(design: BatchSizeDesign) -> list[Expected]:
        return [Expected(of_contrasts(over_sizes(design, "batch"), over_sizes(design, "layer")), measure, "lower")]

    return comparisons


def _layer_trains_online(design: BatchSizeDesign) -> list[Expected]:
    nearest = {size: next(other for other in design.sizes if other >= size) for size in design.online}
    contrasts = [of_arms(design.arm("layer", size), design.arm("batch", other)) for size, other in nearest.items()]
    return [Expected(contrast, "test_accuracy", "higher") for contrast in contrasts]


def _inner_ghosts_are_best(design: BatchSizeDesign) -> list[Expected]:
    best, ends = design.choices.ghost_size, (design.ghosts[0], design.ghosts[-1])
    return [Expected(of_arms(design.ghost(best), design.ghost(end)), "test_accuracy", "higher") for end in ends if best is not None]


def _renorm_repairs(design: BatchSizeDesign) -> list[Expected]:
    contrasts = (between_norms(design, "renorm", "batch", design.small), of_arms(design.by_class("renorm"), design.by_class("batch")))
    return [Expected(contrast, "test_accuracy", "higher") for contrast in contrasts]


CLAIMS: tuple[Claim[BatchSizeDesign], ...] = (
    Claim(
        "A5",
        CLASSIC,
        "BatchNorm's validation accuracy is noisier at {classic_small} than at {classic_large}",
        "BatchNorm's validation accuracy is noisier at batch size {classic_small} than at {classic_large}, at the fixed learning rate",
        _noisier_at_small,
        _has("batch", sizes=2, epochs=MIN_EPOCHS_OF_NOISE),
        "noise",
    ),
    Claim(
        "A6",
        CLASSIC,
        "LayerNorm's validation accuracy is smoother, most at {classic_small}",
        "LayerNorm's validation accuracy is smoother than BatchNorm's at batch sizes {classic}, most so at {classic_small}, at the fixed "
        "learning rate",
        _smoother_layer,
        _has("batch", "layer", sizes=2, epochs=MIN_EPOCHS_OF_NOISE),
        "noise",
    ),
    Claim(
        "A7a",
        CLASSIC,
        "BatchNorm's test accuracy falls as batches shrink",
        "BatchNorm's test accuracy falls as batches shrink from {most} to {least}, each at its best learning rate",
        _batch_needs_size,
        _has("batch", sizes=3),
        "accuracy",
    ),
    Claim(
        "A7b",
        CLASSIC,
        "LayerNorm's test accuracy stays the same as batches shrink",
        "LayerNorm's test accuracy stays the same as batches shrink from {most} to {least}, each at its best learning rate",
        _layer_ignores_size,
        _has("layer", sizes=3),
        "accuracy",
    ),
    Claim(
        "C3a",
        AXES,
        "As batches shrink, BatchNorm's seeds differ more, by more than LayerNorm's",
        "as batches shrink from {most} to {least}, BatchNorm's test accuracy comes to differ between seeds, by more than LayerNorm's, each "
        "at its best learning rate",
        _falls_more_than_layer("test_accuracy_spread"),
        _has("batch", "layer", sizes=3),
        "noise",
    ),
    Claim(
        "C3b",
        AXES,
        "As batches shrink, batch statistics predict better than running averages",
        "as batches shrink from {most} to {least}, batch statistics come to predict better than BatchNorm's running averages, by more than "
        "with LayerNorm, to which they are the same, each at its best learning rate",
        _falls_more_than_layer("evaluation_gap"),
        _has("batch", "layer", sizes=3),
        "evaluation",
    ),
    Claim(
        "E4",
        ADD_NORM,
        "LayerNorm beats BatchNorm in batches of up to {online}",
        "LayerNorm trains on batches of one and of up to {online} examples, to a higher test accuracy than BatchNorm at the nearest batch "
        "size that it has (at 1 it raises an error), each at its best learning rate",
        _layer_trains_online,
        lambda design: _has("layer", "batch")(design) and ONLINE in design.online,
        "accuracy",
    ),
    Claim(
        "F3",
        BEYOND,
        "Ghosts of {ghost} beat ghosts of {ghost_least} and {ghost_most}",
        "ghost batches help (Hoffer et al. 2017): in batches of {batch}, ghosts of {ghost} examples, the best between the ends on other "
        "seeds, end with a higher test accuracy than ghosts of {ghost_least} and of {ghost_most}, each at its best learning rate",
        _inner_ghosts_are_best,
        lambda design: design.choices.ghost_size is not None,
        "ghost",
    ),
    Claim(
        "F4",
        BEYOND,
        "BatchRenorm beats BatchNorm in small and in sorted batches",
        "batch renormalization repairs BatchNorm (Ioffe 2017): BatchRenorm ends with a higher test accuracy at batch size {small}, and in "
        "batches of {by_class} sorted by class, each at its best learning rate",
        _renorm_repairs,
        _has("batch", "renorm"),
        "accuracy",
    ),
)
"""The claims that batches of several sizes, ghosts and orders can decide."""
