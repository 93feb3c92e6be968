"""Claims that hold, or not, for every input: decided by a test instead of a run."""

from jaxnorm.experiments.sources import ADD_NORM, AXES, ONE_LAYER
from jaxnorm.report.ledger import Exact

EXACT = (
    Exact("B2", ONE_LAYER, "LayerNorm's output for one example does not depend on the batch", "tests/norms/test_table.py"),
    Exact("B4", ONE_LAYER, "a bias before BatchNorm is useless: its gradient is exactly 0", "tests/norms/test_table.py"),
    Exact("C1", AXES, "BatchNorm's output for one example depends on the others, LayerNorm's does not", "tests/norms/test_table.py"),
    Exact(
        "E3",
        ADD_NORM,
        "a block whose sublayer is small passes its input through: norm(x + cF(x)) goes to norm(x) as c goes to 0",
        "tests/models/test_add_norm.py",
    ),
)
