"""The arrays that training carries."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Float, Int, UInt32

from jaxnorm.types import Inputs, Labels, Scalar

GENERATOR = "threefry2x32"
"""The generator of all random numbers in training, whichever is jax's default."""
CORRECT = "test_correct"
"""Which test examples a network classifies correctly, ``(N,)``: uint8 0 or 1; where every position has a label, float32 fractions."""


class Replica(NamedTuple):
    """What varies in number between networks of one compiled program; each leaf is ``()`` for one network, ``(S,)`` for many."""

    seed: UInt32[Array | np.ndarray, ""]
    learning_rate: Scalar
    init_scale: Scalar


class Split(NamedTuple):
    """Examples as stored, their labels, and how many positions of each count (None: all)."""

    inputs: Inputs
    labels: Labels
    lengths: Int[Array | np.ndarray, " N"] | None = None


class Data(NamedTuple):
    """What all replicas share. ``mean`` and ``std`` belong to the inputs' last axis, in units of the stored values; tokens have none."""

    train: Split
    validation: Split
    test: Split
    mean: Float[Array | np.ndarray, " C"] | None
    std: Float[Array | np.ndarray, " C"] | None


class TrainState(NamedTuple):
    """What one update changes: the carry of the scan over steps."""

    params: Any
    batch_stats: Any
    opt_state: Any


class Metrics(NamedTuple):
    """Sums or means over examples: cross-entropy in nats, and the fraction classified correctly."""

    loss: Scalar
    accuracy: Scalar
