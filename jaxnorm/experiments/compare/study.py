"""The main job: every norm at every batch size."""

import dataclasses
from typing import Literal

from jaxnorm.config.training import Study
from jaxnorm.experiments.checks import LARGEST_SEED, check_distinct, check_positive, require
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.stats.arm import Arm, ControlArm


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

    question: str = "Does the choice of normalization layer change how a network trains, and does the batch size matter to it?"
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


def check(config: CompareConfig) -> None:
    """Check what only this instrument has. Raises ``UsageError``."""
    check_positive(config, "batch_sizes")
    check_distinct(config, "batch_sizes")
    check_sizes(config)
    if config.control and config.control_seed_numbers[-1] > LARGEST_SEED:
        last = config.control_seed_numbers[-1]
        raise UsageError(f"--control would go up to seed {last}, and the last is {LARGEST_SEED}; give lower seeds, or --no-control.")


def check_sizes(config: CompareConfig) -> None:
    """Check the settings of the MLP, and that no other model was given them. Raises ``UsageError``."""
    check_positive(config, "hidden_sizes")
    normless = not (config.hidden_sizes or config.norm_on_logits)
    require(not normless, "hidden_sizes", "(none)", "no layer would have a norm; give at least one, or --norm-on-logits")
    defaults = CompareConfig()
    for name in ("hidden_sizes", "norm_on_logits"):
        given = config.model != "mlp" and getattr(config, name) != getattr(defaults, name)
        require(not given, name, getattr(config, name), f"it belongs to --model mlp, and the model is {config.model}; leave it out")


SETTINGS = CompareConfig
