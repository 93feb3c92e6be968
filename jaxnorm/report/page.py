"""``report.html``: the report as one file, for people who were sent it. Nothing is fetched; all content is there without JavaScript."""

import re
from collections.abc import Mapping
from pathlib import Path

import jinja2

from jaxnorm.report import forest
from jaxnorm.report.blocks import Report

TEMPLATE = "page.html.jinja"


def render_page(report: Report, figures: Mapping[str, str]) -> str:
    """The page; ``figures`` maps a figure's name to its SVG."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent, encoding="utf-8")
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    environment.globals |= {"forest": forest.draw, "kind": lambda block: type(block).__name__}
    drawn = {name: inline_svg(svg, name) for name, svg in figures.items()}
    return environment.get_template(TEMPLATE).render(report=report, figures=drawn, forest_style=forest.STYLE)


def inline_svg(svg: str, prefix: str) -> str:
    """An SVG file as an element of a page: without XML's opening lines, scaling to its place, its identifiers its own."""
    element = svg[svg.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.DOTALL)
    element = re.sub(r'^(<svg[^>]*?) width="[^"]*"', r"\1", re.sub(r'^(<svg[^>]*?) height="[^"]*"', r"\1", element))
    element = re.sub(r'\bid="', f'id="{prefix}-', element)
    return re.sub(r"url\(#", f"url(#{prefix}-", re.sub(r'href="#', f'href="#{prefix}-', element))
