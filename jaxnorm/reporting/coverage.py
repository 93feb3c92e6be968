"""The tables, figure and report of the coverage instrument, and what reports quote of it."""

import json
import textwrap
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jaxnorm.analysis.coverage import METHODS, SMALLEST_COVERED, TOLERANCE, Cell, CoverageSummary, Rate, Shape, packaged_coverage
from jaxnorm.analysis.false_claims import STRAYS, TRUTHS
from jaxnorm.analysis.simulation import DISTRIBUTIONS, observed_shapes
from jaxnorm.analysis.statistics import CONFIDENCE, FAMILIES
from jaxnorm.analysis.summary import ALPHA, Summary
from jaxnorm.analysis.wording import count
from jaxnorm.files import write_atomically
from jaxnorm.reporting.style import LINE_STYLES, save_figure, styled
from jaxnorm.reporting.tables import TextTable, markdown

QUESTION = "How often do the intervals cover, do reports claim a difference that is none, and what can so many seeds show?"
COLORS, MARKERS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#000000"), ("o", "v", "^", "s", "D")
CAPTION_WIDTH = 150
"""Characters."""
SHOWN_FROM = 74
"""Percent at which the figure's axis begins."""


def coverage_table(summary: CoverageSummary) -> TextTable:
    """One row per distribution and number of seeds, one column per way to make an interval."""
    groups = [(name, [_coverage_row(cell) for cell in cells]) for name, cells in _by_distribution(summary)]
    caption = (
        f"Share of simulated samples, in %, whose {100 * CONFIDENCE:g} % interval covers the true mean; bold where it is off by more than "
        f"{100 * TOLERANCE:g} points. In brackets: median width, as a ratio to Student's t interval of the same sample. "
        f"{_described(summary)} {_samples(summary)}; the Monte Carlo error of what is not bold is at most {_largest_error(summary)} points."
    )
    return TextTable("Coverage of intervals", caption, ("seeds", *METHODS.values()), groups, 1)


def _described(summary: CoverageSummary) -> str:
    said = [f"{name}: {DISTRIBUTIONS[name][0]}" for name, _ in _by_distribution(summary) if DISTRIBUTIONS[name][0]]
    return f"{'; '.join(said)}.".capitalize()


def _coverage_row(cell: Cell) -> tuple[str, ...]:
    return (str(cell.n), *(_covered(cell.coverage[method], cell.width[method]) for method in METHODS))


def _covered(rate: Rate, width: float | None) -> str:
    text = f"{100 * rate.share:.1f}"
    return f"{text if within_tolerance(rate) else f'**{text}**'} ({'∞' if width is None else f'{width:.2f}'})"


def within_tolerance(rate: Rate) -> bool:
    """Whether an interval covers as often as it says, give or take two points."""
    return abs(rate.share - CONFIDENCE) <= TOLERANCE


def _samples(summary: CoverageSummary) -> str:
    return f"{count(summary.cells[0].power.trials, 'sample')} each"


def _largest_error(summary: CoverageSummary) -> str:
    rates = [rate for cell in summary.cells for rate in cell.coverage.values() if within_tolerance(rate)]
    return f"{100 * max((rate.error for rate in rates), default=0.0):.1f}"


def power_table(summary: CoverageSummary) -> TextTable:
    """What the sign-flip test finds: rows by distribution, columns by number of seeds."""
    sizes = list(dict.fromkeys(cell.n for cell in summary.cells))
    kinds: tuple[tuple[str, Callable[[Cell], Rate]], ...] = (
        ("found although there is none", lambda cell: cell.false_positives),
        ("found where it is one standard deviation", lambda cell: cell.power),
        (
            f"the same, corrected for {summary.num_differences} differences and {FAMILIES} kinds of statements",
            lambda cell: cell.power_corrected,
        ),
    )
    groups = [(what, [_power_row(name, cells, rate) for name, cells in _by_distribution(summary)]) for what, rate in kinds]
    error = max(rate(cell).error for cell in summary.cells for _, rate in kinds)
    caption = (
        f"Share of simulated samples, in %, whose sign-flip p is at most {ALPHA:g}, by number of seeds; the standard deviation is that of "
        f"the paired differences, and the true mean is up by it in half of the samples and down in the others. {summary.num_differences} "
        "is the number of differences that a default report of compare lists, all others being absent. "
        f"{_samples(summary)}; the Monte Carlo error is {100 * error:.1f} points at most."
    )
    return TextTable("Power of the sign-flip test", caption, ("differences", *map(str, sizes)), groups, 1)


