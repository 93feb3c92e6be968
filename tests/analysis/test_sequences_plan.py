"""Which arms the sequences instrument sets against which, and what its claims make of known effects."""

import numpy as np
import pandas as pd
import pytest

from jaxnorm.analysis.claims import find_claims
from jaxnorm.analysis.sequences import LEDGER, SequencesDesign, make_plan, over_padding
from jaxnorm.analysis.summarise import summarise
from jaxnorm.analysis.table import tidy
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.experiments.sequences.study import SequencesConfig
from jaxnorm.reporting.drawings import drawings_of
from jaxnorm.reporting.figures import save_figures

CONFIG = SequencesConfig(norms=("layer", "batch"), models=("lstm",), seeds=12, epochs=2)


def make_frame(config, accuracy, gap, noise):
    """A run in which an arm's accuracy, its gap in evaluation and the spread of its seeds are given functions of the arm."""
    rng = np.random.default_rng(0)
    luck_S1 = rng.normal(size=(config.seeds, 1))
    frames = []
    for arm in config.arms:
        last = accuracy(arm) + noise(arm) * luck_S1 + 0.0005 * rng.normal(size=(config.seeds, 1))
        curve = np.broadcast_to(last, (config.seeds, config.epochs))
        metrics = {f"{split}_{quantity}": curve for split in ("train", "validation") for quantity in ("loss", "accuracy")}
        metrics |= {"test_loss": last, "test_accuracy": last, "test_accuracy_biased": last, "test_accuracy_unbiased": last}
        gaps = gap(arm) + 0.0005 * rng.normal(size=last.shape) if arm.norm == "batch" else np.zeros(last.shape)
        metrics |= {"evaluation_gap": gaps, "population_gap": 0 * gaps}
        metrics |= {"test_accuracy_population": last + gaps, "test_accuracy_batch_statistics": last + gaps}
        frames.append(tidy(arm, {"seed": list(config.seed_numbers)}, metrics))
    return pd.concat(frames, ignore_index=True)


def make_summary(config=CONFIG, *, accuracy=lambda arm: 0.7, gap=lambda arm: 0.0, noise=lambda arm: 0.002):
    frame = make_frame(config, accuracy, gap, noise)
    settings = {"instrument": "sequences", "question": "?", "num_classes": 8, "setting": "synthetic"}
    return summarise(frame, make_plan(config), DecisionRule(), **settings, seconds={arm.key: [1.0] for arm in config.arms})


def verdicts_of(**effects):
    return {verdict.claim: verdict.word for verdict in make_summary(**effects).verdicts}


def test_only_norms_over_the_batch_come_masked_and_unmasked():
    maskings = {norm: {arm.masking for arm in SequencesConfig().arms if arm.norm == norm} for norm in SequencesConfig().norms}
    assert maskings["batch"] == {"masked", "unmasked"}
    assert maskings["layer"] == maskings["rms"] == maskings["none"] == {"uncoupled"}


def test_spread_has_only_the_shares_that_its_longest_sequence_fits():
    config = SequencesConfig(length_spreads=(0.0, 0.5, 0.9), padding_shares=(0.0, 1 / 3, 0.5))
    assert config.cells == ((0.0, 0.0), (0.0, 1 / 3), (0.0, 0.5), (0.5, 1 / 3), (0.5, 0.5), (0.9, 0.5))
    assert len(set(config.arms)) == len(config.arms) == 2 * 5 * 6


def test_line_over_padding_gives_the_change_from_least_to_most():
    contrast = over_padding(SequencesDesign(CONFIG), "batch", "unmasked", "lstm", 0.0)
    values = {f"batch-unmasked-lstm-0-{share:g}": 0.7 - 0.04 * share for share in CONFIG.padding_shares}
    assert sum(weight * values[key] for key, weight in contrast.weights.items()) == pytest.approx(-0.04 * 0.75)


@pytest.mark.parametrize(("slope", "word"), [(-0.1, "holds"), (0.1, "contradicted"), (0.0, "equivalent")])
def test_padding_that_moves_unmasked_batch_norm_is_seen(slope, word):
    assert verdicts_of(accuracy=lambda arm: 0.7 + slope * arm.padding_share * (arm.masking == "unmasked"))["C4"] == word


def test_padding_that_moves_layer_norm_contradicts():
    assert verdicts_of(accuracy=lambda arm: 0.7 - 0.1 * arm.padding_share)["C4"] == "contradicted"


@pytest.mark.parametrize(
    ("gap", "noise", "word"),
    [(0.05, 0.05, "holds"), (0.05, 0.002, "unresolved"), (-0.05, 0.05, "contradicted"), (0.0, 0.05, "equivalent")],
)
def test_instability_under_varying_lengths_needs_spread_and_gap(gap, noise, word):
    def unstable(arm):
        return arm.norm == "batch" and arm.length_spread > 0

    effects = {"gap": lambda arm: gap * unstable(arm), "noise": lambda arm: noise if unstable(arm) else 0.002}
    assert verdicts_of(**effects)["C3"] == word


@pytest.mark.parametrize(
    ("changed", "ids"),
    [
        ({}, ["C3", "C4"]),
        ({"norms": ("layer", "rms")}, []),
        ({"maskings": ("unmasked",)}, ["C4"]),
        ({"maskings": ("masked",)}, ["C3"]),
        ({"length_spreads": (0.0,)}, ["C4"]),
        ({"padding_shares": (0.5,)}, ["C3"]),
    ],
)
def test_ledger_offers_what_the_design_can_decide(changed, ids):
    config = SequencesConfig(**changed)
    claims = find_claims(LEDGER, SequencesDesign(config))
    keys = {arm.key for arm in config.arms}
    assert [claim.id for claim in claims] == ids
    for comparison in (comparison for claim in claims for comparison in claim.comparisons):
        assert sum(comparison.contrast.weights.values()) == pytest.approx(0)
        assert set(comparison.contrast.weights) <= keys


def test_plan_sets_every_kind_against_the_baseline_and_masked_against_unmasked():
    contrasts = make_plan(CONFIG).contrasts
    assert [contrast.label for contrast in contrasts["the choice of norm"]] == [
        "BatchNorm masked − LayerNorm at LSTM, length spread 0.9, padding share 0.75",
        "BatchNorm unmasked − LayerNorm at LSTM, length spread 0.9, padding share 0.75",
    ]
    assert [contrast.label for contrast in contrasts["the masking of padding"]] == [
        "BatchNorm, padding unmasked instead of masked at LSTM, length spread 0, padding share 0.75",
        "BatchNorm, padding unmasked instead of masked at LSTM, length spread 0.9, padding share 0.75",
    ]


@pytest.mark.parametrize("changed", [{}, {"norms": ("layer",), "seeds": 1}, {"norms": ("batch",), "length_spreads": (0.9,)}], ids=str)
def test_figures_are_written_for_every_design(changed, tmp_path):
    summary = make_summary(SequencesConfig(**{"epochs": 1, "seeds": 3, **changed}))
    written = {path.name for path in save_figures(summary, drawings_of(summary), tmp_path)}
    assert {"padding.svg", "padding.png"} <= written
    text = (tmp_path / "padding.svg").read_text()
    assert "Transformer, " in text
    assert "LSTM, " in text
    assert f"n = {len(summary.seeds)} network" in text
    if "batch" in {arm.norm for arm in summary.arms}:
        assert "padding unmasked" in text
        assert "population" in (tmp_path / "evaluation.svg").read_text()
