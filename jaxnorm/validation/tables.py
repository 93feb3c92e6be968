"""What was simulated, and what numbers of seeds can show, as tables."""

from collections.abc import Iterable

from jaxnorm.report.blocks import Cell, Table
from jaxnorm.stats.seeds import smallest_shown
from jaxnorm.validation.simulation import DISTRIBUTIONS, SEEDS, Simulated, ValidationSummary

SHOWN_SEEDS, SHOWN_NUMBERS = (8, 16, 32, 64), (20, 90, 300)
"""Seeds, and comparisons of a report, for which the smallest difference that is shown is told."""


def validation_table(summary: ValidationSummary) -> Table:
    """A row for each plan: how many of its reports say anything false, and how much they find."""
    plans: dict[str, dict[tuple[str, int], Simulated]] = {}
    for each in summary.simulated:
        plans.setdefault(each.plan, {})[each.distribution, each.seeds] = each
    rows = []
    for plan, found in plans.items():
        false = (_join(f"{100 * found[name, seeds].false / summary.reports:.1f}" for seeds in SEEDS) for name in DISTRIBUTIONS)
        power = _join(f"{100 * found['normal', seeds].power:.0f}" for seeds in SEEDS)
        rows.append([Cell(text) for text in (plan, str(next(iter(found.values())).comparisons), *false, power)])
    caption = (
        f"Reports that say anything false, in %, with {_join(SEEDS)} seeds ({summary.reports:,} reports each), by how BatchNorm's runs "
        f"scatter; power: comparisons found, in %, of a true difference of {_join(SEEDS.values())} standard deviations."
    )
    return Table("other", ("plan", "K", *DISTRIBUTIONS, "power"), rows, caption)


def _join(values: Iterable[object]) -> str:
    """``16 / 32``."""
    return " / ".join(map(str, values))


def shown_table() -> Table:
    """The smallest mean difference that is shown, in standard deviations of the paired differences, by seeds and K."""
    rows = [[Cell(str(n)), *(Cell(f"{smallest_shown(n, number):.2f}") for number in SHOWN_NUMBERS)] for n in SHOWN_SEEDS]
    return Table("other", ("seeds", *(f"K = {number}" for number in SHOWN_NUMBERS)), rows)
