"""Which rates ``batch_size`` reports, which arms it sets against which, what its claims make of effects, and what its figures draw."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from jaxnorm.experiments.batch_size.claims import CLAIMS, BatchSizeDesign, make_plan, over_sizes
from jaxnorm.experiments.batch_size.figures import WORDS, evaluation, learning_rate, more
from jaxnorm.experiments.batch_size.rates import Choices, choose, find_origins, rows_at_rates, summarise_sweeps, sweep_tables
from jaxnorm.experiments.batch_size.study import BatchSizeArm, BatchSizeConfig
from jaxnorm.report.blocks import Details, Table
from jaxnorm.report.figures import arms_of, save_figures
from jaxnorm.report.style import styled
from jaxnorm.report.text import comparison_title
from jaxnorm.stats.claims import find_claims
from jaxnorm.stats.summarise import summarise
from jaxnorm.stats.table import tidy

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
    epochs=8,
)
OPTIMUM = 0.4
"""The learning rate at which all networks are best."""
TRAINING_EXAMPLES = 256
LUCK = (-1.0) ** np.arange(64) + 0.3 * np.random.default_rng(1).normal(size=64)
"""By seed, the same in all arms: about as far from the median in every seed."""


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
        luck_S1 = LUCK[columns["seed"]][:, None]
        last = accuracy(arm) - 0.1 * np.abs(np.log10(rates_S1 / OPTIMUM)) + noise(arm) * luck_S1 + 0.0005 * rng.normal(size=rates_S1.shape)
        curve = last + wobble(arm) * rng.normal(size=(len(last), config.epochs))
        metrics = {"train_loss": 1 - curve, "validation_loss": 1 - curve, "train_accuracy": curve, "validation_accuracy": curve}
        coupled = arm.norm != "layer"
        gaps = gap(arm) + (0.0005 * rng.normal(size=last.shape) if coupled else 0)
        metrics |= {
            "test_loss": 1 - last,
            "test_accuracy": last,
            "test_accuracy_biased": last - 0.004 * coupled,
            "test_accuracy_unbiased": last,
        }
        metrics |= {"evaluation_gap": gaps + 0 * last, "population_gap": 0 * last}
        metrics |= {"test_accuracy_population": last + 0.003 * coupled, "test_accuracy_batch_statistics": last + gaps}
        frames.append(tidy(arm, columns, metrics))
    return pd.concat(frames, ignore_index=True)


def make_summary(config, frame):
    tables = sweep_tables(config, frame, NUM_CLASSES)
    choices = choose(config, tables)
    origins = find_origins(config, choices)
    return summarise(
        rows_at_rates(config, tables, origins),
        make_plan(config, choices),
        config,
        instrument="batch_size",
        settings=dataclasses.asdict(config),
        data={"name": "digits", "train": TRAINING_EXAMPLES, "inputs": 64},
        num_classes=NUM_CLASSES,
        seconds={arm.key: [1.0] for arm in origins},
        sweeps=summarise_sweeps(config, tables, choices),
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
    origins = find_origins(CONFIG, choose(CONFIG, tables))
    rows = rows_at_rates(CONFIG, tables, origins)
    assert set(rows["seed"]) == set(CONFIG.seed_numbers)
    wanted = {"fixed": 0.1, "best": OPTIMUM}
    for arm, (compiled, setting) in origins.items():
        own = rows[np.logical_and.reduce([rows[name] == value for name, value in arm.factors.items()])]
        assert set(own["learning_rate"]) == {wanted.get(arm.rate, CONFIG.scaled_rate(arm.batch_size))} == {setting["learning_rate"]}
        assert np.count_nonzero(own["metric"] == "test_accuracy") == CONFIG.seeds
        assert compiled.factors == {name: value for name, value in arm.factors.items() if name != "rate"}


def test_ghosts_and_sorted_batches_have_no_scaled_rate():
    origins = find_origins(CONFIG, Choices(dict.fromkeys(CONFIG.arms, 0.1), None))
    assert {(arm.ghost_size, arm.order) for arm in origins if arm.rate == "scaled"} == {(0, "mixed")}


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
    contrast = over_sizes(BatchSizeDesign(CONFIG, Choices({}, None)), "batch")
    values = {f"batch-{size}-0-mixed-best": 0.7 + 0.01 * math.log2(size) for size in (2, 4, 16, 128)}
    assert sum(weight * values[key] for key, weight in contrast.weights.items()) == pytest.approx(0.06)
    assert set(contrast.weights) == set(values)


def compared(claim):
    """The arms of a claim's comparisons, the measure, and what is expected."""
    (asked,) = (each for each in find_claims(CLAIMS, BatchSizeDesign(CONFIG, Choices({}, 32))) if each.id == claim)
    return [(set(contrast.weights.items()), measure, expected) for contrast, measure, expected in asked.comparisons]


