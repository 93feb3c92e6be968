"""Which arms the depth instrument sets against which, what its claims make of known effects, and what its figures draw."""

import math

import numpy as np
import pandas as pd
import pytest

from jaxnorm.experiments.depth.claims import CLAIMS, DepthDesign, make_plan, over_depth
from jaxnorm.experiments.depth.figures import WORDS, make_depth, make_gradients, make_warmup
from jaxnorm.experiments.depth.study import DepthConfig
from jaxnorm.stats.claims import find_claims
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.stats.summarise import summarise
from jaxnorm.stats.table import tidy

CONFIG = DepthConfig(norms=("none", "batch", "layer"), placements=("plain", "pre"), depths=(2, 8, 32), seeds=12, epochs=3)
TRANSFORMER = DepthConfig(
    model="transformer", norms=("none", "layer"), placements=("post", "pre"), depths=(2, 6), warmup_steps=(0, 100), seeds=12, epochs=3
)


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


def make_summary(config=CONFIG, final_loss=lambda arm: 0.5, unevenness=lambda arm: 1.0):
    return summarise(
        make_frame(config, final_loss, unevenness),
        make_plan(config),
        DecisionRule(),
        instrument="depth",
        settings={},
        data={},
        num_classes=10,
        seconds={arm.key: [1.0] for arm in config.arms},
    )


def verdicts_of(**known):
    return {verdict.claim: (verdict.word, verdict.as_claimed, verdict.number) for verdict in make_summary(**known).verdicts}


def drawn(ax):
    """The labelled lines of a panel: label to heights."""
    return {line.get_label(): np.asarray(line.get_ydata(), float) for line in ax.lines if not str(line.get_label()).startswith("_")}


def panel_of(figure, title):
    return next(ax for ax in figure.axes if ax.get_title() == title or ax.get_title(loc="left") == title)


def test_residual_blocks_without_a_norm_are_one_kind():
    placements = {arm.placement for arm in DepthConfig().arms if arm.norm == "none"}
    assert placements == {"plain", "none"}
    assert len(set(DepthConfig().arms)) == len(DepthConfig().arms) == 3 * (2 + 3 * 4)
    assert {arm.placement for arm in DepthConfig(model="transformer").arms} == {"none", "post", "pre", "sandwich"}


def test_trend_is_the_change_over_all_depths_on_a_line_through_the_doublings():
    contrast = over_depth(DepthDesign(CONFIG), "batch", "plain")
    values = {f"batch-plain-{depth}-0": 3.0 + 0.7 * math.log2(depth) for depth in (2, 8, 32)}
    assert sum(weight * values[key] for key, weight in contrast.weights.items()) == pytest.approx(4 * 0.7)
    assert contrast.over == "depth"


@pytest.mark.parametrize(("sign", "found"), [(-1, ("supported", 2, 2)), (1, ("refuted", 0, 2)), (0, ("negligible", 0, 2))])
def test_benefit_that_grows_with_depth_is_seen(sign, found):
    def final_loss(arm):
        return 0.5 + (sign * 0.06 * math.log2(arm.depth) if arm.norm == "batch" else 0.0)

    assert verdicts_of(final_loss=final_loss)["D7"] == found


@pytest.mark.parametrize(("batch", "found"), [(0.5, ("supported", 2, 2)), (2.0, ("refuted", 0, 2))])
def test_evenness_of_gradients_is_judged_before_and_during_training(batch, found):
    assert verdicts_of(unevenness=lambda arm: batch if arm.norm == "batch" else 1.0)["D10"] == found


def test_residual_connections_are_judged_for_each_norm_alone():
    def unevenness(arm):
        grows = arm.placement == "plain" if arm.norm == "batch" else arm.placement != "plain"
        return 0.2 * math.log2(arm.depth) if grows else 0.1

    found = verdicts_of(unevenness=unevenness)
    assert (found["E1a"], found["E1b"]) == (("refuted", 0, 1), ("supported", 1, 1))


@pytest.mark.parametrize(
    ("post", "pre", "found"),
    [(0.3, 0.0, ("supported", "supported")), (0.3, 0.3, ("supported", "negligible")), (-0.3, 0.3, ("refuted", "refuted"))],
)
def test_need_of_warmup_is_judged_alone_and_beside_that_of_pre_norm(post, pre, found):
    def final_loss(arm):
        return 0.5 + {"post": post, "pre": pre}.get(arm.placement, 0.0) * (arm.warmup_steps == 0) * (arm.depth == 6)

    words = verdicts_of(config=TRANSFORMER, final_loss=final_loss)
    assert (words["F1a"][0], words["F1b"][0]) == found


