"""A line of the catalogue of claims, and how it words margins."""

import dataclasses

from jaxnorm.analysis.measures import Measure
from jaxnorm.analysis.wording import format_margin
from jaxnorm.stats.rule import DecisionRule

SHARE = f"{100 * DecisionRule().loss_margin:g} % of the mean"
"""Of the compared arms, unless ``--loss-margin`` says otherwise."""
POINTS = f"{100 * DecisionRule().accuracy_margin:g} points"
"""Unless ``--accuracy-margin`` says otherwise."""


def margin_words(measure: Measure) -> str:
    """From where on differences of a measure count, as the catalogue spells it; ``contrasts.find_margin`` applies it."""
    if measure.fixed_margin is not None:
        return format_margin(measure.fixed_margin, measure.unit, with_unit=measure.unit != "ratio")
    return POINTS if measure.absolute_margin else SHARE


@dataclasses.dataclass(frozen=True)
class Listing:
    """A line of the catalogue."""

    id: str
    source: str
    claim: str
    measure: str
    expected: str
    """What is expected of the measure: ``lower``, ``higher``, ``the same``, or of which part which."""
    margins: tuple[str, ...] = ()
    """From where on differences count, of each kind of measure; none of an exact claim."""
    runs: tuple[str, ...] = ()
    """The instruments whose ledgers have the claim, each with what it must be told where its defaults do not decide it."""
    test: str = ""
    """Where an exact claim is tested instead."""

    @property
    def instruments(self) -> tuple[str, ...]:
        """The names of the instruments."""
        return tuple(run.split()[0] for run in self.runs)

    @property
    def margin(self) -> str:
        """In words: ``5 % of the mean; 0.5 points``, or ``exact``."""
        return "; ".join(self.margins) or "exact"

    @property
    def decided_by(self) -> str:
        """In words: commands, a test, or that it is open."""
        if self.test:
            return f"exact: a test, {self.test}"
        return " or ".join(f"python -m jaxnorm.experiments.{run}" for run in self.runs) or "no instrument yet"
