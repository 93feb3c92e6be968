"""How much a number of seeds can show, by the rule of reports, and how many seeds a comparison needs."""

import bisect
import math

from jaxnorm.stats.intervals import FEWEST, critical_value, is_beyond, is_within, level_of

MOST_SEEDS = 10_000
"""More is as good as never."""


def smallest_shown(n: int, number: int) -> float | None:
    """The mean difference, in standard deviations of the paired differences, from which on n seeds show it among ``number`` comparisons.

    None where n seeds show nothing, whatever the difference.
    """
    return float(critical_value(n, level_of(number)) / math.sqrt(n)) if n >= FEWEST else None


def seeds_needed(
    mean: float, deviation: float, margin: float, number: int, *, test_error: float = 0.0, step: float = 0.0, of_margin: bool = False
) -> int | None:
    """The fewest seeds with which a comparison would be decided, if it went on as observed; None where it were more than ten thousand.

    Decided is an interval that leaves zero, or lies within the margin; with ``of_margin`` (claims of sameness, and of a difference in
    either direction) one that lies within or wholly beyond the margin.
    """

    def decided(seeds: int) -> bool:
        half = float(critical_value(seeds, level_of(number)) * math.hypot(deviation / math.sqrt(seeds), test_error) + step / 2)
        low, high = mean - half, mean + half
        return is_within(low, high, margin) or is_beyond(low, high, margin if of_margin else 0.0)

    counts = range(FEWEST, MOST_SEEDS + 1)
    place = bisect.bisect_left(counts, True, key=decided)  # intervals shrink with the seeds, so what is decided stays so
    return counts[place] if place < len(counts) else None
