"""The summary of a run: every number of a tiny one by hand, what is counted, and what a table must have."""

import dataclasses
import math

import msgspec
import numpy as np
import pytest
from scipy import stats
from stats.synthetic import DATA, NUM_CLASSES, flat_curves, make_frame, summarise_compare, typed_frame

from jaxnorm.experiments.compare.claims import make_plan
from jaxnorm.experiments.compare.study import CompareArm, CompareConfig
from jaxnorm.experiments.measures import MEASURES
from jaxnorm.stats.claims import Asked, Expected
from jaxnorm.stats.contrasts import of_arms, of_contrasts, slope
from jaxnorm.stats.intervals import critical_value, find, level_of
from jaxnorm.stats.plan import ArmsTable, Plan
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.stats.seeds import seeds_needed
from jaxnorm.stats.summarise import summarise
from jaxnorm.stats.summary import DIGITS, Comparison, Summary
from jaxnorm.stats.values import outlying

A, B, C = (CompareArm(norm, 16) for norm in ("batch", "layer", "none"))
LUCK = np.linspace(-0.1, 0.1, 8)
SCATTER = np.array([-1, 1, -1, 1, 1, -1, 1, -1]) * 0.001


def tiny(losses: dict[CompareArm, np.ndarray], *, accuracies=None, claims=(), contrasts=None, measures=("train_loss",), **more) -> Summary:
    """A run of one epoch whose losses are typed in."""
    arms = list(losses)
    accuracies = accuracies or {}
    plan = Plan(
        arms=arms,
        contrasts=[of_arms(arm, arms[0]) for arm in arms[1:]] if contrasts is None else contrasts,
        measures=measures,
        claims=[Asked(name, {}, parts) for name, parts in claims],
        tables=[ArmsTable(tuple(measures))],
        definitions=more.pop("definitions", MEASURES),
        curves=["validation_accuracy"],
    )
    return summarise(
        typed_frame({arm: flat_curves(values, accuracies.get(arm)) for arm, values in losses.items()}),
        plan,
        DecisionRule(),
        instrument="tiny",
        settings={},
        data=DATA,
        num_classes=NUM_CLASSES,
        seconds={arm.key: [1.0, 2.0] for arm in arms},
        **more,
    )


@pytest.fixture(scope="module")
def summary() -> Summary:
    return summarise_compare(CompareConfig(norms=("batch", "layer", "none"), seeds=16, epochs=6))


def test_comparison_is_that_of_its_hand_made_numbers():
    first, second = 0.5 + LUCK, 0.4 + LUCK + SCATTER
    (found,) = tiny({A: first, B: second}).comparisons
    number = 2  # it, and the best mark of the table
    difference = second - first
    half = stats.t.ppf(1 - 0.05 / number / 2, 7) * stats.sem(difference)
    margin = 0.05 * (first.mean() + second.mean()) / 2
    assert found.weights == {"layer-16": 1.0, "batch-16": -1.0}
    assert (found.measure, found.n, found.listed, found.over) == ("train_loss", 8, True, "")
    assert found.mean == pytest.approx(difference.mean())
    assert found.half == pytest.approx(half)
    assert found.half_alone == pytest.approx(stats.t.ppf(0.975, 7) * stats.sem(difference))
    assert found.deviation == pytest.approx(difference.std(ddof=1))
    assert found.margin == pytest.approx(margin)
    assert (found.finding, found.test_error, found.strays, found.seeds_needed) == ("lower", None, 0, None)


