"""Which rates the batch size instrument reports, which arms it sets against which, and what its claims make of known effects."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from jaxnorm.analysis.batch_size import LEDGER, make_plan
from jaxnorm.analysis.batch_size_contrasts import BatchSizeDesign, over_sizes
from jaxnorm.analysis.batch_size_rates import Choices, choose, describe_choices, rate_arms, rows_at_rates, summarise_sweeps, sweep_tables
from jaxnorm.analysis.claims import find_claims
from jaxnorm.analysis.measures import EVALUATIONS
from jaxnorm.analysis.summarise import summarise
from jaxnorm.analysis.table import tidy
from jaxnorm.experiments.batch_size.study import BatchSizeArm, BatchSizeConfig
from jaxnorm.reporting.drawings import drawings_of
from jaxnorm.reporting.figures import save_figures
from jaxnorm.reporting.style import styled
from jaxnorm.reporting.tables import evaluations_table

NUM_CLASSES = 10
CONFIG = BatchSizeConfig(
    norms=("layer", "batch", "renorm"),
    batch_sizes=(1, 2, 4, 16, 128),
    ghost_sizes=(2, 8, 32, 128),
    sorted_batch_size=16,
    reference_batch_size=16,
    learning_rate=0.1,
    learning_rates=(0.025, 0.1, 0.4),
    seeds=16,
    tuning_seeds=3,
    epochs=4,
)
OPTIMUM = 0.4
"""The learning rate at which all networks are best."""


def replicas(config, arm):
    """Seeds and rates as the design has them."""
    rates = {*config.learning_rates, config.scaled_rate(arm.batch_size)}
    pairs = [(seed, rate) for rate in sorted(rates) for seed in (*config.seed_numbers, *config.tuning_seed_numbers)]
    return {"seed": [seed for seed, _ in pairs], "learning_rate": [rate for _, rate in pairs]}


def make_frame(config, accuracy, *, gap=lambda arm: 0.0, noise=lambda arm: 0.002, wobble=lambda arm: 0.002):
    """A run in which the accuracy of an arm at its optimum, its evaluation gap, its spread over seeds and its noise are given."""
    rng = np.random.default_rng(0)
    frames = []
    for arm in config.arms:
        columns = replicas(config, arm)
        rates_S1 = np.array(columns["learning_rate"])[:, None]
        luck_S1 = np.random.default_rng(1).normal(size=64)[columns["seed"]][:, None]
        last = accuracy(arm) - 0.03 * np.abs(np.log10(rates_S1 / OPTIMUM)) + noise(arm) * luck_S1 + 0.0005 * rng.normal(size=rates_S1.shape)
        curve = last + wobble(arm) * rng.normal(size=(len(last), config.epochs))
        metrics = {"train_loss": 1 - curve, "validation_loss": 1 - curve, "train_accuracy": curve, "validation_accuracy": curve}
        gaps = gap(arm) + (0.0005 * rng.normal(size=last.shape) if arm.norm != "layer" else 0)
        metrics |= {"test_loss": 1 - last, "test_accuracy": last, "test_accuracy_biased": last, "test_accuracy_unbiased": last}
        metrics |= {"evaluation_gap": gaps + 0 * last, "population_gap": 0 * last}
        metrics |= {"test_accuracy_population": last + gaps, "test_accuracy_batch_statistics": last + gaps}
        frames.append(tidy(arm, columns, metrics))
    return pd.concat(frames, ignore_index=True)


def make_summary(config, frame):
    tables = sweep_tables(config, frame, NUM_CLASSES)
    choices = choose(config, tables)
    return summarise(
        rows_at_rates(config, tables, choices),
        make_plan(config, choices),
        config,
        instrument="batch_size",
        question="?",
        num_classes=NUM_CLASSES,
        setting="synthetic",
        seconds={arm.key: [1.0] for arm in rate_arms(config)},
        sweeps=summarise_sweeps(config, tables, choices),
        notes=describe_choices(config, choices, num_examples=256),
    )


def verdicts_of(accuracy=lambda arm: 0.9, **effects):
    return {verdict.claim: verdict.word for verdict in make_summary(CONFIG, make_frame(CONFIG, accuracy, **effects)).verdicts}


def folklore(arm):
    """Accuracies as all claims would have them."""
    if arm.norm == "ghost":
        return {2: 0.85, 8: 0.92, 32: 0.95, 128: 0.9}[arm.ghost_size]
    if arm.norm == "batch":
        return 0.5 if arm.order == "sorted" else 0.9 - 0.02 * math.log2(128 / arm.batch_size)
    return 0.9


FOLKLORE = {
    "accuracy": folklore,
    "gap": lambda arm: 0.01 * math.log2(128 / arm.batch_size) if arm.norm == "batch" else 0.0,
    "noise": lambda arm: 0.01 * math.log2(256 / arm.batch_size) if arm.norm == "batch" else 0.002,
    "wobble": lambda arm: 0.002 * math.log2(256 / arm.batch_size) if arm.norm == "batch" else 0.0005,
}


@pytest.fixture(scope="module")
def frame():
    """A run that is as folklore has it."""
    return make_frame(CONFIG, **FOLKLORE)


@pytest.fixture(scope="module")
def summary(frame):
    """Its summary."""
    return make_summary(CONFIG, frame)


def test_norms_over_the_batch_have_no_arm_at_batch_size_1():
    arms = [arm for arm in BatchSizeConfig().arms if arm.batch_size == 1]
    assert {arm.norm for arm in arms} == {"layer", "none"}
    assert {arm.ghost_size for arm in arms} == {0}


def test_arms_are_distinct_and_of_three_parts():
    arms = CONFIG.arms
    assert len(set(arms)) == len(arms) == (5 + 4 + 4) + 4 + 3
    assert [arm.ghost_size for arm in arms if arm.norm == "ghost"] == [2, 8, 32, 128]
    assert {arm.batch_size for arm in arms if arm.order == "sorted"} == {16}


def test_scaled_rate_is_in_proportion_and_fixed_at_the_reference():
    assert BatchSizeConfig().scaled_rate(32) == BatchSizeConfig().learning_rate
    assert BatchSizeConfig().scaled_rate(512) == pytest.approx(16 * BatchSizeConfig().learning_rate)
    assert BatchSizeConfig().scaled_rate(8) in BatchSizeConfig().learning_rates  # exactly, so that it is trained once


def test_rows_are_those_of_the_reported_seeds_at_the_rates(frame):
    tables = sweep_tables(CONFIG, frame, NUM_CLASSES)
    rows = rows_at_rates(CONFIG, tables, choose(CONFIG, tables))
    assert set(rows["seed"]) == set(CONFIG.seed_numbers)
    wanted = {"fixed": 0.1, "best": OPTIMUM}
    for arm in rate_arms(CONFIG):
        own = rows[np.logical_and.reduce([rows[name] == value for name, value in arm.factors.items()])]
        assert set(own["learning_rate"]) == {wanted.get(arm.rate, CONFIG.scaled_rate(arm.batch_size))}
        assert (own["metric"] == "test_accuracy").sum() == CONFIG.seeds


def test_ghosts_and_sorted_batches_have_no_scaled_rate():
    assert {(arm.ghost_size, arm.order) for arm in rate_arms(CONFIG) if arm.rate == "scaled"} == {(0, "mixed")}


def test_best_ghost_is_chosen_by_tuning_seeds_and_never_an_end(frame):
    assert choose(CONFIG, sweep_tables(CONFIG, frame, NUM_CLASSES)).ghost_size == 32
    reported = frame["seed"].isin(list(CONFIG.seed_numbers))
    changed = frame.copy()
    changed.loc[reported & (frame["ghost_size"] == 8) & frame["metric"].str.endswith("accuracy"), "value"] = 1.0
    assert choose(CONFIG, sweep_tables(CONFIG, changed, NUM_CLASSES)).ghost_size == 32
    rising = make_frame(CONFIG, lambda arm: 0.9 + 0.0005 * arm.ghost_size)
    assert choose(CONFIG, sweep_tables(CONFIG, rising, NUM_CLASSES)).ghost_size == 32
    two = dataclasses.replace(CONFIG, ghost_sizes=(2, 128))
    assert choose(two, sweep_tables(two, frame, NUM_CLASSES)).ghost_size is None


def test_line_over_sizes_gives_the_change_from_smallest_to_largest():
    contrast = over_sizes(BatchSizeDesign(CONFIG, Choices({}, None)), "batch", "best")
    values = {f"batch-{size}-0-mixed-best": 0.7 + 0.01 * math.log2(size) for size in (2, 4, 16, 128)}
    assert sum(weight * values[key] for key, weight in contrast.weights.items()) == pytest.approx(0.06)
    assert set(contrast.weights) == set(values)


def test_folklore_is_recognised(summary):
    assert {verdict.claim: verdict.word for verdict in summary.verdicts} == dict.fromkeys(
        ("A5", "A6", "A7", "C3", "E4", "F3", "F4"), "holds"
    )


def test_no_effect_is_not_taken_for_any():
    words = verdicts_of()
    assert {words[claim] for claim in ("A7", "E4", "F3", "F4")} == {"equivalent"}
    assert {words[claim] for claim in ("A5", "A6", "C3")} <= {"equivalent", "unresolved"}


@pytest.mark.parametrize(
    ("claim", "accuracy"),
    [
        ("A7", lambda arm: 0.9 - 0.01 * math.log2(arm.batch_size) * (arm.norm == "batch")),
        ("A7", lambda arm: 0.9 + 0.01 * math.log2(arm.batch_size)),
        ("E4", lambda arm: 0.9 - 0.1 * (arm.norm == "layer" and arm.batch_size == 1)),
        ("F3", lambda arm: 0.9 - 0.001 * arm.ghost_size),
        ("F4", lambda arm: 0.9 - 0.1 * (arm.norm == "renorm" and arm.order == "sorted")),
        ("F4", lambda arm: 0.9 - 0.1 * (arm.norm == "renorm" and arm.batch_size == 4)),
    ],
)
def test_opposite_effect_contradicts(claim, accuracy):
    assert verdicts_of(accuracy)[claim] == "contradicted"


def test_gap_that_grows_the_other_way_contradicts_c3():
    assert verdicts_of(**FOLKLORE | {"gap": lambda arm: 0.01 * math.log2(arm.batch_size) * (arm.norm == "batch")})["C3"] == "contradicted"


def test_claims_need_what_they_speak_of():
    def claims(ghost_size=8, **changes):
        return [claim.id for claim in find_claims(LEDGER, BatchSizeDesign(dataclasses.replace(CONFIG, **changes), Choices({}, ghost_size)))]

    assert claims() == ["A5", "A6", "A7", "C3", "E4", "F3", "F4"]
    assert claims(epochs=3) == ["A7", "C3", "E4", "F3", "F4"]
    assert claims(batch_sizes=(2, 4, 16, 128)) == ["A5", "A6", "A7", "C3", "F3", "F4"]
    assert claims(batch_sizes=(1, 16)) == ["E4", "F3", "F4"]
    assert claims(norms=("layer", "none"), ghost_size=None) == []
    assert claims(norms=("batch", "renorm")) == ["A5", "F3", "F4"]


def test_notes_name_rates_ghosts_and_missing_arms(summary):
    assert "seeds 16 to 18, not reported" in summary.notes[0]
    assert summary.notes[1].startswith("Best learning rates by batch size, LayerNorm: 0.4 (an end of the grid) at 1, 0.4 (an end of")
    assert any(note.startswith("Best learning rates of ghost sizes and of batches sorted by class: 0.4") for note in summary.notes)
    assert any("best ghost size between the ends, 32," in note for note in summary.notes)
    assert summary.notes[-2].endswith("take a mean over: BatchNorm, BatchRenorm.")
    assert summary.notes[-1] == "Updates of each network by batch size: 1,024 at 1, 512 at 2, 256 at 4, 64 at 16, 8 at 128."


def test_all_figures_are_drawn(summary, tmp_path):
    drawings = drawings_of(summary)
    assert list(drawings) == ["accuracy", "evaluation", "ghost", "order", "noise", "learning_rate", "differences"]
    assert len(save_figures(summary, drawings, tmp_path)) == 2 * len(drawings)


def test_titles_say_what_is_seen(summary):
    with styled():
        drawn = {
            name: drawing.make(summary).axes for name, drawing in drawings_of(summary).items() if name in ("accuracy", "ghost", "order")
        }
    titles = {name: axes[-1].get_title(loc="left").splitlines()[1] for name, axes in drawn.items()}
    assert titles["accuracy"].startswith("largest change BatchNorm, +1")
    assert titles["ghost"] == "highest on average ghosts of 32, 95.0 %"
    assert titles["order"].startswith("sorted, highest on average ")


def test_arms_of_the_table_are_named_in_words(summary):
    labels = [difference.label for difference in summary.differences]
    assert "ghosts of 8 instead of 128 in batches of 128, best rates" in labels
    assert "BatchNorm, sorted instead of shuffled batches of 16, fixed rate" in labels
    assert BatchSizeArm("ghost", 128, 8, "mixed").key == "ghost-128-8-mixed"


def test_evaluations_are_tabled_where_they_differ(summary):
    table = evaluations_table(summary)
    assert table is not None
    assert table.headings[1:] == tuple(EVALUATIONS.values())
    named = {row[0] for _, rows in table.groups for row in rows}
    assert "BatchNorm 2 best rate" in named
    assert not any(name.startswith("LayerNorm") for name in named)  # its networks are the same by all
