"""Names and numbers as people read them: rounding to the interval, and a label for every kind of contrast."""

import dataclasses
import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxnorm.experiments.compare.study import CompareArm
from jaxnorm.report.text import (
    MINUS,
    arm_title,
    comparison_title,
    conjoin,
    count,
    described,
    difference,
    difference_text,
    duration,
    level,
    level_text,
    level_titles,
    margin,
    norm_title,
    number,
    say,
    signed,
)
from jaxnorm.stats.arm import Arm
from jaxnorm.stats.contrasts import Contrast, of_arms, of_contrasts, slope
from jaxnorm.stats.summary import Comparison, Estimate
from jaxnorm.stats.units import DECADES, EPOCHS, FRACTION, GRADIENT, NATS, POINTS, RATIO, Unit


def make_comparison(contrast: Contrast | None = None, **changes) -> Comparison:
    """A comparison whose numbers are of no account but for ``changes``."""
    weights = dict(contrast.weights) if contrast else {}
    known = Comparison(
        weights=weights,
        over=contrast.over if contrast else "",
        measure="train_loss",
        mean=0.0,
        half=1.0,
        half_alone=0.5,
        margin=0.1,
        n=8,
        finding="open",
        deviation=1.0,
        test_error=None,
        strays=0,
        seeds_needed=None,
        listed=True,
    )
    return dataclasses.replace(known, **changes)


@pytest.mark.parametrize(
    ("mean", "half", "unit", "cells", "text"),
    [
        (0.012, 0.0019, NATS, ("+0.0120", "[0.0101, 0.0139]"), "+0.0120 nats [0.0101, 0.0139]"),
        (-0.0021, 0.0014, FRACTION, (f"{MINUS}0.21", f"[{MINUS}0.35, {MINUS}0.07]"), f"{MINUS}0.21 pp [{MINUS}0.35, {MINUS}0.07]"),
        (0.0, 0.0, NATS, ("0", "[0, 0]"), "0 nats [0, 0]"),
        (0.5, None, EPOCHS, ("+0.500", ""), "+0.500 epochs"),
        (-0.00001, 0.1, NATS, ("0.00", f"[{MINUS}0.10, 0.10]"), f"0.00 nats [{MINUS}0.10, 0.10]"),
        (12345.0, 1000.0, RATIO, ("+12345", "[11345, 13345]"), "+12345 [11345, 13345]"),
        (
            3.14e-7,
            2e-8,
            GRADIENT,
            (f"+3.1e{MINUS}07", f"[2.9e{MINUS}07, 3.3e{MINUS}07]"),
            f"+3.1e{MINUS}07 nats per weight [2.9e{MINUS}07, 3.3e{MINUS}07]",
        ),
        (-3.14e-7, None, RATIO, (f"{MINUS}3.1e{MINUS}07", ""), f"{MINUS}3.1e{MINUS}07"),
        (3e-7, 1e-5, NATS, ("0.000000", f"[{MINUS}0.000010, 0.000010]"), f"0.000000 nats [{MINUS}0.000010, 0.000010]"),
        (-0.3, 0.02, DECADES, (f"{MINUS}0.300", f"[{MINUS}0.320, {MINUS}0.280]"), f"{MINUS}0.300 decades [{MINUS}0.320, {MINUS}0.280]"),
    ],
)
def test_difference_keeps_two_digits_of_the_half_width(mean, half, unit, cells, text):
    comparison = make_comparison(mean=mean, half=half)
    assert difference(comparison, unit) == cells
    assert difference_text(comparison, unit) == text


def test_difference_turned_round_has_its_ends_exchanged():
    comparison = make_comparison(mean=0.012, half=0.0019)
    assert difference(comparison, NATS, -1) == (f"{MINUS}0.0120", f"[{MINUS}0.0139, {MINUS}0.0101]")


