"""How far the statistics of reports keep their promises."""

import dataclasses
from pathlib import Path

FEWEST = 4
"""Smallest sample whose kurtosis is defined."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class CoverageConfig:
    """Simulate how often intervals cover, how often reports claim a difference where there is none, and what seeds can show."""

    seeds: tuple[int, ...] = (4, 8, 16, 32, 64)
    """Numbers of paired differences in a sample."""

    samples: int = 5_000
    """Simulated samples of each distribution and number of seeds."""

    reports: int = 2_000
    """Simulated reports of each instrument's plan."""

    report_seeds: int = 16
    """Networks per arm of a simulated report."""

    rng_seed: int = 0
    """Seed of the simulation."""

    out: Path = Path("runs/coverage")
    """Folder for the results; an earlier simulation there is replaced."""
