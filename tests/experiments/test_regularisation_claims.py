"""What the regularisation instrument sets against what, what its claims make of known effects at equal training loss, what is drawn."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from experiments.judging import judged, words_of

from jaxnorm.experiments.regularisation.claims import BY_UPDATES, DECISIVE, make_plan
from jaxnorm.experiments.regularisation.figures import WORDS
from jaxnorm.experiments.regularisation.study import RegularisationConfig
from jaxnorm.experiments.regularisation.train import INSTRUMENT
from jaxnorm.report.figures import save_figures
from jaxnorm.report.style import styled
from jaxnorm.stats.table import tidy

CONFIG = RegularisationConfig(seeds=12, epochs=8, freeze_epochs=2, matched_losses=(0.1, 0.3))
RATES = {"none": 0.5, "layer": 0.7, "batch": 0.9}
"""How fast an arm's training loss falls per epoch: at equal epochs arms stand at unequal losses."""


def make_frame(config, gap, slowed=0.0):
    """A run in which the validation loss is 0.5 plus a given function of the arm, at every training loss, and rises with training.

    ``slowed`` is what training mode adds to the logarithm of BatchNorm's reported loss.
    """
    rng = np.random.default_rng(0)
    frames = []
    for arm in config.arms:
        luck_S1 = 0.02 * rng.normal(size=(config.seeds, 1))
        logs = luck_S1 - RATES.get(arm.norm, 0.6) * np.arange(config.epochs + 1)
        validation = 0.5 - 0.05 * logs[:, 1:] + gap(arm) + 0.002 * rng.normal(size=(config.seeds, config.epochs))
        reported = np.exp(logs[:, 1:] + slowed * (arm.norm == "batch"))
        metrics = {"train_evaluation_loss": np.exp(logs), "train_loss": reported, "validation_loss": validation}
        accuracy = 0.9 - gap(arm) + 0.001 * rng.normal(size=validation.shape)
        metrics |= {"train_accuracy": accuracy, "validation_accuracy": accuracy}
        metrics |= {"test_loss": validation[:, -1:], "test_accuracy": accuracy[:, -1:]}
        frames.append(tidy(arm, {"seed": list(config.seed_numbers)}, metrics))
    return pd.concat(frames, ignore_index=True)


def make_summary(config=CONFIG, gap=lambda arm: 0.0, slowed=0.0):
    return judged(config, INSTRUMENT, make_frame(config, gap, slowed))


def difference_of(summary, measure=DECISIVE, **weights):
    """The mean of a listed comparison of arms, ``batch_shuffled_live=1``."""
    wanted = {key.replace("_", "-"): weight for key, weight in weights.items()}
    (found,) = (each for each in summary.comparisons if each.measure == measure and each.weights == wanted and each.listed)
    return found.mean


@pytest.mark.parametrize(("gap", "verdict"), [(-0.1, ("supported", 1, 1)), (0.1, ("refuted", 0, 1)), (0.0, ("negligible", 0, 1))], ids=str)
def test_gap_at_equal_training_loss_decides_whether_batch_norm_regularises(gap, verdict):
    summary = make_summary(gap=lambda arm: gap * (arm.norm == "batch"))
    assert words_of(summary)["D6"] == verdict
    assert difference_of(summary, batch_shuffled_live=1, none_shuffled_live=-1) == pytest.approx(gap, abs=0.003)
    assert words_of(summary)["D1"] == ("supported", 2, 2)


def test_loss_of_the_updates_that_lags_behind_shifts_the_comparison_and_does_not_decide():
    summary = make_summary(slowed=2.0)
    assert difference_of(summary, BY_UPDATES, batch_shuffled_live=1, none_shuffled_live=-1) == pytest.approx(0.05 * 2.0, abs=0.003)
    assert words_of(summary)["D6"] == ("negligible", 0, 1)


def test_mechanisms_are_told_apart():
    def gap(arm):
        shuffled, live = arm.order == "shuffled", arm.statistics == "live"
        return -0.01 * shuffled - 0.1 * (arm.norm == "batch" and live) - 0.04 * (arm.norm == "batch" and live and shuffled)

    summary = make_summary(gap=gap)
    batch = {"batch_shuffled_live": 1, "batch_fixed_live": -1}
    assert difference_of(summary, none_shuffled_live=1, none_fixed_live=-1) == pytest.approx(-0.01, abs=0.003)
    assert difference_of(summary, **batch) == pytest.approx(-0.05, abs=0.003)
    assert difference_of(summary, **batch, none_shuffled_live=-1, none_fixed_live=1) == pytest.approx(-0.04, abs=0.003)
    assert difference_of(summary, batch_fixed_frozen=1, batch_fixed_live=-1) == pytest.approx(0.1, abs=0.003)
    assert difference_of(summary, batch_shuffled_frozen=1, none_shuffled_live=-1) == pytest.approx(0.0, abs=0.003)
    assert difference_of(summary, batch_fixed_live=1, layer_fixed_live=-1) == pytest.approx(-0.1, abs=0.003)