@pytest.mark.parametrize(
    ("mean", "half", "unit", "cells", "text"),
    [
        (0.97945, 0.00095, FRACTION, ("97.945", "±0.095"), "97.945 ±0.095 %"),
        (0.97945, None, FRACTION, ("97.9", ""), "97.9 %"),
        (0.0482, 0.0011, NATS, ("0.0482", "±0.0011"), "0.0482 ±0.0011 nats"),
        (0.0048, 0.0011, POINTS, ("0.48", "±0.11"), "0.48 ±0.11 pp"),
        (3.0, 0.0, RATIO, ("3.00", "±0.00"), "3.00 ±0.00"),
        (0.5, 2e-8, RATIO, ("0.500000", f"±2.0e{MINUS}08"), f"0.500000 ±2.0e{MINUS}08"),
        (3.14e-9, 2e-9, FRACTION, (f"3.1e{MINUS}07", f"±2.0e{MINUS}07"), f"3.1e{MINUS}07 ±2.0e{MINUS}07 %"),
        (-1.5, 0.25, RATIO, (f"{MINUS}1.50", "±0.25"), f"{MINUS}1.50 ±0.25"),
    ],
)
def test_level_is_in_the_unit_of_readers(mean, half, unit, cells, text):
    estimate = Estimate(mean, half, 8)
    assert level(estimate, unit) == cells
    assert level_text(estimate, unit) == text


@given(st.floats(-1e6, 1e6), st.floats(1e-4, 1e6), st.sampled_from([NATS, FRACTION]))
def test_what_is_printed_is_as_exact_as_two_digits_of_the_half_width(mean, half, unit):
    comparison, scale = make_comparison(mean=mean, half=half), unit.factor
    printed, interval = difference(comparison, unit)
    places = 10.0 ** max(0.0, -math.floor(math.log10(scale * half)) + 1)
    rounding = max(0.5 / places, 0.5e-6) * (1 + 1e-9) + 1e-9 * scale * abs(mean)
    assert abs(_read(printed) - scale * mean) <= rounding
    low, high = (_read(end) for end in interval.strip("[]").split(", "))
    assert abs(low - scale * (mean - half)) <= rounding + 1e-9 * scale * half
    assert abs(high - scale * (mean + half)) <= rounding + 1e-9 * scale * half


def _read(text: str) -> float:
    return float(text.replace(MINUS, "-"))


def test_numbers_have_a_true_minus_and_no_negative_zero():
    assert [number(value, 2) for value in (-0.004, 0.004, -0.006, 1.005e3)] == ["0.00", "0.00", f"{MINUS}0.01", "1005.00"]
    assert [number(value, 0, sign=True) for value in (-0.4, 0.4, 0.6)] == ["0", "0", "+1"]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.005, FRACTION, "0.50"),
        (0.0017, NATS, "0.0017"),
        (0.0, NATS, "0"),
        (12.0, EPOCHS, "12"),
        (1.26e-9, NATS, f"1.3e{MINUS}09"),
        (2e-6, NATS, "0.000002"),
    ],
)
def test_margin_has_two_digits(value, unit, text):
    assert margin(value, unit) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.00812, "+0.0081"), (-3.1e-7, f"{MINUS}3.1e{MINUS}07"), (3.1e-7, f"+3.1e{MINUS}07"), (0.0, "0"), (-12.4, f"{MINUS}12")],
)
def test_signed_has_two_digits(value, text):
    assert signed(value) == text


@given(st.floats(1e-300, 1e-6, exclude_max=True), st.sampled_from([1, -1]))
def test_small_numbers_are_never_printed_as_zero(value, sign):
    for text in (
        signed(sign * value),
        level(Estimate(sign * value, None, 1), NATS)[0],
        difference(make_comparison(mean=sign * value, half=None), NATS)[0],
    ):
        assert _read(text) == pytest.approx(sign * value, rel=0.05)


def test_own_norm_is_never_called_as_one_of_the_table():
    assert [norm_title(name) for name in ("batch", "none", "mine")] == ["BatchNorm", "no norm", "mine"]
    assert norm_title("nets.mine:MyNorm") == "MyNorm"
    assert norm_title("nets.mine:LayerNorm") == "LayerNorm (nets.mine)"


