"""What ``compare`` asks of its table: which arms are set against which, and the claims that this decides.

Where the source of a claim says "batch size 16" and "128", it is decided at the smallest and the largest batch size of the run.
"""

import dataclasses
from collections.abc import Callable

from jaxnorm.experiments.benefits import benefits
from jaxnorm.experiments.compare.study import CompareArm, CompareConfig
from jaxnorm.experiments.measures import MAIN_MEASURES, MEASURES
from jaxnorm.experiments.sources import BEYOND, CLASSIC, ONE_LAYER
from jaxnorm.stats.claims import Claim, Expected, Slot, find_claims
from jaxnorm.stats.contrasts import Contrast, of_arms, of_contrasts
from jaxnorm.stats.measures import MIN_EPOCHS_OF_NOISE
from jaxnorm.stats.plan import ArmsTable, Plan, long_enough

SHOWN = ("train_loss_area", "train_loss", "validation_noise", "test_accuracy")
"""The columns of the table of results."""


@dataclasses.dataclass(frozen=True)
class CompareDesign:
    """Every norm at every batch size."""

    norms: tuple[str, ...]
    batch_sizes: tuple[int, ...]
    epochs: int

    @property
    def small(self) -> int:
        """Smallest batch size."""
        return min(self.batch_sizes)

    @property
    def large(self) -> int:
        """Largest batch size."""
        return max(self.batch_sizes)

    @property
    def slots(self) -> dict[str, Slot]:
        """The smallest, the largest, and all batch sizes."""
        return {"small": self.small, "large": self.large, "sizes": sorted(self.batch_sizes)}


def make_plan(config: CompareConfig) -> Plan:
    """Each norm against the first, each norm's smallest batch size against its largest, and what that changes beyond the first's change."""
    baseline, *others = config.norms
    design = CompareDesign(config.norms, config.batch_sizes, config.epochs)
    norms = [between_norms(norm, baseline, size) for norm in others for size in config.batch_sizes]
    sizes = [between_sizes(norm, design.small, design.large) for norm in config.norms]
    interactions = [interaction(norm, baseline, design.small, design.large) for norm in others]
    return Plan(
        arms=config.arms,
        contrasts=norms + (sizes + interactions if design.small < design.large else []),
        measures=long_enough(MAIN_MEASURES, MEASURES, config.epochs),
        claims=find_claims(CLAIMS, design),
        tables=[ArmsTable(long_enough(SHOWN, MEASURES, config.epochs))],
        definitions=MEASURES,
        told=("epochs_to_converge",),
        curves=("train_loss", "validation_accuracy"),
    )


def between_norms(norm: str, other: str, batch_size: int) -> Contrast:
    """One norm minus another at the same batch size."""
    return of_arms(CompareArm(norm, batch_size), CompareArm(other, batch_size))


def between_sizes(norm: str, size: int, other: int) -> Contrast:
    """One norm at one batch size minus the same at another."""
    return of_arms(CompareArm(norm, size), CompareArm(norm, other))


def interaction(norm: str, other: str, size: int, other_size: int) -> Contrast:
    """What changing the batch size does to one norm, minus what it does to another."""
    return of_contrasts(between_sizes(norm, size, other_size), between_sizes(other, size, other_size))


def _has(*norms: str, min_batch_sizes: int = 1, min_epochs: int = 1) -> Callable[[CompareDesign], bool]:
    """Whether a run has these norms, and so many batch sizes and epochs."""

    def applies(design: CompareDesign) -> bool:
        return set(norms) <= set(design.norms) and len(design.batch_sizes) >= min_batch_sizes and design.epochs >= min_epochs

    return applies


def _best_at_large(design: CompareDesign) -> list[Expected]:
    best = CompareArm("batch", design.large)
    others = [CompareArm("batch", design.small), CompareArm("layer", design.small), CompareArm("layer", design.large)]
    return [Expected(of_arms(best, other), measure, "lower") for measure in ("train_loss_area", "train_loss") for other in others]


def _higher_at_every_epoch(design: CompareDesign) -> list[Expected]:
    contrast = between_sizes("batch", design.small, design.large)
    return [Expected(contrast, f"train_loss@{epoch}", "higher") for epoch in range(1, design.epochs + 1)]


def _layer_ignores_size(design: CompareDesign) -> list[Expected]:
    return [Expected(between_sizes("layer", design.small, design.large), "train_loss", "same")]


def _batch_depends_on_size(design: CompareDesign) -> list[Expected]:
    return [Expected(interaction("batch", "layer", design.small, design.large), "train_loss", "higher")]


def _best_pair(design: CompareDesign) -> list[Expected]:
    best = [CompareArm("batch", design.large), CompareArm("layer", design.small)]
    others = [CompareArm("batch", design.small), CompareArm("layer", design.large)]
    return [Expected(of_arms(arm, other), "validation_accuracy", "higher") for arm in best for other in others]


def _noisier_at_small(design: CompareDesign) -> list[Expected]:
    return [Expected(between_sizes("batch", design.small, design.large), "validation_noise", "higher")]


def _smoother_layer(design: CompareDesign) -> list[Expected]:
    at_each_size = [Expected(between_norms("batch", "layer", size), "validation_noise", "higher") for size in design.batch_sizes]
    return [*at_each_size, Expected(interaction("batch", "layer", design.small, design.large), "validation_noise", "higher")]


