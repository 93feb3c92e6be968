"""What ``jaxnorm.experiments.compare`` asks of its table: which arms are set against which, and the claims that this decides.

Where the source of a claim says "batch size 16" and "128", it is decided at the smallest and the largest batch size of the run and says so.
"""

import dataclasses
from collections.abc import Callable

from jaxnorm.analysis.benefits import benefits
from jaxnorm.analysis.claims import Comparison, Entry, find_claims
from jaxnorm.analysis.contrasts import Contrast, of_arms, of_contrasts
from jaxnorm.analysis.per_seed import MIN_EPOCHS_OF_NOISE
from jaxnorm.analysis.plan import Plan
from jaxnorm.analysis.sources import CENTRING, CLASSIC, ONE_LAYER
from jaxnorm.analysis.wording import conjoin, norm_title
from jaxnorm.experiments.compare.study import CompareArm, CompareConfig


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
    def words(self) -> dict[str, object]:
        """``small`` and ``large``, and ``sizes``: ``batch sizes 16 and 128``."""
        noun = "batch size" if self.small == self.large else "batch sizes"
        sizes = conjoin(str(size) for size in sorted(self.batch_sizes))
        return {"small": self.small, "large": self.large, "sizes": f"{noun} {sizes}"}


def make_plan(config: CompareConfig) -> Plan:
    """Each norm against the first, each norm's smallest batch size against its largest, and what that changes beyond the first's change."""
    baseline, *others = config.norms
    design = CompareDesign(config.norms, config.batch_sizes, config.epochs)
    norms = [between_norms(norm, baseline, size) for norm in others for size in config.batch_sizes]
    sizes = [between_sizes(norm, design.small, design.large) for norm in config.norms]
    interactions = [interaction(norm, baseline, design.small, design.large) for norm in others]
    several = design.small < design.large
    contrasts = {"the choice of norm": norms, "the batch size": sizes if several else [], "": interactions if several else []}
    return Plan(config.arms, contrasts, find_claims(LEDGER, design))


def between_norms(norm: str, other: str, batch_size: int) -> Contrast:
    """One norm minus another at the same batch size."""
    return of_arms(CompareArm(norm, batch_size), CompareArm(other, batch_size))


def between_sizes(norm: str, size: int, other: int) -> Contrast:
    """One norm at one batch size minus the same at another."""
    return of_arms(CompareArm(norm, size), CompareArm(norm, other))


def interaction(norm: str, other: str, size: int, other_size: int) -> Contrast:
    """What changing the batch size does to one norm, minus what it does to another."""
    label = f"({norm_title(norm)} − {norm_title(other)}), batch size {size} instead of {other_size}"
    return of_contrasts(between_sizes(norm, size, other_size), between_sizes(other, size, other_size), label)


def _has(*norms: str, min_batch_sizes: int = 1, min_epochs: int = 1) -> Callable[[CompareDesign], bool]:
    """Whether a run has these norms, and so many batch sizes and epochs."""

    def applies(design: CompareDesign) -> bool:
        return set(norms) <= set(design.norms) and len(design.batch_sizes) >= min_batch_sizes and design.epochs >= min_epochs

    return applies


def _best_at_large(design: CompareDesign) -> list[Comparison]:
    best = CompareArm("batch", design.large)
    others = [CompareArm("batch", design.small), CompareArm("layer", design.small), CompareArm("layer", design.large)]
    return [Comparison(of_arms(best, other), measure, "lower") for measure in ("train_loss_area", "train_loss") for other in others]


def _higher_at_every_epoch(design: CompareDesign) -> list[Comparison]:
    contrast = between_sizes("batch", design.small, design.large)
    return [Comparison(contrast, f"train_loss@{epoch}", "higher") for epoch in range(1, design.epochs + 1)]


def _batch_alone_depends_on_size(design: CompareDesign) -> list[Comparison]:
    return [
        Comparison(interaction("batch", "layer", design.small, design.large), "train_loss", "higher"),
        Comparison(between_sizes("layer", design.small, design.large), "train_loss", "same"),
    ]


def _best_pair(design: CompareDesign) -> list[Comparison]:
    best = [CompareArm("batch", design.large), CompareArm("layer", design.small)]
    others = [CompareArm("batch", design.small), CompareArm("layer", design.large)]
    return [Comparison(of_arms(arm, other), "validation_accuracy", "higher") for arm in best for other in others]


