"""The summary of a run: every number that a table prints or a figure draws, and what they rest on.

It is written as ``summary.json`` and read back as the same dataclasses, so reports can be redrawn without training again.
"""

import dataclasses
from pathlib import Path
from typing import Literal

import msgspec

from jaxnorm.config import DecisionRule, Factor

ALPHA = 0.05
"""How often a report may claim anything where there is nothing."""
Word = Literal["holds", "contradicted", "equivalent", "unresolved"]
"""The four words a verdict may say."""
Finding = Literal["as claimed", "the opposite", "too small", "open"]
"""What was found of one comparison that a claim rests on."""
Expectation = Literal["lower", "higher", "same", "different"]
"""What a claim says of a difference: its sign, that it is smaller than the margin, or that it is larger in either direction."""


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A mean over ``n`` independent values with its 95 % interval; one value (n = 1) has no interval."""

    mean: float
    low: float | None
    high: float | None
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
    """Seeds whose training diverged. They stay in every mean as networks that guess."""
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
    """Seeds whose training diverged. They stay in every mean as networks that guess."""


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
class Difference:
    """A contrast between arms, paired by seed: ``sum(weight * arm)`` of one measure."""

    label: str
    """In words: ``layer - batch at batch size 16``."""
    weights: dict[str, float]
    """Arm key to weight."""
    measure: str
    estimate: Estimate
    p_value: float
    """Two-sided sign-flip permutation p."""
    p_adjusted: float
    """The same, adjusted (``statistics.adjust``) for the list that the difference stands in: ``Summary.differences``, or all evidence."""
    margin: float
    """Differences smaller than this count as none, in the measure's unit."""
    by_seed: list[float]
    sides: tuple[str, str] | None = None
    """What is set against what, where it is one arm against another."""
    levels: tuple[float, float] | None = None
    """Their means, in the measure's unit."""
    where: str = ""
    """What both sides have in common, in words: ``batch size 16``."""
    subject: str = ""
    """What is varied, as the answer names it: ``the choice of norm``; empty where the answer does not speak of it."""
    detectable: float | None = None
    """The true difference that so many seeds find with 80 % power, in the measure's unit; no correction for several differences."""
    seeds_needed: int | None = None
    """Seeds that find a difference of the observed size with 80 % power; None where no number of use would."""
    p_beyond: float = 1.0
    """That of a difference no larger than the margin, from sign flips and a t test together, adjusted as ``p_adjusted``."""
    p_within: float = 1.0
    """That of a difference at least as large as the margin, by two one-sided t tests, adjusted for the list as a statement of sameness."""

    @property
    def size(self) -> float:
        """Its magnitude."""
        return abs(self.estimate.mean)

    @property
    def is_significant(self) -> bool:
        """Whether it is shown not to be zero."""
        return self.p_adjusted <= ALPHA

    @property
    def is_beyond(self) -> bool:
        """Whether it is shown to exceed the margin."""
        return self.p_beyond <= ALPHA

    @property
    def is_within(self) -> bool:
        """Whether it is shown to be smaller than the margin."""
        return self.p_within <= ALPHA


@dataclasses.dataclass(frozen=True)
class Evidence:
    """One comparison that a claim rests on."""

    difference: Difference
    expected: Expectation
    finding: Finding
    p_adjusted: float
    """That of the finding, adjusted for all comparisons of all claims of the report; of what was claimed where it is open."""

    @property
    def points_as_claimed(self) -> bool:
        """Whether the mean is as expected, shown or not."""
        return self.support > 0

    @property
    def support(self) -> float:
        """How far the mean is on the claim's side of zero, or of the margin, in margins; negative on the other side."""
        mean, margin = self.difference.estimate.mean, self.difference.margin
        sides = {"lower": -mean, "higher": mean, "same": margin - abs(mean), "different": abs(mean) - margin}
        return sides[self.expected] / (margin or 1.0)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What this run says of one claim."""

    claim: str
    """Identifier in the ledger: ``A1``."""
    statement: str
    source: str
    word: Word
    words: str
    """What was found, in words."""
    decisive: int
    """Which of the comparisons decided: of those of which the deciding thing was found, the one furthest from what was claimed."""
    evidence: list[Evidence]


@dataclasses.dataclass(frozen=True)
class Control:
    """An arm against itself, trained once more on seeds that are not reported."""

    factors: dict[str, Factor]
    """Of the arm."""
    seeds: list[int]
    """Of the second training; as many as the reported ones."""
    differences: list[Difference]
    """The arm minus its control, by position in the lists of seeds, since nothing pairs them. Corrected among themselves."""
    findings: list[Finding]
    """What would be found of a claim of "higher" on each, corrected for their number: "as claimed" and "the opposite" are false alarms."""

    @property
    def claimed(self) -> list[Difference]:
        """The differences that would be claimed, in either direction."""
        alarms = ("as claimed", "the opposite")
        return [difference for difference, finding in zip(self.differences, self.findings, strict=True) if finding in alarms]


@dataclasses.dataclass(frozen=True)
class Summary:
    """All that a report shows."""

    instrument: str
    """Name of what made it: ``compare``."""
    question: str
    answer: list[str]
    """A sentence on each of two measures: does what was varied change it."""
    setting: str
    """One line: model, data with sizes, optimizer, epochs."""
    seeds: list[int]
    epochs: int
    num_classes: int
    rule: DecisionRule
    arms: list[ArmSummary]
    differences: list[Difference]
    verdicts: list[Verdict]
    sweeps: list[Sweep] = dataclasses.field(default_factory=list)
    """Where something varied within an arm, such as a hyperparameter between networks: what was measured at each of its values."""
    notes: list[str] = dataclasses.field(default_factory=list)
    """What else the reader must know, one sentence each."""
    answer_measures: list[str] = dataclasses.field(default_factory=lambda: ["train_loss_area", "test_accuracy"])
    """The two measures that the answer speaks of."""
    control: Control | None = None

    def to_json(self) -> bytes:
        """The summary as indented JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"

    @classmethod
    def load(cls, path: Path) -> "Summary":
        """Read ``summary.json``. Raises ``msgspec.ValidationError`` where the file is not a summary."""
        return msgspec.json.decode(path.read_bytes(), type=cls)
