"""Contrasts: weighted sums of arms, and which of them are the same comparison."""

import itertools

import numpy as np
import pytest

from jaxnorm.experiments.compare.study import CompareArm
from jaxnorm.stats.contrasts import Contrast, of_arms, of_contrasts, slope

A, B, C = (CompareArm(norm, 16) for norm in ("batch", "layer", "none"))
D = CompareArm("batch", 128)


def test_weights_are_those_of_a_difference_and_of_a_difference_of_differences():
    assert of_arms(A, B).weights == {"batch-16": 1.0, "layer-16": -1.0}
    interaction = of_contrasts(of_arms(A, D), of_arms(B, C))
    assert interaction.weights == {"batch-16": 1.0, "batch-128": -1.0, "layer-16": -1.0, "none-16": 1.0}


def test_turned_round_it_is_the_same_comparison_with_the_opposite_sign():
    contrasts = [
        of_arms(A, B),
        of_contrasts(of_arms(A, D), of_arms(B, C)),
        slope([A, B, C], [1, 2, 4], "depth"),
        slope([B, A, C], [1, 2, 3], "depth"),
    ]
    for contrast in contrasts:
        turned = Contrast({key: -weight for key, weight in list(contrast.weights.items())[::-1]}, contrast.over)
        assert contrast.key == turned.key
    assert len({contrast.key for contrast in contrasts}) == len(contrasts)


def test_other_arms_or_other_weights_are_another_comparison():
    keys = [contrast.key for contrast in (of_arms(A, B), of_arms(A, C), of_arms(B, C), Contrast({"batch-16": 0.5, "layer-16": -0.5}))]
    assert all(one != other for one, other in itertools.combinations(keys, 2))


def test_arms_that_cancel_are_gone():
    left = of_contrasts(of_arms(B, A), of_arms(C, A))
    assert left.weights == {"layer-16": 1.0, "none-16": -1.0}
    assert left.key == of_arms(C, B).key


@pytest.mark.parametrize("at", [[1.0, 2.0], [0.0, 1.0, 2.0], [1.0, 2.0, 8.0]])
def test_slope_is_the_change_from_end_to_end_of_the_line_that_numpy_fits(at):
    arms = [A, B, C][: len(at)]
    values = np.random.default_rng(0).normal(size=len(at))
    contrast = slope(arms, at, "depth")
    change = sum(contrast.weights[arm.key] * value for arm, value in zip(arms, values, strict=True))
    assert change == pytest.approx(np.polyfit(at, values, 1)[0] * (at[-1] - at[0]))
    assert sum(contrast.weights.values()) == pytest.approx(0, abs=1e-12)
    assert contrast.over == "depth"


def test_difference_of_slopes_stays_a_trend():
    more = [CompareArm(norm, size) for norm in ("batch", "layer") for size in (16, 128)]
    contrast = of_contrasts(slope(more[:2], [16, 128], "batch_size"), slope(more[2:], [16, 128], "batch_size"))
    assert contrast.over == "batch_size"
    assert list(contrast.weights.values()) == pytest.approx([-1, 1, 1, -1])
