"""Which arms the sequences instrument sets against which, what its claims make of known effects, and what its figures draw."""

import numpy as np
import pandas as pd
import pytest

from jaxnorm.experiments.sequences.claims import CLAIMS, EVALUATED, SequencesDesign, make_plan, over_padding
from jaxnorm.experiments.sequences.figures import WORDS, make_evaluation, make_padding
from jaxnorm.experiments.sequences.study import SequencesConfig
from jaxnorm.stats.claims import find_claims
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.stats.summarise import summarise
from jaxnorm.stats.table import tidy

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
        metrics |= {"test_accuracy_population": last + gaps, "test_accuracy_batch_statistics": last + 2 * gaps}
        frames.append(tidy(arm, {"seed": list(config.seed_numbers)}, metrics))
    return pd.concat(frames, ignore_index=True)


def make_summary(config=CONFIG, *, accuracy=lambda arm: 0.7, gap=lambda arm: 0.0, noise=lambda arm: 0.002):
    return summarise(
        make_frame(config, accuracy, gap, noise),
        make_plan(config),
        DecisionRule(),
        instrument="sequences",
        settings={},
        data={},
        num_classes=8,
        seconds={arm.key: [1.0] for arm in config.arms},
    )


def words_of(*claims, **effects):
    found = {verdict.claim: verdict.word for verdict in make_summary(**effects).verdicts}
    return tuple(found[claim] for claim in claims)


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
    assert contrast.over == "padding_share"


@pytest.mark.parametrize(("slope", "word"), [(-0.1, "supported"), (0.1, "refuted"), (0.0, "negligible")])
def test_padding_that_moves_unmasked_batch_norm_is_seen(slope, word):
    found = words_of("C4a", "C4b", accuracy=lambda arm: 0.7 + slope * arm.padding_share * (arm.masking == "unmasked"))
    assert found == ("supported", word)


def test_padding_that_moves_layer_norm_refutes_that_it_does_not():
    assert words_of("C4a", "C4b", accuracy=lambda arm: 0.7 - 0.1 * arm.padding_share) == ("refuted", "supported")


@pytest.mark.parametrize(
    ("gap", "noise", "found"),
    [
        (0.05, 0.05, ("supported", "supported")),
        (0.05, 0.002, ("inconclusive", "supported")),
        (-0.05, 0.05, ("supported", "refuted")),
        (0.0, 0.05, ("supported", "negligible")),
    ],
)
def test_instability_under_varying_lengths_is_judged_by_spread_and_by_gap(gap, noise, found):
    def unstable(arm):
        return arm.norm == "batch" and arm.length_spread > 0

    assert words_of("C3a", "C3b", gap=lambda arm: gap * unstable(arm), noise=lambda arm: noise if unstable(arm) else 0.002) == found


@pytest.mark.parametrize(
    ("changed", "ids"),
    [
        ({}, ["C3a", "C3b", "C4a", "C4b"]),
        ({"norms": ("layer", "rms")}, ["C4a"]),
        ({"norms": ("rms",)}, []),
        ({"maskings": ("unmasked",)}, ["C4a", "C4b"]),
        ({"maskings": ("masked",)}, ["C3a", "C3b", "C4a"]),
        ({"length_spreads": (0.0,)}, ["C4a", "C4b"]),
        ({"padding_shares": (0.5,)}, ["C3a", "C3b"]),
    ],
)
def test_ledger_offers_what_the_design_can_decide(changed, ids):
    config = SequencesConfig(**changed)
    claims = find_claims(CLAIMS, SequencesDesign(config))
    keys = {arm.key for arm in config.arms}
    assert [claim.id for claim in claims] == ids
    for comparison in (comparison for claim in claims for comparison in claim.comparisons):
        assert sum(comparison.contrast.weights.values()) == pytest.approx(0)
        assert set(comparison.contrast.weights) <= keys


