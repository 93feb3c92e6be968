"""How best rates are chosen, what the grid tells of each seed, what the claims make of known effects, and how all is shown."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from experiments.judging import judged, words_of
from matplotlib.patches import Rectangle

from jaxnorm.experiments.sensitivity.claims import make_plan
from jaxnorm.experiments.sensitivity.figures import WORDS
from jaxnorm.experiments.sensitivity.grid import RateGrid
from jaxnorm.experiments.sensitivity.study import SensitivityArm, SensitivityConfig
from jaxnorm.experiments.sensitivity.train import INSTRUMENT
from jaxnorm.report.blocks import Details, Table
from jaxnorm.report.style import styled
from jaxnorm.report.text import say
from jaxnorm.stats.table import tidy

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


@pytest.fixture(scope="module")
def frame():
    """A run in which BatchNorm allows ten times the rate and minds the initial scale less."""
    return make_frame(CONFIG)


@pytest.fixture(scope="module")
def summary(frame):
    return judged(CONFIG, INSTRUMENT, frame)


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


def differences(config):
    """What claims rest on, by claim: the arms of the comparison, the measure, and what is expected."""
    asked = {claim.id: claim.comparisons for claim in make_plan(config).claims}
    return {claim: [(*contrast.weights, measure, expected) for contrast, measure, expected in asked[claim]] for claim in asked}


def test_claims_are_made_of_their_comparisons_at_every_depth():
    found = differences(CONFIG)
    assert found["D2"] == [
        (f"batch-{depth}", f"{rival}-{depth}", "largest_stable_rate", "higher") for depth in (1, 4) for rival in ("none", "layer")
    ]
    for claim, measure, expected in (
        ("D3a", "init_scale_spread", "lower"),
        ("D3b", "init_scale_mean", "lower"),
        ("D5", "validation_accuracy", "higher"),
    ):
        assert found[claim] == [(f"batch-{depth}", f"none-{depth}", measure, expected) for depth in (1, 4)]
    assert found["D7"] == [("batch-1", "batch-4", "none-1", "none-4", "train_loss", "lower")]


def test_number_of_comparisons_is_that_of_the_listed_ones_the_trend_and_the_best_marks():
    pairs, depths, measures, tables = 3, 2, 10, 3
    assert make_plan(CONFIG).number == pairs * depths * measures + 1 + tables * depths * 2


def test_measures_of_the_grid_have_its_resolution():
    definitions = make_plan(dataclasses.replace(CONFIG, learning_rates=(0.01, 0.1, 0.05))).definitions
    steps = {name: measure.step for name, measure in definitions.items() if measure.step}
    decades = math.log10(5)
    assert steps == pytest.approx({"largest_stable_rate": decades, "workable_decades": decades, "workable_share": 1 / 9})


def test_known_effects_decide_the_claims(summary):
    words = words_of(summary)
    assert words["D2"] == ("supported", 4, 4)
    assert words["D3a"] == words["D3b"] == ("supported", 2, 2)
    assert words["D5"] == ("negligible", 0, 2)


def test_opposite_effects_refute_the_claims():
    turned = make_frame(CONFIG, {"none": 1.0, "batch": 0.1, "layer": 1.0}, {"none": 0.05, "batch": 0.3, "layer": 0.05})
    words = words_of(judged(CONFIG, INSTRUMENT, turned))
    assert {words[claim][0] for claim in ("D2", "D3a", "D3b")} == {"refuted"}


def test_equal_rates_on_a_coarse_grid_are_no_evidence_of_sameness():
    summary = judged(CONFIG, INSTRUMENT, make_frame(CONFIG, dict.fromkeys(LIMITS, 0.1)))
    assert words_of(summary)["D2"] == ("inconclusive", 0, 4)
    halves = [each.half for each in summary.comparisons if each.measure == "largest_stable_rate"]
    np.testing.assert_allclose(halves, 0.5)  # decades: half a step


def test_what_the_grid_leaves_open_needs_more_seeds_than_there_are(frame):
    summary = judged(CONFIG, INSTRUMENT, diverge(frame, "batch", 1.0, 1.0, [3, 7]))
    found = next(verdict for verdict in summary.verdicts if verdict.claim == "D2").evidence
    needed = [part.seeds_needed for part in found if part.finding == "open"]
    assert needed
    assert all(each is not None and each > CONFIG.seeds for each in needed)


def test_larger_rates_than_no_norm_alone_are_not_enough():
    summary = judged(CONFIG, INSTRUMENT, make_frame(CONFIG, {"none": 0.1, "batch": 1.0, "layer": 1.0}))
    assert words_of(summary)["D2"] == ("inconclusive", 2, 4)


@pytest.mark.parametrize(("growth", "word"), [(0.1, "supported"), (-0.1, "refuted")])
def test_benefit_that_grows_with_depth_is_seen(growth, word):
    summary = judged(CONFIG, INSTRUMENT, make_frame(CONFIG, benefit=lambda depth: 0.2 + growth * math.log2(depth) / 2))
    (verdict,) = (each for each in summary.verdicts if each.claim == "D7")
    assert verdict.word == word
    assert summary.comparisons[verdict.evidence[0].comparison].mean == pytest.approx(-growth, abs=0.005)  # from 1 layer to 4


def test_small_shared_rate_shows_what_the_best_rates_hide(summary):
    pair = {"batch-1": 1.0, "none-1": -1.0}
    found = {each.measure: each.mean for each in summary.comparisons if each.weights == pair and each.measure.startswith("train_loss")}
    assert found == {"train_loss": pytest.approx(0.0, abs=0.005), "train_loss_shared": pytest.approx(0.1, abs=0.005)}


def test_claims_need_batch_norm_and_no_norm():
    assert not make_plan(dataclasses.replace(CONFIG, norms=("layer", "none"))).claims
    (claim,) = (each for each in make_plan(dataclasses.replace(CONFIG, norms=("none", "batch"))).claims if each.id == "D2")
    assert claim.slots == {"rivals": ["none"], "depths": [1, 4]}
    assert say(claim.slots["rivals"]) == "no norm"
    assert {each.id for each in make_plan(dataclasses.replace(CONFIG, depths=(2,))).claims} == {"D2", "D3a", "D3b", "D5"}


def rates_table(summary):
    """The folded table of learning rates, a row for each arm without its name."""
    (details,) = WORDS.more(summary)
    assert isinstance(details, Details)
    (table,) = [block for block in details.blocks if isinstance(block, Table)]
    return [row[1:] for row in table.rows]


def test_table_of_rates_says_what_lies_at_the_ends_of_the_grid_and_what_diverged(frame):
    config = dataclasses.replace(CONFIG, learning_rates=(1.0, 0.01, 0.1))
    shorter = diverge(frame.loc[frame["learning_rate"] != 10.0], "none", 0.01, 1.0, range(6))
    none, batch, layer = rates_table(judged(config, INSTRUMENT, shorter))[:3]
    assert [cell.text for cell in none] == ["0.1", "0.1", "", "", "0.1", "5.6 %"]  # 6 of 12 seeds at 9 points
    assert [cell.text for cell in batch] == ["1", "1", "12", "", "1", "0.0 %"]
    assert [bool(cell.small) for cell in none] == [False] * 6
    assert [bool(cell.small) for cell in batch] == [True, False, False, False, True, False]
    assert [cell.text for cell in layer] == ["0.1", "0.1", "", "", "0.1", "0.0 %"]


def test_table_of_rates_counts_runs_that_are_stable_nowhere(frame):
    everywhere = frame
    for rate in CONFIG.learning_rates:
        everywhere = diverge(everywhere, "none", rate, 1.0, [2, 5])
    none = rates_table(judged(CONFIG, INSTRUMENT, everywhere))[0]
    assert [none[index].text for index in (3, 4)] == ["2", "none"]


def drawn(name, summary):
    """A figure in the style of reports."""
    with styled():
        return WORDS.drawings[name].make(summary, WORDS)


def cells(ax):
    """The values of a heat map, lowest initial scale first."""
    (image,) = ax.images
    return np.asarray(image.get_array())


def means_of(frame, norm, depth, metric):
    """Final means of the reported seeds, initial scale by learning rate."""
    rows = frame[(frame["norm"] == norm) & (frame["depth"] == depth) & (frame["metric"] == metric) & (frame["epoch"] == CONFIG.epochs)]
    return rows[rows["seed"] < CONFIG.seeds].pivot_table(index="init_scale", columns="learning_rate", values="value").to_numpy()


def marks(ax):
    """Marks of cells, by place."""
    own = [line for line in ax.lines if np.size(line.get_xdata()) == 1]
    return {(float(line.get_xdata()[0]), float(line.get_ydata()[0])): line.get_marker() for line in own}


@pytest.mark.parametrize(("name", "metric", "factor"), [("loss", "train_loss", 1.0), ("accuracy", "validation_accuracy", 100.0)])
def test_heat_maps_show_the_means_of_all_points_and_frame_the_best(name, metric, factor, frame, summary):
    panels = drawn(name, summary).axes[:-1]
    for ax, (norm, depth) in zip(panels, [(norm, depth) for depth in CONFIG.depths for norm in CONFIG.norms], strict=True):
        np.testing.assert_allclose(cells(ax), factor * means_of(frame, norm, depth, metric))
    assert {each.get_xy() for each in panels[1].patches if isinstance(each, Rectangle)} == {(1.5, 0.5)}


def test_diverged_runs_are_marked_by_their_share(frame):
    changed = diverge(diverge(frame, "none", 1.0, 1.0, range(8)), "none", 0.01, 0.1, [0])
    ax = drawn("accuracy", judged(CONFIG, INSTRUMENT, changed)).axes[0]
    assert marks(ax) == {(2.0, 1.0): "x", (0.0, 0.0): "_"}


def test_workable_points_are_marked(frame, summary):
    ax = drawn("loss", summary).axes[1]
    workable = np.argwhere(means_of(frame, "batch", 1, "train_loss") <= CONFIG.convergence_loss)
    assert marks(ax) == {(float(x), float(y)): "." for y, x in workable}


def test_learning_rate_figure_rings_the_best_and_bars_the_largest(frame, summary):
    ax = drawn("learning_rate", summary).axes[0]
    rings = [line for line in ax.lines if line.get_markerfacecolor() == "none"]
    assert [np.asarray(line.get_xdata()).tolist() for line in rings] == [[0.1], [1.0], [0.1]]
    bars = [line for line in ax.lines if line.get_marker() == "|"]
    np.testing.assert_allclose([float(np.asarray(line.get_xdata())[0]) for line in bars], [0.1, 1.0, 0.1])
    curves = [line.get_ydata() for line in ax.lines if np.size(line.get_xdata()) == len(CONFIG.learning_rates)]
    np.testing.assert_allclose(curves, [means_of(frame, norm, 1, "train_loss")[1] for norm in CONFIG.norms])


def test_initial_scales_are_drawn_at_the_best_and_at_the_shared_rate(frame, summary):
    axes = np.reshape(drawn("init_scale", summary).axes, (2, 2))
    for row, column in ((0, 2), (1, 0)):  # BatchNorm's best rate is the third of the grid, the shared one the first
        batch = axes[row, 1].lines[1]
        np.testing.assert_allclose(batch.get_ydata(), means_of(frame, "batch", 4, "train_loss")[:, column])
