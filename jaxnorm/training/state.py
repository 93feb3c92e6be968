"""The arrays that training carries."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Float, UInt32

from jaxnorm.types import Images, Labels, Scalar


class Replica(NamedTuple):
    """What varies in number between networks of one compiled program; each leaf is ``()`` for one network, ``(S,)`` for many."""

    seed: UInt32[Array | np.ndarray, ""]
    learning_rate: Scalar
    init_scale: Scalar


class Split(NamedTuple):
    """Images as stored, in uint8, and their labels."""

    images: Images
    labels: Labels


class Data(NamedTuple):
    """What all replicas share. ``mean`` and ``std`` are per channel, in units of the stored pixels."""

    train: Split
    validation: Split
    test: Split
    mean: Float[Array | np.ndarray, " C"]
    std: Float[Array | np.ndarray, " C"]


class TrainState(NamedTuple):
    """What one update changes: the carry of the scan over steps."""

    params: Any
    batch_stats: Any
    opt_state: Any


class Metrics(NamedTuple):
    """Sums or means over examples: cross-entropy in nats, and the fraction classified correctly."""

    loss: Scalar
    accuracy: Scalar
