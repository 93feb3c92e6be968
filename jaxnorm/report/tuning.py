"""What was chosen before arms were compared: the best learning rates, and whether the grid reached far enough."""

from collections.abc import Callable, Sequence

from jaxnorm.report.blocks import Cell, Details, Table, Text
from jaxnorm.report.text import count, described
from jaxnorm.stats.summary import Summary, Sweep

RATE = "learning_rate"


def tuning(
    summary: Summary, headings: Sequence[str] = (), cells: Callable[[Sweep], Sequence[Cell]] = lambda sweep: (), note: str = ""
) -> Details:
    """The best learning rate of every compiled arm, marked at an end of the grid. ``cells`` of a sweep stand under ``headings``."""
    settings, grid = summary.settings, rate_grid(summary)
    seeds, first = count(settings["tuning_seeds"], "seed"), settings["first_seed"] + settings["seeds"]
    rates = ", ".join(f"{rate:g}" for rate in grid)
    chosen = (
        f"Best: by mean validation accuracy of {seeds} from {first} on, which are not reported, among {rates}. "
        f"Shared: {settings[RATE]:g}. {note}"
    )
    rows = [[Cell(described(each.factors)), rate_cell(each.marked["best"][RATE], grid), *cells(each)] for each in summary.sweeps]
    return Details("Learning rates", [Text(chosen.strip()), Table("other", ("arm", "best", *headings), rows)])


def rate_grid(summary: Summary) -> list[float]:
    """The learning rates of a run, ascending."""
    return sorted(summary.settings["learning_rates"])


def rate_cell(rate: float, grid: Sequence[float]) -> Cell:
    """A learning rate, and behind it which end of the grid it is: beyond, others may be better."""
    return Cell(f"{rate:g}", "lowest of the grid" if rate == grid[0] else "highest of the grid" if rate == grid[-1] else "")
