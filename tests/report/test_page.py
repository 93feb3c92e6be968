"""The page: one file, whole without JavaScript, quiet in a browser."""

import html
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest
from analysis.synthetic import summarise_compare
from PIL import Image

from jaxnorm.analysis.measures import find_measure
from jaxnorm.analysis.seeds import seeds_sentences
from jaxnorm.analysis.summary import Estimate
from jaxnorm.analysis.wording import format_difference, format_level
from jaxnorm.experiments.compare.study import CompareConfig
from jaxnorm.reporting.drawings import drawings_of
from jaxnorm.reporting.effects import effects_tables
from jaxnorm.reporting.figures import save_figures
from jaxnorm.reporting.hover import curve_texts, with_titles
from jaxnorm.reporting.page import NUMBERS, inline_svg, write_page
from jaxnorm.reporting.tables import differences_table, evidence_table, results_table

COMMAND, ENVIRONMENT = "python -m jaxnorm.experiments.compare --norms '<batch>'", {"date": "2026-01-01", "packages": {"jax": "0.10.2"}}
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(BROWSER is None, reason="needs Chromium (Debian's package chromium)")


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
    sections = [f'id="{name}"' for name in ("verdicts", "figures", "tables", "use", "method", "setup", "reproduce")]
    pieces = (f"<h1>{summary.question}</h1>", 'class="answer"', *sections)
    places = [text.index(piece) for piece in pieces]
    assert places == sorted(places)
    words = " ".join(" ".join(Outline(text).words).split())
    for verdict in summary.verdicts:
        assert f" {verdict.claim} " in words
        difference = verdict.evidence[verdict.decisive].difference
        assert format_difference(difference.estimate, find_measure(difference.measure).unit) in words
    assert all(sentence in words for sentence in seeds_sentences(summary))
    assert COMMAND in words
    assert "What to use when" in words
    assert "seeds needed" in words


def test_numbers_of_the_answer_stand_back_and_nothing_is_lost(page, summary):
    paragraphs = re.findall(r'<p class="answer">(.*?)</p>', page.read_text())
    assert [html.unescape(re.sub(r"</?span>", "", text)) for text in paragraphs] == summary.answer
    quiet = [html.unescape(text) for text in re.findall(r"<span>(.*?)</span>", "".join(paragraphs))]
    assert quiet
    assert all(re.fullmatch(r"\(.*\d.*\)", text) for text in quiet)
    assert "(faster)" not in "".join(quiet)


@pytest.mark.parametrize(
    ("sentence", "quiet"),
    [
        (
            "lower (faster) with BatchNorm (my_pkg2) (by 0.1 nats [0.0, 0.2]: 1 against 2).",
            ["(by 0.1 nats [0.0, 0.2]: 1 against 2)"],
        ),
        (
            "(at most 0.3 higher with LayerNorm (all axes)), hm",
            ["(at most 0.3 higher with LayerNorm (all axes))"],
        ),
        ("higher with BatchNorm (padding masked) than", []),
    ],
)
def test_brackets_with_numbers_stand_back_and_names_do_not(sentence, quiet):
    assert NUMBERS.findall(sentence) == quiet


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
    assert outline.attributes.count(("scope", "row")) == sum(len(rows) for rows in _tables(summary)) + len(summary.verdicts)


def _tables(summary):
    tables = [*effects_tables(summary), results_table(summary), differences_table(summary), evidence_table(summary)]
    return [rows for table in tables for _, rows in table.groups]


def _luminance(color):
    """Relative luminance of ``#rrggbb`` (WCAG 2.1)."""
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_has_contrast_in_light_and_dark(page):
    schemes = [dict(re.findall(r"--(\w+): (#\w{6})", block)) for block in re.findall(r":root \{(.*?)\}", page.read_text(), re.DOTALL)]
    light, dark = schemes[:2]
    for colors in (light, light | dark):
        for ground in ("paper", "card"):
            for ink in ("ink", "soft", "holds", "contradicted", "equivalent", "unresolved"):
                bright, dim = sorted((_luminance(colors[ink]), _luminance(colors[ground])), reverse=True)
                assert (bright + 0.05) / (dim + 0.05) >= 4.5, (ink, ground)


def test_points_tell_their_values(page, summary):
    svg = (page.parent / "figures" / "curves.svg").read_text()
    told = [html.unescape(text) for text in re.findall(r"<use [^>]*><title>(.*?)</title>", svg)]
    curves = [
        text for metric in ("train_loss", "validation_accuracy") for arm in summary.arms for text in curve_texts(arm, metric, range(1, 6))
    ]
    assert told == curves
    assert told[0] == f"BatchNorm 16, epoch 1: {format_level(_at(summary, 'train_loss', 0), 'nats')} nats"
    places = [float(x) for x in re.findall(r'<use [^>]*\bx="([\d.]+)"[^>]*><title>', svg)]
    assert places[:5] == sorted(places[:5])
    seeds = re.findall(r"<title>BatchNorm 16, seed (\d+): ([\d.]+) nats", (page.parent / "figures" / "results.svg").read_text())
    assert [int(seed) for seed, _ in seeds] == summary.seeds
    assert [float(value) for _, value in seeds] == pytest.approx(summary.arms[0].by_seed["train_loss_area"], abs=1e-3)


