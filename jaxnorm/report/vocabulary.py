"""What a report must know of an instrument to put its numbers into words and pictures."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from jaxnorm.report.blocks import Block
from jaxnorm.stats.claims import Claim
from jaxnorm.stats.measures import Measure, find_measure
from jaxnorm.stats.metrics import METRICS, Metric
from jaxnorm.stats.summary import Summary


@dataclasses.dataclass(frozen=True)
class Drawing:
    """A figure of a report."""

    title: str
    """What it shows, for those who do not see it."""
    caption: str
    """How to read it."""
    make: Callable[["Summary", "Vocabulary"], Figure]
    applies: Callable[[Summary], bool] = lambda summary: True
    """Whether the report has it."""


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """Measures, metrics, claims and figures by name, and what is particular to an instrument's reports."""

    measures: Mapping[str, Measure]
    claims: Mapping[str, Claim[Any]]
    drawings: Mapping[str, Drawing]
    network: Callable[[Summary], str]
    """What was trained, in a few words: ``MLP 784-256-10``."""
    metrics: Mapping[str, Metric] = dataclasses.field(default_factory=dict)
    """The instrument's own; losses and accuracies stand in ``METRICS``."""
    more: Callable[[Summary], Sequence[Block]] = lambda summary: ()
    """Folded blocks of its own: what was chosen before the comparison, such as learning rates."""

    def measure(self, name: str) -> Measure:
        """The measure of a name, at an epoch where it says so: ``train_loss@3``."""
        found, (_, at, epoch) = find_measure(name, self.measures), name.partition("@")
        if not at:
            return found
        when = f"at epoch {epoch}" if int(epoch) else "before training"
        return dataclasses.replace(found, title=f"{self.metric(found.metric).title} {when}")

    def metric(self, name: str) -> Metric:
        """The metric of a name. Raises ``KeyError`` for one that nobody described."""
        return {**METRICS, **self.metrics}[name]

    def figures_of(self, summary: Summary) -> dict[str, Drawing]:
        """The figures that a report has, in its order."""
        return {name: drawing for name, drawing in self.drawings.items() if drawing.applies(summary)}
