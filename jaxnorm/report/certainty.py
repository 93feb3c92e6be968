"""How sure a report is, in a line each: what its seeds can show, what they left open, what the test set adds."""

from jaxnorm.report.comparisons import test_share
from jaxnorm.report.text import conjoin, count
from jaxnorm.report.vocabulary import Vocabulary
from jaxnorm.stats.intervals import FEWEST
from jaxnorm.stats.metrics import EXAMPLES_OF
from jaxnorm.stats.seeds import MOST_SEEDS, smallest_shown
from jaxnorm.stats.summary import Comparison, Summary


def power_line(seeds: int, comparisons: int) -> str:
    """What so many seeds can show, before anything is trained."""
    shown = smallest_shown(seeds, comparisons)
    if shown is None:
        return f"{count(seeds, 'seed')} can show nothing, whatever the difference: give at least {FEWEST}."
    of = f"{count(seeds, 'seed')} and {count(comparisons, 'comparison')}"
    return f"{of}: a mean difference of {shown:.2g} standard deviations of the paired differences is shown half of the time."


def seeds_line(summary: Summary) -> str:
    """How many seeds would close what is open, in one line; empty where nothing is compared."""
    needed = [(part.comparison, part.seeds_needed) for verdict in summary.verdicts for part in verdict.evidence if part.finding == "open"]
    total, of = sum(verdict.number for verdict in summary.verdicts), "the claims' "
    if not summary.verdicts:
        needed = [(index, each.seeds_needed) for index, each in enumerate(summary.comparisons) if each.finding == "open"]
        total, of = len(summary.comparisons), ""
    if not total:
        return ""
    if not needed:
        return f"How many seeds? {count(len(summary.seeds), 'seed')} decided each of {of}{total} comparisons."
    within = sorted(seeds for _, seeds in needed if seeds is not None)
    opening = f"How many seeds? {len(needed)} of {of}{total} comparisons are open with {len(summary.seeds):,}"
    if not within:
        tells = any(_tells(summary.comparisons[index]) for index, _ in needed)
        return f"{opening}; {f'more than {MOST_SEEDS:,}' if tells else 'nothing tells how many'} would be needed."
    steps = dict.fromkeys((within[(len(within) - 1) // 2], within[-1]))
    closing = [f"{seeds:,} would close {sum(each <= seeds for each in within)}" for seeds in steps]
    beyond = len(needed) - len(within)
    rest = f", and {beyond} would need more than {MOST_SEEDS:,} or more test examples" if beyond else ""
    return f"{opening}; at the means and spread seen about {conjoin(closing)}{rest}."


def _tells(comparison: Comparison) -> bool:
    """Whether its seeds tell how much they scatter: too few do not, nor equal ones, nor those that all diverged."""
    return comparison.half is not None and comparison.deviation > 0


def test_shares(summary: Summary, words: Vocabulary) -> list[float] | None:
    """The test set's shares of the squared errors of compared test accuracies, where recorded; None where none are compared."""
    accuracies = [each for each in summary.comparisons if words.measure(each.measure).metric in EXAMPLES_OF]
    return sorted(share for each in accuracies if (share := test_share(each)) is not None) if accuracies else None


def test_set_line(summary: Summary, words: Vocabulary) -> str:
    """How much of the uncertainty of accuracies is the test set's, in one line; nothing where none are compared."""
    shares = test_shares(summary, words)
    if shares is None:
        return ""
    examples = f"{summary.data['test']:,} test examples"
    if not shares:
        return f"Intervals of test accuracies hold for these {examples} alone; the error of their choice was not recorded."
    ends = dict.fromkeys(f"{100 * share:.0f}" for share in (shares[0], shares[-1]))
    made = f"{' to '.join(ends)} % of the squared standard errors of test accuracies"
    return f"The choice of {examples} makes {made}; more seeds do not lessen that."
