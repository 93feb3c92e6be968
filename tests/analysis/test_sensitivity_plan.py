"""How best rates are chosen, what the grid tells of each seed, what the claims make of known effects, and how all is shown."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.patches import Rectangle

from jaxnorm.analysis.rate_grids import RateGrid
from jaxnorm.analysis.sensitivity import make_plan
from jaxnorm.analysis.summarise import summarise
from jaxnorm.analysis.table import tidy
from jaxnorm.experiments.sensitivity.study import SensitivityArm, SensitivityConfig
from jaxnorm.reporting.drawings import DRAWINGS
from jaxnorm.reporting.sensitivity import make_learning_rate
from jaxnorm.reporting.sensitivity_grids import make_accuracy, make_diverged, make_loss
from jaxnorm.reporting.style import styled

NUM_CLASSES = 10
CONFIG = SensitivityConfig(
    norms=("none", "batch", "layer"),
    depths=(1, 4),
    learning_rates=(1.0, 0.01, 0.1, 10.0),
    learning_rate=0.01,
    init_scales=(0.1, 1.0, 10.0),
    seeds=12,
    tuning_seeds=4,
    epochs=2,
)
LIMITS = {"none": 0.1, "batch": 1.0, "layer": 0.1}
"""The largest learning rate at which the networks of a norm learn; below it they lose 0.1 nats per decade."""
SCALE_COSTS = {"none": 0.3, "batch": 0.05, "layer": 0.3}
"""Nats that a decade of initial scale costs."""
LIMITED = 0.03
"""Nats: the loss at the limit."""


def make_frame(config, limits=LIMITS, scale_costs=SCALE_COSTS, benefit=lambda depth: 0.0):
    """A run with these effects. ``benefit`` is what BatchNorm takes from the loss at a depth."""
    rng = np.random.default_rng(0)
    networks = [
        *((rate, scale, seed) for rate in config.learning_rates for scale in config.init_scales for seed in config.seed_numbers),
        *((rate, config.init_scale, seed) for rate in config.learning_rates for seed in config.tuning_seed_numbers),
    ]
    rate_S, scale_S, seed_S = (np.array(each) for each in zip(*networks, strict=True))
    frames = []
    for arm in config.arms:
        distance_S = np.log10(limits[arm.norm] / rate_S)
        learned_S = LIMITED + 0.1 * distance_S + scale_costs[arm.norm] * np.abs(np.log10(scale_S))
        learned_S = learned_S - (benefit(arm.depth) if arm.norm == "batch" else 0.0) + 0.5 * (benefit(4) > 0)
        loss_S = np.where(distance_S > -0.01, learned_S, 2.0) + 0.001 * rng.normal(size=len(seed_S))
        loss, accuracy = np.repeat(loss_S[:, None], config.epochs, axis=1), 1 - np.repeat(loss_S[:, None], config.epochs, axis=1) / 4
        metrics = {"train_loss": loss, "validation_loss": loss, "train_accuracy": accuracy, "validation_accuracy": accuracy}
        metrics |= {"test_loss": loss[:, -1:], "test_accuracy": accuracy[:, -1:]}
        columns = {"seed": seed_S.tolist(), "learning_rate": rate_S.tolist(), "init_scale": scale_S.tolist()}
        frames.append(tidy(arm, columns, metrics))
    return pd.concat(frames, ignore_index=True)


def make_summary(config, frame):
    grid = RateGrid(config, frame, NUM_CLASSES)
    best, regions = grid.best_rates(), grid.regions()
    return summarise(
        grid.rows(best, regions),
        make_plan(config),
        config,
        instrument="sensitivity",
        question="?",
        num_classes=NUM_CLASSES,
        setting="synthetic",
        seconds={arm.key: [1.0] for arm in config.arms},
        sweeps=grid.sweeps(best),
        notes=grid.notes(best, regions),
    )


@pytest.fixture(scope="module")
def frame():
    """A run in which BatchNorm allows ten times the rate and minds the initial scale less."""
    return make_frame(CONFIG)


@pytest.fixture(scope="module")
def summary(frame):
    return make_summary(CONFIG, frame)


def words_of(summary):
    return {verdict.claim: verdict.word for verdict in summary.verdicts}


def diverge(frame, norm, rate, scale, seeds):
    """A copy in which some networks diverge."""
    changed = frame.copy()
    chosen = (changed["norm"] == norm) & (changed["learning_rate"] == rate) & (changed["init_scale"] == scale) & changed["seed"].isin(seeds)
    changed.loc[chosen & (changed["metric"] == "train_loss"), "value"] = math.nan
    return changed


def test_best_rates_are_chosen_by_tuning_seeds_from_the_shared_scale(frame):
    assert RateGrid(CONFIG, frame, NUM_CLASSES).best_rates() == {arm: LIMITS[arm.norm] for arm in CONFIG.arms}
    changed = frame.copy()
    reported = changed["seed"].isin(list(CONFIG.seed_numbers))
    changed.loc[reported, "value"] = np.random.default_rng(1).random(int(reported.sum()))
    assert RateGrid(CONFIG, changed, NUM_CLASSES).best_rates() == RateGrid(CONFIG, frame, NUM_CLASSES).best_rates()


def test_numbers_of_the_grid_are_those_of_the_known_effects(summary):
    for arm in summary.arms:
        limit, cost = LIMITS[arm.norm], SCALE_COSTS[arm.norm]
        np.testing.assert_allclose(arm.by_seed["largest_stable_rate"], math.log10(limit))
        np.testing.assert_allclose(arm.by_seed["init_scale_spread"], cost * math.sqrt(2) / 3, atol=0.003)  # of 1, 0 and 1 decades
        lowest = np.asarray(arm.by_seed["train_loss"])
        np.testing.assert_allclose(np.asarray(arm.by_seed["init_scale_mean"]) - lowest, cost * 2 / 3, atol=0.003)
        below = [LIMITED + 0.1 * math.log10(limit / rate) for rate in CONFIG.learning_rates if rate <= limit]
        points = [loss + cost * distance for loss in below for distance in (0, 1, 1)]
        workable = np.mean([loss <= 0.2 for loss in points]) * len(points) / 12
        np.testing.assert_allclose(arm.by_seed["workable_share"], workable)
        np.testing.assert_allclose(arm.by_seed["workable_decades"], sum(loss <= 0.2 for loss in below))
        np.testing.assert_allclose(arm.by_seed["train_loss_shared"], LIMITED + 0.1 * math.log10(limit / 0.01), atol=0.005)
        np.testing.assert_allclose(arm.by_seed["train_loss"], LIMITED, atol=0.005)


def test_diverged_network_is_not_stable_where_it_diverged(frame):
    grid = RateGrid(CONFIG, diverge(frame, "batch", 1.0, 1.0, [3]), NUM_CLASSES)
    arm = SensitivityArm("batch", 1)
    region = grid.regions()[arm]
    numbers = grid.numbers(1.0, region)
    others = np.arange(CONFIG.seeds) != 3
    np.testing.assert_allclose(numbers["largest_stable_rate"][others], 0.0, atol=1e-12)
    # guessing is its best now at none of the rates: a tenth of the limit is 0.1 nats worse, so the next rate is the best it reaches
    assert numbers["largest_stable_rate"][3] == pytest.approx(-1.0)
    assert region.diverged.sum() == 1


def test_known_effects_decide_the_claims(frame, summary):
    words = words_of(summary)
    assert words["D2"] == words["D3"] == "holds"
    assert words["D5"] == "equivalent"
    turned = {"none": 1.0, "batch": 0.1, "layer": 1.0}
    words = words_of(make_summary(CONFIG, make_frame(CONFIG, turned, {"none": 0.05, "batch": 0.3, "layer": 0.05})))
    assert words["D2"] == words["D3"] == "contradicted"
    words = words_of(make_summary(CONFIG, make_frame(CONFIG, dict.fromkeys(LIMITS, 0.1))))
    assert words["D2"] == "equivalent"


def test_larger_rates_than_no_norm_alone_are_not_enough():
    summary = make_summary(CONFIG, make_frame(CONFIG, {"none": 0.1, "batch": 1.0, "layer": 1.0}))
    assert words_of(summary)["D2"] == "equivalent"


@pytest.mark.parametrize(("growth", "word"), [(0.1, "holds"), (-0.1, "contradicted")])
def test_benefit_that_grows_with_depth_is_seen(growth, word):
    summary = make_summary(CONFIG, make_frame(CONFIG, benefit=lambda depth: 0.2 + growth * math.log2(depth) / 2))
    assert words_of(summary)["D7"] == word


def test_small_shared_rate_shows_what_the_best_rates_hide(summary):
    (shared,) = (
        each for each in summary.differences if each.measure == "train_loss_shared" and each.label == "BatchNorm − no norm at depth 1"
    )
    assert shared.estimate.mean == pytest.approx(0.1, abs=0.005)


def test_claims_need_batch_norm_and_no_norm():
    assert not make_plan(dataclasses.replace(CONFIG, norms=("layer", "none"))).claims
    (claim,) = (each for each in make_plan(dataclasses.replace(CONFIG, norms=("none", "batch"))).claims if each.id == "D2")
    assert claim.statement == "BatchNorm allows larger learning rates than no norm, at depths 1 and 4"
    assert {each.id for each in make_plan(dataclasses.replace(CONFIG, depths=(2,))).claims} == {"D2", "D3", "D5"}


def test_notes_say_what_lies_at_the_ends_of_the_grid_and_what_diverged(frame):
    config = dataclasses.replace(CONFIG, learning_rates=(1.0, 0.01, 0.1))
    shorter = diverge(frame.loc[frame["learning_rate"] != 10.0], "none", 0.01, 1.0, range(6))
    notes = make_summary(config, shorter).notes
    assert "(seeds 12 to 15, not reported)" in notes[0]
    assert notes[1] == "Best learning rates, depth 1: no norm 0.1; BatchNorm 1, an end of the grid; LayerNorm 0.1."
    assert "depth 1: no norm 0.1; BatchNorm 1 (12 of 12 networks at the end of the grid); LayerNorm 0.1." in notes[2]
    assert "within 5 % of the lowest, depth 1: no norm 0.1; BatchNorm 1, an end of the grid; LayerNorm 0.1." in notes[3]
    assert notes[4] == "Diverged on the whole grid, depth 1: no norm 5.6 %; BatchNorm 0.0 %; LayerNorm 0.0 %."


def drawn(make, summary):
    """A figure in the style of reports."""
    with styled():
        return make(summary)


def cells(ax):
    """The values of a heat map, lowest initial scale first."""
    (mesh,) = (each for each in ax.collections if isinstance(each, QuadMesh))
    return np.asarray(mesh.get_array()).reshape(len(CONFIG.init_scales), len(CONFIG.learning_rates))


def test_heat_maps_show_the_means_of_all_points_and_frame_the_best(frame, summary):
    figure = drawn(make_loss, summary)
    panels = figure.axes[:-1]
    assert [ax.get_title(loc="left").split(":")[0] for ax in panels[:2]] == ["no norm, depth 1", "BatchNorm, depth 1"]
    rows = frame[(frame["norm"] == "batch") & (frame["depth"] == 1) & (frame["metric"] == "train_loss") & (frame["epoch"] == 2)]
    rows = rows[rows["seed"] < CONFIG.seeds]
    expected = rows.pivot_table(index="init_scale", columns="learning_rate", values="value").to_numpy()
    np.testing.assert_allclose(cells(panels[1]), expected)
    assert {each.get_xy() for each in panels[1].patches if isinstance(each, Rectangle)} == {(1.5, 0.5)}
    assert figure.axes[-1].get_ylabel() == "final training loss (nats)"


def test_diverged_networks_are_marked_by_their_share(frame):
    summary = make_summary(CONFIG, diverge(diverge(frame, "none", 1.0, 1.0, range(8)), "none", 0.01, 0.1, [0]))
    ax = drawn(make_diverged, summary).axes[0]
    np.testing.assert_allclose(cells(ax)[1, 2], 100 * 8 / 12)
    np.testing.assert_allclose(cells(ax)[0, 0], 100 / 12)
    marks = {(float(line.get_xdata()[0]), float(line.get_ydata()[0])): line.get_marker() for line in ax.lines}
    assert marks == {(2.0, 1.0): "x", (0.0, 0.0): "_"}
    accuracies = drawn(make_accuracy, summary).axes[0]
    assert 0 <= cells(accuracies).min() <= cells(accuracies).max() <= 100


def test_learning_rate_figure_rings_the_best_and_bars_the_largest(summary):
    ax = drawn(make_learning_rate, summary).axes[0]
    rings = [line for line in ax.lines if line.get_markerfacecolor() == "none"]
    assert [np.asarray(line.get_xdata()).tolist() for line in rings] == [[0.1], [1.0], [0.1]]
    bars = [line for line in ax.lines if line.get_marker() == "|"]
    np.testing.assert_allclose([float(np.asarray(line.get_xdata())[0]) for line in bars], [0.1, 1.0, 0.1])
    assert " ".join(ax.get_title(loc="left").split()) == "Depth 1: largest stable rates no norm 0.1, BatchNorm 1, LayerNorm 0.1"


def test_every_panel_has_a_title(summary):
    for drawing in DRAWINGS["sensitivity"].values():
        titles = [ax.get_title(loc="left") for ax in drawn(drawing.make, summary).axes if ax.get_label() != "<colorbar>"]
        assert all(titles)