def _by_distribution(summary: CoverageSummary) -> list[tuple[str, list[Cell]]]:
    return [(name, list(cells)) for name, cells in groupby(summary.cells, lambda cell: cell.distribution)]


def _power_row(name: str, cells: list[Cell], rate: Callable[[Cell], Rate]) -> tuple[str, ...]:
    return (name, *(f"{100 * rate(cell).share:.1f}" for cell in cells))


def false_claims_table(summary: CoverageSummary) -> TextTable:
    """One row per simulated plan and what is so in it."""
    rows = [
        (
            each.plan,
            each.truth,
            str(each.num_differences),
            str(each.num_claims),
            *map(_percent, (each.anywhere, each.differences, each.claims, each.advice)),
            _percent(each.sameness) if TRUTHS[each.truth].margin else "–",
        )
        for each in summary.false_claims
    ]
    first = summary.false_claims[0]
    caption = (
        "Share of simulated reports, in % ± Monte Carlo error, that claim a difference which is not there: "
        f"{count(first.anywhere.trials, 'report')} each of {count(first.n, 'network')} per arm, by the plan of each instrument at its "
        "default settings or larger ones. Margins are zero, so that nothing hides behind them, unless a row says otherwise. The "
        f"{FAMILIES} kinds of statements are corrected for each other, so that all together err in at most {100 * ALPHA:g} % of reports; "
        "the answer at the head of a report rests on listed differences. The last column, corrected apart: sameness is claimed where the "
        "difference is as large as the margin; where margins are zero, it never is. Two rows show limits. Networks astray: equal means "
        "that come about so unevenly are taken for different, since sign flips take differences to be as often up as down. Arms very "
        "skewed and off by a margin: sameness rests on t tests, which err more often there."
    )
    headings = (
        "plan",
        "what is so",
        "listed",
        "claims",
        "anywhere",
        "in the list",
        "of a claim",
        "in the advice",
        "sameness",
    )
    return TextTable("Reports that claim what is not so", caption, headings, [("", rows)], 2)


def _percent(rate: Rate) -> str:
    return f"{100 * rate.share:.1f} ± {100 * rate.error:.1f}"


def tables(summary: CoverageSummary) -> list[TextTable]:
    """All tables of the report, in order."""
    return [coverage_table(summary), false_claims_table(summary), power_table(summary)]


def describe_coverage(n: int) -> str:
    """A sentence for reports: what the interval of a difference between n seeds covers, by the packaged simulation."""
    cells = packaged_coverage().at(n)
    if not cells:
        return f"What it covers with {count(n, 'seed')} was not simulated."
    found = [f"{100 * cell.coverage['chosen'].share:.1f} % of {name}" for name, cell in cells.items()]
    simulated = next(iter(cells.values())).n
    return f"In simulations at n = {simulated} it covers the true mean in {', '.join(found[:-1])} and {found[-1]} samples."


def describe_found(summary: CoverageSummary) -> str:
    """The findings in one line: what the interval of reports covers, what reports claim of nothing, what seeds find."""
    kept = [cell for cell in summary.cells if cell.n >= SMALLEST_COVERED]
    covered = [100 * cell.coverage["chosen"].share for cell in kept]
    wrong = [100 * each.anywhere.share for each in summary.false_claims if each.truth != STRAYS]
    astray = max(100 * each.anywhere.share for each in summary.false_claims if each.truth == STRAYS)
    found = [f"{100 * cell.power.share:.0f} % with {cell.n}" for cell in summary.cells if cell.distribution == "normal"]
    return (
        f"from {SMALLEST_COVERED} seeds on, the 95 % interval of reports covers {min(covered):.1f} to {max(covered):.1f} %, whatever the "
        f"distribution; {min(wrong):.1f} to {max(wrong):.1f} % of reports claim a difference that is not there, {astray:.1f} % where "
        "one network in twenty goes far astray and the others make up for it in the mean; a normal "
        f"difference of one standard deviation is found by {', '.join(found)} seeds, before correction"
    )


