"""Figures: what is drawn is what the summary holds, in files that are small, the same again, and follow the page's ink."""

import dataclasses
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import Normalize, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from stats.synthetic import summarise_compare

from jaxnorm.experiments.compare.figures import WORDS
from jaxnorm.experiments.compare.study import CompareConfig
from jaxnorm.report.curves import plot_curves
from jaxnorm.report.factors import plot_factor
from jaxnorm.report.figures import LARGEST, results, save_figures, to_svg
from jaxnorm.report.heat_maps import plot_heat_map
from jaxnorm.report.seeds import plot_seeds
from jaxnorm.report.style import KNOWN_LOOKS, line_styles, looks, styled
from jaxnorm.report.sweeps import plot_sweep
from jaxnorm.stats.summary import Curve, Estimate, Summary, Sweep, SweepPoint

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def small() -> Summary:
    """Fewer arms than ``summary``: writing takes its time."""
    return summarise_compare(CompareConfig(seeds=4, epochs=5))


@pytest.fixture(scope="module")
def folder(small, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("figures")
    save_figures(small, WORDS, folder)
    return folder


@pytest.fixture
def ax():
    return Figure().subplots()


def make(summary: Summary, name: str) -> Figure:
    return WORDS.drawings[name].make(summary, WORDS)


def named_lines(ax) -> dict[str, object]:
    return {str(line.get_label()): line for line in ax.get_lines() if not str(line.get_label()).startswith("_")}


def band_of(collection: PolyCollection) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places, lower and upper ends of a band."""
    vertices = collection.get_paths()[0].vertices
    places = np.unique(vertices[:, 0])
    ends = [vertices[vertices[:, 0] == place, 1] for place in places]
    return places, np.array([end.min() for end in ends]), np.array([end.max() for end in ends])


def sweep_of(norm: str, values: dict[tuple[float, ...], float], columns=("learning_rate",), best=0, diverged=()) -> Sweep:
    points = [
        SweepPoint(
            dict(zip(columns, place, strict=True)), {"validation_accuracy": Estimate(value, 0.01, 4)}, [0] if place in diverged else []
        )
        for place, value in values.items()
    ]
    return Sweep({"norm": norm}, points, {"best": points[best].setting, "shared": points[1].setting})


def test_curves_are_the_means_and_intervals_of_the_summary(summary, ax):
    plot_curves(ax, summary, WORDS, "train_loss")
    lines, bands = ax.get_lines(), [each for each in ax.collections if isinstance(each, PolyCollection)]
    for arm, line, band in zip(summary.arms, lines, bands, strict=True):
        curve = arm.curves["train_loss"]
        assert list(line.get_xdata()) == [1, 2, 3, 4, 5, 6]
        assert list(line.get_ydata()) == curve.mean
        places, low, high = band_of(band)
        assert list(places) == [1, 2, 3, 4, 5, 6]
        np.testing.assert_allclose(low, np.maximum(curve.low, 0))
        np.testing.assert_allclose(high, curve.high)
        assert to_hex(band.get_facecolor()[0]) == to_hex(line.get_color())
    assert len({(line.get_color(), line.get_marker(), line.get_linestyle()) for line in lines}) == len(summary.arms)


def test_curves_that_were_measured_before_training_begin_at_zero(summary, ax):
    curve = Curve([float(epoch) for epoch in range(7)], None, None)
    plot_curves(ax, summary, WORDS, "train_loss", [dataclasses.replace(arm, curves={"train_loss": curve}) for arm in summary.arms])
    assert list(ax.get_lines()[0].get_xdata()) == list(ax.get_lines()[0].get_ydata()) == [0, 1, 2, 3, 4, 5, 6]


def test_some_arms_alone_are_drawn_with_the_looks_that_they_have_among_all(summary, ax):
    plot_curves(ax, summary, WORDS, "train_loss", summary.arms[2:3])
    (line,) = ax.get_lines()
    assert (to_hex(line.get_color()), list(line.get_ydata())) == (
        to_hex(KNOWN_LOOKS["layer"].color),
        summary.arms[2].curves["train_loss"].mean,
    )


def test_accuracy_is_drawn_in_percent_and_stays_in_view(summary, ax):
    plot_curves(ax, summary, WORDS, "validation_accuracy")
    highest = max(value for arm in summary.arms for value in arm.curves["validation_accuracy"].high or [])
    np.testing.assert_allclose(ax.get_lines()[0].get_ydata(), 100 * np.array(summary.arms[0].curves["validation_accuracy"].mean))
    assert 90 < 100 * highest < ax.get_ylim()[1] <= 100


def test_results_are_all_runs_and_their_means(summary, ax):
    plot_seeds(ax, summary, WORDS, "test_accuracy")
    dots = [line for line in ax.get_lines() if line.get_linestyle() == "None" and np.size(line.get_xdata()) > 1]
    means = [line for line in ax.get_lines() if np.size(line.get_xdata()) == 1]
    bars = [line for line in ax.get_lines() if np.size(line.get_xdata()) == 2]
    for row, (arm, line, mean, bar) in enumerate(zip(summary.arms, dots, means, bars, strict=True)):
        np.testing.assert_allclose(line.get_xdata(), 100 * np.array(arm.by_seed["test_accuracy"]))
        assert all(row - 0.5 < y < row + 0.5 for y in line.get_ydata())
        estimate = arm.measures["test_accuracy"]
        assert mean.get_xdata()[0] == pytest.approx(100 * estimate.mean)
        np.testing.assert_allclose(bar.get_xdata(), [100 * (estimate.mean - estimate.half), 100 * (estimate.mean + estimate.half)])
        assert round(mean.get_ydata()[0]) == round(bar.get_ydata()[0]) == row
    assert ax.yaxis_inverted()
    assert len(ax.get_yticklabels()) == len(summary.arms)


def test_lines_against_a_factor_are_its_means_norm_by_norm(summary, ax):
    plot_factor(ax, summary, WORDS, "train_loss", "batch_size")
    assert ax.get_xscale() == "log"
    assert ax.get_xticks().tolist() == [16, 128]
    lines = list(named_lines(ax).values())
    for norm, line in zip(("batch", "layer", "none"), lines, strict=True):
        own = [arm.measures["train_loss"] for arm in summary.arms if arm.norm == norm]
        assert list(line.get_ydata()) == [each.mean for each in own]
        np.testing.assert_allclose(np.asarray(line.get_xdata(), float), [16, 128], rtol=0.06)
        assert to_hex(line.get_color()) == to_hex(KNOWN_LOOKS[norm].color)
    ends = [segment[:, 1] for container in ax.containers for segment in container.lines[2][0].get_segments()]
    estimates = [arm.measures["train_loss"] for arm in summary.arms]
    np.testing.assert_allclose(ends, [(each.mean - each.half, each.mean + each.half) for each in estimates])
    assert not [line for line in ax.get_lines() if line.get_marker() == "x"]


def test_means_of_diverged_runs_are_crossed(summary, ax):
    arms = [dataclasses.replace(arm, diverged=[3] if arm.key == "layer-128" else []) for arm in summary.arms]
    plot_factor(ax, summary, WORDS, "train_loss", "batch_size", arms)
    (cross,) = [line for line in ax.get_lines() if line.get_marker() == "x"]
    assert list(cross.get_ydata()) == [summary.arm("layer-128").measures["train_loss"].mean]
    assert cross.get_xdata()[0] == pytest.approx(128, rel=0.06)


def test_sweeps_are_their_means_with_a_ring_and_a_line_at_what_is_marked(ax):
    rates = (0.001, 0.01, 0.1)
    sweeps = [
        sweep_of(norm, {(rate,): value for rate, value in zip(rates, values, strict=True)}, best=best)
        for norm, values, best in (("batch", (0.5, 0.7, 0.9), 2), ("layer", (0.6, 0.8, 0.4), 1))
    ]
    plot_sweep(ax, WORDS, sweeps, "validation_accuracy", "learning_rate", ring="best", line="shared")
    lines = list(named_lines(ax).values())
    for line, values in zip(lines, ((50, 70, 90), (60, 80, 40)), strict=True):
        assert list(line.get_xdata()) == list(rates)
        np.testing.assert_allclose(line.get_ydata(), values)
    rings = [line for line in ax.get_lines() if line.get_markerfacecolor() == "none"]
    np.testing.assert_allclose([(line.get_xdata()[0], line.get_ydata()[0]) for line in rings], [(0.1, 90), (0.01, 80)])
    assert [list(line.get_xdata()) for line in ax.get_lines() if np.size(line.get_xdata()) == 2] == [[0.01, 0.01]]
    bands = [band_of(each) for each in ax.collections]
    np.testing.assert_allclose(bands[0][1], [49, 69, 89])
    np.testing.assert_allclose(bands[0][2], [51, 71, 91])


def test_heat_map_is_the_values_of_its_points(ax):
    places = [(rate, scale) for scale in (0.5, 2.0) for rate in (0.001, 0.01, 0.1)]
    values = dict(zip(places, (0.1, 0.2, 0.3, 0.4, 0.5, 0.6), strict=True))
    sweep = sweep_of("batch", values, ("learning_rate", "init_scale"), best=4, diverged=places[:1])
    drawn = plot_heat_map(
        ax,
        sweep,
        lambda point: point.measures["validation_accuracy"].mean,
        Normalize(0, 1),
        lambda point: "x" if point.diverged else "",
        lambda point: f"{point.setting['learning_rate']:g}",
        bright="high",
        square="best",
    )
    np.testing.assert_allclose(np.asarray(drawn.get_array()).reshape(2, 3), [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.001", "0.01", "0.1"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0.5", "2"]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in ax.get_lines() if line.get_marker() == "x"] == [(0, 0)]
    frames = {patch.get_xy() for patch in ax.patches if isinstance(patch, Rectangle)}
    assert frames == {(0.5, 0.5)}  # the second rate at the larger scale


def test_figures_are_written_for_one_network(tmp_path):
    summary = summarise_compare(CompareConfig(norms=("mine",), batch_sizes=(16,), seeds=1, epochs=1))
    save_figures(summary, WORDS, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"curves.svg", "results.svg"}


def test_figures_are_the_same_bytes_again(small, folder, tmp_path):
    save_figures(small, WORDS, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", WORDS.drawings)
def test_panels_say_what_their_axes_are(summary, name):
    first, *others = make(summary, name).axes
    assert first.get_ylabel() or [label.get_text() for label in first.get_yticklabels()]
    assert all(ax.get_xlabel() for ax in (first, *others))


@pytest.mark.parametrize("name", ["curves", "batch_size"])
def test_legend_names_every_arm_or_norm(summary, name):
    labels = [text.get_text() for legend in make(summary, name).legends for text in legend.get_texts()]
    assert len(set(labels)) == len(labels)
    assert len(labels) == {"curves": 6, "batch_size": 3}[name]


def test_file_is_a_drawing_whose_text_is_text_and_whose_points_tell_their_values(small, folder):
    root = ElementTree.fromstring((folder / "curves.svg").read_text(encoding="utf-8"))
    assert root.tag == f"{SVG}svg"
    texts = {"".join(each.itertext()) for each in root.iter(f"{SVG}text")}
    assert {"BatchNorm 16", "LayerNorm 128", "epoch"} <= texts
    told = [title.text for use in root.iter(f"{SVG}use") for title in use.findall(f"{SVG}title")]
    assert len(told) == 2 * len(small.arms) * small.epochs
    values = [float(match[1]) for text in told if (match := re.match(r"BatchNorm 16, epoch \d: ([\d.]+) ", text or ""))]
    assert values[: small.epochs] == pytest.approx(small.arms[0].curves["train_loss"].mean, abs=1e-3)
    assert values[small.epochs :] == pytest.approx(100 * np.array(small.arms[0].curves["validation_accuracy"].mean), abs=0.1)


@pytest.mark.parametrize("name", WORDS.drawings)
def test_ink_follows_the_page_and_nothing_is_behind_it(folder, name):
    text = (folder / f"{name}.svg").read_text(encoding="utf-8").lower()
    assert "currentcolor" in text
    assert not re.search(r"#333333|#000000|fill: #ffffff; stroke: none|(?<![-\w])black", text)
    assert "prefers-color-scheme" in text
    patch = re.search(r'<g id="patch_1">(.*?)</g>', text, re.DOTALL)  # the figure's own background
    assert patch is None or "fill: none" in patch[1]


def test_file_of_many_runs_stays_small_and_sharp_where_it_is_read():
    """64 seeds of 20 arms: dots become an image, text and axes stay."""
    summary = summarise_compare(CompareConfig(norms=tuple(f"n{index}" for index in range(10)), seeds=64, epochs=2))
    with styled():
        svg = to_svg(results("train_loss", "test_accuracy").make(summary, WORDS))
    assert "<image" in svg
    assert len(svg) < LARGEST == 300_000
    assert "n7 128" in svg


def test_curves_of_long_runs_stay_small():
    with styled():
        svg = to_svg(make(summarise_compare(CompareConfig(norms=("batch", "layer", "none", "rms"), seeds=3, epochs=100)), "curves"))
    assert len(svg) < LARGEST
    assert "<image" not in svg


def test_looks_are_distinct_and_stay_with_their_norm():
    names = [*KNOWN_LOOKS, "mine", "yours", "theirs"]
    assert len({(look.color, look.marker) for look in looks(names).values()}) == len(names)
    assert looks(["layer"])["layer"] == looks(names)["layer"]
    assert line_styles([(16,), (128,)])[128,] == line_styles([(128,)])[128,] == "solid"


def test_old_figures_survive_a_failed_write(small, folder, monkeypatch):
    before = {path: path.read_bytes() for path in folder.iterdir()}

    def fail(self, target):
        raise OSError(28, "disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save_figures(small, WORDS, folder)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
