"""The measures of all arms of a run, and what else their comparison needs: test sets and outliers."""

from collections.abc import Mapping, Sequence

import numpy as np

from jaxnorm.stats.contrasts import Contrast
from jaxnorm.stats.intervals import test_set_error, zero_rounding
from jaxnorm.stats.metrics import EXAMPLES_OF
from jaxnorm.stats.plan import Plan
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.stats.table import ArmTable

OUTLYING = 5.0
"""Robust standard deviations from the median of its arm from which on a run is an outlier: one in two million normal values."""
MAD_TO_DEVIATION = 1.4826
FEWEST_FOR_OUTLIERS = 8

Examples = Mapping[str, np.ndarray]
"""Arm key to the share of its networks that got each test example right, (N,)."""


class Values:
    """The measures of all arms, (S,) each, computed when they are first asked for."""

    def __init__(self, plan: Plan, tables: Sequence[ArmTable], rule: DecisionRule, examples: Examples):
        self.plan, self.rule, self.examples = plan, rule, examples
        self.tables = {table.arm.key: table for table in tables}
        self._measured: dict[tuple[str, str], np.ndarray] = {}

    def of(self, key: str, name: str) -> np.ndarray:
        """One measure of one arm, (S,). Raises ``ValueError`` where no run has its metric."""
        if (key, name) not in self._measured:
            measure = self.plan.measure(name)
            self.curve(key, measure.metric)
            self._measured[key, name] = measure.of(self.tables[key], self.rule)
        return self._measured[key, name]

    def curve(self, key: str, metric: str) -> np.ndarray:
        """A metric of one arm by epoch, (S, E). Raises ``ValueError`` where no run has it."""
        curves = self.tables[key].curves
        if metric not in curves:
            raise ValueError(f"the plan names the metric {metric!r}, which the runs of arm {key} do not have")
        return curves[metric]

    def difference(self, contrast: Contrast, name: str) -> np.ndarray:
        """A contrast of one measure, (S,), in which rounding is zero."""
        terms = np.stack([weight * self.of(key, name) for key, weight in contrast.weights.items()])
        return zero_rounding(terms.sum(axis=0), np.abs(terms).sum(axis=0))

    def test_error(self, contrast: Contrast, name: str) -> float | None:
        """The part of the standard error that comes from the test set; None where that was not recorded or has no part in it."""
        if EXAMPLES_OF.get(self.plan.measure(name).metric) is None or not set(contrast.weights) <= set(self.examples):
            return None
        correct_N = np.sum([weight * self.examples[key] for key, weight in contrast.weights.items()], axis=0)
        return float(test_set_error(correct_N))

    def outliers(self, key: str, name: str) -> list[int]:
        """The seeds of an arm whose value is far from the others'."""
        return np.asarray(self.tables[key].seeds)[outlying(self.of(key, name))].tolist()


def outlying(values_S: np.ndarray) -> np.ndarray:
    """Which values are more than ``OUTLYING`` robust standard deviations (1.4826 MAD) from the median; none of fewer than 8."""
    distance_S = np.abs(values_S - np.median(values_S))
    spread = MAD_TO_DEVIATION * np.median(distance_S)
    if len(values_S) < FEWEST_FOR_OUTLIERS or spread == 0:
        return np.zeros(len(values_S), bool)
    return distance_S > OUTLYING * spread
