"""Small forests: where things stand, on which side, and how what is found is told."""

import dataclasses
from xml.etree import ElementTree

import msgspec
import numpy as np
import pytest

from jaxnorm.experiments.compare.figures import WORDS
from jaxnorm.report.arms import STRAY
from jaxnorm.report.blocks import ForestRow
from jaxnorm.report.claims import forest, statements_table
from jaxnorm.report.comparisons import comparisons_table
from jaxnorm.report.forest import CLASSES, EDGE, REACH, ROW, WIDTH, draw
from jaxnorm.stats.summary import Summary, Verdict

MARGIN = (WIDTH / 2 - EDGE) / REACH
"""Pixels that are as wide as a margin."""
HOSTILE = '<script>"a" & [/red]'


def at(margins: float) -> float:
    return WIDTH / 2 + MARGIN * margins


def drawn(*rows: ForestRow) -> ElementTree.Element:
    return ElementTree.fromstring(draw(rows))


def groups(svg: ElementTree.Element) -> list[ElementTree.Element]:
    return svg.findall("g")


def bar(group: ElementTree.Element, kind: str) -> tuple[float, float] | None:
    line = group.find(f"line[@class='{kind}']")
    return None if line is None else (float(line.attrib["x1"]), float(line.attrib["x2"]))


def point(group: ElementTree.Element) -> float:
    circle = group.find("circle")
    assert circle is not None
    return float(circle.attrib["cx"])


def test_rows_stand_under_each_other_where_their_numbers_are():
    rows = [ForestRow("one", 1.5, 0.5, 0.25, "as claimed"), ForestRow("two", -2.0, 0.75, 0.5, "opposite")]
    svg = drawn(*rows)
    for index, (row, group) in enumerate(zip(rows, groups(svg), strict=True)):
        assert point(group) == pytest.approx(at(row.mean), abs=0.1)
        assert bar(group, "thin") == pytest.approx((at(row.mean - row.half), at(row.mean + row.half)), abs=0.1)
        assert bar(group, "thick") == pytest.approx((at(row.mean - row.half_alone), at(row.mean + row.half_alone)), abs=0.1)
        heights = {float(each.attrib[name]) for each in group.iter() for name in ("y1", "y2", "cy") if name in each.attrib}
        assert heights == {EDGE / 2 + ROW * (index + 0.5)}
    assert float(svg.attrib["height"]) == 2 * ROW + EDGE


def test_band_is_the_margin_and_the_line_is_zero():
    svg = drawn(ForestRow("", 0.0, 1.0, 0.5, "open"))
    band, zero = svg.find("rect"), svg.find("line")
    assert band is not None
    assert zero is not None
    assert float(band.attrib["x"]) == pytest.approx(at(-1), abs=0.1)
    assert float(band.attrib["width"]) == pytest.approx(2 * MARGIN, abs=0.1)
    assert float(zero.attrib["x1"]) == float(zero.attrib["x2"]) == pytest.approx(at(0))


@pytest.mark.parametrize(
    ("bands", "ends"),
    [
        ([True, True, True], [(0.0, 3 * ROW + EDGE)]),
        ([False, False], []),
        ([True, False, True, True], [(0.0, EDGE / 2 + ROW), (EDGE / 2 + 2 * ROW, 4 * ROW + EDGE)]),
        ([False, True, False], [(EDGE / 2 + ROW, EDGE / 2 + 2 * ROW)]),
    ],
)
def test_band_is_behind_the_rows_that_have_a_margin(bands, ends):
    svg = drawn(*(ForestRow("", 1.0, 0.5, 0.2, "open", band) for band in bands))
    drawn_ends = [(float(band.attrib["y"]), float(band.attrib["y"]) + float(band.attrib["height"])) for band in svg.findall("rect")]
    assert drawn_ends == ends


@pytest.mark.parametrize("mean", [50.0, -50.0])
def test_what_is_beyond_is_an_arrow_at_the_edge(mean):
    (group,) = groups(drawn(ForestRow("", mean, 1.0, 0.5, "as claimed")))
    edge = at(np.sign(mean) * REACH)
    assert group.find("circle") is None
    arrow = group.find("path")
    assert arrow is not None
    start, _, back = arrow.attrib["d"].partition("l")
    assert float(start[1:].split()[0]) == pytest.approx(edge, abs=0.1)
    assert np.sign(float(back.split()[0])) == -np.sign(mean)  # its base is further in than its tip
    assert bar(group, "thin") == pytest.approx((edge, edge), abs=0.1)


def test_bar_that_reaches_beyond_ends_at_the_edge():
    (group,) = groups(drawn(ForestRow("", 2.0, 5.0, 0.5, "open")))
    assert bar(group, "thin") == pytest.approx((at(-REACH), at(REACH)), abs=0.1)


def test_interval_without_ends_is_not_drawn():
    (group,) = groups(drawn(ForestRow("", 0.5, None, 0.2, "open")))
    assert bar(group, "thin") is None
    assert bar(group, "thick") is not None


