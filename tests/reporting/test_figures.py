"""Laws of the figures: written whole, the same bytes again, with axes that say what they show."""

from pathlib import Path

import numpy as np
import pytest
from analysis.synthetic import summarise_compare
from matplotlib.figure import Figure

from jaxnorm.analysis.summary import Summary
from jaxnorm.experiments.compare.study import CompareConfig
from jaxnorm.reporting.compare import make_batch_size
from jaxnorm.reporting.curves import plot_curves
from jaxnorm.reporting.drawings import DRAWINGS
from jaxnorm.reporting.factors import plot_factor
from jaxnorm.reporting.figures import DIFFERENCES, make_curves, make_differences, make_results, save_figures
from jaxnorm.reporting.forests import plot_differences, plot_seeds
from jaxnorm.reporting.style import KNOWN_LOOKS, line_styles, looks

DESIGNS = {
    "default": CompareConfig(seeds=6, epochs=5),
    "quick": CompareConfig(seeds=2, epochs=2),
    "one": CompareConfig(norms=("mine",), batch_sizes=(16,), seeds=1, epochs=1),
}


@pytest.fixture(scope="module")
def summary() -> Summary:
    return summarise_compare(DESIGNS["default"])


@pytest.mark.parametrize("design", ["quick", "one"])
def test_figures_are_written_for_every_design(design, tmp_path):
    paths = save_figures(summarise_compare(DESIGNS[design]), DRAWINGS["compare"], tmp_path / "figures")
    assert {path.name for path in paths} == {f"{name}.{suffix}" for name in DRAWINGS["compare"] for suffix in ("svg", "png")}
    assert set(paths) == set((tmp_path / "figures").iterdir())
    assert all(path.stat().st_size > 4000 for path in paths)


def test_figures_are_the_same_bytes_again(summary, saved, tmp_path):
    for path in save_figures(summary, DRAWINGS["compare"], tmp_path):
        assert path.read_bytes() == saved[path.name].read_bytes()


def test_svg_keeps_text_as_text(saved):
    text = saved["curves.svg"].read_text()
    for words in (
        "BatchNorm 16",
        "LayerNorm 128",
        "training loss (nats)",
        "validation accuracy (%)",
        "n = 6 networks per arm",
        "784-256-10",
    ):
        assert words in text
    assert "LayerNorm − BatchNorm at 16" in saved["results.svg"].read_text()


@pytest.mark.parametrize("make", [make_curves, make_results, make_batch_size])
def test_every_panel_has_labels_and_a_title(summary, make):
    for ax in make(summary).axes:
        assert ax.get_xlabel()
        assert ax.get_title(loc="left") or ax.get_title()
        assert ax.get_ylabel() or [label.get_text() for label in ax.get_yticklabels()]


def test_forest_has_all_differences_of_the_answer_and_parts_what_is_varied(summary):
    axes = make_differences(summary).axes
    for ax, measure in zip(axes, summary.answer_measures, strict=True):
        told = [each for each in summary.differences if each.measure == measure and each.subject]
        assert len(told) < sum(each.measure == measure for each in summary.differences)  # interactions are listed alone
        means = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"]
        factor = 100 if measure == "test_accuracy" else 1
        np.testing.assert_allclose(means, [factor * each.estimate.mean for each in told])
        rows = [line.get_ydata()[0] for line in ax.lines if list(line.get_xdata()) == [0, 1]]
        assert rows == [1.5]  # two comparisons of norms above, two of batch sizes below
    assert DIFFERENCES.applies(summary)
    assert not DIFFERENCES.applies(summarise_compare(DESIGNS["one"]))


@pytest.mark.parametrize("make", [make_curves, make_batch_size])
def test_legend_names_every_arm_or_norm(summary, make):
    labels = {text.get_text() for legend in make(summary).legends for text in legend.get_texts()}
    assert labels in ({"BatchNorm 16", "BatchNorm 128", "LayerNorm 16", "LayerNorm 128"}, {"BatchNorm", "LayerNorm"})


@pytest.fixture(scope="module")
def saved(summary, tmp_path_factory) -> dict[str, Path]:
    return {path.name: path for path in save_figures(summary, DRAWINGS["compare"], tmp_path_factory.mktemp("figures"))}


def _axes():
    return Figure().subplots()


def test_curves_draw_the_means_of_the_summary(summary):
    ax = plot_curves(_axes(), summary, "train_loss")
    drawn = [np.asarray(line.get_ydata()) for line in ax.get_lines()]
    assert [list(line) for line in drawn] == [arm.curves["train_loss"].mean for arm in summary.arms]
    looks_of_lines = {(line.get_color(), line.get_marker(), line.get_linestyle()) for line in ax.get_lines()}
    assert len(looks_of_lines) == len(summary.arms)


def test_accuracy_is_drawn_in_percent_and_stays_in_view(summary):
    ax = plot_curves(_axes(), summary, "validation_accuracy")
    highest = max(value for arm in summary.arms for value in arm.curves["validation_accuracy"].high or [])
    assert 90 < 100 * highest < ax.get_ylim()[1] <= 100


def test_seeds_are_all_drawn(summary):
    ax = plot_seeds(_axes(), summary, "train_loss")
    drawn = sum(np.size(line.get_xdata()) for line in ax.get_lines() if np.size(line.get_xdata()) == len(summary.seeds))
    assert drawn == len(summary.seeds) * len(summary.arms)


def test_differences_have_a_row_and_a_margin_each(summary):
    ax = plot_differences(_axes(), summary, "train_loss")
    differences = [difference for difference in summary.differences if difference.measure == "train_loss"]
    assert len(ax.get_yticks()) == len(ax.collections) == len(differences)
    assert ax.collections[0].get_paths()[0].get_extents().xmax == pytest.approx(differences[0].margin)


def test_batch_sizes_are_drawn_on_a_logarithmic_axis(summary):
    ax = plot_factor(_axes(), summary, "train_loss", "batch_size")
    assert ax.get_xscale() == "log"
    assert ax.get_xticks().tolist() == [16, 128]


def test_looks_are_distinct_and_stay_with_their_norm():
    names = [*KNOWN_LOOKS, "mine", "yours", "theirs"]
    assert len({(look.color, look.marker) for look in looks(names).values()}) == len(names)
    assert looks(["layer"])["layer"] == looks(names)["layer"]
    assert line_styles([(16,), (128,)])[128,] == line_styles([(128,)])[128,] == "solid"


def test_old_figures_survive_a_failed_write(summary, saved, monkeypatch):
    folder = saved["curves.svg"].parent
    before = {path: path.read_bytes() for path in saved.values()}

    def fail(self, target):
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save_figures(summary, DRAWINGS["compare"], folder)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
