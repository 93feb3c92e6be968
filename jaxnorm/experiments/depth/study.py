"""How gradients and accuracy fare with depth, with and without residual connections."""

import dataclasses
import math
from typing import Literal, Self

from jaxnorm.config.training import Study
from jaxnorm.experiments.checks import check_distinct, check_positive
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.stats.arm import Arm

Placement = Literal["plain", "post", "pre", "sandwich"]


@dataclasses.dataclass(frozen=True, order=True)
class DepthArm(Arm):
    """A norm at a place in a network of some depth, with or without warm-up. Without any norm, a residual block is placed ``none``."""

    placement: str
    depth: int
    warmup_steps: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class DepthConfig(Study):
    """Train networks of several depths, plain and residual, with every norm at every place, and probe their gradients layer by layer."""

    norms: tuple[str, ...] = ("none", "layer", "batch", "rms")
    """Normalization layers to compare, by name or as package.module:Class; the first is the baseline of every difference."""

    seeds: int = 16
    """Number of networks per arm. The same seed means the same initial weights and order of examples in every arm."""

    model: Literal["mlp", "transformer"] = "mlp"
    """The network. A Transformer is always residual: it has no arms with the placement plain."""

    placements: tuple[Placement, ...] = ("plain", "post", "pre", "sandwich")
    """plain: no residual connection. post, pre, sandwich: norms after each residual block, before its sublayer, or both."""

    depths: tuple[int, ...] = (2, 8, 32)
    """Hidden layers of the MLP, or layers (attention and feed-forward) of the Transformer."""

    warmup_steps: tuple[int, ...] = (0,)
    """Updates over which the learning rate rises linearly to its value; each is an arm of its own."""

    width: int = 128
    """Units of each layer."""

    batch_size: int = 64
    """Examples per update."""

    init_scale: float = math.sqrt(2)
    """Factor on every initial kernel: the square root of 2 makes it He's initialisation for ReLU."""

    probe_examples: int = 256
    """Training examples on which gradients are probed, before training and after each epoch."""

    question: str = "What do norms and residual connections do to training and accuracy as a network grows deeper?"
    """The question the run answers: heading of the report."""

    @property
    def arms(self) -> tuple[DepthArm, ...]:
        """Every norm at every place, depth and warm-up; of residual blocks without a norm there is one kind."""
        kinds = dict.fromkeys((norm, self._place(norm, placement)) for norm in self.norms for placement in self.possible_placements)
        return tuple(DepthArm(*kind, depth, steps) for kind in kinds for depth in self.depths for steps in self.warmup_steps)

    @property
    def possible_placements(self) -> tuple[Placement, ...]:
        """The placements that the model has."""
        return tuple(placement for placement in self.placements if self.model == "mlp" or placement != "plain")

    @staticmethod
    def _place(norm: str, placement: str) -> str:
        return "none" if norm == "none" and placement != "plain" else placement

    def shortened(self) -> Self:
        """The smoke run: few seeds, epochs, placements and depths, narrow networks."""
        fewer = {"depths": self.few("depths", 2), "placements": self.few("placements", 2)}
        return dataclasses.replace(super().shortened(), **fewer, width=min(self.width, 32))


def check(config: DepthConfig) -> None:
    """Check what only this instrument has. Raises ``UsageError``."""
    check_positive(config, "depths", "width", "batch_size", "probe_examples")
    check_distinct(config, "depths", "placements", "warmup_steps")
    for steps in config.warmup_steps:
        if steps < 0:
            raise UsageError(f"--warmup-steps {steps} is not possible; give 0 or a positive number of updates.")
    if not config.possible_placements:
        raise UsageError("--placements plain does not go with --model transformer, which is always residual; give post, pre or sandwich.")


SETTINGS = DepthConfig
