"""How smooth the loss is around networks in training."""

import dataclasses
from typing import Self

from jaxnorm.config.training import Optimizer, Study
from jaxnorm.experiments.checks import LARGEST, SMALLEST, check_distinct, check_hidden, check_positive, flag
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.compare.study import CompareArm

QUICK_EPOCHS = 4
"""So many that all networks pass a common loss."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LandscapeConfig(Study):
    """Train an MLP with every norm, and look at the loss around it, along its gradient, before training and after every epoch.

    Every quantity is taken of the parameters as they are and, scaled, in units of the kernels' norms; and compared at equal epochs and at
    equal training loss.
    """

    norms: tuple[str, ...] = ("none", "batch", "layer", "noisy")
    """Normalization layers to compare, by name or as package.module:Class; the first is the baseline of every difference. noisy is
    BatchNorm with noise that undoes the stability of distributions: Santurkar et al.'s control."""

    seeds: int = 16
    """Number of networks per arm. The same seed means the same initial weights and order of examples in every arm."""

    epochs: int = 30
    """Passes over the training set."""

    optimizer: Optimizer = "sgd"
    """Update rule."""

    learning_rate: float = 0.1
    """Step size, constant over training."""

    batch_size: int = 64
    """Examples per update."""

    hidden_sizes: tuple[int, ...] = (64, 64, 64)
    """Units of each hidden layer."""

    probe_examples: int = 256
    """Training examples, always the same ones, whose loss is looked at."""

    steps: tuple[float, ...] = (0.5, 1.0, 2.0, 3.0, 4.0)
    """Lengths of the steps along the gradient, in learning rates; Santurkar et al. take a half to four."""

    relative_steps: tuple[float, ...] = (0.005, 0.01, 0.02, 0.03, 0.04)
    """Lengths of the steps along the gradient where the landscape is scaled: fractions of the norm of the weights."""

    lanczos_iterations: int = 16
    """Products of the Hessian with a vector from which its largest eigenvalue is found."""

    loss_levels: tuple[float, ...] = (
        1.2,
        1.0,
        0.8,
        0.65,
        0.5,
        0.4,
        0.3,
        0.25,
        0.2,
        0.15,
        0.12,
        0.1,
        0.08,
        0.065,
        0.05,
        0.04,
        0.03,
        0.025,
        0.02,
    )
    """Training losses, in nats, at which arms are compared, as far as all their networks pass them."""

    question: str = "Does BatchNorm smooth the loss landscape?"
    """The question the run answers: heading of the report."""

    @property
    def arms(self) -> tuple[CompareArm, ...]:
        """One per norm."""
        return tuple(CompareArm(norm, self.batch_size) for norm in self.norms)

    def shortened(self) -> Self:
        """The smoke run: few seeds and epochs, narrow networks, few examples, and at most two norms besides the baseline."""
        return dataclasses.replace(
            super().shortened(),
            epochs=min(self.epochs, QUICK_EPOCHS),
            norms=self.few("norms", 3),
            hidden_sizes=tuple(min(size, 32) for size in self.hidden_sizes[:2]),
            probe_examples=min(self.probe_examples, 64),
            lanczos_iterations=min(self.lanczos_iterations, 4),
        )


def check(config: LandscapeConfig) -> None:
    """Check what only this instrument has. Raises ``UsageError``."""
    check_positive(config, "batch_size", "hidden_sizes", "probe_examples", "lanczos_iterations")
    if config.precision != "float32":
        raise UsageError(f"--precision {config.precision} is not possible here: curvature takes second derivatives, in float32 alone.")
    check_hidden(config.hidden_sizes)
    for name in ("steps", "relative_steps", "loss_levels"):
        for value in getattr(config, name):
            if not SMALLEST <= value <= LARGEST:
                raise UsageError(f"{flag(name)} {value:g} is not possible; give positive numbers up to {LARGEST:g}.")
    check_distinct(config, "steps", "relative_steps", "loss_levels")
    for name in ("steps", "relative_steps"):
        if len(getattr(config, name)) < 2:
            raise UsageError(f"{flag(name)} {getattr(config, name)[0]:g} is one step, over which nothing varies; give at least 2.")
    if config.probe_examples == 1:
        raise UsageError("--probe-examples 1 is not possible; the batch on which norms take their statistics needs at least 2.")


SETTINGS = LandscapeConfig
