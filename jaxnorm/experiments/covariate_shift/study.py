"""Whether norms reduce internal covariate shift, and keep nonlinearities out of saturation."""

import dataclasses
from typing import Literal, Self

from jaxnorm.config.training import Optimizer, Study
from jaxnorm.experiments.checks import check_distinct, check_hidden, check_positive
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.stats.arm import Arm

Nonlinearity = Literal["sigmoid", "tanh", "relu"]

QUICK_WIDTH = 24


@dataclasses.dataclass(frozen=True, order=True)
class ActivationArm(Arm):
    """A norm before a nonlinearity of some kind."""

    activation: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class CovariateShiftConfig(Study):
    """Train the MLP of Ioffe & Szegedy (2015) with every norm before every nonlinearity. Follow the percentiles of what units of the last
    hidden layer are given, how each layer's gradient changes when the layers below it move, and how many units saturate or die.
    """

    norms: tuple[str, ...] = ("none", "batch", "layer")
    """Normalization layers to compare, by name or as package.module:Class; the first is the baseline of every difference."""

    seeds: int = 16
    """Number of networks per arm. The same seed means the same initial weights and order of examples in every arm."""

    activations: tuple[Nonlinearity, ...] = ("sigmoid", "tanh", "relu")
    """Nonlinearities, each with every norm. They take the place of --activation."""

    hidden_sizes: tuple[int, ...] = (100, 100, 100)
    """Units of each hidden layer."""

    batch_size: int = 60
    """Examples per update."""

    optimizer: Optimizer = "sgd"
    """Update rule; the layers below a layer move by it when the change of its gradient is probed."""

    learning_rate: float = 0.3
    """Step size, constant over training."""

    epochs: int = 20
    """Passes over the training set."""

    observed_units: int = 8
    """Units of the last hidden layer whose inputs are followed, from the first on."""

    probe_batches: int = 8
    """Batches of training examples that the probes read, before training and after each epoch."""

    question: str = "Does BatchNorm reduce internal covariate shift, by drift of inputs and by change of gradients?"
    """The question the run answers: heading of the report."""

    @property
    def arms(self) -> tuple[ActivationArm, ...]:
        """Every norm before every nonlinearity."""
        return tuple(ActivationArm(norm, activation) for activation in self.activations for norm in self.norms)

    @property
    def probe_examples(self) -> int:
        """Training examples that the probes read."""
        return self.probe_batches * self.batch_size

    def shortened(self) -> Self:
        """The smoke run: few seeds, epochs and batches, narrow layers, two norms and two nonlinearities."""
        narrow = tuple(min(size, QUICK_WIDTH) for size in self.hidden_sizes)
        return dataclasses.replace(
            super().shortened(),
            norms=self.few("norms", 2),
            activations=self.few("activations", 2),
            hidden_sizes=narrow,
            observed_units=min(self.observed_units, narrow[-1]),
            probe_batches=min(self.probe_batches, 2),
        )


def check(config: CovariateShiftConfig) -> None:
    """Check what only this instrument has. Raises ``UsageError``."""
    check_positive(config, "hidden_sizes", "batch_size", "observed_units", "probe_batches")
    check_distinct(config, "activations")
    check_hidden(config.hidden_sizes)
    if config.observed_units > config.hidden_sizes[-1]:
        raise UsageError(
            f"--observed-units {config.observed_units} are more than the last hidden layer has; give at most {config.hidden_sizes[-1]}."
        )
    if config.activation != CovariateShiftConfig().activation:
        raise UsageError(f"--activation {config.activation} has no effect here; name nonlinearities by --activations.")


SETTINGS = CovariateShiftConfig
