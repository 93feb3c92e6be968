"""``report.md``: the report for people who read it where it lies, and the tables of documents."""

import re
from collections.abc import Sequence

from jaxnorm.report.blocks import Block, Cell, Code, Details, Heading, Picture, Report, Table, Text

SPECIAL = re.compile(r"([\\`*_\[\]<>|&#~$])")
"""What Markdown or HTML would not take as it stands."""
BOLD = ("best", "supported", "refuted", "mixed", "negligible", "inconclusive")


def render_markdown(report: Report) -> str:
    """The whole report."""
    return "\n\n".join([f"# {escape(report.title)}", escape(report.kicker), *map(_render, report.blocks)]) + "\n"


def escape(text: str) -> str:
    """Text as text, whatever it contains: users write questions and names."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split())).replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\\&", "&amp;")


def _render(block: Block) -> str:
    match block:
        case Heading(text):
            return f"## {escape(text)}"
        case Text(text, kind):
            return f"> {escape(text)}" if kind == "quote" else escape(text)
        case Code(text):
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
            return f"{fence}sh\n{text}\n{fence}"
        case Table():
            return "\n\n".join(filter(None, [f"**{escape(block.title)}**" if block.title else "", table(block), escape(block.caption)]))
        case Picture(name, title, caption):
            return f"![{escape(title)}](figures/{name}.svg)\n\n**{escape(title)}.** {escape(caption)}"
        case Details(title, blocks):
            return "\n\n".join([f"<details><summary>{escape(title)}</summary>", *map(_render, blocks), "</details>"])


def table(block: Table, *, images: str = "figures") -> str:
    """A table's rows; forests are images in the folder ``images``. Columns without any content are left out."""
    kept = [index for index in range(len(block.headings)) if any(_shown(row[index]) for row in block.rows)]
    lines = [[escape(block.headings[index]) for index in kept], ["---" if index < block.text_columns else "---:" for index in kept]]
    joint = "<br>" if block.name == "claims" else " "
    lines += [[_cell(row[index], images, joint) for index in kept] for row in block.rows]
    return "\n".join(row_of(line) for line in lines)


def row_of(cells: Sequence[str]) -> str:
    """One line of a table."""
    return f"| {' | '.join(cells)} |"


def _shown(cell: Cell) -> bool:
    return bool(cell.text or cell.small or cell.image)


def _cell(cell: Cell, images: str, joint: str) -> str:
    """``joint`` stands between a cell's text and what is small in it."""
    if cell.image:
        return f"![{escape('; '.join(row.finding for row in cell.forest))}]({images}/{cell.image})"
    text = escape(cell.text)
    shown = f"**{text}**" if cell.mark in BOLD and text else text
    text = joint.join(filter(None, [shown, escape(cell.small)]))
    return f"{text} ≈" if cell.mark == "tied" else text