def _noisier_at_small(design: CompareDesign) -> list[Comparison]:
    return [Comparison(between_sizes("batch", design.small, design.large), "validation_noise", "higher")]


def _smoother_layer(design: CompareDesign) -> list[Comparison]:
    at_each_size = [Comparison(between_norms("batch", "layer", size), "validation_noise", "higher") for size in design.batch_sizes]
    return [*at_each_size, Comparison(interaction("batch", "layer", design.small, design.large), "validation_noise", "higher")]


def _slower_layer(design: CompareDesign) -> list[Comparison]:
    return [Comparison(between_norms("layer", "batch", design.large), "train_loss_area", "higher")]


def _batch_fastest(design: CompareDesign) -> list[Comparison]:
    return [Comparison(between_norms("batch", other, design.large), "train_loss_area", "lower") for other in ("layer", "none")]


def _same_end(design: CompareDesign) -> list[Comparison]:
    contrasts = [between_norms("layer", "batch", size) for size in design.batch_sizes]
    different = [Comparison(contrast, "train_loss_area", "different") for contrast in contrasts]
    return different + [Comparison(contrast, "test_accuracy", "same") for contrast in contrasts]


def _same_without_centring(design: CompareDesign) -> list[Comparison]:
    contrasts = [between_norms("rms", "layer", size) for size in design.batch_sizes]
    return [Comparison(contrast, name, "same") for contrast in contrasts for name in ("train_loss_area", "test_accuracy")]


def _batch_against_none(design: CompareDesign) -> list[Contrast]:
    return [between_norms("batch", "none", size) for size in design.batch_sizes]


LEDGER: tuple[Entry[CompareDesign], ...] = (
    Entry(
        "A1",
        CLASSIC,
        "BatchNorm at batch size {large} converges fastest and to the lowest loss of BatchNorm and LayerNorm at {small} and {large}",
        _best_at_large,
        _has("batch", "layer", min_batch_sizes=2),
    ),
    Entry(
        "A2",
        CLASSIC,
        "BatchNorm has a higher training loss at batch size {small} than at {large} at every epoch",
        _higher_at_every_epoch,
        _has("batch", min_batch_sizes=2),
    ),
    Entry(
        "A3",
        CLASSIC,
        "LayerNorm's training loss hardly changes between batch sizes {small} and {large}, while BatchNorm's does",
        _batch_alone_depends_on_size,
        _has("batch", "layer", min_batch_sizes=2),
    ),
    Entry(
        "A4",
        CLASSIC,
        "BatchNorm at batch size {large} and LayerNorm at {small} reach the best validation accuracies",
        _best_pair,
        _has("batch", "layer", min_batch_sizes=2),
    ),
    Entry(
        "A5",
        CLASSIC,
        "BatchNorm's validation accuracy is noisier at batch size {small} than at {large}",
        _noisier_at_small,
        _has("batch", min_batch_sizes=2, min_epochs=MIN_EPOCHS_OF_NOISE),
    ),
    Entry(
        "A6",
        CLASSIC,
        "LayerNorm's validation accuracy is smoother than BatchNorm's at {sizes}, most so at {small}",
        _smoother_layer,
        _has("batch", "layer", min_batch_sizes=2, min_epochs=MIN_EPOCHS_OF_NOISE),
    ),
    Entry(
        "A8",
        CLASSIC,
        "LayerNorm converges more slowly than BatchNorm at batch size {large}",
        _slower_layer,
        _has("batch", "layer"),
    ),
    Entry(
        "B1",
        ONE_LAYER,
        "BatchNorm converges faster than LayerNorm and than no norm at batch size {large}",
        _batch_fastest,
        _has("batch", "layer", "none"),
    ),
    Entry(
        "B3",
        ONE_LAYER,
        "LayerNorm and BatchNorm train differently yet end with similar test accuracy at {sizes}",
        _same_end,
        _has("batch", "layer"),
    ),
    *benefits(_batch_against_none, "at {sizes}", _has("batch", "none")),
    Entry(
        "F2",
        CENTRING,
        "centring is dispensable: RMSNorm trains as fast as LayerNorm and ends with the same test accuracy, at {sizes}",
        _same_without_centring,
        _has("layer", "rms"),
    ),
)
"""The claims that comparing norms at several batch sizes can decide."""
