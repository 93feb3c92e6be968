"""What an instrument asks of its table, fixed before the run."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence

from jaxnorm.stats.arm import Arm, Factor
from jaxnorm.stats.claims import Asked
from jaxnorm.stats.contrasts import Contrast
from jaxnorm.stats.measures import Measure, find_measure


@dataclasses.dataclass(frozen=True)
class ArmsTable:
    """A table of results: a row for each arm, a column for each measure; or, with ``across``, one measure over the values of a factor,
    numbers ascending.

    The best of each column is marked, and the arms that are not distinguishable from it.
    """

    measures: tuple[str, ...]
    across: str = ""
    """Factor whose values are the columns; then there is one measure."""
    where: Mapping[str, Factor] = dataclasses.field(default_factory=dict)
    """The arms that are shown: those with these factors."""

    def columns(self, arms: Sequence[Mapping[str, Factor]]) -> list[list[int]]:
        """Which of ``arms`` (by their factors) stand in each column: all that are shown, or those with each value of ``across``."""
        shown = [index for index, factors in enumerate(arms) if all(factors.get(name) == value for name, value in self.where.items())]
        if not self.across:
            return [shown]
        values = list(dict.fromkeys(arms[index][self.across] for index in shown))
        values = values if any(isinstance(value, str) for value in values) else sorted(values, key=float)
        return [[index for index in shown if arms[index][self.across] == value] for value in values]


@dataclasses.dataclass(frozen=True)
class Plan:
    """Arms, contrasts, claims and tables."""

    arms: Sequence[Arm]
    contrasts: Sequence[Contrast]
    """Those that a report lists by each of ``measures``."""
    measures: Sequence[str]
    claims: Sequence[Asked]
    tables: Sequence[ArmsTable]
    definitions: Mapping[str, Measure]
    """Every measure that the plan names, by name (without an epoch)."""
    told: Sequence[str] = ()
    """Measures of every arm that are neither compared nor shown in ``tables``: for figures, and for the folded table of all arms."""
    curves: Sequence[str] = ()
    """The metrics that figures draw against epochs."""
    traces: Sequence[str] = ()
    """Those that figures draw of the first seed's networks alone, because a mean over networks would mean nothing."""

    @functools.cached_property
    def comparisons(self) -> dict[tuple[object, str], tuple[Contrast, str]]:
        """Every distinct comparison, listed ones first, as contrast and measure; keyed by what the same comparisons share."""
        listed = [(contrast, measure) for measure in self.measures for contrast in self.contrasts]
        claimed = [(each.contrast, each.measure) for claim in self.claims for each in claim.comparisons]
        distinct: dict[tuple[object, str], tuple[Contrast, str]] = {}
        for contrast, measure in (*listed, *claimed):
            distinct.setdefault((contrast.key, measure), (contrast, measure))
        return distinct

    @functools.cached_property
    def number(self) -> int:
        """K: how many comparisons the intervals of the report hold for together.

        A best mark compares the best arm of a column with the others. It errs only where the truly best arm is found worse, which is one
        of A - 1 comparisons of a column of A arms, whichever arm was picked as the best (Hsu 1981, doi:10.1214/aos/1176345581).
        """
        factors = [arm.factors for arm in self.arms]
        marked = {
            (measure, tuple(column)): len(column) - 1
            for table in self.tables
            for column in table.columns(factors)
            for measure in table.measures
            if column and self.measure(measure).better
        }
        return len(self.comparisons) + sum(marked.values())

    def measure(self, name: str) -> Measure:
        """The measure of a name. Raises ``KeyError`` for a name that the plan does not define."""
        return find_measure(name, self.definitions)


def long_enough(names: Sequence[str], definitions: Mapping[str, Measure], epochs: int) -> tuple[str, ...]:
    """The measures that a run of so many epochs has."""
    return tuple(name for name in names if find_measure(name, definitions).min_epochs <= epochs)
