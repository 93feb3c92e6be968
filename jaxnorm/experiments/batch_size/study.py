"""How networks fare with few examples per update, in ghost batches, and with batches of one class."""

import dataclasses
from typing import Literal, Self

from jaxnorm.config.norms import couples_examples
from jaxnorm.config.training import Optimizer
from jaxnorm.config.tuning import TunedStudy
from jaxnorm.experiments.checks import check_at_most, check_distinct, check_positive, check_tuning
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.stats.arm import Arm

Rate = Literal["fixed", "scaled", "best"]

WHOLE = 0
"""In place of a ghost size, for norms that do not cut their batches."""
QUICK_TUNING_SEEDS, QUICK_RATES, QUICK_WIDTH, QUICK_EXAMPLES = 2, 2, 16, 256


@dataclasses.dataclass(frozen=True, order=True)
class BatchSizeArm(Arm):
    """A norm at a batch size, in batches cut into ghosts or whole, of all classes or of one: compiled, and trained at several rates."""

    batch_size: int
    ghost_size: int
    order: str


@dataclasses.dataclass(frozen=True, order=True)
class BatchSizeRateArm(BatchSizeArm):
    """Such an arm at one learning rate: the one that all share, the one scaled with the batch size, or the best of the grid."""

    rate: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class BatchSizeConfig(TunedStudy):
    """Train an MLP with every norm at every batch size, on equally many examples, at a fixed, a linearly scaled and the best learning rate.

    Beside it: BatchNorm over ghost batches of several sizes, and every norm on batches sorted by class. The best rate is the one with the
    highest mean validation accuracy on tuning seeds, which are not among the reported ones.
    """

    norms: tuple[str, ...] = ("layer", "batch", "renorm", "none")
    """Normalization layers to compare, by name or as package.module:Class; the first is the baseline of every difference."""

    batch_sizes: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 128, 512)
    """Examples per update. Norms over the batch have no arm at 1."""

    ghost_sizes: tuple[int, ...] = (2, 4, 8, 16, 32, 128)
    """Examples in each ghost batch of GhostBatchNorm."""

    ghost_batch_size: int = 128
    """Examples per update where batches are cut into ghosts; every ghost size divides it."""

    sorted_batch_size: int = 32
    """Examples per update where batches are sorted by class; one of the batch sizes, for comparison."""

    optimizer: Optimizer = "sgd"
    """Update rule. The linearly scaled learning rate is a rule for sgd."""

    learning_rate: float = 0.1
    """The step size of all where it is fixed, and at the reference batch size where it is scaled; one of the learning rates."""

    reference_batch_size: int = 32
    """Batch size, in examples, at which the scaled learning rate is the fixed one."""

    learning_rates: tuple[float, ...] = (0.0015625, 0.00625, 0.025, 0.1, 0.4, 1.6, 6.4)
    """Step sizes of which each arm's best is chosen."""

    seeds: int = 16
    """Number of reported networks per arm and learning rate. The same seed means the same initial weights in every arm, and, except in
    batches sorted by class, the same order of examples."""

    epochs: int = 20
    """Passes over the training set: the budget is counted in examples, so small batches make more updates."""

    max_examples: int = 1024
    """Most examples of each split that are used, the first ones: so that updates on two examples do not take hours, and batches of all
    sizes can hold the whole training set."""

    width: int = 64
    """Units of each of the two hidden layers."""

    convergence_loss: float = 0.5
    """Training loss, in nats, at which a network counts as converged."""

    question: str = "What do small batches, ghost batches and batches of one class do to different norms, each at its best learning rate?"
    """The question the run answers: heading of the report."""

    @property
    def arms(self) -> tuple[BatchSizeArm, ...]:
        """Every norm at every batch size that it has, then the ghost sizes, then every norm on sorted batches."""
        sizes = [BatchSizeArm(norm, size, WHOLE, "mixed") for norm in self.norms for size in self.sizes_of(norm)]
        ghosts = [BatchSizeArm("ghost", self.ghost_batch_size, size, "mixed") for size in self.ghost_sizes]
        by_class = [BatchSizeArm(norm, self.sorted_batch_size, WHOLE, "sorted") for norm in self.norms]
        return (*sizes, *ghosts, *by_class)

    def sizes_of(self, norm: str) -> tuple[int, ...]:
        """The batch sizes that a norm is trained at, ascending."""
        return tuple(size for size in sorted(self.batch_sizes) if size > 1 or not couples_examples(norm))

    def kinds_of(self, arm: BatchSizeArm) -> tuple[Rate, ...]:
        """The kinds of learning rates that an arm is reported at; the scaled one only where batch sizes are compared."""
        by_size = arm.ghost_size == WHOLE and arm.order == "mixed"
        return ("fixed", "scaled", "best") if by_size else ("fixed", "best")

    def scaled_rate(self, batch_size: int) -> float:
        """The learning rate in proportion to the batch size (Goyal et al. 2017, arXiv:1706.02677)."""
        return self.learning_rate * batch_size / self.reference_batch_size

    def shortened(self) -> Self:
        """The smoke run: few seeds, epochs, examples, batch sizes and rates, narrow networks, two norms."""
        ghosts = sorted(self.ghost_sizes)
        kept = tuple(dict.fromkeys((*self.few("batch_sizes", 2), self.sorted_batch_size)))
        others = [rate for rate in self.learning_rates if rate != self.learning_rate]
        return dataclasses.replace(
            super().shortened(),
            norms=self.few("norms", 2),
            batch_sizes=kept,
            ghost_sizes=tuple(dict.fromkeys((ghosts[0], ghosts[len(ghosts) // 2], ghosts[-1]))),
            learning_rates=(self.learning_rate, *others[: QUICK_RATES - 1]),
            tuning_seeds=min(self.tuning_seeds, QUICK_TUNING_SEEDS),
            max_examples=min(self.max_examples, max(QUICK_EXAMPLES, self.ghost_batch_size, *kept)),
            width=min(self.width, QUICK_WIDTH),
        )


SIZES = ("batch_sizes", "ghost_sizes", "ghost_batch_size", "sorted_batch_size", "reference_batch_size", "max_examples", "width")


def check(config: BatchSizeConfig) -> None:
    """Check what only this instrument has. Raises ``UsageError``."""
    check_positive(config, *SIZES)
    check_distinct(config, "batch_sizes", "ghost_sizes")
    check_tuning(config)
    check_ghosts(config)
    for name in ("batch_sizes", "ghost_batch_size"):
        check_at_most(config, name, "max_examples")
    for norm in config.norms:
        if not config.sizes_of(norm):
            raise UsageError(f"--batch-sizes 1 leaves --norms {norm} without an arm: it takes means over several examples; add 2 or more.")
    if config.sorted_batch_size == 1 or config.sorted_batch_size not in config.batch_sizes:
        sizes = " ".join(str(size) for size in config.batch_sizes)
        raise UsageError(
            f"--sorted-batch-size {config.sorted_batch_size} is compared with shuffled batches as large, of 2 examples or more; "
            f"give one of --batch-sizes {sizes}, or add it there."
        )


def check_ghosts(config: BatchSizeConfig) -> None:
    """Check that ghost batches can be cut. Raises ``UsageError``."""
    if "ghost" in config.norms:
        raise UsageError("--norms ghost is not possible here; it is compared at several --ghost-sizes anyway: leave it out.")
    for size in config.ghost_sizes:
        if size == 1 or config.ghost_batch_size % size:
            raise UsageError(
                f"--ghost-sizes {size} is not possible; give divisors of --ghost-batch-size {config.ghost_batch_size} above 1."
            )


SETTINGS = BatchSizeConfig
