"""The summary of a run: every number that a report prints or a figure draws, and the identifiers that say what they are of. No words.

It is written as ``summary.json`` and read back as the same dataclasses, so reports can be redrawn without training again, and reworded
without touching a result.
"""

import dataclasses
import re
from pathlib import Path
from typing import Any

import msgspec

from jaxnorm.stats.arm import Factor
from jaxnorm.stats.claims import Expectation, Slot
from jaxnorm.stats.intervals import Finding
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.stats.verdicts import Weighed, Word

DIGITS = 7
"""Significant digits of the numbers in ``summary.json``: as many as float32 has."""
NUMBERS = re.compile(rb"\[\n[-+.,\s\deE]*\]")
"""A list of numbers in indented JSON; what looks like one in a text has no line break."""


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A mean over ``n`` independent values with the half width of its own 95 % Student t interval; one value has none."""

    mean: float
    half: float | None
    n: int


@dataclasses.dataclass(frozen=True)
class Curve:
    """A metric after each epoch, over seeds: means and pointwise 95 % intervals, each of length E, or E + 1 where it was measured before
    training too; no interval for one seed.
    """

    mean: list[float]
    low: list[float] | None
    high: list[float] | None


@dataclasses.dataclass(frozen=True)
class ArmSummary:
    """One arm. ``measures`` and ``by_seed`` share their keys; ``by_seed`` follows ``Summary.seeds``."""

    key: str
    factors: dict[str, Factor]
    """The norm, and what else tells this arm from the others."""
    diverged: list[int]
    """Seeds whose training diverged. They stay in every mean as networks at the level of chance."""
    outliers: dict[str, list[int]]
    """Measure to the seeds that are far from the arm's others (``outlying``); measures without any are left out."""
    unconverged: list[int]
    """Seeds that never reached the convergence loss; their epochs to converge count as the number of epochs trained."""
    seconds: Estimate
    """Run time per network, in seconds; n is the number of separately timed groups of networks."""
    measures: dict[str, Estimate]
    by_seed: dict[str, list[float]]
    curves: dict[str, Curve]
    profiles: dict[str, Curve] = dataclasses.field(default_factory=dict)
    """What was probed of each block before training, as multiples of the last block's: geometric means over seeds, with pointwise 95 %
    intervals, each of length L."""
    traces: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    """Metrics of the first seed's network alone, each of length E, or E + 1 where it was measured before training too."""

    @property
    def norm(self) -> str:
        """Name of the arm's norm."""
        return str(self.factors["norm"])


@dataclasses.dataclass(frozen=True)
class SweepPoint:
    """What was measured at one setting of the hyperparameters that vary between networks of one compiled arm, or of what varies while
    they train, such as their loss.
    """

    setting: dict[str, float]
    """Column of the table to value: ``{"learning_rate": 0.001}``; one column or several. ``matched_loss`` is a level, in nats."""
    measures: dict[str, Estimate]
    diverged: list[int]
    """Seeds whose training diverged. They stay in every mean as networks at the level of chance."""


@dataclasses.dataclass(frozen=True)
class Sweep:
    """A compiled arm over all settings."""

    factors: dict[str, Factor]
    """The norm, and what else tells this compiled arm from the others."""
    points: list[SweepPoint]
    marked: dict[str, dict[str, float]] = dataclasses.field(default_factory=dict)
    """Settings that the report speaks of, by what it calls them: ``best``, ``shared``."""

    @property
    def norm(self) -> str:
        """Name of the norm."""
        return str(self.factors["norm"])


@dataclasses.dataclass(frozen=True)
class Comparison:
    """A contrast between arms in one measure, paired by seed. Its interval decides, and holds for all of the report together."""

    weights: dict[str, float]
    """Arm key to weight."""
    over: str
    """The factor over which the weights are a trend; empty where arms are set against each other."""
    measure: str
    mean: float
    half: float | None
    """Half width of the joint interval; None where the seeds are too few for any finding."""
    half_alone: float | None
    """Half width of the 95 % interval that holds for this comparison alone; None for one seed."""
    margin: float
    n: int
    finding: Finding
    deviation: float
    """Standard deviation of the paired differences over seeds."""
    test_error: float | None
    """The part of the standard error that comes from a finite test set; None where that is not known, or there is no test set in it."""
    strays: int
    """Diverged and outlier runs among the runs of its arms."""
    seeds_needed: int | None
    """Seeds that would decide it, if it went on as observed; None where it is decided, or more than ten thousand would be needed."""
    listed: bool
    """Whether the report lists it of its own accord, not only for a claim."""