def _slower_layer(design: CompareDesign) -> list[Expected]:
    return [Expected(between_norms("layer", "batch", design.large), "train_loss_area", "higher")]


def _batch_fastest(design: CompareDesign) -> list[Expected]:
    return [Expected(between_norms("batch", other, design.large), "train_loss_area", "lower") for other in ("layer", "none")]


def _different_training(design: CompareDesign) -> list[Expected]:
    return [Expected(between_norms("layer", "batch", size), "train_loss_area", "different") for size in design.batch_sizes]


def _same_accuracy(design: CompareDesign) -> list[Expected]:
    return [Expected(between_norms("layer", "batch", size), "test_accuracy", "same") for size in design.batch_sizes]


def _same_without_centring(design: CompareDesign) -> list[Expected]:
    contrasts = [between_norms("rms", "layer", size) for size in design.batch_sizes]
    return [Expected(contrast, name, "same") for contrast in contrasts for name in ("train_loss_area", "test_accuracy")]


def _batch_against_none(design: CompareDesign) -> list[Contrast]:
    return [between_norms("batch", "none", size) for size in design.batch_sizes]


CLAIMS: tuple[Claim[CompareDesign], ...] = (
    Claim(
        "A1",
        CLASSIC,
        "BatchNorm at {large} converges fastest and lowest",
        "BatchNorm at batch size {large} converges fastest and to the lowest loss of BatchNorm and LayerNorm at {small} and {large}",
        _best_at_large,
        _has("batch", "layer", min_batch_sizes=2),
        "curves",
    ),
    Claim(
        "A2",
        CLASSIC,
        "BatchNorm's training loss is higher at {small} than at {large}, at every epoch",
        "BatchNorm has a higher training loss at batch size {small} than at {large} at every epoch",
        _higher_at_every_epoch,
        _has("batch", min_batch_sizes=2),
        "curves",
    ),
    Claim(
        "A3a",
        CLASSIC,
        "LayerNorm hardly changes between {small} and {large}",
        "LayerNorm's final training loss hardly changes between batch sizes {small} and {large}",
        _layer_ignores_size,
        _has("layer", min_batch_sizes=2),
        "curves",
    ),
    Claim(
        "A3b",
        CLASSIC,
        "BatchNorm's training loss rises more than LayerNorm's at {small}",
        "BatchNorm's final training loss is higher at batch size {small} than at {large}, by more than LayerNorm's",
        _batch_depends_on_size,
        _has("batch", "layer", min_batch_sizes=2),
        "curves",
    ),
    Claim(
        "A4",
        CLASSIC,
        "Best validation accuracies: BatchNorm {large}, LayerNorm {small}",
        "BatchNorm at batch size {large} and LayerNorm at {small} reach the best validation accuracies",
        _best_pair,
        _has("batch", "layer", min_batch_sizes=2),
        "curves",
    ),
    Claim(
        "A5",
        CLASSIC,
        "BatchNorm's validation accuracy is noisier at {small}",
        "BatchNorm's validation accuracy is noisier at batch size {small} than at {large}",
        _noisier_at_small,
        _has("batch", min_batch_sizes=2, min_epochs=MIN_EPOCHS_OF_NOISE),
        "batch_size",
    ),
    Claim(
        "A6",
        CLASSIC,
        "LayerNorm's validation accuracy is smoother, most at {small}",
        "LayerNorm's validation accuracy is smoother than BatchNorm's at batch sizes {sizes}, most so at {small}",
        _smoother_layer,
        _has("batch", "layer", min_batch_sizes=2, min_epochs=MIN_EPOCHS_OF_NOISE),
        "batch_size",
    ),
    Claim(
        "A8",
        CLASSIC,
        "LayerNorm converges more slowly than BatchNorm at {large}",
        "LayerNorm converges more slowly than BatchNorm at batch size {large}",
        _slower_layer,
        _has("batch", "layer"),
        "curves",
    ),
    Claim(
        "B1",
        ONE_LAYER,
        "BatchNorm converges faster than LayerNorm and no norm at {large}",
        "BatchNorm converges faster than LayerNorm and than no norm at batch size {large}",
        _batch_fastest,
        _has("batch", "layer", "none"),
        "curves",
    ),
    Claim(
        "B3a",
        ONE_LAYER,
        "LayerNorm and BatchNorm train differently",
        "LayerNorm and BatchNorm differ in their mean training loss at batch sizes {sizes}",
        _different_training,
        _has("batch", "layer"),
        "curves",
    ),
    Claim(
        "B3b",
        ONE_LAYER,
        "LayerNorm and BatchNorm end with the same test accuracy",
        "LayerNorm and BatchNorm end with similar test accuracy at batch sizes {sizes}",
        _same_accuracy,
        _has("batch", "layer"),
        "results",
    ),
    *benefits(_batch_against_none, "at batch sizes {sizes}", _has("batch", "none")),
    Claim(
        "F2",
        BEYOND,
        "Centring is dispensable: RMSNorm does as LayerNorm",
        "centring is dispensable (Zhang & Sennrich 2019): RMSNorm trains as fast as LayerNorm and ends with the same test accuracy, at "
        "batch sizes {sizes}",
        _same_without_centring,
        _has("layer", "rms"),
        "curves",
    ),
)
"""The claims that comparing norms at several batch sizes can decide."""
