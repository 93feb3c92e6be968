"""What the covariate-shift instrument computes from percentiles, what its claims make of known effects, and what is drawn."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from experiments.judging import judged, words_of

from jaxnorm.experiments.covariate_shift.claims import SHIFT, make_plan, measure_drift, percentile_name
from jaxnorm.experiments.covariate_shift.figures import WORDS
from jaxnorm.experiments.covariate_shift.study import CovariateShiftConfig
from jaxnorm.experiments.covariate_shift.train import INSTRUMENT
from jaxnorm.report.style import styled
from jaxnorm.stats.table import tidy

CONFIG = CovariateShiftConfig(seeds=12, epochs=4, observed_units=2)


def make_frame(config, **levels):
    """A run in which a metric's level is a given function of the arm; percentiles move by ``step`` an epoch around a spread of 2."""
    rng = np.random.default_rng(0)
    frames = []
    for arm in config.arms:

        def around(name, epochs, arm=arm):
            level = levels.get(name, lambda arm: 0.5)(arm)
            return level * (1 + 0.01 * rng.normal(size=(config.seeds, epochs)))

        performance = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
        metrics = {name: around(name, config.epochs) for name in performance}
        metrics |= {name: around(name, 1) for name in ("test_loss", "test_accuracy")}
        metrics |= {name: around(name, config.epochs + 1) for name in SHIFT if not name.startswith("input_")}
        path = np.pad(around("step", config.epochs).cumsum(1), ((0, 0), (1, 0)))
        for unit in range(config.observed_units):
            metrics |= {percentile_name(percent, unit): path + offset for percent, offset in ((15, -1.0), (50, 0.0), (85, 1.0))}
        frames.append(tidy(arm, {"seed": list(config.seed_numbers)}, metrics))
    return pd.concat(frames, ignore_index=True)


def make_summary(config=CONFIG, **levels):
    return judged(config, INSTRUMENT, make_frame(config, **levels).sample(frac=1, random_state=0))


def verdict(claim, **levels):
    return words_of(make_summary(**levels))[claim]


def of_batch(value, otherwise=0.5, activations=("sigmoid", "tanh", "relu")):
    return lambda arm: value if arm.norm == "batch" and arm.activation in activations else otherwise


def test_drift_is_the_mean_distance_that_percentiles_move():
    levels = np.array([[[0.0, -2.0], [1.0, 0.0], [2.0, 2.0]], [[0.5, -2.0], [1.0, 0.0], [4.5, 6.0]]])  # (E + 1, 3, U)
    drift = measure_drift(levels)
    assert drift["input_drift"] == pytest.approx([(0.5 + 0 + 2.5 + 0 + 0 + 4) / 6])
    assert drift["input_drift_relative"] == pytest.approx([(0.5 + 2.5) / 3 / 6 + 4 / 6 / 6])  # spreads 2 and 4, 4 and 8


def test_unit_without_spread_has_a_finite_relative_drift():
    assert measure_drift(np.ones((3, 3, 2)))["input_drift_relative"].tolist() == [0.0, 0.0]


def test_drift_joins_the_table_at_every_epoch_of_every_network():
    summary = make_summary(step=of_batch(0.1, otherwise=0.3))
    batch, none = (next(arm for arm in summary.arms if arm.key == key) for key in ("batch-tanh", "none-tanh"))
    np.testing.assert_allclose(batch.curves["input_drift"].mean, [0.1] * CONFIG.epochs, rtol=0.02)
    np.testing.assert_allclose(none.by_seed["input_drift_relative"], [0.15] * CONFIG.seeds, rtol=0.02)


def test_traces_are_the_first_seeds_alone():
    frame, summary = make_frame(CONFIG), make_summary()
    chosen = (frame["norm"] == "none") & (frame["activation"] == "relu") & (frame["metric"] == "input_p50.unit_1") & (frame["seed"] == 0)
    arm = next(arm for arm in summary.arms if arm.key == "none-relu")
    assert arm.traces["input_p50.unit_1"] == frame[chosen].sort_values("epoch")["value"].tolist()