def test_arm_is_that_of_its_hand_made_numbers():
    values = 0.5 + LUCK
    arm = tiny({A: values, B: values}, accuracies={A: 0.9 + LUCK}).arms[0]
    half = stats.t.ppf(0.975, 7) * stats.sem(values)
    estimate = arm.measures["train_loss"]
    assert (estimate.mean, estimate.half, estimate.n) == pytest.approx((values.mean(), half, 8))
    assert arm.by_seed["train_loss"] == values.tolist()
    curve = arm.curves["validation_accuracy"]
    assert [*curve.mean, *curve.low, *curve.high] == pytest.approx([0.9, 0.9 - half, 0.9 + half])
    assert (arm.seconds.mean, arm.seconds.n) == (1.5, 2)
    assert arm.unconverged == list(range(8))  # none comes down to 0.2 nats
    some = tiny({A: np.array([0.5, 0.21, 0.2, 0.19, 0.5, 0.1, 0.3, 0.4]), B: values}).arms[0]
    assert some.unconverged == [0, 1, 4, 6, 7]


def test_interaction_is_the_difference_of_differences():
    losses = {arm: 0.5 + rank * LUCK + rank * SCATTER[::-1] for rank, arm in enumerate((A, B, C, CompareArm("none", 128)))}
    contrast = of_contrasts(of_arms(A, B), of_arms(C, CompareArm("none", 128)))
    (found,) = tiny(losses, contrasts=[contrast]).comparisons
    first, second, third, fourth = losses.values()
    assert found.mean == pytest.approx((first - second - third + fourth).mean())
    assert found.deviation == pytest.approx((first - second - third + fourth).std(ddof=1))
    assert found.margin == pytest.approx(0.05 * np.mean(list(losses.values())))


def test_differences_follow_from_the_arms(summary):
    by_seed = {arm.key: arm.by_seed for arm in summary.arms}
    means = {arm.key: arm.measures for arm in summary.arms}
    critical = critical_value(16, level_of(summary.number))
    listed = [each for each in summary.comparisons if each.listed]
    assert len(listed) == 9 * 6
    for each in listed:
        expected = sum(weight * np.array(by_seed[key][each.measure]) for key, weight in each.weights.items())
        assert (each.mean, each.deviation) == pytest.approx((expected.mean(), expected.std(ddof=1)))
        assert each.half == pytest.approx(critical * each.deviation / 4)
        share = 0.05 * np.mean([means[key][each.measure].mean for key in each.weights])
        assert each.margin == pytest.approx(0.005 if each.measure.endswith("accuracy") else share)
        assert each.finding == find(each.mean, each.half, each.margin)


def test_seeds_needed_are_those_of_the_observed_scatter_and_only_where_it_is_open(summary):
    assert {each.finding for each in summary.comparisons} == {"higher", "lower", "negligible", "open"}
    for each in summary.comparisons:
        expected = seeds_needed(each.mean, each.deviation, each.margin, summary.number) if each.finding == "open" else None
        assert each.seeds_needed == expected
        assert expected is None or expected > each.n


def test_evidence_reads_its_comparison_from_the_side_of_the_claim():
    parts = [Expected(of_arms(A, B), "train_loss", "higher"), Expected(of_arms(B, A), "train_loss", "lower")]
    against = [Expected(of_arms(A, B), "train_loss", "lower"), Expected(of_arms(A, C), "train_loss", "higher")]
    summary = tiny({A: 0.5 + LUCK, B: 0.4 + LUCK + SCATTER, C: 0.3 + LUCK + SCATTER}, claims=[("for", parts), ("half", against)])
    agreed, halved = summary.verdicts
    assert len(summary.comparisons) == 2
    assert [(part.comparison, part.sign, part.finding) for part in agreed.evidence] == [(0, -1, "as claimed"), (0, 1, "as claimed")]
    assert [(part.comparison, part.sign, part.finding) for part in halved.evidence] == [(0, -1, "opposite"), (1, -1, "as claimed")]
    assert (agreed.word, agreed.as_claimed, agreed.number) == ("supported", 2, 2)
    assert (halved.word, halved.as_claimed, halved.number) == ("mixed", 1, 2)