def test_slots_are_put_into_words():
    assert [say(value) for value in (16, 0.001, [16, 32, 128], ["none", "layer"], "mine")] == [
        "16",
        "0.001",
        "16, 32 and 128",
        "no norm and LayerNorm",
        "mine",
    ]


def test_lists_and_counts_and_times():
    assert [conjoin(each) for each in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
    assert [count(amount, "seed") for amount in (0, 1, 2, 12000)] == ["0 seeds", "1 seed", "2 seeds", "12,000 seeds"]
    assert [duration(seconds) for seconds in (9.6, 414, 7560)] == ["10 s", "6.9 min", "2.1 h"]


@dataclasses.dataclass(frozen=True, order=True)
class DeepArm(Arm):
    """An arm with a factor of words and two numbers."""

    placement: str
    depth: int
    warmup_steps: int = 0


A, B, C, D = (CompareArm(norm, size) for norm in ("batch", "layer") for size in (16, 128))
DEEP = [DeepArm(norm, placement, depth) for norm in ("batch", "none") for placement in ("none", "post") for depth in (2, 8, 32)]
WARM = DeepArm("batch", "post", 2, 100)


def label(contrast: Contrast, sign: int = 1) -> str:
    arms = {arm.key: arm.factors for arm in (A, B, C, D, *DEEP, WARM)}
    return comparison_title(make_comparison(contrast), arms, sign)


def along(norm: str, placement: str) -> Contrast:
    arms = [DeepArm(norm, placement, depth) for depth in (2, 8, 32)]
    return slope(arms, [1, 3, 5], "depth")


KINDS = {
    "norms": (of_arms(A, C), f"BatchNorm {MINUS} LayerNorm, batch size 16"),
    "sizes": (of_arms(A, B), f"BatchNorm, batch size 16 {MINUS} 128"),
    "both": (of_arms(A, D), f"BatchNorm, batch size 16 {MINUS} LayerNorm, batch size 128"),
    "interaction": (of_contrasts(of_arms(A, B), of_arms(C, D)), f"(BatchNorm {MINUS} LayerNorm), batch size 16 {MINUS} 128"),
    "placements": (of_arms(DEEP[3], DEEP[0]), f"BatchNorm, depth 2, post-norm {MINUS} residual blocks"),
    "what is not mentioned otherwise": (
        of_arms(WARM, DEEP[3]),
        f"BatchNorm, post-norm blocks, depth 2, warm-up of 100 updates {MINUS} no warm-up",
    ),
    "trend": (along("batch", "post"), f"BatchNorm, post-norm blocks, depth 32 {MINUS} 2 on a fitted line"),
    "difference of trends": (
        of_contrasts(along("batch", "post"), along("none", "post")),
        f"BatchNorm {MINUS} no norm, post-norm blocks, depth 32 {MINUS} 2 on a fitted line",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_contrasts_of_all_kinds_have_a_label(kind):
    contrast, expected = KINDS[kind]
    assert label(contrast) == expected


def test_labels_tell_contrasts_and_their_sides_apart():
    labels = [label(contrast, sign) for contrast, _ in KINDS.values() for sign in (1, -1)]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("pair", list(itertools.permutations([A, B, C, D], 2)), ids=lambda pair: f"{pair[0].key} {pair[1].key}")
def test_label_turned_round_is_that_of_the_arms_exchanged(pair):
    first, second = pair
    assert label(of_arms(first, second), -1) == label(of_arms(second, first))


def test_titles_of_arms_and_columns():
    assert arm_title(A.factors) == "BatchNorm 16"
    assert described(A.factors) == "BatchNorm, batch size 16"
    assert level_titles("batch_size", [16, 128]) == ["batch size 16", "128"]
    assert level_titles("norm", ["batch", "none"]) == ["BatchNorm", "no norm"]


def test_units_without_a_name_leave_no_gap():
    nameless = Unit("", "")
    assert level_text(Estimate(1.0, None, 1), nameless) == "1.00"
    assert difference_text(make_comparison(mean=1.0, half=None), nameless) == "+1.00"