def test_networks_are_compared_only_at_losses_that_all_of_them_pass():
    """BatchNorm is below 0.7 after the first epoch, and no norm does not come down to 0.1 in three."""
    summary = make_summary(RegularisationConfig(seeds=6, epochs=3, freeze_epochs=1, matched_losses=(0.7, 0.3, 0.1)))
    (sweep,) = (sweep for sweep in summary.sweeps if sweep.factors == {"norm": "batch", "order": "fixed", "statistics": "live"})
    assert [point.setting["matched_loss"] for point in sweep.points] == summary.facts["levels"] == [0.3]
    assert sweep.points[0].measures[DECISIVE].mean == pytest.approx(0.5 - 0.05 * np.log(0.3), abs=0.003)
    ((table,),) = (details.blocks for details in WORDS.more(summary))
    assert [row[0].text for row in table.rows if row[1].text == "compared"] == ["0.3"]
    assert len(table.rows) == 3


@pytest.mark.parametrize("level", [1e-6, 1e9])
def test_nothing_is_claimed_at_losses_where_no_network_was(level):
    summary = make_summary(dataclasses.replace(CONFIG, matched_losses=(level,)))
    assert "D6" not in words_of(summary)
    assert not {DECISIVE, BY_UPDATES} & {each.measure for each in summary.comparisons}
    assert summary.facts == {"levels": []}
    assert "trajectories" not in WORDS.figures_of(summary)


def test_only_batch_norm_comes_with_frozen_statistics():
    assert [arm.key for arm in RegularisationConfig(orders=("fixed",)).arms] == [
        "none-fixed-live",
        "layer-fixed-live",
        "batch-fixed-live",
        "batch-fixed-frozen",
    ]


def plan_of(config):
    return make_plan(config, dict.fromkeys((DECISIVE, BY_UPDATES), config.matched_losses))


@pytest.mark.parametrize(
    ("changed", "ids"),
    [
        ({}, ["D1", "D4", "D5", "D6"]),
        ({"epochs": 3, "freeze_epochs": 1}, ["D1", "D5", "D6"]),
        ({"norms": ("layer", "batch")}, []),
        ({"orders": ("fixed",)}, []),
        ({"statistics": ("frozen",)}, []),
        ({"statistics": ("live",), "orders": ("shuffled",)}, ["D1", "D4", "D5", "D6"]),
        ({"norms": ("batch", "none")}, ["D1", "D4", "D5", "D6"]),
    ],
    ids=str,
)
def test_plan_offers_what_the_design_can_decide(changed, ids):
    config = RegularisationConfig(**{"epochs": 8, **changed})
    plan = plan_of(config)
    assert [claim.id for claim in plan.claims] == ids
    contrasts = [*plan.contrasts, *(each.contrast for claim in plan.claims for each in claim.comparisons)]
    assert not {key for contrast in contrasts for key in contrast.weights} - {arm.key for arm in config.arms}
    assert len({contrast.key for contrast in plan.contrasts}) == len(plan.contrasts)


def test_report_compares_17_contrasts_by_6_measures():
    """Besides those, three measures of D1 and D4, and the best of four kinds in four columns."""
    assert plan_of(RegularisationConfig()).number == 17 * 6 + 3 + 4 * 3


@pytest.mark.parametrize(
    ("changed", "names"), [({}, 2), ({"norms": ("layer",), "orders": ("fixed",), "seeds": 1, "epochs": 1}, 1)], ids=str
)
def test_figures_are_written_for_every_design(changed, names, tmp_path):
    summary = make_summary(RegularisationConfig(**{"seeds": 2, "epochs": 3, "matched_losses": (0.6, 0.3), **changed}))
    save_figures(summary, WORDS, tmp_path)
    assert len(list(tmp_path.glob("*.svg"))) == names


@pytest.mark.parametrize("figure", ["trajectories", "curves"])
def test_frozen_statistics_are_dashed_and_all_lines_show_their_arms(figure):
    summary = make_summary()
    with styled():
        drawn = WORDS.drawings[figure].make(summary, WORDS)
    for ax, order in zip(drawn.axes, ("shuffled", "fixed"), strict=False):
        lines = {line.get_label(): line for line in ax.get_lines()}
        assert {label: line.get_linestyle() for label, line in lines.items()} == {
            "BatchNorm frozen": "--",
            "no norm": "-",
            "LayerNorm": "-",
            "BatchNorm": "-",
        }
        arm = next(arm for arm in summary.arms if arm.key == f"batch-{order}-frozen")
        sweep = next(sweep for sweep in summary.sweeps if sweep.factors == arm.factors)
        means = [point.measures[DECISIVE].mean for point in sweep.points]
        expected = means if figure == "trajectories" else arm.curves["train_evaluation_loss"].mean
        np.testing.assert_array_equal(lines["BatchNorm frozen"].get_ydata(), expected)
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == ["BatchNorm frozen", "BatchNorm", "no norm", "LayerNorm"]