def shapes_table(simulated: CoverageSummary, results: Sequence[Summary]) -> TextTable:
    """Observed differences beside simulated ones of as many seeds."""
    groups = []
    for n, (number, shape) in observed_shapes(difference for summary in results for difference in summary.differences).items():
        rows = [(f"observed: {count(number, 'difference')}", shape)]
        rows += [(cell.distribution, cell.shape) for cell in simulated.cells if cell.n == n]
        groups.append((f"{n} seeds", [_shape_row(*row) for row in rows]))
    caption = (
        "Magnitude of the sample skewness and sample excess kurtosis of paired differences: the median over samples, and what nine in ten "
        "stay below. Small samples show less of both than there is. Observed are all listed differences of the committed results."
    )
    headings = ("differences", "skewness", "nine in ten", "excess kurtosis", "nine in ten")
    return TextTable("Shapes", caption, headings, groups, 1)


def _shape_row(name: str, shape: Shape) -> tuple[str, ...]:
    return (name, *(f"{value:.2f}" for value in (*shape.skewness, *shape.kurtosis)))


def plot_coverage(ax: Axes, cells: list[Cell]) -> Axes:
    """Coverage against the number of seeds, one line per way to make an interval; the band is what counts as kept."""
    sizes = [cell.n for cell in cells]
    ax.axhspan(100 * (CONFIDENCE - TOLERANCE), 100 * (CONFIDENCE + TOLERANCE), color="0.92")
    ax.axhline(100 * CONFIDENCE, color="0.6", linewidth=0.8)
    for index, (method, title) in enumerate(METHODS.items()):
        rates = [100 * cell.coverage[method].share for cell in cells]
        width = 2.2 if method == "chosen" else 1.2
        ax.plot(sizes, rates, color=COLORS[index], marker=MARKERS[index], linestyle=LINE_STYLES[index], linewidth=width, label=title)
    ax.set_xscale("log", base=2)
    ax.set_xticks(sizes, list(map(str, sizes)))
    ax.minorticks_off()
    ax.set_ylim(SHOWN_FROM, 100)
    ax.set(xlabel="seeds", title=cells[0].distribution)
    return ax


def plot_all(summary: CoverageSummary) -> Figure:
    """One panel per distribution, and the legend in the place of the last."""
    kinds = _by_distribution(summary)
    figure = Figure(figsize=(9.0, 5.2), layout="constrained")
    axes = list(figure.subplots(2, 3, sharey=True).flat)
    for ax, (_, cells) in zip(axes, kinds, strict=False):
        plot_coverage(ax, cells)
    figure.supylabel("coverage (%)", fontsize="medium")
    for ax in axes[len(kinds) :]:
        ax.set_axis_off()
    handles, labels = axes[0].get_legend_handles_labels()
    axes[-1].legend(handles, labels, loc="center", title="95 % interval")
    caption = (
        f"How often 95 % intervals of the mean cover the true one; {_samples(summary)}. {_described(summary)} Grey: within "
        f"{100 * TOLERANCE:g} points of 95 %. In reports: on either side the wider of Student's t and the expanded BCa."
    )
    figure.supxlabel(textwrap.fill(caption, CAPTION_WIDTH), fontsize="small", x=0.01, ha="left")
    return figure


def save_coverage(summary: CoverageSummary, folder: Path, environment: dict[str, Any]) -> None:
    """Write report, figure, summary and environment into ``folder``."""
    packages = ", ".join(f"{name} {version}" for name, version in environment["packages"].items() if name in ("jaxnorm", "numpy", "scipy"))
    machine = f"Simulated on {environment['date']}: {environment['processor']}, {environment['cores']} cores; {packages}.\n"
    write_atomically(folder / "summary.json", summary.to_json())
    write_atomically(folder / "environment.json", json.dumps(environment, indent=1).encode() + b"\n")
    with styled():
        save_figure(plot_all(summary), folder / "figures", "coverage")
    figure = "![Coverage of 95 % intervals against the number of seeds](figures/coverage.svg)"
    report = [f"# {QUESTION}", figure, *map(markdown, tables(summary)), machine]
    write_atomically(folder / "report.md", "\n\n".join(report).encode())
