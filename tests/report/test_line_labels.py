"""Labels at the ends of lines: each once, in its line's colour, beside its line, and none upon another."""

import itertools

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from stats.synthetic import summarise_compare

from jaxnorm.experiments.compare.figures import WORDS
from jaxnorm.experiments.compare.study import CompareConfig
from jaxnorm.report.line_labels import label_lines, spread
from jaxnorm.report.style import styled


def make_curves(summary):
    return WORDS.drawings["curves"].make(summary, WORDS)


def _labels(ax) -> list[Annotation]:
    return [text for text in ax.texts if isinstance(text, Annotation)]


@pytest.mark.parametrize("wanted", [[0.5], [0.5, 0.5, 0.5], [0.0, 0.0, 1.0], [1.0, 1.0, 0.2], [0.31, 0.3, 0.9, 0.29]])
def test_places_are_apart_in_the_order_that_is_wanted(wanted):
    places = spread(np.array(wanted), 0.1)
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(places[order]) >= 0.1 - 1e-9).all()
    assert places.min() >= 0
    assert places.max() <= 0.9 + 1e-9


def test_places_that_are_apart_stay():
    np.testing.assert_allclose(spread(np.array([0.7, 0.1, 0.4]), 0.1), [0.7, 0.1, 0.4])
    np.testing.assert_allclose(spread(np.array([0.5, 0.5]), 0.1), [0.45, 0.55])


def test_more_labels_than_there_is_room_for_begin_at_the_bottom():
    np.testing.assert_allclose(spread(np.array([0.2, 0.9, 0.5]), 0.5), [0.0, 1.0, 0.5])


def test_lines_with_a_label_get_it_at_their_right_end_and_others_none():
    figure = Figure(layout="constrained")
    ax = figure.subplots()
    ax.plot([0, 1, 2], [1.0, 5.0, np.nan], label="first", color="#0072B2")
    ax.plot([2, 0], [8.0, 0.0], label="second")
    ax.plot([0, 2], [0.0, 1.0])
    ax.plot([0, 1], [np.nan, np.nan], label="nowhere")
    ax.axhline(10.0, label="level")
    label_lines(figure)
    labels = {label.get_text(): label for label in _labels(ax)}
    assert set(labels) == {"first", "second", "level"}
    assert labels["first"].get_color() == "#0072B2"
    to_axes = ax.transAxes.inverted().transform
    np.testing.assert_allclose(labels["first"].xy, to_axes(ax.transData.transform((1, 5.0))))
    np.testing.assert_allclose(labels["second"].xy, to_axes(ax.transData.transform((2, 8.0))))
    np.testing.assert_allclose(labels["level"].xy, (1, to_axes(ax.transData.transform((0, 10.0)))[1]))


def test_curves_are_labelled_and_no_label_covers_another():
    summary = summarise_compare(CompareConfig(norms=("batch", "layer", "none", "rms"), seeds=4, epochs=5))
    with styled():
        figure = make_curves(summary)
        label_lines(figure)
        figure.draw_without_rendering()
    for ax in figure.axes:
        labels = _labels(ax)
        assert sorted(label.get_text() for label in labels) == sorted(
            f"{norm} {size}" for norm in ("BatchNorm", "LayerNorm", "no norm", "RMSNorm") for size in (16, 128)
        )
        boxes = sorted((box.y0, box.y1) for box in (Text.get_window_extent(label) for label in labels))  # without the lines to them
        assert all(lower[1] <= upper[0] + 2 for lower, upper in itertools.pairwise(boxes)), boxes  # pixels
        assert all(label.xyann[0] > 1 for label in labels)


def test_what_all_lines_of_a_panel_share_is_not_said_at_each():
    summary = summarise_compare(CompareConfig(batch_sizes=(16,), seeds=4, epochs=5))
    figure = make_curves(summary)
    label_lines(figure)
    assert {label.get_text() for label in _labels(figure.axes[0])} == {"BatchNorm", "LayerNorm"}


def test_panels_without_room_keep_their_legend_alone():
    figure = Figure(figsize=(4, 3), layout="constrained")
    crowded, wide, roomy = figure.subplots(1, 3)
    for index in range(60):
        crowded.plot([0, 1], [0, index], label=f"{index}")
    wide.plot([0, 1], [0, 1], label="a norm whose class has a very long name")
    roomy.plot([0, 1], [0, 1], label="_Own")
    label_lines(figure)
    assert [len(_labels(ax)) for ax in (crowded, wide, roomy)] == [0, 0, 1]