def pair(arm, other):
    return {(arm, 1.0), (other, -1.0)}


def test_claims_consist_of_these_comparisons():
    batch, layer = ("batch-{}-0-mixed-fixed", "layer-{}-0-mixed-fixed")
    assert compared("A5") == [(pair(batch.format(16), batch.format(128)), "validation_noise", "higher")]
    interaction = pair(batch.format(16), batch.format(128)) | pair(layer.format(128), layer.format(16))
    within = [pair(batch.format(size), layer.format(size)) for size in (16, 128)]
    assert compared("A6") == [(each, "validation_noise", "higher") for each in (*within, interaction)]
    against = {1: 2, 2: 2, 4: 4}  # BatchNorm has no arm at 1
    online = [pair(f"layer-{size}-0-mixed-best", f"batch-{other}-0-mixed-best") for size, other in against.items()]
    assert compared("E4") == [(each, "test_accuracy", "higher") for each in online]
    ghosts = [pair("ghost-128-32-mixed-best", f"ghost-128-{size}-mixed-best") for size in (2, 128)]
    assert compared("F3") == [(each, "test_accuracy", "higher") for each in ghosts]
    renorm = [pair(f"renorm-{arm}-best", f"batch-{arm}-best") for arm in ("4-0-mixed", "16-0-sorted")]
    assert compared("F4") == [(each, "test_accuracy", "higher") for each in renorm]


def test_claims_on_shrinking_batches_rest_on_one_line_each():
    (batch, layer), stability = ([compared(claim)[0] for claim in claims] for claims in (("A7a", "A7b"), ("C3a", "C3b")))
    assert [each[1:] for each in (batch, layer)] == [("test_accuracy", "higher"), ("test_accuracy", "same")]
    assert [each[1:] for each in stability] == [("test_accuracy_spread", "lower"), ("evaluation_gap", "lower")]
    assert stability[0][0] == batch[0] | {(arm, -weight) for arm, weight in layer[0]} == stability[1][0]


def test_intervals_hold_for_what_is_listed_claimed_and_marked():
    plan = make_plan(CONFIG, Choices(dict.fromkeys(CONFIG.arms, 0.1), 32))
    norms, ends, ghosts, orders = 2 * 4, 3 * 3, 2 * 3, 2 * 3
    assert len(plan.contrasts) == norms + ends + ghosts + orders
    claimed_only = 1 + 3 + 2 + 2 + 1 + 1 + 2  # of E4 two, of F3 one are listed
    marked = 4 * (3 - 1) + (3 - 1)  # of 3 norms all but the best: at the batch sizes from 2 on, and in sorted batches
    assert len(plan.comparisons) == 2 * len(plan.contrasts) + claimed_only
    assert plan.number == len(plan.comparisons) + marked


def test_folklore_is_recognised(summary):
    assert {verdict.claim: verdict.word for verdict in summary.verdicts} == dict.fromkeys(
        ("A5", "A6", "A7a", "A7b", "C3a", "C3b", "E4", "F3", "F4"), "supported"
    )


