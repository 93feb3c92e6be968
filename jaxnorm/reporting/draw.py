"""All that a reader gets of a run, from its summary: figures, ``report.md`` and ``report.html``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jaxnorm.analysis.summary import Summary
from jaxnorm.reporting.drawings import drawings_of
from jaxnorm.reporting.figures import save_figures
from jaxnorm.reporting.page import write_page
from jaxnorm.reporting.report import write_report


def draw_report(summary: Summary, folder: Path, command: str, environment: Mapping[str, Any]) -> None:
    """Write figures and both reports into ``folder``; ``command`` repeats the run, ``environment`` says on what it ran, as JSON values."""
    save_figures(summary, drawings_of(summary), folder / "figures")
    write_report(summary, folder, command, environment)
    write_page(summary, folder, command, environment)
