"""All that a reader gets of a run, from its summary: figures, ``report.md``, and on request ``report.html`` and ``tables.tex``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jaxnorm.files import write_atomically
from jaxnorm.report import forest
from jaxnorm.report.build import build_report
from jaxnorm.report.claims import forest as forest_of
from jaxnorm.report.figures import save_figures
from jaxnorm.report.latex import render_latex
from jaxnorm.report.markdown import render_markdown
from jaxnorm.report.page import render_page
from jaxnorm.report.vocabulary import Vocabulary
from jaxnorm.stats.summary import Summary


def draw_report(
    summary: Summary,
    words: Vocabulary,
    folder: Path,
    command: str,
    environment: Mapping[str, Any],
    *,
    page: bool = True,
    latex: str = "",
) -> None:
    """Write figures and reports into ``folder``.

    ``command`` repeats the run, ``environment`` says on what it ran, as JSON values; ``latex`` is the version to cite, if tables for a
    paper are wanted.
    """
    save_figures(summary, words, folder / "figures")
    claims = folder / "figures" / "claims"
    if summary.verdicts:
        claims.mkdir(parents=True, exist_ok=True)
    for verdict in summary.verdicts:
        write_atomically(claims / f"{verdict.claim}.svg", forest.draw(forest_of(summary, words, verdict), standalone=True).encode())
    report = build_report(summary, words, command, environment)
    write_atomically(folder / "report.md", render_markdown(report).encode())
    if page:
        drawn = {name: (folder / "figures" / f"{name}.svg").read_text(encoding="utf-8") for name in words.figures_of(summary)}
        write_atomically(folder / "report.html", render_page(report, drawn).encode())
    if latex:
        write_atomically(folder / "tables.tex", render_latex(report, latex).encode())