def test_convergence_of_transformers_is_judged_at_every_place_and_depth():
    def final_loss(arm):
        return 0.9 if arm.norm == "none" or (arm.placement, arm.depth) == ("post", 6) else 0.5

    assert verdicts_of(config=TRANSFORMER, final_loss=final_loss)["E2"] == ("mixed", 3, 4)


def test_claims_on_transformers_need_transformers_and_warmup():
    claims = {claim.id: claim for claim in find_claims(CLAIMS, DepthDesign(TRANSFORMER))}
    assert list(claims) == ["E2", "F1a", "F1b"]
    assert claims["F1a"].comparisons[0].contrast.weights == {"layer-post-6-0": 1.0, "layer-post-6-100": -1.0}
    assert claims["F1b"].comparisons[0].contrast.weights == {
        "layer-post-6-0": 1.0,
        "layer-post-6-100": -1.0,
        "layer-pre-6-0": -1.0,
        "layer-pre-6-100": 1.0,
    }
    without = DepthConfig(model="transformer", norms=("none", "layer"), depths=(2, 6))
    assert [claim.id for claim in find_claims(CLAIMS, DepthDesign(without))] == ["E2"]


def test_only_arms_in_the_same_kind_of_block_are_compared():
    norms = [contrast.weights for contrast in make_plan(CONFIG).contrasts[:4]]
    assert norms == [
        {"batch-plain-32-0": 1.0, "none-plain-32-0": -1.0},
        {"batch-pre-32-0": 1.0, "none-none-32-0": -1.0},
        {"layer-plain-32-0": 1.0, "none-plain-32-0": -1.0},
        {"layer-pre-32-0": 1.0, "none-none-32-0": -1.0},
    ]


def test_intervals_hold_for_what_is_listed_claimed_and_marked():
    listed = 3 * (4 + 3 + 6)  # measures; norms, residual against plain blocks, depths
    claimed = 2 + 1 + 1 + 1  # D7, D10 during training, E1a, E1b
    marked = 2 * (6 - 1)  # measures that have a good side; arms of the greatest depth
    assert make_plan(CONFIG).number == listed + claimed + marked


def test_depth_figure_draws_the_means_of_each_kind_of_block_and_residual_ones_without_a_norm_beside():
    summary = make_summary(final_loss=lambda arm: 0.01 * arm.depth if arm.norm == "batch" else 0.3)
    figure = make_depth(summary, WORDS)
    assert [ax.get_ylabel() for ax in figure.axes[::2]] == ["final training loss (nats)", "test accuracy (%)"]
    for title, own, other in (("plain blocks", "plain", "plain"), ("pre-norm blocks", "pre", "none")):
        lines = drawn(panel_of(figure, title))
        assert set(lines) == {"no norm", "BatchNorm", "LayerNorm"}
        for label, norm, placement in (("BatchNorm", "batch", own), ("no norm", "none", other)):
            expected = [summary.arm(f"{norm}-{placement}-{depth}-0").measures["train_loss"].mean for depth in (2, 8, 32)]
            np.testing.assert_allclose(lines[label], expected)


def test_gradients_are_drawn_relative_to_the_last_block():
    summary = make_summary()
    np.testing.assert_allclose(summary.arms[0].profiles["gradient_norm"].mean, [2.0, 1.0])
    lines = drawn(panel_of(make_gradients(summary, WORDS), "plain blocks"))
    np.testing.assert_allclose(lines["LayerNorm"], 2.0 ** np.arange(31, -1, -1))


def test_warmup_figure_draws_the_deepest_networks():
    summary = make_summary(TRANSFORMER, final_loss=lambda arm: 0.1 * arm.depth + 0.001 * arm.warmup_steps)
    lines = drawn(panel_of(make_warmup(summary, WORDS), "post-norm blocks"))
    expected = [summary.arm(f"layer-post-6-{steps}").measures["train_loss"].mean for steps in (0, 100)]
    assert list(lines) == ["LayerNorm"]
    np.testing.assert_allclose(lines["LayerNorm"], expected)


@pytest.mark.parametrize(
    ("config", "names"),
    [
        (CONFIG, ["depth", "gradients"]),
        (TRANSFORMER, ["depth", "warmup", "gradients"]),
        (DepthConfig(norms=("none",), placements=("post",), depths=(3,), seeds=1, epochs=1), ["gradients"]),
    ],
    ids=["mlp", "transformer", "one"],
)
def test_report_has_the_figures_that_its_design_varies(config, names):
    summary = make_summary(config)
    figures = WORDS.figures_of(summary)
    assert list(figures) == names
    assert all(drawing.make(summary, WORDS).axes for drawing in figures.values())
