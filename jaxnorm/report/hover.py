"""Values of points for those who point at them: a text for each marker of a line, written into the SVG as its title.

Viewers show an element's title beside the pointer. Matplotlib has no titles for markers, but writes a line's ``gid`` as the identifier of
its group: the texts travel there, and ``with_titles`` sets each beside its marker.
"""

import re
from collections.abc import Sequence

from matplotlib.lines import Line2D

OPENING, BETWEEN = "points: ", " | "
GROUP = re.compile(rf'<g id="{OPENING}([^"]*)">(.*?)(?=<g id="|\Z)', re.DOTALL)
MARKER = re.compile(r"<use ([^>]*?)/>")


def tell_points(line: Line2D, texts: Sequence[str]) -> None:
    """Give every marker of ``line`` a text, in their order."""
    line.set_gid(OPENING + BETWEEN.join(texts))  # which is escaped as it is written


def with_titles(svg: str) -> str:
    """The drawing with the texts of its points as titles. Points that were left out, as those without a finite place are, leave a line
    without any, since it is not known which they were.
    """

    def entitle(group: re.Match) -> str:
        texts, body = group[1].split(BETWEEN), group[2]
        if len(MARKER.findall(body)) != len(texts):
            return f"<g>{body}"
        remaining = iter(texts)
        return f"<g>{MARKER.sub(lambda use: f'<use {use[1]}><title>{next(remaining)}</title></use>', body)}"

    return GROUP.sub(entitle, svg)
