"""What an instrument asks: distinct comparisons, how many intervals hold together, and the columns of tables."""

import pytest

from jaxnorm.experiments.compare.claims import between_norms, make_plan
from jaxnorm.experiments.compare.study import CompareArm, CompareConfig
from jaxnorm.experiments.measures import MEASURES
from jaxnorm.stats.claims import Asked, Expected
from jaxnorm.stats.contrasts import of_arms
from jaxnorm.stats.plan import ArmsTable, Plan, long_enough

ARMS = [CompareArm(norm, size) for norm in ("batch", "layer", "none") for size in (16, 128)]
LISTED = between_norms("layer", "batch", 16)
FLIPPED = between_norms("batch", "layer", 16)
OTHER = between_norms("none", "batch", 16)


def _plan(contrasts=(), measures=(), claims=(), tables=()) -> Plan:
    asked = [Asked(str(index), {}, comparisons) for index, comparisons in enumerate(claims)]
    return Plan(ARMS, contrasts, measures, asked, tables, MEASURES)


def test_every_contrast_is_listed_by_every_measure():
    plan = _plan([LISTED, OTHER], ["train_loss", "test_accuracy"])
    assert len(plan.comparisons) == plan.number == 4


def test_same_comparison_is_one_whoever_asks_and_whichever_way_round():
    plan = _plan(
        [LISTED, OTHER],
        ["train_loss"],
        [
            [Expected(LISTED, "train_loss", "lower"), Expected(FLIPPED, "train_loss", "higher")],
            [Expected(FLIPPED, "train_loss", "same"), Expected(LISTED, "train_loss@3", "lower")],
        ],
    )
    assert list(plan.comparisons.values()) == [(LISTED, "train_loss"), (OTHER, "train_loss"), (LISTED, "train_loss@3")]
    assert plan.number == 3


def test_first_to_ask_says_which_way_round():
    plan = _plan(claims=[[Expected(FLIPPED, "train_loss", "lower")], [Expected(LISTED, "train_loss", "lower")]])
    assert list(plan.comparisons.values()) == [(FLIPPED, "train_loss")]


def test_best_marks_count_their_arms_but_one_for_each_column():
    assert _plan(tables=[ArmsTable(("train_loss",))]).number == len(ARMS) - 1
    assert _plan(tables=[ArmsTable(("train_loss", "test_accuracy"))]).number == 2 * (len(ARMS) - 1)
    assert _plan(tables=[ArmsTable(("train_loss",), across="batch_size")]).number == 2 * (3 - 1)
    assert _plan(tables=[ArmsTable(("train_loss",), where={"norm": "none"})]).number == 1
    assert _plan(tables=[ArmsTable(("train_loss",), where={"norm": "rms"})]).number == 0


def test_same_column_in_two_tables_counts_once():
    tables = [ArmsTable(("train_loss",)), ArmsTable(("train_loss", "test_loss"))]
    assert _plan(tables=tables).number == 2 * (len(ARMS) - 1)


def test_measures_without_a_good_direction_have_no_best_mark():
    import dataclasses

    plan = _plan(tables=[ArmsTable(("train_loss",))])
    neutral = {"train_loss": dataclasses.replace(MEASURES["train_loss"], better="")}
    assert dataclasses.replace(plan, definitions=neutral).number == 0


def test_columns_are_all_arms_or_those_of_each_value():
    factors = [arm.factors for arm in ARMS]
    assert ArmsTable(("train_loss",)).columns(factors) == [[0, 1, 2, 3, 4, 5]]
    assert ArmsTable(("train_loss",), across="norm").columns(factors) == [[0, 1], [2, 3], [4, 5]]
    assert ArmsTable(("train_loss",), across="norm", where={"batch_size": 128}).columns(factors) == [[1], [3], [5]]


def test_number_of_compares_default_plan_is_that_of_its_parts():
    plan = make_plan(CompareConfig())
    listed = 5 * 6  # two norms at two sizes: 2 between norms, 2 between sizes, 1 interaction; by six measures
    epochs = 9  # A2 asks for ten, of which the last is not the listed final loss but the same number under another name
    diagonals = 2  # A1 compares BatchNorm 128 with LayerNorm 16, by two measures
    assert (len(plan.contrasts), len(plan.measures)) == (5, 6)
    assert len(plan.comparisons) == listed + epochs + 1 + diagonals
    assert plan.number == len(plan.comparisons) + 4 * 3  # four columns with best marks, of four arms


@pytest.mark.parametrize(("epochs", "kept"), [(1, ["train_loss"]), (3, ["train_loss"]), (4, ["train_loss", "train_noise"])])
def test_measures_that_a_run_is_too_short_for_are_left_out(epochs, kept):
    assert list(long_enough(["train_loss", "train_noise"], MEASURES, epochs)) == kept


def test_unknown_measures_are_an_error():
    plan = _plan([of_arms(*ARMS[:2])], ["train_los"])
    with pytest.raises(KeyError):
        plan.measure("train_los")


def test_columns_across_numbers_ascend_whatever_the_order_of_arms():
    factors = [{"norm": norm, "batch_size": size} for norm, size in (("batch", 16), ("batch", 128), ("layer", 1), ("layer", 16))]
    assert ArmsTable(("train_loss",), across="batch_size").columns(factors) == [[2], [0, 3], [1]]
