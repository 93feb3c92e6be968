"""What the regularisation instrument sets against what, and what its claims make of known effects at equal training loss."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from jaxnorm.analysis.claims import find_claims
from jaxnorm.analysis.regularisation import LEDGER, RegularisationDesign, make_plan
from jaxnorm.analysis.summarise import summarise
from jaxnorm.analysis.table import read_arms, tidy
from jaxnorm.analysis.trajectories import Trajectories
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.experiments.regularisation.study import RegularisationConfig
from jaxnorm.reporting.drawings import drawings_of
from jaxnorm.reporting.figures import save_figures

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
    frame = make_frame(config, gap, slowed)
    trajectories = Trajectories(read_arms(frame, config.arms, 10), sorted(config.matched_losses, reverse=True))
    return summarise(
        pd.concat([frame, *trajectories.rows()], ignore_index=True),
        make_plan(config, trajectories.levels),
        DecisionRule(),
        instrument="regularisation",
        question="?",
        num_classes=10,
        setting="synthetic",
        seconds={arm.key: [1.0] for arm in config.arms},
        sweeps=trajectories.summarise(),
        notes=trajectories.describe(),
    )


def difference_of(summary, label, measure="validation_loss_at_matched_loss"):
    (found,) = (each for each in summary.differences if (each.label, each.measure) == (label, measure))
    return found.estimate.mean


@pytest.mark.parametrize(("gap", "word"), [(-0.1, "holds"), (0.1, "contradicted"), (0.0, "equivalent")])
def test_gap_at_equal_training_loss_decides_whether_batch_norm_regularises(gap, word):
    summary = make_summary(gap=lambda arm: gap * (arm.norm == "batch"))
    verdicts = {verdict.claim: verdict.word for verdict in summary.verdicts}
    assert verdicts["D6"] == word
    assert difference_of(summary, "BatchNorm − no norm at shuffled batches") == pytest.approx(gap, abs=0.003)
    assert verdicts["D1"] == "holds"


def test_loss_of_the_updates_that_lags_behind_shifts_the_comparison_and_does_not_decide():
    summary = make_summary(slowed=2.0)
    label = "BatchNorm − no norm at shuffled batches"
    assert difference_of(summary, label, "validation_loss_at_matched_update_loss") == pytest.approx(0.05 * 2.0, abs=0.003)
    assert {verdict.claim: verdict.word for verdict in summary.verdicts}["D6"] == "equivalent"


def test_mechanisms_are_told_apart():
    def gap(arm):
        shuffled, live = arm.order == "shuffled", arm.statistics == "live"
        return -0.01 * shuffled - 0.1 * (arm.norm == "batch" and live) - 0.04 * (arm.norm == "batch" and live and shuffled)

    summary = make_summary(gap=gap)
    assert difference_of(summary, "no norm, shuffled instead of fixed batches") == pytest.approx(-0.01, abs=0.003)
    assert difference_of(summary, "BatchNorm, shuffled instead of fixed batches") == pytest.approx(-0.05, abs=0.003)
    assert difference_of(summary, "(BatchNorm − no norm), shuffled instead of fixed batches") == pytest.approx(-0.04, abs=0.003)
    assert difference_of(summary, "BatchNorm, frozen instead of live statistics at fixed batches") == pytest.approx(0.1, abs=0.003)
    assert difference_of(summary, "BatchNorm frozen − no norm at shuffled batches") == pytest.approx(0.0, abs=0.003)


def test_networks_are_compared_only_at_losses_that_all_of_them_pass():
    """BatchNorm is below 0.7 after the first epoch, and no norm does not come down to 0.1 in three."""
    summary = make_summary(RegularisationConfig(seeds=6, epochs=3, freeze_epochs=1, matched_losses=(0.7, 0.3, 0.1)))
    (sweep,) = (sweep for sweep in summary.sweeps if sweep.factors == {"norm": "batch", "order": "fixed", "statistics": "live"})
    assert [point.setting["matched_loss"] for point in sweep.points] == [0.3]
    assert sweep.points[0].measures["validation_loss"].mean == pytest.approx(0.5 - 0.05 * np.log(0.3), abs=0.003)
    how, missed = summary.notes
    assert "in the mean over 0.3 nats" in how
    assert missed == "Not all networks pass the training losses 0.7, 0.1 nats after the first epoch: there nothing is compared."


@pytest.mark.parametrize("level", [1e-6, 1e9])
def test_nothing_is_claimed_at_losses_where_no_network_was(level):
    summary = make_summary(dataclasses.replace(CONFIG, matched_losses=(level,)))
    assert "D6" not in {verdict.claim for verdict in summary.verdicts}
    assert "validation_loss_at_matched_loss" not in {each.measure for each in summary.differences}
    assert summary.notes == [
        f"Not all networks pass the training loss {level:g} nats after the first epoch, so that at equal training loss nothing is compared."
    ]


def test_batch_norm_is_set_against_layer_norm_too():
    assert {"BatchNorm − LayerNorm at shuffled batches", "BatchNorm − LayerNorm at fixed batches"} <= {
        each.label for each in make_summary().differences
    }


def test_only_batch_norm_comes_with_frozen_statistics():
    assert [arm.key for arm in RegularisationConfig(orders=("fixed",)).arms] == [
        "none-fixed-live",
        "layer-fixed-live",
        "batch-fixed-live",
        "batch-fixed-frozen",
    ]


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
def test_ledger_offers_what_the_design_can_decide(changed, ids):
    config = RegularisationConfig(**{"epochs": 8, **changed})
    plan = make_plan(config, config.matched_losses)
    assert (
        [claim.id for claim in find_claims(LEDGER, RegularisationDesign(config, config.matched_losses))]
        == [claim.id for claim in plan.claims]
        == ids
    )
    contrasts = [contrast for several in plan.contrasts.values() for contrast in several]
    contrasts += [comparison.contrast for claim in plan.claims for comparison in claim.comparisons]
    assert not {key for contrast in contrasts for key in contrast.weights} - {arm.key for arm in config.arms}
    assert len({contrast.label for contrast in contrasts}) == len({tuple(sorted(contrast.weights.items())) for contrast in contrasts})


@pytest.mark.parametrize(
    ("changed", "names"), [({}, 3), ({"norms": ("layer",), "orders": ("fixed",), "seeds": 1, "epochs": 1}, 1)], ids=str
)
def test_figures_are_written_for_every_design(changed, names, tmp_path):
    summary = make_summary(RegularisationConfig(**{"seeds": 2, "epochs": 3, "matched_losses": (0.6, 0.3), **changed}))
    written = {path.stem for path in save_figures(summary, drawings_of(summary), tmp_path)}
    assert len(written) == names
    text = (tmp_path / "curves.svg").read_text()
    assert f"n = {len(summary.seeds)} network" in text
    assert ("statistics frozen" in text) == ("batch" in summary.arms[-1].norm)
