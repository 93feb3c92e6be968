"""The page: one file, whole without JavaScript, quiet in a browser."""

import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest
from analysis.synthetic import summarise_compare
from PIL import Image

from jaxnorm.config import CompareConfig
from jaxnorm.reporting.drawings import drawings_of
from jaxnorm.reporting.figures import save_figures
from jaxnorm.reporting.page import inline_svg, write_page

COMMAND, ENVIRONMENT = "python -m jaxnorm.experiments.compare --norms '<batch>'", {"date": "2026-01-01", "packages": {"jax": "0.10.2"}}
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def summary():
    return summarise_compare(CompareConfig(seeds=8, epochs=5))


@pytest.fixture(scope="module")
def page(summary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    save_figures(summary, drawings_of(summary), folder / "figures")
    return write_page(summary, folder, COMMAND, ENVIRONMENT)


class Outline(HTMLParser):
    """Tags, identifiers and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.attributes, self.words = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_data(self, data):
        self.words.append(data)


def test_page_opens_with_question_answer_and_verdicts(page, summary):
    text = page.read_text()
    pieces = (f"<h1>{summary.question}</h1>", 'class="answer"', 'id="verdicts"', "<figure>", 'id="method"')
    places = [text.index(piece) for piece in pieces]
    assert places == sorted(places)
    words = " ".join(" ".join(Outline(text).words).split())
    for verdict in summary.verdicts:
        assert f" {verdict.claim} " in words
    assert COMMAND in words
    assert "What to use when" in words
    assert "seeds needed" in words


def test_page_fetches_nothing_and_its_identifiers_are_its_own(page):
    outline = Outline(page.read_text())
    fetched = [value for name, value in outline.attributes if name in ("src", "href", "xlink:href", "srcset") and not value.startswith("#")]
    assert fetched == []
    assert "link" not in outline.tags
    assert "@import" not in page.read_text()
    assert len(outline.ids) == len(set(outline.ids))
    targets = [value[1:] for name, value in outline.attributes if name in ("href", "xlink:href") and value.startswith("#")]
    assert set(targets) <= set(outline.ids)


def test_page_is_accessible(page, summary):
    text = page.read_text()
    outline = Outline(text)
    assert outline.tags.count("h1") == 1
    assert ("lang", "en") in outline.attributes
    for drawing in drawings_of(summary).values():
        assert ("aria-label", drawing.text) in outline.attributes
    assert text.count("<table") == text.count("<thead")
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_inlined_drawing_keeps_its_references():
    opening = '<?xml version="1.0"?>\n<svg width="9pt" height="7pt" viewBox="0 0 9 7">'
    svg = opening + '<path id="a"/><use xlink:href="#a" clip-path="url(#b)"/></svg>'
    inlined = '<svg viewBox="0 0 9 7"><path id="p-a"/><use xlink:href="#p-a" clip-path="url(#p-b)"/></svg>'
    assert inline_svg(svg, "p") == inlined


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium (Debian's package chromium)")
@pytest.mark.parametrize("width", [400, 1200])
def test_page_is_quiet_in_a_browser(page, width, tmp_path):
    shot = tmp_path / "shot.png"
    quiet = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={tmp_path / 'profile'}"]
    # a page that asked for anything outside would fail to find it, and say so
    alone = ["--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr"]
    command = [BROWSER, *quiet, *alone, f"--window-size={width},1600", f"--screenshot={shot}", page.as_uri()]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stderr
    assert not [line for line in said.splitlines() if re.search(r"CONSOLE|ERR_NAME_NOT_RESOLVED", line)]
    with Image.open(shot) as image:
        assert image.size == (width, 1600)
        assert len(image.convert("RGB").getcolors(maxcolors=1 << 24)) > 100
