"""What every instrument is told of training, output and decision."""

import dataclasses
from pathlib import Path
from typing import Literal, Self

Optimizer = Literal["adam", "adamw", "sgd"]
QUICK_SEEDS, QUICK_EPOCHS = 4, 2
RECURRENT = ("lstm", "gru")
"""Models that keep their tanh, whatever the activation."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training:
    """What is trained, on what, and how."""

    dataset: str = "digits"
    """digits (embedded), mnist, fashion_mnist, or any TFDS image classification set by name."""

    data_dir: Path | None = None
    """Folder of prepared TFDS data sets. Default: TFDS_DATA_DIR, else ~/tensorflow_datasets."""

    norms: tuple[str, ...] = ("batch", "layer")
    """Normalization layers to compare, by name or as package.module:Class; the first is the baseline of every difference."""

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

    activation: Literal["relu", "gelu", "tanh", "sigmoid"] = "relu"
    """Nonlinearity of all but recurrent networks, which keep their tanh."""

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
    def seed_numbers(self) -> range:
        """The seeds, in order."""
        return range(self.first_seed, self.first_seed + self.seeds)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Output:
    """Where results go, and how much of them."""

    out: Path | None = None
    """Folder for the results. Default: runs/INSTRUMENT-DATASET-HASH, named by the settings."""

    resume: bool = True
    """Keep the arms, and the networks of an unfinished arm, that an earlier, interrupted run of the same command finished."""

    quick: bool = False
    """Smoke run of seconds: at most 4 seeds and 2 epochs, of programs that are compiled quickly and run slowly."""

    quiet: bool = False
    """Print only the answer, a line per verdict and where the report is."""

    verbose: bool = False
    """Print also the evidence of every verdict, the control, and what compiling and training took."""

    tensorboard: Path | None = None
    """Folder to write the curves of every arm to, for TensorBoard; needs the extra tensorboard."""


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
class Study(DecisionRule, Output, Training):
    """What every instrument that trains networks is told."""

    question: str = ""
    """The question the run answers: heading of the report."""

    conclusion: str = ""
    """A sentence or two by the authors of a protocol, shown as theirs."""

    def shortened(self) -> Self:
        """The smoke run that ``quick`` asks for."""
        return dataclasses.replace(self, seeds=min(self.seeds, QUICK_SEEDS), epochs=min(self.epochs, QUICK_EPOCHS))