def _at(summary, metric, index):
    curve = summary.arms[0].curves[metric]
    return Estimate(curve.mean[index], curve.low[index], curve.high[index], len(summary.seeds))


def test_points_that_are_not_all_drawn_tell_nothing():
    group = '<g id="points: one | two">\n<g clip-path="url(#c)">\n<use x="1"/>\n</g>\n</g>\n<g id="other"><use x="2"/></g>'
    assert with_titles(group) == group.replace(' id="points: one | two"', "")
    whole = group.replace('<use x="1"/>', '<use x="1"/><use x="3"/>')
    assert '<use x="1"><title>one</title></use><use x="3"><title>two</title></use>' in with_titles(whole)
    assert '<use x="2"/>' in with_titles(whole)


def test_inlined_drawing_keeps_its_references():
    opening = '<?xml version="1.0"?>\n<svg width="9pt" height="7pt" viewBox="0 0 9 7">'
    svg = opening + '<path id="a"/><use xlink:href="#a" clip-path="url(#b)"/></svg>'
    inlined = '<svg viewBox="0 0 9 7"><path id="p-a"/><use xlink:href="#p-a" clip-path="url(#p-b)"/></svg>'
    assert inline_svg(svg, "p") == inlined


def browse(page, profile, width, *flags):
    """Open a page in a headless browser that finds no host; what it prints. Nothing may go wrong, nor be asked for outside."""
    quiet = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}"]
    # a page that asked for anything outside would fail to find it, and say so
    alone = ["--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr"]
    command = [BROWSER, *quiet, *alone, f"--window-size={width},1600", *flags, page.as_uri()]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert not [line for line in said.stderr.splitlines() if re.search(r"CONSOLE|ERR_NAME_NOT_RESOLVED", line)]
    return said.stdout


@needs_browser
def test_page_sorts_tells_values_and_fits_a_phone(page, summary, tmp_path):
    """In a frame as wide as a phone, since windows are not as narrow. A script after its own uses the page, and posts what it saw."""
    use = """
      const table = [...document.querySelectorAll("table.sortable")].find(each => each.tHead.textContent.includes("train. loss"));
      const column = () => [...table.tBodies[0].rows].map(row => row.cells[3].textContent);
      const button = table.querySelectorAll("thead button")[3];
      button.click(); const up = column(); button.click(); const down = column();
      const tips = [...document.querySelectorAll(".drawing g[clip-path] use")].slice(0, 40).map(mark => {
        const box = mark.getBoundingClientRect();
        const at = { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2, bubbles: true };
        mark.dispatchEvent(new PointerEvent("pointermove", at));
        return document.querySelector(".tip").textContent;
      });
      parent.postMessage(JSON.stringify({ up, down, tips, wide: document.documentElement.scrollWidth }), "*");
    """
    used = page.with_name("used.html")
    used.write_text(page.read_text().replace("</body>", f"<script>{{{use}}}</script></body>"))
    frame = page.with_name("frame.html")
    receive = "<title></title><script>onmessage = event => { document.title = event.data; }</script>"
    frame.write_text(f'<!doctype html><meta charset="utf-8">{receive}<iframe src="used.html" width="390" height="900"></iframe>')
    shown = browse(frame, tmp_path / "profile", 1200, "--virtual-time-budget=2000", "--dump-dom")
    seen = json.loads(html.unescape(re.findall(r"<title>(.*?)</title>", shown)[0]))
    losses = [format_level(arm.measures["train_loss"], "nats") for arm in summary.arms]
    assert seen["up"] == sorted(losses, key=lambda text: float(text.split()[0]))
    assert seen["down"] == seen["up"][::-1]
    assert seen["wide"] <= 390
    assert set(curve_texts(summary.arms[0], "train_loss", range(1, 6))) <= set(seen["tips"])


@needs_browser
@pytest.mark.parametrize("width", [400, 1200])
def test_page_is_quiet_in_a_browser(page, width, tmp_path):
    shot = tmp_path / "shot.png"
    browse(page, tmp_path / "profile", width, f"--screenshot={shot}")
    with Image.open(shot) as image:
        assert image.size == (width, 1600)
        assert len(image.convert("RGB").getcolors(maxcolors=1 << 24)) > 100
