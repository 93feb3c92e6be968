"""Timings to rates and ratios. Ratios are taken within a round, since a shared machine's speed drifts, and the median round counts."""

import dataclasses
import itertools
from pathlib import Path
from statistics import median

import msgspec

GRID = "grid of hyperparameters"
"""The contender that is jaxnorm on networks that differ in learning rate and initial scale too."""


@dataclasses.dataclass(frozen=True)
class Timing:
    """One way of doing the work. ``seconds`` per update of one network, by round."""

    contender: str
    optimizer: str
    batch_size: int
    seeds: int
    seconds: list[float]
    model: str = "mlp"

    @property
    def updates_per_second(self) -> float:
        """Updates of single networks per second, in the median round."""
        return 1 / median(self.seconds)


@dataclasses.dataclass(frozen=True)
class SpeedSummary:
    """Everything a throughput report shows."""

    setting: str
    timings: list[Timing]
    matrix_peak: list[float]
    """Measured float32 matrix throughput of the machine in each round, FLOP/s."""
    flops_per_example: float
    """Floating-point operations of the matrix products that one update of the MLP does for one example: 2 for each weight and product."""

    def of(self, contender: str, optimizer: str, batch_size: int, model: str = "mlp") -> list[Timing]:
        """The timings of one contender (a prefix of its name) at one kind of work, by rising number of seeds."""
        work = (optimizer, batch_size, model)
        chosen = [t for t in self.timings if t.contender.startswith(contender) and (t.optimizer, t.batch_size, t.model) == work]
        return sorted(chosen, key=lambda timing: timing.seeds)

    def share_of_peak(self, timing: Timing) -> float | None:
        """The fraction of the machine's matrix throughput that the MLP's matrix products reach; None for other models."""
        if timing.model != "mlp":
            return None
        flops = self.flops_per_example * timing.batch_size
        return median(flops / seconds / peak for seconds, peak in zip(timing.seconds, self.matrix_peak, strict=True))

    def grid_ratios(self) -> list[float]:
        """For each kind of work: how many times as fast a grid of hyperparameters is trained as so many seeds alone."""
        grids = [timing for timing in self.timings if timing.contender == GRID]
        alone = [self.of("jaxnorm", timing.optimizer, timing.batch_size)[-1] for timing in grids]
        return [
            median(seeds / each for seeds, each in zip(other.seconds, grid.seconds, strict=True))
            for grid, other in zip(grids, alone, strict=True)
        ]

    def speedup(self, timing: Timing, rival: str) -> float | None:
        """How many times as fast as the best of ``rival``'s timings at the same work; None where the rival did not run."""
        rivals = self.of(rival, timing.optimizer, timing.batch_size, timing.model)
        if not rivals:
            return None
        best = min(rivals, key=lambda other: median(other.seconds))
        return median(theirs / ours for theirs, ours in zip(best.seconds, timing.seconds, strict=True))

    def to_json(self) -> bytes:
        """The summary as indented JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"

    @classmethod
    def load(cls, path: Path) -> "SpeedSummary":
        """Read ``summary.json``. Raises ``msgspec.ValidationError`` where the file is not one of these."""
        return msgspec.json.decode(path.read_bytes(), type=cls)


def matrix_flops_per_example(sizes: tuple[int, ...]) -> float:
    """Operations in the matrix products of one update of an MLP, per example: forward, kernel gradient and, above the first
    layer, input gradient, each two operations per weight. Nobody needs the gradient of the images, so it is not counted.
    """
    weights = [before * after for before, after in itertools.pairwise(sizes)]
    return 2 * (2 * weights[0] + 3 * sum(weights[1:]))
