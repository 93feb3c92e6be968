"""What the layers instrument measures: rounding errors, and costs beside Linen's."""

import dataclasses
import math
from pathlib import Path

import msgspec
import numpy as np
from scipy import stats


@dataclasses.dataclass(frozen=True)
class RoundingError:
    """Of one layer's output in training, on input of a given mean / standard deviation and number format."""

    layer: str
    library: str
    dtype: str
    offset: float
    """Mean of the input in its standard deviations."""
    error: float
    """Root mean square deviation from the float64 result on the same (already rounded) input; its true spread is 1."""


@dataclasses.dataclass(frozen=True)
class Ratio:
    """The median of a ratio over rounds, with its 95 % interval by order statistics; few rounds have none."""

    median: float
    low: float | None
    high: float | None


def median_ratio(ratios: np.ndarray) -> Ratio:
    """From one ratio per round, (R,)."""
    low, high = map(float, stats.quantile_test(ratios, q=1, p=0.5).confidence_interval())
    return Ratio(float(np.median(ratios)), *(end if math.isfinite(end) else None for end in (low, high)))


@dataclasses.dataclass(frozen=True)
class Cost:
    """Of one layer's forward and backward pass, as ratios to flax.linen's layer with its default (unstable) variance."""

    layer: str
    shape: tuple[int, ...]
    time: Ratio
    """Of the times of a round."""
    time_stable: Ratio
    """The same against Linen's stable variance (``use_fast_variance=False``)."""
    saved: float
    """Ratio of the bytes kept between the forward and the backward pass."""


@dataclasses.dataclass(frozen=True)
class LayersSummary:
    """Everything the layers report shows."""

    errors: list[RoundingError]
    costs: list[Cost]
    rounds: int

    def to_json(self) -> bytes:
        """The summary as indented JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"

    @classmethod
    def load(cls, path: Path) -> "LayersSummary":
        """Read ``summary.json``. Raises ``msgspec.ValidationError`` where the file is not one of these."""
        return msgspec.json.decode(path.read_bytes(), type=cls)
