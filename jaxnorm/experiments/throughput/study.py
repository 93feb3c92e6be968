"""How fast networks are trained."""

import dataclasses
from pathlib import Path
from typing import Literal

from jaxnorm.config.training import Optimizer


@dataclasses.dataclass(frozen=True, kw_only=True)
class ThroughputConfig:
    """Measure networks trained per second, against a plain Flax loop and PyTorch's usual loop, in one run."""

    norm: str = "batch"
    """The normalization layer of every network."""

    seeds: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64)
    """Numbers of networks to train at once."""

    batch_sizes: tuple[int, ...] = (16, 128)
    """Examples per update."""

    optimizers: tuple[Optimizer, ...] = ("adam", "sgd")
    """Update rules."""

    hidden_sizes: tuple[int, ...] = (256,)
    """Units of each hidden layer of the MLP, between 784 inputs and 10 classes."""

    other_models: tuple[Literal["cnn", "lstm", "gru", "transformer"], ...] = ("cnn", "lstm", "gru", "transformer")
    """Models to time besides the MLP, on images of 8 x 8 pixels, at the largest batch size with the first optimizer."""

    other_seeds: int = 8
    """Number of networks of each other model to train at once."""

    precision: Literal["float32", "bfloat16"] = "float32"
    """Number format of jaxnorm's matrix products; the other contenders always multiply in float32."""

    steps: int = 200
    """Updates of each network in one timing."""

    rounds: int = 5
    """Timings of each contender, taken in turn; the median counts."""

    out: Path = Path("runs/throughput")
    """Folder for the results; an earlier measurement there is replaced."""