@dataclasses.dataclass(frozen=True)
class Evidence:
    """One comparison that a claim rests on."""

    comparison: int
    """Index in ``Summary.comparisons``."""
    sign: int
    """-1 where the claim speaks of the difference with the opposite sign."""
    expected: Expectation
    finding: Weighed
    seeds_needed: int | None
    """Seeds that would decide it as the claim asks; None where it is decided, or more than ten thousand would be needed."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What this run says of one claim: of ``number`` comparisons, ``as_claimed`` are."""

    claim: str
    """Identifier in the ledger: ``A1``."""
    slots: dict[str, Slot]
    word: Word
    as_claimed: int
    number: int
    evidence: list[Evidence]


@dataclasses.dataclass(frozen=True)
class TableSummary:
    """A table of results, and in each column the best arm and those that are not distinguishable from it."""

    measures: list[str]
    across: str
    where: dict[str, Factor]
    columns: list["ColumnSummary"]


@dataclasses.dataclass(frozen=True)
class ColumnSummary:
    """A column: one measure of some arms."""

    measure: str
    arms: list[str]
    """Keys."""
    best: str
    """Key; empty where no direction of the measure is good, there is nothing to be better than, or the seeds are too few to tell."""
    tied: list[str]
    """Keys of those not distinguishable from the best."""


@dataclasses.dataclass(frozen=True)
class Control:
    """An arm against itself, trained once more on seeds that are not reported."""

    key: str
    """Of the arm."""
    seeds: list[int]
    """Of the second training; as many as the reported ones."""
    comparisons: list[Comparison]
    """The arm minus its control, by position in the lists of seeds, since nothing pairs them; their intervals hold together."""


@dataclasses.dataclass(frozen=True)
class Summary:
    """All that a report shows."""

    instrument: str
    """Name of what made it: ``compare``."""
    settings: dict[str, Any]
    """As in ``config.json``."""
    data: dict[str, Any]
    """Of the data set: ``name``, ``version``, numbers of ``train``, ``validation`` and ``test`` examples, ``shape`` of one."""
    seeds: list[int]
    epochs: int
    num_classes: int
    rule: DecisionRule
    number: int
    """K: the intervals of comparisons and of best marks hold for so many comparisons together."""
    arms: list[ArmSummary]
    tables: list[TableSummary]
    comparisons: list[Comparison]
    verdicts: list[Verdict]
    sweeps: list[Sweep] = dataclasses.field(default_factory=list)
    """Where something varied within an arm, such as a hyperparameter between networks: what was measured at each of its values."""
    control: Control | None = None
    facts: dict[str, Slot] = dataclasses.field(default_factory=dict)
    """What else an instrument found before it compared, such as the losses at which networks are compared."""

    def arm(self, key: str) -> ArmSummary:
        """The arm of a key."""
        return next(arm for arm in self.arms if arm.key == key)

    def to_json(self) -> bytes:
        """The summary as indented JSON, numbers to seven significant digits and lists of them on one line."""
        indented = msgspec.json.format(msgspec.json.encode(_rounded(msgspec.to_builtins(self))), indent=1)
        return NUMBERS.sub(lambda numbers: b"".join(numbers[0].split()), indented) + b"\n"

    @classmethod
    def from_json(cls, content: bytes) -> "Summary":
        """The summary that was written as ``content``. Raises ``msgspec.ValidationError`` where that is none."""
        return msgspec.json.decode(content, type=cls)

    @classmethod
    def load(cls, path: Path) -> "Summary":
        """Read ``summary.json``. Raises ``msgspec.ValidationError`` where the file is not a summary."""
        return cls.from_json(path.read_bytes())


def _rounded(value: Any) -> Any:
    """Builtin values in which floats have ``DIGITS`` significant digits."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value
