"""Which arms the depth instrument sets against which, and what its claims make of known effects."""

import math

import numpy as np
import pandas as pd
import pytest

from jaxnorm.analysis.claims import find_claims
from jaxnorm.analysis.depth import LEDGER, DepthDesign, make_plan, over_depth
from jaxnorm.analysis.summarise import summarise
from jaxnorm.analysis.table import tidy
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.experiments.depth.study import DepthArm, DepthConfig

CONFIG = DepthConfig(norms=("none", "batch", "layer"), placements=("plain", "pre"), depths=(2, 8, 32), seeds=12, epochs=3)


def make_frame(config, final_loss, unevenness):
    """A run in which an arm's final loss and the unevenness of its gradients are given functions of the arm."""
    rng = np.random.default_rng(0)
    shape = (config.seeds, config.epochs)
    frames = []
    for arm in config.arms:
        loss = final_loss(arm) * (1 + 0.01 * rng.normal(size=shape))
        metrics = {"train_loss": loss, "validation_loss": loss, "train_accuracy": 1 - loss / 4, "validation_accuracy": 1 - loss / 4}
        metrics |= {"test_loss": loss[:, -1:], "test_accuracy": 1 - loss[:, -1:] / 4}
        gradients = {f"gradient_norm.block_{block}": np.full((config.seeds, config.epochs + 1), 2.0**-block) for block in range(arm.depth)}
        uneven = unevenness(arm) * (1 + 0.01 * rng.normal(size=(config.seeds, config.epochs + 1)))
        probed = {"gradient_unevenness": uneven, "gradient_growth": uneven, "similarity_last": uneven} | gradients
        frames.append(tidy(arm, {"seed": list(config.seed_numbers)}, metrics | probed))
    return pd.concat(frames, ignore_index=True)


def make_summary(config, final_loss=lambda arm: 0.5, unevenness=lambda arm: 1.0):
    frame = make_frame(config, final_loss, unevenness)
    seconds = {arm.key: [1.0] for arm in config.arms}
    return summarise(
        frame, make_plan(config), DecisionRule(), instrument="depth", question="?", num_classes=10, setting="synthetic", seconds=seconds
    )


def test_residual_blocks_without_a_norm_are_one_kind():
    placements = {arm.placement for arm in DepthConfig().arms if arm.norm == "none"}
    assert placements == {"plain", "none"}
    assert len(set(DepthConfig().arms)) == len(DepthConfig().arms) == 3 * (2 + 3 * 4)
    assert {arm.placement for arm in DepthConfig(model="transformer").arms} == {"none", "post", "pre", "sandwich"}


def test_slope_is_the_least_squares_slope_per_doubling():
    contrast = over_depth(DepthDesign(CONFIG), "batch", "plain")
    values = {f"batch-plain-{depth}-0": 3.0 + 0.7 * math.log2(depth) for depth in (2, 8, 32)}
    assert sum(weight * values[key] for key, weight in contrast.weights.items()) == pytest.approx(0.7)


@pytest.mark.parametrize(("sign", "word"), [(-1, "holds"), (1, "contradicted"), (0, "equivalent")])
def test_benefit_that_grows_with_depth_is_seen(sign, word):
    def final_loss(arm):
        return 0.5 + (sign * 0.06 * math.log2(arm.depth) if arm.norm == "batch" else 0.0)

    verdicts = {verdict.claim: verdict for verdict in make_summary(CONFIG, final_loss).verdicts}
    assert verdicts["D7"].word == word


@pytest.mark.parametrize(("batch", "word"), [(0.5, "holds"), (2.0, "contradicted")])
def test_evenness_of_gradients_is_judged_before_and_during_training(batch, word):
    def unevenness(arm):
        return batch if arm.norm == "batch" else 1.0

    verdicts = {verdict.claim: verdict for verdict in make_summary(CONFIG, unevenness=unevenness).verdicts}
    assert verdicts["D10"].word == word


def test_residual_that_keeps_gradients_even_is_seen():
    def unevenness(arm):
        return 0.1 if arm.placement != "plain" else 0.2 * math.log2(arm.depth)

    verdicts = {verdict.claim: verdict for verdict in make_summary(CONFIG, unevenness=unevenness).verdicts}
    assert verdicts["E1"].word == "holds"


def test_profiles_are_relative_to_the_last_block():
    arm = make_summary(CONFIG).arms[0]
    np.testing.assert_allclose(arm.profiles["gradient_norm"].mean, [2.0, 1.0])


def test_claims_on_transformers_need_transformers_and_warmup():
    both = DepthConfig(model="transformer", norms=("none", "layer"), warmup_steps=(0, 100), depths=(2, 6))
    assert [claim.id for claim in find_claims(LEDGER, DepthDesign(both))] == ["E2", "F1"]
    (needed,) = (claim for claim in find_claims(LEDGER, DepthDesign(both)) if claim.id == "F1")
    assert needed.comparisons[1].contrast.weights == {
        "layer-post-6-0": 1.0,
        "layer-post-6-100": -1.0,
        "layer-pre-6-0": -1.0,
        "layer-pre-6-100": 1.0,
    }
    without = DepthConfig(model="transformer", norms=("none", "layer"), depths=(2, 6))
    assert [claim.id for claim in find_claims(LEDGER, DepthDesign(without))] == ["E2"]


def test_only_arms_in_the_same_kind_of_block_are_compared():
    labels = [contrast.label for contrast in make_plan(CONFIG).contrasts["the choice of norm"]]
    assert labels == [
        "BatchNorm − no norm at plain blocks, depth 32",
        "BatchNorm pre-norm − no norm residual at depth 32",
        "LayerNorm − no norm at plain blocks, depth 32",
        "LayerNorm pre-norm − no norm residual at depth 32",
    ]
    assert isinstance(make_plan(CONFIG).arms[0], DepthArm)
