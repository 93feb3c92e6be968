"""How sure a report is, in a line each: what its seeds can show, what they left open, what the test set adds."""

from jaxnorm.report.comparisons import test_share
from jaxnorm.report.text import conjoin, count
from jaxnorm.stats.intervals import FEWEST
from jaxnorm.stats.seeds import MOST_SEEDS, smallest_shown
from jaxnorm.stats.summary import Comparison, Summary


def power_line(seeds: int, comparisons: int) -> str:
    """What so many seeds can show, before anything is trained."""
    shown = smallest_shown(seeds, comparisons)
    if shown is None:
        return f"{count(seeds, 'seed')} can show nothing, whatever the difference: give at least {FEWEST}."
    of = f"{count(seeds, 'seed')} and {count(comparisons, 'comparison')}"
    return f"{of}: mean differences from {shown:.2g} standard deviations of the paired differences on will be shown."


def seeds_line(summary: Summary) -> str:
    """How many seeds would close what is open, in one line; empty where nothing is compared."""
    needed = [(part.comparison, part.seeds_needed) for verdict in summary.verdicts for part in verdict.evidence if part.finding == "open"]
    total, what = sum(verdict.number for verdict in summary.verdicts), "of the claims' comparisons"
    if not summary.verdicts:
        needed = [(index, each.seeds_needed) for index, each in enumerate(summary.comparisons) if each.finding == "open"]
        total, what = len(summary.comparisons), "comparisons"
    if not total:
        return ""
    if not needed:
        return f"How many seeds? {count(len(summary.seeds), 'seed')} decided all {total} {what}."
    within = sorted(seeds for _, seeds in needed if seeds is not None)
    opening = f"How many seeds? {len(needed)} of {total} {what} are open with {count(len(summary.seeds), 'seed')}"
    if not within:
        tells = any(_tells(summary.comparisons[index]) for index, _ in needed)
        return f"{opening}; {f'more than {MOST_SEEDS:,}' if tells else 'nothing tells how many'} would be needed."
    steps = dict.fromkeys((within[(len(within) - 1) // 2], within[-1]))
    closing = [f"{seeds:,} would close {sum(each <= seeds for each in within)}" for seeds in steps]
    return f"{opening}; at the spread seen here {conjoin(closing)} of them."


def _tells(comparison: Comparison) -> bool:
    """Whether its seeds tell how much they scatter: too few do not, nor equal ones, nor those that all diverged."""
    return comparison.half is not None and comparison.deviation > 0


def test_set_line(summary: Summary) -> str:
    """How much of the uncertainty of accuracies is the test set's, in one line; nothing where it was not recorded."""
    shares = sorted(share for each in summary.comparisons if (share := test_share(each)) is not None)
    if not shares:
        return ""
    said = f"Test accuracies rest on {summary.data['test']:,} test examples: of their differences' squared standard errors, these make"
    return f"{said} {100 * shares[0]:.0f} to {100 * shares[-1]:.0f} %, which more seeds do not lessen."
