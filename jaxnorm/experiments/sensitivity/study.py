"""How far a network may be from the right learning rate and the right initial scale, with each norm and at each depth."""

import dataclasses
import math
from typing import Self

from jaxnorm.config.training import Optimizer
from jaxnorm.config.tuning import TunedStudy
from jaxnorm.experiments.checks import check_distinct, check_grid, check_positive, check_tuning, flag
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.stats.arm import Arm

QUICK_TUNING_SEEDS, QUICK_SEEDS, QUICK_WIDTH = 1, 2, 16


@dataclasses.dataclass(frozen=True, order=True)
class SensitivityArm(Arm):
    """A norm in a network of some depth: what is compiled, and trained at every learning rate from every initial scale."""

    depth: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class SensitivityConfig(TunedStudy):
    """Train plain MLPs with every norm, at every learning rate from every initial scale, and see where on this grid they learn.

    Rates are compared at one initial scale. Scales are compared at each arm's best learning rate, which is the one with the highest mean
    validation accuracy on tuning seeds, and at a small rate that all share.
    """

    norms: tuple[str, ...] = ("none", "batch", "layer")
    """Normalization layers to compare, by name or as package.module:Class; the first is the baseline of every difference."""

    depths: tuple[int, ...] = (2, 4, 8)
    """Hidden layers."""

    learning_rates: tuple[float, ...] = (1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 1e-1, 2e-1, 5e-1, 1.0, 2.0, 5.0, 10.0)
    """Step sizes to train at; the best of each arm is one of them."""

    learning_rate: float = 1e-2
    """The small step size at which all are compared besides their best; one of the learning rates."""

    init_scales: tuple[float, ...] = (0.01, 0.1, 1.0, 10.0, 100.0)
    """Factors on every initial kernel; 1 is He's initialisation for ReLU."""

    init_scale: float = 1.0
    """The factor at which learning rates are compared, and the best chosen; one of the initial scales."""

    seeds: int = 16
    """Number of reported networks at every point of the grid. The same seed means the same initial weights, but for their scale, and the
    same order of examples in every arm."""

    optimizer: Optimizer = "sgd"
    """Update rule."""

    width: int = 64
    """Units of each layer."""

    batch_size: int = 32
    """Examples per update."""

    loss_tolerance: float = 0.05
    """A learning rate is stable for a seed if its final training loss is at most this many nats above the lowest that the seed reaches
    at any rate, or at most loss_margin above it."""

    question: str = "How large may the learning rate be, and how far off the initial weights, with each norm?"
    """The question the run answers: heading of the report."""

    @property
    def arms(self) -> tuple[SensitivityArm, ...]:
        """Every norm at every depth, depth by depth."""
        return tuple(SensitivityArm(norm, depth) for depth in self.depths for norm in self.norms)

    def shortened(self) -> Self:
        """The smoke run: two norms and depths, narrow networks, few seeds and epochs, three learning rates and initial scales."""
        return dataclasses.replace(
            super().shortened(),
            norms=self.few("norms", 2),
            depths=self.few("depths", 2),
            learning_rates=_spread(self.learning_rates, self.learning_rate),
            init_scales=_spread(self.init_scales, self.init_scale),
            seeds=min(self.seeds, QUICK_SEEDS),
            tuning_seeds=min(self.tuning_seeds, QUICK_TUNING_SEEDS),
            width=min(self.width, QUICK_WIDTH),
        )


def _spread(grid: tuple[float, ...], kept: float) -> tuple[float, ...]:
    """The ends of a grid, and the value that the run needs."""
    return tuple(sorted({min(grid), kept, max(grid)}))


def check(config: SensitivityConfig) -> None:
    """Check what only this instrument has. Raises ``UsageError``."""
    check_positive(config, "depths", "batch_size", "width")
    check_distinct(config, "depths")
    check_tuning(config)
    check_grid(config, "init_scales", "init_scale")
    for name in ("learning_rates", "init_scales"):
        values = getattr(config, name)
        if len(values) < 2:
            raise UsageError(f"{flag(name)} {values[0]:g} is one value, and sensitivity shows between several; give at least two.")
    if not (math.isfinite(config.loss_tolerance) and config.loss_tolerance >= 0):
        raise UsageError(f"--loss-tolerance {config.loss_tolerance:g} is not possible; give 0 or a positive number of nats.")


SETTINGS = SensitivityConfig
