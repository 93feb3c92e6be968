"""Values of points travel through matplotlib's SVG, whatever their texts are."""

import io
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure

from jaxnorm.report.hover import tell_points, with_titles

SVG = "{http://www.w3.org/2000/svg}"


def drawn(texts, values) -> ElementTree.Element:
    ax = Figure().subplots()
    (line,) = ax.plot(range(len(values)), values, marker="o")
    ax.plot(range(len(values)), values, marker="s")  # others beside it tell nothing
    tell_points(line, texts)
    content = io.BytesIO()
    ax.figure.savefig(content, format="svg")
    return ElementTree.fromstring(with_titles(content.getvalue().decode()))


def titles(root: ElementTree.Element) -> list[str | None]:
    return [title.text for use in root.iter(f"{SVG}use") for title in use.findall(f"{SVG}title")]


@pytest.mark.parametrize("text", ["plain", "<b> & \"quotes\" 'single'", "−0.3 ±0.1 | no", "a - b -- c"])
def test_texts_are_titles_of_their_markers(text):
    texts = [text.replace(" | ", " ") + str(place) for place in range(3)]
    root = drawn(texts, [1.0, 3.0, 2.0])
    assert titles(root) == texts
    places = [float(use.attrib["x"]) for use in root.iter(f"{SVG}use") if use.find(f"{SVG}title") is not None]
    assert places == sorted(places)


def test_points_that_are_not_all_drawn_tell_nothing():
    assert titles(drawn(["one", "two", "three"], [1.0, float("nan"), 2.0])) == []


def test_nothing_else_changes():
    group = '<g id="points: one | two">\n<g clip-path="url(#c)">\n<use x="1"/>\n</g>\n</g>\n<g id="other"><use x="2"/></g>'
    assert with_titles(group) == group.replace(' id="points: one | two"', "")
    whole = group.replace('<use x="1"/>', '<use x="1"/><use x="3"/>')
    assert '<use x="1"><title>one</title></use><use x="3"><title>two</title></use>' in with_titles(whole)
    assert '<use x="2"/>' in with_titles(whole)