def test_no_effect_is_not_taken_for_any():
    words = verdicts_of()
    assert words.pop("A7b") == "supported"
    assert {words[claim] for claim in ("A7a", "E4", "F3", "F4")} == {"negligible"}
    assert set(words.values()) <= {"negligible", "inconclusive"}


@pytest.mark.parametrize(
    ("words", "accuracy"),
    [
        ({"A7a": "refuted"}, lambda arm: 0.9 - 0.01 * math.log2(arm.batch_size) * (arm.norm == "batch")),
        ({"A7a": "supported", "A7b": "refuted"}, lambda arm: 0.9 + 0.01 * math.log2(arm.batch_size)),
        ({"E4": "refuted"}, lambda arm: 0.9 - 0.1 * (arm.norm == "layer" and arm.batch_size == 1)),
        ({"F3": "mixed"}, lambda arm: 0.9 - 0.001 * arm.ghost_size),
        ({"F4": "refuted"}, lambda arm: 0.9 - 0.1 * (arm.norm == "renorm" and arm.order == "sorted")),
        ({"F4": "mixed"}, lambda arm: 0.9 + 0.1 * (arm.norm == "renorm" and arm.batch_size == 4)),
    ],
)
def test_effects_decide_their_claims(words, accuracy):
    found = verdicts_of(accuracy)
    assert {claim: found[claim] for claim in words} == words


def test_gap_that_grows_the_other_way_refutes_its_part_alone():
    words = verdicts_of(**FOLKLORE | {"gap": lambda arm: 0.01 * math.log2(arm.batch_size) * (arm.norm == "batch")})
    assert (words["C3a"], words["C3b"]) == ("supported", "refuted")


def test_claims_need_what_they_speak_of():
    def claims(ghost_size: int | None = 8, **changes):
        return [claim.id for claim in find_claims(CLAIMS, BatchSizeDesign(dataclasses.replace(CONFIG, **changes), Choices({}, ghost_size)))]

    assert claims() == ["A5", "A6", "A7a", "A7b", "C3a", "C3b", "E4", "F3", "F4"]
    assert claims(epochs=3) == ["A7a", "A7b", "C3a", "C3b", "E4", "F3", "F4"]
    assert claims(batch_sizes=(2, 4, 16, 128)) == ["A5", "A6", "A7a", "A7b", "C3a", "C3b", "F3", "F4"]
    assert claims(batch_sizes=(1, 16)) == ["E4", "F3", "F4"]
    assert claims(norms=("layer", "none"), ghost_size=None) == ["A7b"]
    assert claims(norms=("batch", "renorm")) == ["A5", "A7a", "F3", "F4"]


def test_tables_show_accuracies_at_the_best_rates(summary):
    by_size, by_order = summary.tables
    norms = {1: ["layer"]} | dict.fromkeys((2, 4, 16, 128), CONFIG.norms)
    assert [column.arms for column in by_size.columns] == [[f"{norm}-{size}-0-mixed-best" for norm in own] for size, own in norms.items()]
    assert [column.best for column in by_size.columns[:2]] == ["", "layer-2-0-mixed-best"]
    assert "batch-2-0-mixed-best" not in by_size.columns[1].tied
    assert [set(column.arms) for column in by_order.columns] == [
        {f"{norm}-16-0-{order}-best" for norm in CONFIG.norms} for order in ("mixed", "sorted")
    ]
    assert "batch-16-0-sorted-best" not in by_order.columns[1].tied


def test_norm_without_a_rival_is_not_marked_as_the_best():
    alone = dataclasses.replace(CONFIG, norms=("batch",), batch_sizes=(16,))
    tables = make_summary(alone, make_frame(alone, folklore)).tables
    assert [(len(column.arms), column.best) for table in tables for column in table.columns] == [(1, "")] * 3


def test_no_two_comparisons_have_the_same_label(summary):
    factors = {arm.key: arm.factors for arm in summary.arms}
    labels = [(comparison.measure, comparison_title(comparison, factors)) for comparison in summary.comparisons]
    assert len(set(labels)) == len(labels)


