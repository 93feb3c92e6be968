"""Metrics: what training and probes give of every network, with unit, direction and the level of chance."""

import dataclasses
import math
from collections.abc import Callable
from typing import Literal

from jaxnorm.stats.units import FRACTION, NATS, RATIO, Unit

Better = Literal["lower", "higher", ""]
"""Which direction is good; empty where neither is."""


@dataclasses.dataclass(frozen=True)
class Metric:
    """A number of one network at one time."""

    title: str
    unit: Unit = RATIO
    better: Better = ""
    chance: Callable[[int], float] | None = None
    """From the number of classes to the value of a network that has learnt nothing; None for what is no performance."""
    spans: bool = False
    """Whether it is an amount that is never negative and that may span powers of ten, which figures then draw."""


def _chance_loss(num_classes: int) -> float:
    return math.log(num_classes)


def _chance_accuracy(num_classes: int) -> float:
    return 1 / num_classes


def _performance(split: str, title: str) -> dict[str, Metric]:
    return {
        f"{split}_loss": Metric(f"{title} loss", NATS, "lower", _chance_loss),
        f"{split}_accuracy": Metric(f"{title} accuracy", FRACTION, "higher", _chance_accuracy),
    }


METRICS = {**_performance("train", "training"), **_performance("validation", "validation"), **_performance("test", "test")}
"""What every network is measured by: losses in nats, accuracies as fractions of 1."""
CURVE_METRICS = tuple(name for name in METRICS if not name.startswith("test_"))
"""Measured after every epoch; those of training are means over its updates."""
FINAL_METRICS = tuple(name for name in METRICS if name.startswith("test_"))
"""Measured once, after the last epoch."""
EXAMPLES_OF = {"test_accuracy": "test_correct"}
"""Metric to the array that tells it example by example."""
