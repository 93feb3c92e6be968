"""The page: one file that asks for nothing outside, whole without JavaScript, quiet in a browser, and safe from what users write."""

import html
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report.conftest import COMMAND, ENVIRONMENT, HARMLESS, HOSTILE
from stats.synthetic import summarise_compare

from jaxnorm.experiments.compare.figures import WORDS
from jaxnorm.experiments.compare.study import CompareConfig
from jaxnorm.report.draw import draw_report
from jaxnorm.report.page import inline_svg

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(BROWSER is None, reason="needs Chromium (Debian's package chromium)")
VOID = ("meta", "link", "br", "hr", "img", "input", "col", "area", "base", "source", "embed", "track", "wbr")
SILENT = ("style", "script", "title", "svg", "details")
"""Whose text is not read before anything is unfolded; a forest or figure tells its own in titles."""


class Outline(HTMLParser):
    """Tags, identifiers and texts of a page; tags must close in the order in which they opened."""

    def __init__(self, text: str):
        super().__init__()
        self.open, self.tags, self.ids, self.attributes, self.words, self.glance = [], [], [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)
        if not set(self.open) & set(SILENT):
            self.glance.append(data)


@pytest.fixture(scope="module")
def small():
    return summarise_compare(CompareConfig(seeds=8, epochs=5))


def draw(summary, folder: Path) -> Path:
    draw_report(summary, WORDS, folder, COMMAND, ENVIRONMENT)
    return folder / "report.html"


@pytest.fixture(scope="module")
def page(small, tmp_path_factory) -> Path:
    return draw(small, tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def text(page) -> str:
    return page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def outline(text) -> Outline:
    return Outline(text)


@pytest.fixture(scope="module")
def hostile_page(hostile, tmp_path_factory) -> Path:
    return draw(hostile, tmp_path_factory.mktemp("hostile"))


def test_page_has_one_title_and_a_language(outline):
    assert outline.tags.count("h1") == outline.tags.count("html") == 1
    assert ("html", "lang", "en") in outline.attributes
    assert ("meta", "charset", "utf-8") in outline.attributes


def test_page_asks_for_nothing_outside(outline, text):
    asking = ("src", "href", "xlink:href", "srcset", "action", "data", "poster", "background")
    assert [each for each in outline.attributes if each[1] in asking and not str(each[2]).startswith(("#", "data:"))] == []
    assert not {"link", "iframe", "object", "embed", "base", "form"} & set(outline.tags)
    assert not re.search(r"@import|url\((?!#)|fetch\(|XMLHttpRequest|import\(", text)


def test_identifiers_are_unique_and_links_lead_to_them(outline, small):
    assert len(outline.ids) == len(set(outline.ids))
    targets = [str(value)[1:] for _, name, value in outline.attributes if name in ("href", "xlink:href") and str(value).startswith("#")]
    assert set(targets) <= set(outline.ids)
    referred = re.findall(r"url\(#([^)]+)\)", " ".join(str(value) for *_, value in outline.attributes))
    assert set(referred) <= set(outline.ids)
    linked = [value for tag, name, value in outline.attributes if (tag, name) == ("a", "href")]
    assert linked == [f"#figure-{WORDS.claims[verdict.claim].figure}" for verdict in small.verdicts]


def test_all_content_is_there_without_a_script(outline, small):
    words = " ".join(" ".join(outline.words).split())
    for arm in small.arms:
        for name, estimate in arm.measures.items():
            value = WORDS.measure(name).unit.factor * estimate.mean
            assert any(abs(float(each) - value) < 0.05 * abs(value) for each in re.findall(r"\d+\.\d+", words))
    assert outline.tags.count("figure") == len(WORDS.figures_of(small))
    assert COMMAND in words
    assert outline.tags.count("details") == words.count("Claims in full") + outline.tags.count("details") - 1


def test_page_is_read_at_a_glance():
    """At most 700 words before anything is unfolded, in the largest of compare's usual designs."""
    from jaxnorm.report.build import build_report
    from jaxnorm.report.page import render_page

    summary = summarise_compare(CompareConfig(norms=("batch", "layer", "none"), seeds=16))
    report = build_report(summary, WORDS, COMMAND, ENVIRONMENT)
    page = render_page(report, dict.fromkeys(WORDS.figures_of(summary), "<svg></svg>"))
    assert 100 < len(" ".join(Outline(page).glance).split()) <= 700


def test_figures_and_tables_are_named_for_those_who_do_not_see_them(outline, small, text):
    labels = [value for _, name, value in outline.attributes if name == "aria-label"]
    assert {drawing.title for drawing in WORDS.figures_of(small).values()} <= set(labels)
    regions = [value for _, name, value in outline.attributes if (name, value) == ("role", "region")]
    assert len(regions) == outline.tags.count("table")
    assert all(labels)
    assert outline.attributes.count(("th", "scope", "row")) == len(re.findall(r"<tr><th scope=row", re.sub(r"\s*\n\s*", "", text)))


def test_page_has_looks_for_dark_print_and_phones(text):
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert "@media (max-width" in text


def luminance(color: str) -> float:
    """Relative luminance of ``#rgb`` or ``#rrggbb`` (WCAG 2.1)."""
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_has_contrast_in_light_and_dark(text):
    schemes = [dict(re.findall(r"--(\w+): (#\w{3,6})", block)) for block in re.findall(r":root \{(.*?)\}", text, re.DOTALL)]
    light, dark = schemes[:2]
    marks = ("supported", "refuted", "mixed", "plain", "link")
    pairs = [(ink, ground) for ground in ("paper", "card", "best", "tied") for ink in ("ink", "soft")] + [(ink, "paper") for ink in marks]
    for colors in (light, light | dark):
        for ink, ground in pairs:
            bright, dim = sorted((luminance(colors[ink]), luminance(colors[ground])), reverse=True)
            assert (bright + 0.05) / (dim + 0.05) >= 4.5, (ink, ground)


def test_inlined_drawing_keeps_its_references():
    opening = '<?xml version="1.0"?>\n<svg width="9pt" height="7pt" viewBox="0 0 9 7">'
    svg = opening + '<path id="a"/><use xlink:href="#a" clip-path="url(#b)"/></svg>'
    inlined = '<svg viewBox="0 0 9 7"><path id="p-a"/><use xlink:href="#p-a" clip-path="url(#p-b)"/></svg>'
    assert inline_svg(svg, "p") == inlined


def test_what_users_name_is_text(hostile_page, outline):
    text = hostile_page.read_text(encoding="utf-8")
    dangerous = Outline(text)
    assert set(dangerous.tags) <= set(outline.tags) | {"blockquote", "image"}
    words = "\n".join(dangerous.words)
    assert HARMLESS in words
    assert "\x1b" not in text
    assert HOSTILE not in text
    titles = [word for word in dangerous.words if "seed 3" in word and HARMLESS in word]
    assert titles  # points of figures tell it too, not escaped twice
    assert {name for _, name, _ in dangerous.attributes if name.startswith("on")} == set()


def test_files_beside_it_are_safe_too(hostile_page):
    from xml.etree import ElementTree

    for path in hostile_page.parent.rglob("*.svg"):
        svg = path.read_text(encoding="utf-8")
        assert "\x1b" not in svg
        ElementTree.fromstring(svg)


def browse(page: Path, profile: Path, width: int, *flags: str) -> str:
    """Open a page in a headless browser that finds no host; what it prints. Nothing may go wrong, nor be asked for outside."""
    quiet = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}"]
    # a page that asked for anything outside would fail to find it, and say so
    alone = ["--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--disable-background-networking", "--no-first-run"]
    command = [str(BROWSER), *quiet, *alone, f"--window-size={width},1600", *flags, page.as_uri()]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert not [line for line in said.stderr.splitlines() if re.search(r"CONSOLE|ERR_NAME_NOT_RESOLVED", line)]
    return said.stdout


