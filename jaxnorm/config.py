"""What an experiment is told: frozen dataclasses of plain Python values, with units. No jax here.

The field names are the keys of a TOML protocol and, with dashes, the flags of the command line.
"""

import dataclasses
from pathlib import Path
from typing import Literal

Optimizer = Literal["adam", "adamw", "sgd"]


@dataclasses.dataclass(frozen=True, order=True)
class Arm:
    """What differs in structure and is therefore compiled on its own: one line in a figure, one row in a table."""

    norm: str
    batch_size: int

    @property
    def key(self) -> str:
        """A name for files and dictionaries: ``batch-16``."""
        return f"{self.norm}-{self.batch_size}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training:
    """What is trained, on what, and how."""

    dataset: str = "digits"
    """digits (embedded), mnist, fashion_mnist, or any TFDS image classification set by name."""

    data_dir: Path | None = None
    """Folder of prepared TFDS data sets. Default: TFDS_DATA_DIR, else ~/tensorflow_datasets."""

    norms: tuple[str, ...] = ("batch", "layer")
    """Normalization layers to compare, by name or as package.module:Class; the first is the baseline of every difference."""

    batch_sizes: tuple[int, ...] = (16, 128)
    """Examples per update."""

    seeds: int = 32
    """Number of networks per arm. The same seed means the same initial weights and order of examples in every arm."""

    first_seed: int = 0
    """Seeds run from here to first_seed + seeds - 1."""

    epochs: int = 10
    """Passes over the training set."""

    optimizer: Optimizer = "adam"
    """Update rule."""

    learning_rate: float = 1e-3
    """Step size, constant over training."""

    sgd_momentum: float = 0.0
    """Heavy-ball momentum of sgd (not the norm's)."""

    weight_decay: float = 0.0
    """Weight decay on kernels only: decoupled for adamw, added to the gradient for adam and sgd."""

    init_scale: float = 1.0
    """Factor on every initial kernel."""

    hidden_sizes: tuple[int, ...] = (256,)
    """Units of each hidden layer."""

    activation: Literal["relu", "gelu", "tanh", "sigmoid"] = "relu"
    """Nonlinearity after each norm."""

    norm_on_logits: bool = False
    """Normalize the logits too."""

    norm_momentum: float = 0.9
    """Decay of BatchNorm's running statistics per update, stated at norm_momentum_batch_size examples; other batch sizes get the
    same window in examples."""

    norm_momentum_batch_size: int = 128
    """Batch size, in examples, at which norm_momentum is stated."""

    running_variance: Literal["unbiased", "biased"] = "unbiased"
    """Which variance BatchNorm averages for evaluation: unbiased divides by n - 1 (as PyTorch does), biased by n (as Linen does)."""

    epsilon: float = 1e-5
    """Added to the variance by every norm alike."""

    precision: Literal["float32", "bfloat16"] = "float32"
    """Number format of the matrix products; everything else is float32."""

    @property
    def arms(self) -> tuple[Arm, ...]:
        """Every norm at every batch size, norm by norm."""
        return tuple(Arm(norm, batch_size) for norm in self.norms for batch_size in self.batch_sizes)

    @property
    def seed_numbers(self) -> range:
        """The seeds, in order."""
        return range(self.first_seed, self.first_seed + self.seeds)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Output:
    """Where results go, and how much of them."""

    out: Path | None = None
    """Folder for the results. Default: runs/compare-DATASET-HASH, named by the settings."""

    resume: bool = True
    """Keep the arms that an earlier, interrupted run of the same command finished."""

    quick: bool = False
    """Smoke run of seconds: at most 4 seeds and 2 epochs."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DecisionRule:
    """How a difference becomes a verdict. Fixed before the run, stored with it."""

    accuracy_margin: float = 0.005
    """Differences of accuracy below this fraction count as none (0.005 is half a percentage point)."""

    loss_margin: float = 0.05
    """Differences of loss (or of a curve's noise) below this fraction of the compared arms' mean count as none."""

    convergence_loss: float = 0.2
    """Training loss, in nats, at which a network counts as converged."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class CompareConfig(DecisionRule, Output, Training):
    """Train an MLP with every norm at every batch size, many seeds each, and compare them seed by seed."""

    question: str = "Does the choice of normalization layer change how an MLP trains, and does the batch size matter to it?"
    """The question the run answers: heading of the report."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ThroughputConfig:
    """Measure networks trained per second, against a plain Flax loop and PyTorch's usual loop, in one run."""

    norm: str = "batch"
    """The normalization layer of the MLP."""

    seeds: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64)
    """Numbers of networks to train at once."""

    batch_sizes: tuple[int, ...] = (16, 128)
    """Examples per update."""

    optimizers: tuple[Optimizer, ...] = ("adam", "sgd")
    """Update rules."""

    hidden_sizes: tuple[int, ...] = (256,)
    """Units of each hidden layer, between 784 inputs and 10 classes."""

    precision: Literal["float32", "bfloat16"] = "float32"
    """Number format of jaxnorm's matrix products; the other contenders always multiply in float32."""

    steps: int = 200
    """Updates of each network in one timing."""

    rounds: int = 5
    """Timings of each contender, taken in turn; the median counts."""

    out: Path = Path("runs/throughput")
    """Folder for the results; an earlier measurement there is replaced."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LayersConfig:
    """Measure each layer's rounding error, memory and speed beside flax.linen's, and its rounding error beside PyTorch's."""

    rounds: int = 15
    """Timings of each layer, taken in turn; the median of the rounds' ratios counts."""

    out: Path = Path("runs/layers")
    """Folder for the results; an earlier measurement there is replaced."""