def test_sign_of_evidence_is_right_where_a_trend_is_the_same_comparison():
    """The middle one of three evenly spaced arms has no weight in a slope, which is then the difference of its ends."""
    arms = [CompareArm("batch", size) for size in (16, 32, 48)]
    line = slope(arms, [1, 2, 3], "batch_size")
    claims = [("line", [Expected(line, "train_loss", "higher")]), ("ends", [Expected(of_arms(arms[0], arms[2]), "train_loss", "lower")])]
    losses = {arm: 0.3 + 0.1 * rank + LUCK + rank * SCATTER for rank, arm in enumerate(arms)}
    summary = tiny(losses, contrasts=[], claims=claims)
    assert len(summary.comparisons) == 1
    assert [verdict.word for verdict in summary.verdicts] == ["supported", "supported"]


def test_sameness_asks_for_the_seeds_that_decide_the_margin():
    near = [Expected(of_arms(A, B), "train_loss", "same")]
    noisy = 0.2 * np.array([-1, 1, -1, 1, 1, -1, 1, -1])
    summary = tiny({A: 0.5 + LUCK, B: 0.45 + LUCK + noisy}, claims=[("S", near)])
    (part,), (found,) = summary.verdicts[0].evidence, summary.comparisons
    spread = (found.mean, found.deviation, found.margin, summary.number)
    assert (part.finding, found.finding) == ("open", "open")
    assert part.seeds_needed == seeds_needed(*spread, of_margin=True)
    assert found.seeds_needed == seeds_needed(*spread)
    assert part.seeds_needed > found.seeds_needed


def test_test_set_and_grid_step_raise_the_seeds_that_are_needed():
    """In comparisons, and in the evidence of claims."""
    accuracies = {A: 0.9 + 0.5 * LUCK, B: 0.912 + 0.5 * LUCK + 15 * SCATTER}
    claims = [("mine", (Expected(of_arms(B, A), "test_accuracy", "higher"),))]
    right = {arm.key: (np.arange(1000) < number).astype(float) for arm, number in ((A, 900), (B, 940))}
    stepped = {**MEASURES, "test_accuracy": dataclasses.replace(MEASURES["test_accuracy"], step=0.01)}
    needed = []
    for more in ({}, {"examples": right}, {"definitions": stepped}):
        run = tiny({A: 0.5 + LUCK, B: 0.5 + LUCK}, accuracies=accuracies, claims=claims, measures=("test_accuracy",), **more)
        (comparison,), (part,) = run.comparisons, run.verdicts[0].evidence
        assert part.seeds_needed == comparison.seeds_needed
        needed.append(part.seeds_needed)
    alone, with_test_set, with_step = needed
    assert with_test_set is None  # its error alone is more than half the difference
    assert 8 < alone < with_step


def test_outliers_are_far_from_the_median_of_their_arm():
    values = np.linspace(-1, 1, 9)
    spread = 1.4826 * 0.5
    values[-1] = 5.01 * spread
    assert outlying(values).tolist() == [False] * 8 + [True]
    values[-1] = 4.99 * spread
    assert not outlying(values).any()
    assert not outlying(np.array([0, 0, 0, 0, 0, 0, 9.0])).any()  # seven are too few to tell
    assert not outlying(np.zeros(9)).any()


def test_stray_runs_are_counted_once_in_every_comparison_that_they_are_in():
    losses = {A: 0.5 + LUCK, B: 0.4 + LUCK, C: 0.3 + LUCK}
    losses[A] = np.append(losses[A], [np.nan, 0.5])  # diverged, and capped at ln 10 an outlier
    losses[B] = np.append(losses[B], [0.4, 2.2])
    losses[C] = np.append(losses[C], [0.3, 0.3])
    summary = tiny(losses, measures=("train_loss", "test_accuracy"))
    by_key = {arm.key: arm for arm in summary.arms}
    assert [arm.diverged for arm in summary.arms] == [[8], [], []]
    assert by_key["batch-16"].outliers["train_loss"] == [8]
    assert by_key["layer-16"].outliers["train_loss"] == [9]
    assert by_key["none-16"].outliers == {}
    strays = {(each.measure, frozenset(each.weights)): each.strays for each in summary.comparisons}
    assert strays["train_loss", frozenset({"batch-16", "layer-16"})] == 2
    assert strays["train_loss", frozenset({"batch-16", "none-16"})] == 1
    assert strays["test_accuracy", frozenset({"batch-16", "layer-16"})] == 1  # diverged in all measures, an outlier in its own


