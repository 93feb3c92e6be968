"""The main job: every norm at every batch size."""

import dataclasses
from typing import Literal

from jaxnorm.config.arm import Arm, ControlArm
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

    control: bool = True
    """Train the baseline at the first batch size once more, on as many further seeds, and see that no difference from itself is claimed."""

    question: str = "Does the choice of normalization layer change how an MLP trains, and does the batch size matter to it?"
    """The question the run answers: heading of the report."""

    @property
    def arms(self) -> tuple[CompareArm, ...]:
        """Every norm at every batch size, norm by norm."""
        return tuple(CompareArm(norm, batch_size) for norm in self.norms for batch_size in self.batch_sizes)

    @property
    def control_arm(self) -> ControlArm | None:
        """The baseline at the first batch size, once more; None without a control."""
        return ControlArm.of(self.arms[0]) if self.control else None

    @property
    def control_seed_numbers(self) -> range:
        """The seeds of the control: they follow the reported ones, and are as many."""
        return range(self.seed_numbers.stop, self.seed_numbers.stop + self.seeds)
