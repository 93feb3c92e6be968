"""The main job: every norm at every batch size."""

import dataclasses
from typing import Literal

from jaxnorm.config.arm import Arm
from jaxnorm.config.training import Study


@dataclasses.dataclass(frozen=True, order=True)
class CompareArm(Arm):
    """A norm at a batch size."""

    batch_size: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class CompareConfig(Study):
    """Train a network with every norm at every batch size, many seeds each, and compare them seed by seed."""

    model: Literal["mlp", "cnn", "lstm", "gru", "transformer"] = "mlp"
    """The network. Recurrent networks and Transformers read an image row by row."""

    hidden_sizes: tuple[int, ...] = (256,)
    """Units of each hidden layer of the MLP."""

    norm_on_logits: bool = False
    """Normalize the logits of the MLP too."""

    batch_sizes: tuple[int, ...] = (16, 128)
    """Examples per update."""

    question: str = "Does the choice of normalization layer change how an MLP trains, and does the batch size matter to it?"
    """The question the run answers: heading of the report."""

    @property
    def arms(self) -> tuple[CompareArm, ...]:
        """Every norm at every batch size, norm by norm."""
        return tuple(CompareArm(norm, batch_size) for norm in self.norms for batch_size in self.batch_sizes)