def test_plan_sets_every_kind_against_the_baseline_and_masked_against_unmasked():
    weights = [contrast.weights for contrast in make_plan(CONFIG).contrasts]
    most = "lstm-0.9-0.75"
    assert weights[:2] == [{f"batch-{masking}-{most}": 1.0, f"layer-uncoupled-{most}": -1.0} for masking in ("masked", "unmasked")]
    assert weights[-2:] == [
        {f"batch-unmasked-lstm-{spread}-0.75": 1.0, f"batch-masked-lstm-{spread}-0.75": -1.0} for spread in ("0", "0.9")
    ]


def test_intervals_hold_for_what_is_listed_claimed_and_marked():
    listed = 2 * (2 + 3 + 3 + 2)  # measures; norms, padding, spreads, maskings
    claimed = 1 + 1 + 2 + 2  # C3a, C3b, C4a, C4b
    marked = 3 * (3 - 1)  # measures with a direction; kinds
    assert make_plan(CONFIG).number == listed + claimed + marked


@pytest.fixture(scope="module")
def summary():
    return make_summary(accuracy=lambda arm: 0.7 - 0.1 * arm.padding_share * (arm.masking == "unmasked"), gap=lambda arm: 0.02)


def title_of(ax):
    return ax.get_title(loc="left") or ax.get_title()


def means_of(summary, kind, spread, measure="test_accuracy"):
    """An arm's accuracy in percent by padding share."""
    own = [arm for arm in summary.arms if (arm.norm, arm.factors["masking"], arm.factors["length_spread"]) == (*kind, spread)]
    return {arm.factors["padding_share"]: 100 * arm.measures[measure].mean for arm in own}


def test_padding_figure_draws_a_line_for_each_norm_and_masking(summary):
    even, varied = make_padding(summary, WORDS).axes
    for ax, spread in ((even, 0.0), (varied, 0.9)):
        lines = {line.get_label(): line for line in ax.lines if not str(line.get_label()).startswith("_")}
        assert set(lines) == {"LayerNorm", "BatchNorm masked", "BatchNorm unmasked"}
        for label, kind in (("LayerNorm", ("layer", "uncoupled")), ("BatchNorm unmasked", ("batch", "unmasked"))):
            means = means_of(summary, kind, spread)
            np.testing.assert_allclose(np.asarray(lines[label].get_ydata(), float), list(means.values()))
            np.testing.assert_allclose(np.asarray(lines[label].get_xdata(), float), list(means), atol=0.06)
        assert lines["BatchNorm unmasked"].get_markerfacecolor() == "white"
    assert title_of(even).startswith("LSTM, ")


def test_evaluation_figure_draws_every_run_by_every_kind_of_statistics(summary):
    ax = make_evaluation(summary, WORDS).axes[1]
    arm = summary.arm("batch-masked-lstm-0.9-0.75")
    drawn = [np.asarray(line.get_ydata()) for line in ax.lines]
    for measure in EVALUATED:
        assert any(len(each) == len(summary.seeds) and np.allclose(each, 100 * np.array(arm.by_seed[measure])) for each in drawn)
    assert any(np.allclose(each, [100 * arm.measures[measure].mean for measure in EVALUATED]) for each in drawn if len(each) == 4)
    assert len(ax.get_xticks()) == len(EVALUATED) + 1  # and a norm without such statistics


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ({}, ["padding", "evaluation"]),
        ({"norms": ("layer",), "seeds": 1}, ["padding"]),
        ({"norms": ("batch",), "length_spreads": (0.9,)}, ["padding", "evaluation"]),
    ],
    ids=str,
)
def test_figures_are_drawn_for_every_design(changed, names):
    config = SequencesConfig(**{"epochs": 1, "seeds": 3, **changed})
    summary = make_summary(config, gap=lambda arm: 0.02)
    figures = WORDS.figures_of(summary)
    assert list(figures) == names
    for drawing in figures.values():
        assert len(drawing.make(summary, WORDS).axes) == len(config.models) * len(config.length_spreads)