def test_where_all_runs_of_all_arms_diverged_nothing_is_found():
    """Case 31: ties between networks that only guess."""
    parts = [Expected(of_arms(A, B), "train_loss", "same"), Expected(of_arms(A, C), "train_loss", "higher")]
    guessing = np.full(16, np.nan)
    summary = tiny({A: guessing, B: guessing, C: 0.3 + 0.001 * np.arange(16)}, claims=[("S", parts[:1]), ("H", parts[1:])])
    both, one = summary.comparisons
    assert (both.mean, both.half, both.finding, both.seeds_needed) == (0.0, None, "open", None)
    assert one.finding == "lower"  # C minus A, of whose runs all diverged and of C's none
    assert [(verdict.word, verdict.as_claimed) for verdict in summary.verdicts] == [("inconclusive", 0), ("supported", 1)]
    (column,) = summary.tables[0].columns
    assert (column.best, column.tied) == ("none-16", [])
    everything = tiny({A: guessing, B: guessing, C: guessing}).tables[0].columns[0]
    assert len(everything.tied) == 2


def test_best_is_marked_and_those_that_may_be_as_good():
    losses = {A: 0.5 + LUCK, B: 0.4 + LUCK + SCATTER, C: 0.4003 + LUCK - SCATTER}
    accuracies = {A: 0.9 + LUCK / 10, B: 0.8 + LUCK / 10 + SCATTER, C: 0.9 + LUCK / 10 + SCATTER}
    summary = tiny(losses, accuracies=accuracies, measures=("train_loss", "test_accuracy"))
    loss, accuracy = summary.tables[0].columns
    assert (loss.best, loss.tied) == ("layer-16", ["none-16"])
    assert (accuracy.best, set(accuracy.tied)) == ("batch-16", {"none-16"})
    assert summary.number == 2 * 2 + 2 * 2


def test_best_marks_are_as_strict_as_the_report():
    """Found alone, and not found among two hundred: then it may be as good."""
    losses = {A: 0.5 + LUCK, B: 0.498 + LUCK + SCATTER}
    names = [f"loss_{index}" for index in range(100)]
    many = tiny(losses, measures=("train_loss", *names), definitions={**MEASURES, **dict.fromkeys(names, MEASURES["train_loss"])})
    assert [run.number for run in (tiny(losses), many)] == [2, 202]
    assert [run.tables[0].columns[0].tied for run in (tiny(losses), many)] == [[], ["batch-16"]]


@pytest.mark.parametrize("seeds", [1, 2])
def test_too_few_seeds_mark_nothing_and_find_nothing(seeds):
    summary = tiny({A: 0.5 + LUCK[:seeds], B: 0.1 + LUCK[:seeds]}, claims=[("T", [Expected(of_arms(A, B), "train_loss", "higher")])])
    assert {(column.best, tuple(column.tied)) for column in summary.tables[0].columns} == {("", ())}
    assert [(each.half, each.finding, each.seeds_needed) for each in summary.comparisons] == [(None, "open", None)]
    assert summary.verdicts[0].word == "inconclusive"


def test_measures_without_a_direction_mark_nothing():
    neutral = {"train_loss": dataclasses.replace(MEASURES["train_loss"], better="")}
    summary = tiny({A: 0.5 + LUCK, B: 0.4 + LUCK}, definitions=neutral)
    assert (summary.tables[0].columns[0].best, summary.number) == ("", 1)