def test_all_figures_are_drawn(summary, tmp_path):
    names = ["accuracy", "evaluation", "noise", "ghost", "learning_rate"]
    assert list(WORDS.figures_of(summary)) == names
    save_figures(summary, WORDS, tmp_path)
    assert {path.stem for path in tmp_path.glob("*.svg")} == set(names)
    assert {claim.figure for claim in CLAIMS} <= set(names)


def lines_of(ax):
    """Label to heights of the lines that have one."""
    return {str(line.get_label()): np.asarray(line.get_ydata()) for line in ax.get_lines() if not str(line.get_label()).startswith("_")}


def test_accuracies_are_drawn_for_every_kind_of_rate_that_arms_have(summary):
    with styled():
        panels = {name: WORDS.drawings[name].make(summary, WORDS).axes for name in ("accuracy", "ghost")}
    kinds = {"accuracy": ("fixed", "scaled", "best"), "ghost": ("fixed", "best")}
    titles = {"accuracy": {"batch": "BatchNorm", "layer": "LayerNorm"}, "ghost": {"ghost": "GhostBatchNorm"}}
    for name, axes in panels.items():
        for ax, kind in zip(axes, kinds[name], strict=True):
            for norm, title in titles[name].items():
                arms = arms_of(summary, norm=norm, order="mixed", rate=kind)
                assert lines_of(ax)[title] == pytest.approx([100 * arm.measures["test_accuracy"].mean for arm in arms])


def test_evaluation_draws_every_kind_of_statistics(summary):
    with styled():
        figure = evaluation(summary, WORDS)
    for ax, norm in zip(figure.axes, ("batch", "renorm"), strict=True):
        drawn = lines_of(ax)
        own, reference = (arms_of(summary, norm=name, ghost_size=0, order="mixed", rate="best") for name in (norm, "layer"))
        for kind in ("biased", "unbiased", "population", "batch_statistics"):
            expected = [100 * arm.measures[f"test_accuracy_{kind}"].mean for arm in own]
            assert drawn[kind.replace("_", " ")] == pytest.approx(expected)
        assert drawn["LayerNorm"] == pytest.approx([100 * arm.measures["test_accuracy"].mean for arm in reference])
        assert len(drawn) == 5


def test_learning_rates_are_drawn_beside_the_fixed_and_the_scaled_one(summary):
    moved = dataclasses.replace(summary.sweeps[2], marked=summary.sweeps[2].marked | {"best": {"learning_rate": 0.025}})
    changed = dataclasses.replace(summary, sweeps=[*summary.sweeps[:2], moved, *summary.sweeps[3:]])
    with styled():
        drawn = lines_of(learning_rate(changed, WORDS).axes[0])
    assert drawn["LayerNorm"].tolist() == [0.4, 0.4, 0.025, 0.4, 0.4]
    assert drawn["BatchNorm"].tolist() == [0.4] * 4
    assert drawn["fixed rate"].tolist() == [0.1] * 5
    assert drawn["scaled rate"] == pytest.approx([0.1 * size / 16 for size in (1, 2, 4, 16, 128)])


def test_table_of_rates_marks_the_chosen_ones_and_counts_updates(summary):
    (details,) = more(summary)
    assert isinstance(details, Details)
    table = details.blocks[0]
    assert isinstance(table, Table)
    assert table.headings[3:] == ("0.025", "0.1", "0.4")
    assert [row[1].text for row in table.rows[:5]] == ["2,048", "1,024", "512", "128", "16"]
    for row, sweep in zip(table.rows, summary.sweeps, strict=True):
        assert [cell.mark for cell in row[3:]] == ["", "", "best"]
        assert float(row[-1].text) == pytest.approx(100 * sweep.points[-1].measures["validation_accuracy"].mean, abs=0.1)


def test_keys_of_ghosts_tell_their_size():
    assert BatchSizeArm("ghost", 128, 8, "mixed").key == "ghost-128-8-mixed"
