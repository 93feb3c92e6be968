"""Small forests as SVG: the intervals of a claim, in margins, for pages, Markdown and documents. They follow dark mode."""

import itertools
from collections.abc import Sequence
from html import escape

from jaxnorm.report.blocks import ForestRow

WIDTH, ROW, EDGE = 240.0, 12.0, 6.0
"""Pixels: width, height of a row, and room above, below and beside."""
REACH = 3.0
"""Margins to either side of zero; what lies beyond is drawn as an arrow at the edge."""
CLASSES = {
    "as claimed": "claimed",
    "opposite": "opposite",
    "negligible": "negligible",
    "open": "open",
    "higher": "found",
    "lower": "found",
}
STYLE = """
.forest .band{fill:#8c959f;opacity:.25}.forest .zero{stroke:#8c959f}.forest .thin{stroke-width:1.4}
.forest .thick{stroke-width:4;opacity:.55}
.forest .claimed{stroke:#1a7f4b;fill:#1a7f4b}.forest .opposite{stroke:#c4291c;fill:#c4291c}.forest .negligible{stroke:#66707d;fill:#66707d}
.forest .open{stroke:#b07a10;fill:#b07a10}.forest .open circle{fill:none;stroke-width:1.6}.forest .found{stroke:#1f5fbf;fill:#1f5fbf}
@media screen and (prefers-color-scheme:dark){.forest .claimed{stroke:#4cc38a;fill:#4cc38a}.forest .opposite{stroke:#ff7b6e;fill:#ff7b6e}
.forest .negligible{stroke:#a5adb8;fill:#a5adb8}.forest .open{stroke:#e3b341;fill:#e3b341}.forest .found{stroke:#79b0ff;fill:#79b0ff}
.forest .open circle{fill:none}}
"""
"""Of all forests; a page has it once, a file in itself."""


def draw(rows: Sequence[ForestRow], *, standalone: bool = False) -> str:
    """The SVG element of a forest; ``standalone``: as a file of its own."""
    height = ROW * len(rows) + EDGE
    namespace = ' xmlns="http://www.w3.org/2000/svg"' if standalone else ""
    style = f"<style>{STYLE}</style>" if standalone else ""
    band = _bands(rows, height)
    zero = f'<line class="zero" x1="{_place(0):.1f}" x2="{_place(0):.1f}" y1="0" y2="{height:.0f}"/>'
    drawn = "".join(_row(row, EDGE / 2 + ROW * (index + 0.5)) for index, row in enumerate(rows))
    size = f'width="{WIDTH:.0f}" height="{height:.0f}" viewBox="0 0 {WIDTH:.0f} {height:.0f}"'
    found = escape("; ".join(row.text for row in rows), quote=True)
    return f'<svg{namespace} class="forest" role="img" aria-label="{found}" {size}>{style}{band}{zero}{drawn}</svg>'


def _bands(rows: Sequence[ForestRow], height: float) -> str:
    """The margins, behind the rows that have one; those behind the first and the last row reach to the edges."""
    drawn, width = "", _place(1) - _place(-1)
    for banded, neighbours in itertools.groupby(enumerate(rows), key=lambda place: place[1].band):
        places = [index for index, _ in neighbours]
        top = EDGE / 2 + ROW * places[0] if places[0] else 0.0
        bottom = EDGE / 2 + ROW * (places[-1] + 1) if places[-1] < len(rows) - 1 else height
        if banded:
            drawn += f'<rect class="band" x="{_place(-1):.1f}" y="{top:.0f}" width="{width:.1f}" height="{bottom - top:.0f}"/>'
    return drawn


def _row(row: ForestRow, y: float) -> str:
    bars = "".join(_bar(row.mean, half, y, kind) for half, kind in ((row.half, "thin"), (row.half_alone, "thick")) if half is not None)
    return f'<g class="{CLASSES.get(row.finding, "open")}"><title>{escape(row.text)}</title>{bars}{_point(row.mean, y)}</g>'


def _bar(mean: float, half: float, y: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{_place(mean - half):.1f}" x2="{_place(mean + half):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _point(mean: float, y: float) -> str:
    x = _place(mean)
    if abs(mean) <= REACH:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.4"/>'
    tip = 5.0 if mean > 0 else -5.0
    return f'<path d="M{x:.1f} {y:.1f}l{-tip:.0f} -3.6v7.2z"/>'


def _place(margins: float) -> float:
    """Pixels from the left."""
    share = (min(max(margins, -REACH), REACH) + REACH) / (2 * REACH)
    return EDGE + share * (WIDTH - 2 * EDGE)
