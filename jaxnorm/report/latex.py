r"""``tables.tex``: the tables of results and of claims for a paper, with a sentence on the method and what to cite. Needs ``booktabs``."""

import dataclasses

from jaxnorm.report.blocks import Cell, Report, Table

SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "₀": "$_0$",
    "₁": "$_1$",
    '"': "''",
    "[": "{[}",  # behind the end of a row it would begin its options
    "*": "{*}",
    "−": "$-$",
    "±": r"$\pm$",
    "†": r"$\dagger$",
    "×": r"$\times$",
    "–": "--",
    "’": "'",
    "β": r"$\beta$",
    "·": r"$\cdot$",
    "…": r"\dots{}",
}
METHOD = (
    "Differences are paired by seed; intervals are Student's $t$ at a level at which all comparisons of the report hold together in "
    r"95\,\% of reports (Bonferroni). Bold: best of its column; italic: not distinguishable from it. Means with 95\,\% half-widths over "
    r"seeds \citep{jaxnorm}."
)
CITATION = r"""% @software{jaxnorm,
%   title = {jaxnorm: a laboratory for normalization layers in {JAX}},
%   year = {2026},
%   version = {%s}
% }"""


def render_latex(report: Report, version: str) -> str:
    """Both tables, the sentence and the entry."""
    tables = [*report.tables("arms"), *map(_without_amounts, report.tables("claims"))]
    return "\n\n".join([f"% {_plain(report.title)}", *map(_table, tables), METHOD, CITATION.replace("%s", version)]) + "\n"


def _without_amounts(claims: Table) -> Table:
    """The table of claims as titles, verdicts and counts."""
    rows = [[name, dataclasses.replace(title, small=""), *others] for name, title, *others in claims.rows]
    return dataclasses.replace(claims, rows=rows)


def _plain(text: str) -> str:
    return " ".join(text.split())


def _escape(text: str) -> str:
    return "".join(SPECIAL.get(character, character) for character in text)


def _table(table: Table) -> str:
    kept = [index for index in range(len(table.headings)) if any(row[index].text for row in table.rows)]
    columns = "".join("l" if index < table.text_columns else "r" for index in kept)
    lines = [" & ".join(_escape(table.headings[index]) for index in kept)]
    body = [" & ".join(_cell(row[index]) for index in kept) + r" \\" for row in table.rows]
    title = f"% {_plain(table.title)}\n" if table.title else ""
    return title + "\n".join(
        [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", lines[0] + r" \\", r"\midrule", *body, r"\bottomrule", r"\end{tabular}"]
    )


def _cell(cell: Cell) -> str:
    text = _escape(cell.text)
    text = rf"\textbf{{{text}}}" if cell.mark == "best" else rf"\textit{{{text}}}" if cell.mark == "tied" else text
    return " ".join(filter(None, [text, _escape(cell.small)]))