def test_error_of_the_test_set_is_in_accuracies_whose_examples_are_known():
    rng = np.random.default_rng(0)
    right = {arm: rng.uniform(size=(8, 400)) < rate for arm, rate in ((A, 0.9), (B, 0.8))}
    accuracies = {arm: each.mean(axis=1) for arm, each in right.items()}
    examples = {arm.key: each.mean(axis=0) for arm, each in right.items()}
    losses = {A: 0.5 + LUCK, B: 0.4 + LUCK + SCATTER}
    known, unknown = (
        tiny(losses, accuracies=accuracies, measures=("train_loss", "test_accuracy", "validation_accuracy"), examples=each)
        for each in (examples, None)
    )
    error = stats.sem(examples[B.key] - examples[A.key])
    with_error, without = ({each.measure: each for each in summary.comparisons} for summary in (known, unknown))
    assert with_error["test_accuracy"].test_error == pytest.approx(error)
    assert (
        with_error["train_loss"].test_error is with_error["validation_accuracy"].test_error is without["test_accuracy"].test_error is None
    )
    widened, plain = with_error["test_accuracy"], without["test_accuracy"]
    critical = critical_value(8, level_of(known.number))
    assert widened.half == pytest.approx(critical * np.hypot(plain.half / critical, error))
    assert widened.half > 1.1 * plain.half
    assert with_error["train_loss"] == without["train_loss"]


def test_examples_of_some_arms_alone_are_not_used():
    summary = tiny({A: 0.5 + LUCK, B: 0.4 + LUCK}, measures=("test_accuracy",), examples={A.key: np.ones(50)})
    assert summary.comparisons[0].test_error is None


def test_resolution_of_a_grid_is_in_every_comparison_of_its_measure():
    losses = {A: 0.5 + LUCK, B: 0.4 + LUCK + SCATTER}
    stepped = {"train_loss": dataclasses.replace(MEASURES["train_loss"], step=0.5)}
    (plain,), (coarse,) = (tiny(losses, definitions=definitions).comparisons for definitions in (MEASURES, stepped))
    assert (coarse.half, coarse.half_alone) == pytest.approx((plain.half + 0.25, plain.half_alone + 0.25))
    assert (plain.finding, coarse.finding) == ("lower", "open")


def test_equal_losses_of_few_seeds_show_nothing_and_rounding_is_no_difference():
    equal = {A: np.full(7, 0.1 + 0.2), B: np.full(7, 0.3)}
    (few,) = tiny(equal).comparisons
    assert (few.mean, few.finding, few.seeds_needed) == (0.0, "open", None)
    (enough,) = tiny({arm: np.append(values, values[0]) for arm, values in equal.items()}).comparisons
    assert (enough.mean, enough.half, enough.finding) == (0.0, 0.0, "negligible")


def test_summary_survives_its_file_to_so_many_digits(summary, tmp_path):
    told = dataclasses.replace(summary, settings=summary.settings | {"question": "[ 1, 2 ]?"}, facts={"levels": [0.1, 0.2]})
    path = tmp_path / "summary.json"
    path.write_bytes(told.to_json())
    loaded = Summary.load(path)
    assert loaded.to_json() == told.to_json()
    assert _is_close(msgspec.to_builtins(loaded), msgspec.to_builtins(told))
    path.write_text("{}")
    with pytest.raises(msgspec.ValidationError):
        Summary.load(path)


def _is_close(one, other) -> bool:
    """Whether two trees of builtins differ in nothing but what the file rounds of floats."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_is_close(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_is_close, one, other))
    return math.isclose(one, other, rel_tol=5 * 10.0**-DIGITS) if isinstance(one, float) else one == other


def test_summary_holds_numbers_and_identifiers_only(summary):
    """Words of a report stand in no value: no value has a space, but the findings of claims."""
    fields = {field.name: getattr(summary, field.name) for field in dataclasses.fields(summary) if field.name not in ("settings", "data")}
    spaced = {text for text in _texts(msgspec.to_builtins(fields)) if " " in text}
    assert spaced <= {"as claimed"}


def _texts(value):
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value


def test_summary_does_not_depend_on_row_order(summary):
    config = CompareConfig(norms=("batch", "layer", "none"), seeds=16, epochs=6)
    assert summarise_compare(config, make_frame(config).sample(frac=1, random_state=0)) == summary


def test_pairing_makes_differences_sharper_than_arms(summary):
    """Arms share their seeds' luck, so a difference scatters less than either arm."""
    found = next(each for each in summary.comparisons if each.measure == "train_loss" and set(each.weights) == {"layer-16", "batch-16"})
    assert found.half_alone < 0.8 * summary.arms[0].measures["train_loss"].half


