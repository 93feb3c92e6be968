"""What ``jaxnorm.experiments.batch_size`` asks of its table: which arms are set against which, and the claims that this decides.

Claims about accuracy are decided with every arm at its best learning rate: at a fixed one, the batch size would be judged together with the
number of updates that an epoch has. Those about the noise of the curves are decided at the fixed rate, which their source had.
"""

import dataclasses
import math
from collections.abc import Callable

from jaxnorm.analysis.batch_size_rates import Choices, rate_arms
from jaxnorm.analysis.claims import Comparison, Entry, find_claims
from jaxnorm.analysis.contrasts import Contrast, of_arms, of_contrasts, slope
from jaxnorm.analysis.measures import MIN_EPOCHS_OF_NOISE
from jaxnorm.analysis.plan import Plan
from jaxnorm.analysis.wording import norm_title
from jaxnorm.config import BatchSizeConfig, BatchSizeRateArm
from jaxnorm.config.batch_size import WHOLE

WHERE = {"fixed": "fixed rate", "scaled": "scaled rate", "best": "best rates"}
"""Kinds of learning rates, as the labels of differences name them."""
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
    def words(self) -> dict[str, object]:
        """Sizes that statements name."""
        return {
            "classic_small": self.classic[0],
            "classic_large": self.classic[1],
            "least": self.sizes[0],
            "most": self.sizes[-1],
            "small": self.small,
            "online": max(self.online, default=ONLINE),
            "by_class": self.config.sorted_batch_size,
            "batch": self.config.ghost_batch_size,
            "ghost": self.choices.ghost_size,
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
    contrasts = {
        "choice of norm at the best learning rates": [
            between_norms(design, norm, baseline, size)
            for norm in others
            for size in config.sizes_of(norm)
            if size in config.sizes_of(baseline)
        ],
        "batch size at the fixed learning rate": _lines(design, "fixed"),
        "batch size at the linearly scaled learning rate": _lines(design, "scaled"),
        "batch size at the best learning rates": _lines(design, "best"),
        "ghost size at the best learning rates": _ghosts(design, "best"),
        "sorting of batches by class at the best learning rates": [over_order(design, norm, "best") for norm in config.norms],
        "": [*_ghosts(design, "fixed"), *(over_order(design, norm, "fixed") for norm in config.norms)],
    }
    measures = ("train_loss", "test_accuracy")
    return Plan(list(rate_arms(config)), contrasts, find_claims(LEDGER, design), measures, measures)


def _lines(design: BatchSizeDesign, rate: str) -> list[Contrast]:
    return [over_sizes(design, norm, rate) for norm in design.config.norms if len(design.sizes) > 1]


def _ghosts(design: BatchSizeDesign, rate: str) -> list[Contrast]:
    return [between_ghosts(design, size, design.ghosts[-1], rate) for size in design.ghosts[:-1]]


def between_norms(design: BatchSizeDesign, norm: str, other: str, size: int, rate: str = "best") -> Contrast:
    """One norm minus another at the same batch size."""
    contrast = of_arms(design.arm(norm, size, rate), design.arm(other, size, rate))
    return dataclasses.replace(contrast, label=f"{norm_title(norm)} − {norm_title(other)} at batch size {size}, {WHERE[rate]}")


def between_sizes(design: BatchSizeDesign, norm: str, size: int, other: int, rate: str) -> Contrast:
    """One norm at one batch size minus the same at another."""
    contrast = of_arms(design.arm(norm, size, rate), design.arm(norm, other, rate))
    return dataclasses.replace(contrast, label=f"{norm_title(norm)}, batch size {size} − {other}, {WHERE[rate]}")


def over_sizes(design: BatchSizeDesign, norm: str, rate: str) -> Contrast:
    """The change from the smallest to the largest batch size on the least-squares line over its logarithm."""
    least, most = design.sizes[0], design.sizes[-1]
    arms = [design.arm(norm, size, rate) for size in design.sizes]
    at = [math.log2(size) / math.log2(most / least) for size in design.sizes]
    return slope(arms, at, f"{norm_title(norm)}, batch size {most} − {least} by a line, {WHERE[rate]}")


def between_ghosts(design: BatchSizeDesign, size: int, other: int, rate: str = "best") -> Contrast:
    """One ghost size minus another in batches of one size."""
    contrast = of_arms(design.ghost(size, rate), design.ghost(other, rate))
    return dataclasses.replace(contrast, label=f"ghosts of {size} − {other} in batches of {design.config.ghost_batch_size}, {WHERE[rate]}")


def over_order(design: BatchSizeDesign, norm: str, rate: str) -> Contrast:
    """Batches sorted by class minus shuffled ones as large."""
    size = design.config.sorted_batch_size
    contrast = of_arms(design.by_class(norm, rate), design.arm(norm, size, rate))
    return dataclasses.replace(contrast, label=f"{norm_title(norm)}, sorted − shuffled batches of {size}, {WHERE[rate]}")


def _noisier_at_small(design: BatchSizeDesign) -> list[Comparison]:
    return [Comparison(between_sizes(design, "batch", *design.classic, "fixed"), "validation_noise", "higher")]


def _smoother_layer(design: BatchSizeDesign) -> list[Comparison]:
    small, large = design.classic
    contrasts = [between_norms(design, "batch", "layer", size, "fixed") for size in design.classic]
    of_batch, of_layer = (between_sizes(design, norm, small, large, "fixed") for norm in ("batch", "layer"))
    contrasts.append(of_contrasts(of_batch, of_layer, f"(BatchNorm − LayerNorm), batch size {small} − {large}, {WHERE['fixed']}"))
    return [Comparison(contrast, "validation_noise", "higher") for contrast in contrasts]


def _only_batch_norm_needs_size(design: BatchSizeDesign) -> list[Comparison]:
    return [
        Comparison(over_sizes(design, "batch", "best"), "test_accuracy", "higher"),
        Comparison(over_sizes(design, "layer", "best"), "test_accuracy", "same"),
    ]


def _unstable_where_small(design: BatchSizeDesign) -> list[Comparison]:
    of_batch, of_layer = (over_sizes(design, norm, "best") for norm in ("batch", "layer"))
    label = f"(BatchNorm − LayerNorm), batch size {design.sizes[-1]} − {design.sizes[0]} by a line, {WHERE['best']}"
    contrast = of_contrasts(of_batch, of_layer, label)
    return [Comparison(contrast, measure, "lower") for measure in ("test_accuracy_spread", "evaluation_gap")]


def _layer_norm_trains_online(design: BatchSizeDesign) -> list[Comparison]:
    nearest = {size: next(other for other in design.sizes if other >= size) for size in design.online}
    return [
        Comparison(
            dataclasses.replace(
                of_arms(design.arm("layer", size), design.arm("batch", other)),
                label=f"LayerNorm at batch size {size} − BatchNorm at {other}, {WHERE['best']}",
            ),
            "test_accuracy",
            "higher",
        )
        for size, other in nearest.items()
    ]


def _inner_ghosts_are_best(design: BatchSizeDesign) -> list[Comparison]:
    best = design.choices.ghost_size
    ends = (design.ghosts[0], design.ghosts[-1])
    return [Comparison(between_ghosts(design, best, end), "test_accuracy", "higher") for end in ends if best is not None]


def _renorm_repairs(design: BatchSizeDesign) -> list[Comparison]:
    size = design.config.sorted_batch_size
    by_class = dataclasses.replace(
        of_arms(design.by_class("renorm"), design.by_class("batch")),
        label=f"BatchRenorm − BatchNorm in sorted batches of {size}, {WHERE['best']}",
    )
    contrasts = (between_norms(design, "renorm", "batch", design.small), by_class)
    return [Comparison(contrast, "test_accuracy", "higher") for contrast in contrasts]


def _has(*norms: str, sizes: int = 1, epochs: int = 1) -> Callable[[BatchSizeDesign], bool]:
    """Whether a run has these norms, and so many batch sizes from 2 on, and epochs."""

    def applies(design: BatchSizeDesign) -> bool:
        return set(norms) <= set(design.config.norms) and len(design.sizes) >= sizes and design.config.epochs >= epochs

    return applies


CLASSIC = "the classic comparison: an MLP with Adam, BatchNorm and LayerNorm, batch sizes 16 and 128"
ADVICE = "the usual advice on which norm suits what"
ADD_NORM = "the usual account of residual connections and norms in Transformers"
HOFFER, IOFFE = "beyond the documents: Hoffer et al. 2017", "beyond the documents: Ioffe 2017"

LEDGER: tuple[Entry[BatchSizeDesign], ...] = (
    Entry(
        "A5",
        CLASSIC,
        "BatchNorm's validation accuracy is noisier at batch size {classic_small} than at {classic_large}, at the fixed learning rate",
        _noisier_at_small,
        _has("batch", sizes=2, epochs=MIN_EPOCHS_OF_NOISE),
    ),
    Entry(
        "A6",
        CLASSIC,
        "LayerNorm's validation accuracy is smoother than BatchNorm's at batch sizes {classic_small} and {classic_large}, most so at "
        "{classic_small}, at the fixed learning rate",
        _smoother_layer,
        _has("batch", "layer", sizes=2, epochs=MIN_EPOCHS_OF_NOISE),
    ),
    Entry(
        "A7",
        CLASSIC,
        "BatchNorm's test error falls from batch size {least} to {most} while LayerNorm's stays as it is, each at its best learning rate",
        _only_batch_norm_needs_size,
        _has("batch", "layer", sizes=3),
    ),
    Entry(
        "C3",
        ADVICE,
        "BatchNorm becomes unstable as batches shrink from {most} to {least}: more than with LayerNorm, its test accuracy differs between "
        "seeds, and batch statistics predict better than its running averages, each at its best learning rate",
        _unstable_where_small,
        _has("batch", "layer", sizes=3),
    ),
    Entry(
        "E4",
        ADD_NORM,
        "LayerNorm trains on batches of one and of up to {online} examples, to a higher test accuracy than BatchNorm at the nearest batch "
        "size that it has (at 1 it raises an error), each at its best learning rate",
        _layer_norm_trains_online,
        lambda design: _has("layer", "batch")(design) and ONLINE in design.online,
    ),
    Entry(
        "F3",
        HOFFER,
        "in batches of {batch}, ghosts of {ghost} examples end with a higher test accuracy than ghosts of {ghost_least} and of "
        "{ghost_most}, each at its best learning rate",
        _inner_ghosts_are_best,
        lambda design: design.choices.ghost_size is not None,
    ),
    Entry(
        "F4",
        IOFFE,
        "BatchRenorm ends with a higher test accuracy than BatchNorm at batch size {small}, and in batches of {by_class} sorted by class, "
        "each at its best learning rate",
        _renorm_repairs,
        _has("batch", "renorm"),
    ),
)
"""The claims that batches of several sizes, ghosts and orders can decide."""
