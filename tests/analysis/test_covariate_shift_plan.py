"""What the covariate-shift instrument computes from percentiles, and what its claims make of known effects."""

import numpy as np
import pandas as pd
import pytest

from jaxnorm.analysis.claims import find_claims
from jaxnorm.analysis.covariate_shift import CURVES, LEDGER, CovariateShiftDesign, add_drift, make_plan, measure_drift, percentile_name
from jaxnorm.analysis.summarise import summarise
from jaxnorm.analysis.table import tidy
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.experiments.covariate_shift.study import CovariateShiftConfig

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
        metrics |= {name: around(name, config.epochs + 1) for name in CURVES if not name.startswith("input_")}
        path = np.pad(around("step", config.epochs).cumsum(1), ((0, 0), (1, 0)))
        for unit in range(config.observed_units):
            metrics |= {percentile_name(percent, unit): path + offset for percent, offset in ((15, -1.0), (50, 0.0), (85, 1.0))}
        frames.append(tidy(arm, {"seed": list(config.seed_numbers)}, metrics))
    return pd.concat(frames, ignore_index=True)


def make_summary(config=CONFIG, **levels):
    rows = add_drift(make_frame(config, **levels).sample(frac=1, random_state=0), config)
    seconds = {arm.key: [1.0] for arm in config.arms}
    told = {"question": "?", "num_classes": 10, "setting": "synthetic", "seconds": seconds}
    return summarise(rows, make_plan(config), DecisionRule(), instrument="covariate_shift", **told)


def word(claim, **levels):
    return {verdict.claim: verdict.word for verdict in make_summary(**levels).verdicts}[claim]


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
    chosen = (frame["norm"] == "none") & (frame["activation"] == "relu") & (frame["metric"] == "input_p85.unit_1") & (frame["seed"] == 0)
    arm = next(arm for arm in summary.arms if arm.key == "none-relu")
    assert arm.traces["input_p85.unit_1"] == frame[chosen].sort_values("epoch")["value"].tolist()


@pytest.mark.parametrize(("step", "expected"), [(0.1, "holds"), (0.9, "contradicted"), (0.5, "equivalent")])
def test_drift_of_sigmoids_decides_d9a(step, expected):
    assert word("D9a", step=of_batch(step, activations=("sigmoid",))) == expected


@pytest.mark.parametrize(
    ("cosine", "distance", "expected"),
    [(0.9, 0.2, "holds"), (0.9, 0.8, "contradicted"), (0.3, 0.2, "contradicted"), (0.5, 0.2, "equivalent")],
)
def test_both_angle_and_distance_must_shrink_for_d9b(cosine, distance, expected):
    assert word("D9b", gradient_cosine=of_batch(cosine), gradient_distance=of_batch(distance)) == expected


@pytest.mark.parametrize(("relu", "expected"), [(0.1, "holds"), (0.505, "equivalent"), (0.9, "contradicted")])
def test_weakest_nonlinearity_decides_d11(relu, expected):
    def saturation(arm):
        return (relu if arm.activation == "relu" else 0.1) if arm.norm == "batch" else 0.5

    assert word("D11", saturation=saturation) == expected


def test_claims_need_both_norms_and_ioffes_a_sigmoid():
    def decided(**settings):
        return [claim.id for claim in find_claims(LEDGER, CovariateShiftDesign(CovariateShiftConfig(**settings)))]

    assert decided() == ["D9a", "D9b", "D11"]
    assert decided(activations=("relu",)) == ["D9b", "D11"]
    assert decided(norms=("none", "layer")) == []


def test_each_norm_is_set_against_the_first_before_the_same_nonlinearity():
    labels = {what: [contrast.label for contrast in contrasts] for what, contrasts in make_plan(CONFIG).contrasts.items()}
    assert list(labels) == ["BatchNorm in place of no norm", "LayerNorm in place of no norm"]
    assert labels["BatchNorm in place of no norm"] == [f"BatchNorm − no norm at {name}" for name in ("sigmoid", "tanh", "ReLU")]
    assert labels["LayerNorm in place of no norm"][-1] == "LayerNorm − no norm at ReLU"
