"""Which arms ``jaxnorm.experiments.batch_size`` has, and the differences between them that its plan and its claims are made of."""

import dataclasses
import math

from jaxnorm.analysis.batch_size_rates import Choices
from jaxnorm.analysis.contrasts import Contrast, of_arms, slope
from jaxnorm.analysis.wording import norm_title
from jaxnorm.experiments.batch_size.study import WHOLE, BatchSizeConfig, BatchSizeRateArm

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


def between_norms(design: BatchSizeDesign, norm: str, other: str, size: int, rate: str = "best") -> Contrast:
    """One norm minus another at the same batch size."""
    contrast = of_arms(design.arm(norm, size, rate), design.arm(other, size, rate))
    label = f"{norm_title(norm)} − {norm_title(other)} at batch size {size}, {WHERE[rate]}"
    return dataclasses.replace(contrast, label=label, where=f"batch size {size}")


def between_sizes(design: BatchSizeDesign, norm: str, size: int, other: int, rate: str) -> Contrast:
    """One norm at one batch size minus the same at another."""
    contrast = of_arms(design.arm(norm, size, rate), design.arm(norm, other, rate))
    label = f"{norm_title(norm)}, batch size {size} instead of {other}, {WHERE[rate]}"
    return dataclasses.replace(contrast, label=label, where=norm_title(norm))


def over_sizes(design: BatchSizeDesign, norm: str, rate: str) -> Contrast:
    """The change from the smallest to the largest batch size on the least-squares line over its logarithm."""
    least, most = design.sizes[0], design.sizes[-1]
    arms = [design.arm(norm, size, rate) for size in design.sizes]
    at = [math.log2(size) / math.log2(most / least) for size in design.sizes]
    return slope(arms, at, f"{norm_title(norm)}, batch size {most} instead of {least} on a fitted line, {WHERE[rate]}")


def between_ghosts(design: BatchSizeDesign, size: int, other: int, rate: str = "best") -> Contrast:
    """One ghost size minus another in batches of one size."""
    contrast = of_arms(design.ghost(size, rate), design.ghost(other, rate))
    batches = f"batches of {design.config.ghost_batch_size}"
    label = f"ghosts of {size} instead of {other} in {batches}, {WHERE[rate]}"
    return dataclasses.replace(contrast, label=label, where=batches)


def over_order(design: BatchSizeDesign, norm: str, rate: str) -> Contrast:
    """Batches sorted by class minus shuffled ones as large."""
    size = design.config.sorted_batch_size
    contrast = of_arms(design.by_class(norm, rate), design.arm(norm, size, rate))
    label = f"{norm_title(norm)}, sorted instead of shuffled batches of {size}, {WHERE[rate]}"
    return dataclasses.replace(contrast, label=label, where=norm_title(norm))
