"""What a simulation found of the statistics that reports use: coverage of intervals, false claims, power. ``simulation`` makes it."""

import dataclasses
import functools
import math
from pathlib import Path

import msgspec
import numpy as np

METHODS = {
    "t": "Student's t",
    "bca": "BCa bootstrap",
    "bca_expanded": "BCa, expanded",
    "studentised": "studentised bootstrap",
    "chosen": "in reports",
}
"""Ways to make an interval, and what tables call them. The last is ``statistics.paired_interval`` itself."""
SMALLEST_COVERED = 16
"""Numbers of seeds from which on the interval of reports must cover within ``TOLERANCE`` of its level."""
TOLERANCE = 0.02
PACKAGED = Path(__file__).with_name("coverage.json")
"""The committed simulation, as it travels with the package."""


@dataclasses.dataclass(frozen=True)
class Rate:
    """How often something happened in independent trials."""

    share: float
    trials: int

    @classmethod
    def of(cls, happened: np.ndarray) -> "Rate":
        """Of trials, each with whether it happened."""
        return cls(float(happened.mean()), len(happened))

    @property
    def error(self) -> float:
        """The Monte Carlo standard error."""
        return math.sqrt(self.share * (1 - self.share) / self.trials)


@dataclasses.dataclass(frozen=True)
class Shape:
    """What samples look like: the median over samples, and the value that nine in ten stay below."""

    skewness: tuple[float, float]
    """Of the magnitude of the sample skewness (adjusted Fisher-Pearson)."""
    kurtosis: tuple[float, float]
    """Of the sample excess kurtosis (the unbiased estimator)."""


@dataclasses.dataclass(frozen=True)
class Cell:
    """What was found of one distribution of differences at one number of seeds."""

    distribution: str
    n: int
    coverage: dict[str, Rate]
    """Method to how often its 95 % interval covers the true mean."""
    width: dict[str, float | None]
    """Method to the median over samples of its width, as a ratio to Student's t interval of the same sample; None where it is infinite."""
    false_positives: Rate
    """How often the sign-flip p is at most 0.05 although the true mean is zero."""
    power: Rate
    """How often it is where the true mean is one standard deviation of the differences, in half of the samples up, in half down."""
    power_corrected: Rate
    """The same after the correction for all differences of a default report, were all others absent."""
    shape: Shape


@dataclasses.dataclass(frozen=True)
class FalseClaims:
    """How often whole reports of one plan claim what is not so."""

    plan: str
    """The instrument, and what is particular."""
    truth: str
    """What is so."""
    n: int
    """Networks per arm."""
    num_differences: int
    """That a report lists."""
    num_claims: int
    differences: Rate
    """Any listed difference is shown not to be zero and is, or to exceed the margin and does not."""
    claims: Rate
    """Any comparison that a claim rests on is found as claimed and is not, or the opposite although nothing speaks against it."""
    advice: Rate
    """Any arm is named worse than the best that is not, by more than the margin."""
    anywhere: Rate
    """Any of these, which are corrected together; the answer at the head of a report rests on listed differences."""
    sameness: Rate
    """Any listed difference, or one that a claim rests on, was found smaller than the margin and is not; corrected apart."""
    early: int
    """Of the first 100 reports, those that claim any of these."""


@dataclasses.dataclass(frozen=True)
class CoverageSummary:
    """Everything the coverage report shows."""

    cells: list[Cell]
    false_claims: list[FalseClaims]
    num_differences: int
    """Listed differences of a default report of compare, which ``power_corrected`` is corrected for."""

    def at(self, n: int) -> dict[str, Cell]:
        """Distribution to its cell, at the largest simulated number of seeds that is at most n; empty where all are larger."""
        nearest = max((cell.n for cell in self.cells if cell.n <= n), default=None)
        return {cell.distribution: cell for cell in self.cells if cell.n == nearest}

    def to_json(self) -> bytes:
        """The summary as indented JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"

    @classmethod
    def load(cls, path: Path) -> "CoverageSummary":
        """Read ``summary.json``. Raises ``msgspec.ValidationError`` where the file is not one of these."""
        return msgspec.json.decode(path.read_bytes(), type=cls)


@functools.cache
def packaged_coverage() -> CoverageSummary:
    """The simulation whose numbers reports quote."""
    return CoverageSummary.load(PACKAGED)
