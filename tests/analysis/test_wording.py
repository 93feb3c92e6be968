"""Laws of rounding and naming."""

import pytest

from jaxnorm.analysis.summary import Difference, Estimate
from jaxnorm.analysis.wording import (
    format_amount,
    format_difference,
    format_factor,
    format_level,
    format_levels,
    format_margin,
    format_number,
    format_p,
    format_size,
    norm_title,
)


@pytest.mark.parametrize(
    ("mean", "low", "high", "unit", "text"),
    [
        (0.012, 0.0101, 0.0139, "nats", "+0.0120 nats [0.0101, 0.0139]"),
        (-0.0021, -0.0035, 0.0004, "fraction", "−0.21 points [−0.35, 0.04]"),
        (0.0, 0.0, 0.0, "nats", "0 nats [0, 0]"),
        (0.5, None, None, "epochs", "+0.500 epochs"),
        (-0.00001, -0.1, 0.1, "nats", "0.00 nats [−0.10, 0.10]"),
        (12345.0, 11000.0, 13000.0, "nats", "+12345 nats [11000, 13000]"),
    ],
)
def test_format_difference_keeps_two_digits_of_the_half_width(mean, low, high, unit, text):
    assert format_difference(Estimate(mean, low, high, 3), unit) == text


@pytest.mark.parametrize(
    ("mean", "low", "high", "unit", "text"),
    [
        (0.012, 0.0101, 0.0139, "nats", "0.0120 nats [0.0101, 0.0139]"),
        (-0.012, -0.0139, -0.0101, "nats", "0.0120 nats [0.0101, 0.0139]"),
        (-2.301618, -2.301668, -2.301561, "nats", "2.30 nats [2.30, 2.30]"),
        (-0.0021, -0.0035, 0.0004, "fraction", "0.21 points [−0.04, 0.35]"),
        (-0.5, None, None, "epochs", "0.500 epochs"),
        (0.046, 0.025, 0.066, "ratio", "0.046 [0.025, 0.066]"),
        (-0.5, -0.6, -0.4, "decades", "a factor of 3.2 [2.5, 4.0]"),
        (0.0, 0.0, 0.0, "nats", "0 nats [0, 0]"),
    ],
)
def test_format_amount_leaves_the_direction_to_the_sentence(mean, low, high, unit, text):
    assert format_amount(Estimate(mean, low, high, 3), unit) == text


@pytest.mark.parametrize(("decades", "text"), [(-0.484, "0.33"), (0.48, "3.0"), (1.38, "24"), (2.347, "220"), (4.1, "13,000")])
def test_format_factor_has_two_significant_digits(decades, text):
    assert format_factor(decades) == text
    assert format_size(-abs(decades), "decades") == format_size(abs(decades), "decades")


def test_format_level_prints_accuracies_in_percent():
    assert format_level(Estimate(0.97945, 0.9785, 0.9804, 3), "fraction") == "97.945 ±0.095"
    assert format_level(Estimate(0.97945, None, None, 1), "fraction") == "97.9"


@pytest.mark.parametrize(("p", "text"), [(0.00004, "< 0.001"), (0.031, "= 0.031"), (0.4567, "= 0.46"), (1.0, "= 1")])
def test_format_p_gives_its_relation(p, text):
    assert format_p(p) == text


def test_format_number_has_no_negative_zero():
    assert format_number(-0.0004, 2) == "0.00"
    assert format_margin(0.005, "fraction") == "0.50 points"


def test_norm_title_falls_back_to_the_name():
    assert [norm_title(name) for name in ("batch", "none", "mine")] == ["BatchNorm", "no norm", "mine"]


def test_own_norm_is_never_called_as_one_of_the_table():
    assert norm_title("nets.mine:MyNorm") == "MyNorm"
    assert norm_title("nets.mine:LayerNorm") == "LayerNorm (nets.mine)"


@pytest.mark.parametrize(
    ("mean", "low", "high", "levels", "unit", "text"),
    [
        (-0.0346, -0.0348, -0.0344, (0.05893, 0.09357), "nats", "0.0589 against 0.0936"),
        (-2.3016, -2.3017, -2.3015, (0.000967, 2.302585), "nats", "0.00097 against 2.30"),
        (0.021, 0.017, 0.025, (0.9612, 0.9402), "fraction", "96.12 against 94.02 %"),
        (0.69, 0.52, 0.83, (-0.276, -0.964), "decades", "0.53 against 0.11"),
        (0.1, 0.05, 0.15, (0.1, 0.0), "ratio", "0.100 against 0.000"),
        (0.1, 0.05, 0.15, None, "nats", ""),
    ],
)
def test_format_levels_is_as_precise_as_the_difference_and_no_level_looks_like_zero(mean, low, high, levels, unit, text):
    difference = Difference("a − b", {}, "train_loss", Estimate(mean, low, high, 3), 1.0, 1.0, 0.1, [], levels=levels)
    assert format_levels(difference, unit) == text
