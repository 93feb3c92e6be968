"""Which norm suits which architecture, with the learning rate chosen for each pair."""

import dataclasses
from typing import Literal, Self

from jaxnorm.config.tuning import TunedStudy
from jaxnorm.experiments.checks import check_distinct, check_positive, check_tuning
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.stats.arm import Arm

Model = Literal["mlp", "cnn", "lstm", "gru", "transformer"]

QUICK_TUNING_SEEDS, QUICK_RATES, QUICK_WIDTH = 2, 2, 16


@dataclasses.dataclass(frozen=True, order=True)
class ArchitectureArm(Arm):
    """A norm in an architecture: what is compiled, and trained at every learning rate."""

    model: str


@dataclasses.dataclass(frozen=True, order=True)
class RateArm(ArchitectureArm):
    """A norm in an architecture at one learning rate: the best of this pair, or the one that all share."""

    rate: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArchitecturesConfig(TunedStudy):
    """Train several architectures with every norm at every learning rate; compare the norms at each pair's best rate and at a shared one.

    The best rate is the one with the highest mean validation accuracy on tuning seeds, which are not among the reported ones.
    """

    norms: tuple[str, ...] = ("layer", "batch", "none")
    """Normalization layers to compare, by name or as package.module:Class; the first is the baseline of every difference."""

    models: tuple[Model, ...] = ("mlp", "cnn", "lstm", "transformer")
    """Architectures. Recurrent networks and Transformers read an image row by row."""

    learning_rates: tuple[float, ...] = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
    """Step sizes to train at; the best of each norm and architecture is one of them."""

    learning_rate: float = 3e-3
    """The step size at which all are compared besides their best; one of the learning rates."""

    seeds: int = 16
    """Number of reported networks per arm and learning rate. The same seed means the same order of examples in every arm, and the same
    initial weights under every norm."""

    epochs: int = 15
    """Passes over the training set."""

    batch_size: int = 64
    """Examples per update."""

    width: int = 32
    """Units of each layer: of the MLP's two, of the recurrent state, of each position of the Transformer (twice as many inside its
    feed-forward networks), channels of the CNN's last stage (half as many in its first)."""

    activation: Literal["relu", "gelu", "tanh", "sigmoid"] = "relu"
    """Nonlinearity of all but recurrent networks, which keep their tanh."""

    question: str = "Does BatchNorm suit CNNs, and LayerNorm recurrent networks and Transformers?"
    """The question the run answers: heading of the report."""

    @property
    def arms(self) -> tuple[ArchitectureArm, ...]:
        """Every norm in every architecture, architecture by architecture."""
        return tuple(ArchitectureArm(norm, model) for model in self.models for norm in self.norms)

    def shortened(self) -> Self:
        """The smoke run: few seeds and epochs, narrow networks, two norms, and one learning rate besides the shared one."""
        others = [rate for rate in self.learning_rates if rate != self.learning_rate]
        return dataclasses.replace(
            super().shortened(),
            norms=self.few("norms", 2),
            learning_rates=(self.learning_rate, *others[: QUICK_RATES - 1]),
            tuning_seeds=min(self.tuning_seeds, QUICK_TUNING_SEEDS),
            width=min(self.width, QUICK_WIDTH),
        )


WIDTHS = 4
"""Units come in multiples of this: as many heads has the Transformer."""


def check(config: ArchitecturesConfig) -> None:
    """Check what only this instrument has. Raises ``UsageError``."""
    check_positive(config, "batch_size", "width")
    check_distinct(config, "models")
    check_tuning(config)
    if config.width % WIDTHS:
        raise UsageError(f"--width {config.width} is not possible; give a multiple of {WIDTHS}, the number of the Transformer's heads.")


SETTINGS = ArchitecturesConfig
