"""Units of what is measured, and how they are printed."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Unit:
    """A unit. Values are stored without ``factor`` and printed with it."""

    level: str
    """Behind a value; empty where a number stands alone."""
    difference: str
    """Behind a difference of two values."""
    factor: float = 1.0


NATS = Unit("nats", "nats")
FRACTION = Unit("%", "pp", 100.0)
"""Accuracies and shares: stored as fractions of 1, printed in percent, their differences in percentage points."""
POINTS = Unit("pp", "pp", 100.0)
"""Spreads and differences of accuracies: stored as fractions of 1."""
EPOCHS = Unit("epochs", "epochs")
DECADES = Unit("decades", "decades")
"""Powers of ten: 0.3 decades are a factor of 2."""
RATIO = Unit("", "")
INPUT = Unit("units of input", "units of input")
"""The scale on which a nonlinearity reads what it is given."""
GRADIENT = Unit("nats per weight", "nats per weight")
SMALLEST = 1e-30
"""Stands for zero where a logarithm is taken."""