@pytest.mark.parametrize(("step", "expected"), [(0.1, ("supported", 1, 1)), (0.9, ("refuted", 0, 1)), (0.5, ("negligible", 0, 1))])
def test_drift_of_sigmoids_decides_d9a(step, expected):
    assert verdict("D9a", step=of_batch(step, activations=("sigmoid",))) == expected


@pytest.mark.parametrize(
    ("cosine", "distance", "expected"),
    [
        (0.9, 0.2, ("supported", 6, 6)),
        (0.9, 0.8, ("mixed", 3, 6)),
        (0.3, 0.8, ("refuted", 0, 6)),
        (0.499, 0.2, ("mixed", 3, 6)),
    ],
)
def test_both_angle_and_distance_must_shrink_for_d9b(cosine, distance, expected):
    assert verdict("D9b", gradient_cosine=of_batch(cosine), gradient_distance=of_batch(distance)) == expected


@pytest.mark.parametrize(
    ("tanh", "relu", "saturated", "dead"),
    [
        (0.1, 0.1, ("supported", 2, 2), ("supported", 1, 1)),
        (0.9, 0.501, ("mixed", 1, 2), ("negligible", 0, 1)),
        (0.1, 0.9, ("supported", 2, 2), ("refuted", 0, 1)),
    ],
)
def test_units_that_saturate_decide_d11a_and_those_that_die_d11b(tanh, relu, saturated, dead):
    levels = {"sigmoid": 0.1, "tanh": tanh, "relu": relu}
    words = words_of(make_summary(saturation=lambda arm: levels[arm.activation] if arm.norm == "batch" else 0.5))
    assert (words["D11a"], words["D11b"]) == (saturated, dead)


@pytest.mark.parametrize(
    ("changed", "ids"),
    [
        ({}, ["D9a", "D9b", "D11a", "D11b"]),
        ({"activations": ("relu",)}, ["D9b", "D11b"]),
        ({"activations": ("tanh",)}, ["D9b", "D11a"]),
        ({"norms": ("none", "layer")}, []),
    ],
    ids=str,
)
def test_claims_need_both_norms_and_their_nonlinearity(changed, ids):
    assert [claim.id for claim in make_plan(CovariateShiftConfig(**changed)).claims] == ids


def test_each_norm_is_set_against_the_first_before_the_same_nonlinearity():
    plan = make_plan(CONFIG)
    assert [each.weights for each in plan.contrasts] == [
        {f"{norm}-{activation}": 1.0, f"none-{activation}": -1.0} for norm in ("batch", "layer") for activation in CONFIG.activations
    ]
    assert plan.number == 6 * 8 + 3 * 3 * 2  # contrasts times measures, and the best of three norms in nine columns


def test_panels_draw_a_units_percentiles_and_the_medians_of_others():
    summary = make_summary()
    with styled():
        figure = WORDS.drawings["inputs"].make(summary, WORDS)
    for ax, arm in zip(figure.axes, summary.arms, strict=True):
        names = [percentile_name(percent, unit) for percent, unit in ((15, 0), (85, 0), (50, 1), (50, 0))]
        np.testing.assert_array_equal([line.get_ydata() for line in ax.get_lines()], [arm.traces[name] for name in names])
    assert [ax.get_title(loc="left") for ax in figure.axes[:2]] == ["sigmoid, no norm", "sigmoid, BatchNorm"]


def test_drift_is_drawn_by_nonlinearity():
    summary = make_summary(dataclasses.replace(CONFIG, activations=("tanh", "sigmoid")), step=of_batch(0.1))
    with styled():
        axes = WORDS.drawings["drift"].make(summary, WORDS).axes
    assert [ax.get_title(loc="left") for ax in axes[:2]] == ["tanh", "sigmoid"]
    for ax, activation in zip(axes, ("tanh", "sigmoid"), strict=False):
        curves = [arm.curves["input_drift"].mean for arm in summary.arms if arm.factors["activation"] == activation]
        np.testing.assert_array_equal([line.get_ydata() for line in ax.get_lines()], curves)