@needs_browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 390), ("light", 1000)])
def test_page_sorts_tells_values_and_fits_phones_and_desktops(page, small, tmp_path, scheme, width):
    """In a frame, since windows are not as narrow as a phone. A script after its own uses the page, and posts what it saw."""
    use = """
      const hidden = [...document.querySelectorAll(".scroll:has(.claims)")].map(each => each.scrollWidth - each.clientWidth);
      const table = document.querySelector("table.comparisons");
      for (const each of document.querySelectorAll("details")) each.open = true;
      const column = () => [...table.tBodies[0].rows].map(row => row.cells[4].firstChild.textContent);
      const button = table.querySelectorAll("thead button")[4];
      button.click(); const up = column(); button.click(); const down = column();
      const tips = [...document.querySelectorAll("#figure-curves .drawing g[clip-path] use")].slice(0, 40).map(mark => {
        const box = mark.getBoundingClientRect();
        const at = { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2, bubbles: true };
        mark.dispatchEvent(new PointerEvent("pointermove", at));
        return document.querySelector(".tip").textContent;
      });
      const style = getComputedStyle(document.body);
      const ink = getComputedStyle(document.querySelector("#figure-curves svg text")).fill;
      const looks = { paper: style.backgroundColor, color: style.color, ink };
      const seen = { hidden, up, down, tips, wide: document.documentElement.scrollWidth, ...looks };
      parent.postMessage(JSON.stringify(seen), "*");
    """
    used = tmp_path / "used.html"
    used.write_text(page.read_text(encoding="utf-8").replace("</body>", f"<script>{{{use}}}</script></body>"), encoding="utf-8")
    frame = tmp_path / "frame.html"
    receive = "<title></title><script>onmessage = event => { document.title = event.data; }</script>"
    frame.write_text(f'<!doctype html><meta charset="utf-8">{receive}<iframe src="used.html" width="{width}" height="900"></iframe>')
    dark = ["--blink-settings=preferredColorScheme=0"] if scheme == "dark" else ["--blink-settings=preferredColorScheme=1"]
    shown = browse(frame, tmp_path / "profile", 1200, "--virtual-time-budget=2000", "--dump-dom", *dark)
    seen = json.loads(html.unescape(re.findall(r"<title>(.*?)</title>", shown)[0]))
    up = [float(each.replace("−", "-")) for each in seen["up"]]
    assert len(up) == len(small.comparisons)
    assert up == sorted(up)
    assert seen["down"] == seen["up"][::-1]
    assert seen["wide"] <= width
    assert seen["hidden"] == [0]  # claims are seen with their verdicts and forests
    told = re.findall(r"BatchNorm 16, epoch (\d): ([\d.]+)", " ".join(seen["tips"]))
    values = {int(epoch): float(value) for epoch, value in told[::-1]}
    assert {epoch: pytest.approx(value, abs=2e-3) for epoch, value in enumerate(small.arms[0].curves["train_loss"].mean, start=1)} == values
    paper, color, ink = (
        luminance("#" + "".join(f"{int(each):02x}" for each in re.findall(r"\d+", seen[name])[:3])) for name in ("paper", "color", "ink")
    )
    assert (paper < 0.1) == (scheme == "dark") == (color > 0.5) == (ink > 0.5)


@needs_browser
def test_page_of_users_words_is_quiet_in_a_browser(hostile_page, tmp_path):
    assert "<html" in browse(hostile_page, tmp_path / "profile", 1200, "--dump-dom")
