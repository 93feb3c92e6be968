"""What single layers cost, and how exact they are."""

import dataclasses
from pathlib import Path


@dataclasses.dataclass(frozen=True, kw_only=True)
class LayersConfig:
    """Measure each layer's rounding error, memory and speed beside flax.linen's, and its rounding error beside PyTorch's."""

    rounds: int = 45
    """Timings of each layer, taken in turn; the median of the rounds' ratios counts."""

    out: Path = Path("runs/layers")
    """Folder for the results; an earlier measurement there is replaced."""
