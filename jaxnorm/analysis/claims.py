"""What is claimed of normalization layers, as data: comparisons of arms, each with what the claim expects of it.

An instrument keeps its claims in a ledger of ``Entry`` lines, which say for which designs a claim can be decided at all and spell it
out for the design at hand. ``COMPARE_LEDGER`` is that of ``jaxnorm.experiments.compare``; the identifiers are those of docs/claims.md.
Where the source says "batch size 16" and "128", the claim is decided at the smallest and the largest batch size of the run and says so.
"""

import dataclasses
from collections.abc import Callable, Sequence

from jaxnorm.analysis.contrasts import Contrast, between_norms, between_sizes, interaction, of_arms
from jaxnorm.analysis.measures import MIN_EPOCHS_OF_NOISE
from jaxnorm.analysis.summary import Expectation
from jaxnorm.config import Arm


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One part of a claim."""

    contrast: Contrast
    measure: str
    expected: Expectation


@dataclasses.dataclass(frozen=True)
class Claim:
    """A statement that a run can decide. It stands only if all its comparisons come out as expected."""

    id: str
    statement: str
    source: str
    comparisons: tuple[Comparison, ...]


@dataclasses.dataclass(frozen=True)
class Design:
    """Which arms a run has: every norm at every batch size."""

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
    def sizes(self) -> str:
        """In words: ``batch sizes 16 and 128``."""
        *others, last = [str(size) for size in sorted(self.batch_sizes)]
        return f"batch sizes {', '.join(others)} and {last}" if others else f"batch size {last}"


@dataclasses.dataclass(frozen=True)
class Entry:
    """A line of a ledger: a claim for any design that has the norms, batch sizes and epochs it speaks of."""

    id: str
    source: str
    statement: str
    """May name ``{small}``, ``{large}`` and ``{sizes}``, the batch sizes of the run."""
    comparisons: Callable[[Design], list[Comparison]]
    norms: tuple[str, ...] = ("batch", "layer")
    min_batch_sizes: int = 1
    min_epochs: int = 1

    def applies(self, design: Design) -> bool:
        """Whether the run can decide this claim."""
        return set(self.norms) <= set(design.norms) and len(design.batch_sizes) >= self.min_batch_sizes and design.epochs >= self.min_epochs

    def claim(self, design: Design) -> Claim:
        """The claim, spelt out for this run."""
        statement = self.statement.format(small=design.small, large=design.large, sizes=design.sizes)
        return Claim(self.id, statement, self.source, tuple(self.comparisons(design)))


def find_claims(ledger: Sequence[Entry], design: Design) -> list[Claim]:
    """The claims of a ledger that this design can decide."""
    return [entry.claim(design) for entry in ledger if entry.applies(design)]


def _best_at_large(design: Design) -> list[Comparison]:
    best = Arm("batch", design.large)
    others = [Arm("batch", design.small), Arm("layer", design.small), Arm("layer", design.large)]
    return [Comparison(of_arms(best, other), measure, "lower") for measure in ("train_loss_area", "train_loss") for other in others]


def _higher_at_every_epoch(design: Design) -> list[Comparison]:
    contrast = between_sizes("batch", design.small, design.large)
    return [Comparison(contrast, f"train_loss@{epoch}", "higher") for epoch in range(1, design.epochs + 1)]


def _batch_alone_depends_on_size(design: Design) -> list[Comparison]:
    return [
        Comparison(interaction("batch", "layer", design.small, design.large), "train_loss", "higher"),
        Comparison(between_sizes("layer", design.small, design.large), "train_loss", "same"),
    ]


def _best_pair(design: Design) -> list[Comparison]:
    best = [Arm("batch", design.large), Arm("layer", design.small)]
    others = [Arm("batch", design.small), Arm("layer", design.large)]
    return [Comparison(of_arms(arm, other), "validation_accuracy", "higher") for arm in best for other in others]


def _noisier_at_small(design: Design) -> list[Comparison]:
    return [Comparison(between_sizes("batch", design.small, design.large), "validation_noise", "higher")]


def _smoother_layer(design: Design) -> list[Comparison]:
    at_each_size = [Comparison(between_norms("batch", "layer", size), "validation_noise", "higher") for size in design.batch_sizes]
    return [*at_each_size, Comparison(interaction("batch", "layer", design.small, design.large), "validation_noise", "higher")]


def _slower_layer(design: Design) -> list[Comparison]:
    return [Comparison(between_norms("layer", "batch", design.large), "train_loss_area", "higher")]


def _batch_fastest(design: Design) -> list[Comparison]:
    return [Comparison(between_norms("batch", other, design.large), "train_loss_area", "lower") for other in ("layer", "none")]


def _same_end(design: Design) -> list[Comparison]:
    contrasts = [between_norms("layer", "batch", size) for size in design.batch_sizes]
    different = [Comparison(contrast, "train_loss_area", "different") for contrast in contrasts]
    return different + [Comparison(contrast, "test_accuracy", "same") for contrast in contrasts]


def _batch_against_none(expected: Expectation, *measures: str) -> Callable[[Design], list[Comparison]]:
    def comparisons(design: Design) -> list[Comparison]:
        return [Comparison(between_norms("batch", "none", size), name, expected) for size in design.batch_sizes for name in measures]

    return comparisons


CLASSIC = "the classic comparison: an MLP with Adam, BatchNorm and LayerNorm, batch sizes 16 and 128"
ONE_LAYER = "the one-hidden-layer comparison: SGD, BatchNorm, LayerNorm and no norm"
BENEFITS = "the usual list of what BatchNorm does for a network without it"

_CONTROL = ("batch", "none")

COMPARE_LEDGER = (
    Entry(
        "A1",
        CLASSIC,
        "BatchNorm at batch size {large} converges fastest and to the lowest loss of BatchNorm and LayerNorm at {small} and {large}",
        _best_at_large,
        min_batch_sizes=2,
    ),
    Entry(
        "A2",
        CLASSIC,
        "BatchNorm has a higher training loss at batch size {small} than at {large} at every epoch",
        _higher_at_every_epoch,
        norms=("batch",),
        min_batch_sizes=2,
    ),
    Entry(
        "A3",
        CLASSIC,
        "LayerNorm's training loss hardly changes between batch sizes {small} and {large}, while BatchNorm's does",
        _batch_alone_depends_on_size,
        min_batch_sizes=2,
    ),
    Entry(
        "A4",
        CLASSIC,
        "BatchNorm at batch size {large} and LayerNorm at {small} reach the best validation accuracies",
        _best_pair,
        min_batch_sizes=2,
    ),
    Entry(
        "A5",
        CLASSIC,
        "BatchNorm's validation accuracy is noisier at batch size {small} than at {large}",
        _noisier_at_small,
        norms=("batch",),
        min_batch_sizes=2,
        min_epochs=MIN_EPOCHS_OF_NOISE,
    ),
    Entry(
        "A6",
        CLASSIC,
        "LayerNorm's validation accuracy is smoother than BatchNorm's at {sizes}, most so at {small}",
        _smoother_layer,
        min_batch_sizes=2,
        min_epochs=MIN_EPOCHS_OF_NOISE,
    ),
    Entry("A8", CLASSIC, "LayerNorm converges more slowly than BatchNorm at batch size {large}", _slower_layer),
    Entry(
        "B1",
        ONE_LAYER,
        "BatchNorm converges faster than LayerNorm and than no norm at batch size {large}",
        _batch_fastest,
        norms=("batch", "layer", "none"),
    ),
    Entry("B3", ONE_LAYER, "LayerNorm and BatchNorm train differently yet end with similar test accuracy at {sizes}", _same_end),
    Entry(
        "D1",
        BENEFITS,
        "BatchNorm trains faster than no norm from the first epoch on, at {sizes}",
        _batch_against_none("lower", "train_loss@1", "train_loss_area"),
        norms=_CONTROL,
    ),
    Entry(
        "D4",
        BENEFITS,
        "BatchNorm's loss curves oscillate less than those of no norm, at {sizes}",
        _batch_against_none("lower", "train_noise", "validation_loss_noise"),
        norms=_CONTROL,
        min_epochs=MIN_EPOCHS_OF_NOISE,
    ),
    Entry(
        "D5",
        BENEFITS,
        "BatchNorm reaches a higher validation accuracy than no norm, at {sizes}",
        _batch_against_none("higher", "validation_accuracy"),
        norms=_CONTROL,
    ),
)
"""The claims that comparing norms at several batch sizes can decide."""