def test_diverged_seeds_are_counted_by_number_and_capped():
    def diverge(arm, loss):
        loss[3], loss[5] = (np.nan, np.inf) if arm.norm == "batch" else (0.1, 0.1)
        return loss

    summary = summarise_compare(CompareConfig(seeds=8, epochs=5, first_seed=10), effect=diverge)
    batch, layer = summary.arms[0], summary.arms[2]
    assert (batch.diverged, layer.diverged) == ([13, 15], [])
    assert set(batch.diverged) <= set(batch.unconverged)
    assert batch.by_seed["train_loss"][3] == pytest.approx(math.log(NUM_CLASSES))
    assert all(estimate.n == 8 for estimate in batch.measures.values())
    assert all(math.isfinite(value) for arm in summary.arms for values in arm.by_seed.values() for value in values)


@pytest.mark.parametrize("seeds", [1, 2, 4])
@pytest.mark.parametrize("epochs", [1, 5])
@pytest.mark.parametrize(("norms", "sizes"), [(("mine",), (16,)), (("batch", "layer"), (16, 128)), (("layer", "batch", "none"), (64,))])
def test_small_runs_of_any_design_are_summarised(seeds, epochs, norms, sizes):
    summary = summarise_compare(CompareConfig(norms=norms, batch_sizes=sizes, seeds=seeds, epochs=epochs))
    assert Summary.from_json(summary.to_json()).to_json() == summary.to_json()
    assert ("validation_noise" in summary.arms[0].measures) == (epochs >= 4)
    assert (summary.arms[0].measures["train_loss"].half is None) == (seeds == 1)
    assert all(len(arm.curves["train_loss"].mean) == epochs for arm in summary.arms)
    assert seeds > 2 or all(each.finding == "open" for each in summary.comparisons)


def test_metric_that_no_run_has_is_an_error_and_no_gap():
    lost = {"train_loss": dataclasses.replace(MEASURES["train_loss"], metric="gradient_noise")}
    with pytest.raises(ValueError, match="gradient_noise"):
        tiny({A: 0.5 + LUCK, B: 0.4 + LUCK}, definitions=lost)


def test_arm_that_was_not_timed_is_an_error():
    config = CompareConfig(seeds=3, epochs=1)
    frame = make_frame(config)
    with pytest.raises(KeyError):
        summarise(
            frame,
            Plan(config.arms, [], [], [], [], MEASURES),
            DecisionRule(),
            instrument="compare",
            settings={},
            data=DATA,
            num_classes=10,
            seconds={},
        )


def test_comparison_is_listed_or_made_for_a_claim(summary):
    claimed = {part.comparison for verdict in summary.verdicts for part in verdict.evidence}
    unlisted = {index for index, each in enumerate(summary.comparisons) if not each.listed}
    assert unlisted
    assert unlisted <= claimed
    assert all(isinstance(each, Comparison) for each in summary.comparisons)


@pytest.mark.parametrize("part", ["curves", "traces"])
def test_curve_that_no_run_has_is_named(part):
    config = CompareConfig(seeds=3, epochs=2)
    plan = dataclasses.replace(make_plan(config), **{part: ["temperature"]})
    with pytest.raises(ValueError, match=r"'temperature'.*batch-16"):
        summarise(
            make_frame(config),
            plan,
            DecisionRule(),
            instrument="compare",
            settings={},
            data=DATA,
            num_classes=NUM_CLASSES,
            seconds={arm.key: [1.0] for arm in config.arms},
        )