def test_findings_have_classes_of_their_own():
    marks = ("as claimed", "opposite", "negligible", "open", "higher")
    classes = [group.attrib["class"] for group in groups(drawn(*(ForestRow("", 0.0, 1.0, 0.5, mark) for mark in marks)))]
    assert len(set(classes)) == len(marks)
    assert CLASSES["lower"] == CLASSES["higher"]


def test_each_row_tells_its_own_text_whatever_it_is():
    svg = drawn(ForestRow(HOSTILE, 0.0, 1.0, 0.5, "open"), ForestRow("two", 0.0, 1.0, 0.5, "open"))
    assert [group.findtext("title") for group in groups(svg)] == [HOSTILE, "two"]
    assert HOSTILE in svg.attrib["aria-label"]


def test_file_has_its_namespace_and_style():
    root = ElementTree.fromstring(draw([ForestRow("", 0.0, 1.0, 0.5, "open")], standalone=True))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "prefers-color-scheme" in (root.findtext("{http://www.w3.org/2000/svg}style") or "")


def evidence_of(summary: Summary, verdict: Verdict):
    for part in verdict.evidence:
        yield part, summary.comparisons[part.comparison]


def test_rows_of_a_claim_are_its_comparisons_in_margins_with_the_claims_side_to_the_right(summary):
    seen = set()
    for verdict in summary.verdicts:
        for row, (part, comparison) in zip(forest(summary, WORDS, verdict), evidence_of(summary, verdict), strict=True):
            seen.add((part.expected, part.finding))
            assert row.finding == part.finding
            assert abs(row.mean) == pytest.approx(abs(comparison.mean) / comparison.margin)
            assert (row.half, row.half_alone) == pytest.approx(
                (comparison.half / comparison.margin, comparison.half_alone / comparison.margin)
            )
            if part.expected in ("lower", "higher"):
                assert (row.mean > 0) == ((part.sign * comparison.mean > 0) == (part.expected == "higher"))
                assert {"as claimed": row.mean - row.half > 0, "opposite": row.mean + row.half < 0}.get(part.finding, True)
            if part.finding == "negligible" or (part.expected, part.finding) == ("same", "as claimed"):
                assert abs(row.mean) + row.half < 1
            if part.expected == "different":
                assert row.mean >= 0
    assert {expected for expected, _ in seen} == {"lower", "higher", "same", "different"}
    assert {finding for _, finding in seen} >= {"as claimed", "negligible", "open"}


def test_rows_of_the_table_of_comparisons_are_as_they_were_measured(summary):
    for row, comparison in zip(comparisons_table(summary, WORDS, summary.comparisons).rows, summary.comparisons, strict=True):
        (drawn_row,) = row[3].forest
        assert drawn_row.mean == pytest.approx(comparison.mean / comparison.margin)
        assert drawn_row.finding == comparison.finding


def test_comparisons_without_a_margin_have_a_place(summary):
    part = summary.verdicts[0].evidence[0]
    comparisons = list(summary.comparisons)
    for mean in (0.5, 0.0):
        comparisons[part.comparison] = dataclasses.replace(comparisons[part.comparison], margin=0.0, mean=mean)
        other = dataclasses.replace(summary, comparisons=comparisons)
        rows = forest(other, WORDS, other.verdicts[0])
        assert all(np.isfinite([row.mean, row.half]).all() for row in rows)
        assert [row.band for row in rows] == [index > 0 for index in range(len(rows))]
        listed = comparisons_table(other, WORDS, other.comparisons).rows[part.comparison]
        assert [row.band for row in listed[3].forest] == [False]


def with_strays(summary: Summary, *places: int) -> Summary:
    """The summary, with stray runs in these comparisons alone."""
    comparisons = [dataclasses.replace(each, strays=int(index in places)) for index, each in enumerate(summary.comparisons)]
    return dataclasses.replace(summary, comparisons=comparisons)


def test_comparisons_with_stray_runs_are_marked_where_they_are_told(summary):
    verdict, clean = summary.verdicts[0], with_strays(summary)
    marked = with_strays(summary, verdict.evidence[1].comparison)
    before, after = ([row.text for row in forest(each, WORDS, verdict)] for each in (clean, marked))
    assert [STRAY in text for text in after] == [index == 1 for index in range(verdict.number)]
    assert [text.replace(f" {STRAY}", "") for text in after] == before
    told, untold = statements_table(marked, WORDS), statements_table(clean, WORDS)
    assert [row[3].text for row in told.rows[: verdict.number]] == after
    assert (STRAY in told.caption, STRAY in untold.caption) == (True, False)


def test_texts_are_numbers_of_the_summary(summary):
    """Each row can be told from its neighbours, also after the summary went through a file."""
    other = msgspec.json.decode(summary.to_json(), type=Summary)
    for verdict in summary.verdicts:
        texts = [row.text for row in forest(other, WORDS, verdict)]
        assert len(set(texts)) == len(texts) == verdict.number
