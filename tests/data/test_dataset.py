"""Statistics and division of a set, on arrays."""

import numpy as np
import pytest
from data.sets import make_split
from helpers import EXACT_TOLERANCE

from jaxnorm.data.dataset import DataError, channel_statistics, divide, first_examples
from jaxnorm.data.digits import load_digits


@pytest.mark.parametrize("shape", [(8, 8, 1), (5, 3, 3)])
@pytest.mark.parametrize("scale", [255.0, 16.0])
def test_channel_statistics_equal_float64_reference(shape, scale):
    images = make_split(50, shape).inputs
    reference = images.astype(np.float64) / scale
    mean, std = channel_statistics(images, scale)
    assert mean.dtype == std.dtype == np.float32
    np.testing.assert_allclose(mean, reference.mean(axis=(0, 1, 2)), rtol=EXACT_TOLERANCE)
    np.testing.assert_allclose(std, reference.std(axis=(0, 1, 2)), rtol=EXACT_TOLERANCE)


def test_channel_statistics_do_not_depend_on_the_order_of_images():
    images = make_split(50).inputs
    np.testing.assert_array_equal(channel_statistics(images, 255.0), channel_statistics(images[::-1], 255.0))


def test_constant_channel_has_unit_deviation():
    images = make_split(10, (4, 4, 4)).inputs
    images[..., 3] = 255
    mean, std = channel_statistics(images, 255.0)
    assert (mean[3], std[3]) == (1.0, 1.0)
    assert (std[:3] < 1).all()


def test_division_cuts_missing_splits_from_the_end():
    full = make_split(60)
    train, validation, test = divide("set", {"train": full})
    assert [len(split.labels) for split in (train, validation, test)] == [40, 10, 10]
    np.testing.assert_array_equal(np.concatenate([train.inputs, validation.inputs, test.inputs]), full.inputs)
    np.testing.assert_array_equal(np.concatenate([train.labels, validation.labels, test.labels]), full.labels)


def test_division_keeps_the_splits_there_are():
    given = {"train": make_split(60), "validation": make_split(7, seed=1), "test": make_split(9, seed=2)}
    for part, name in zip(divide("set", given), given, strict=True):
        assert part is given[name]


def test_division_with_a_test_split_takes_the_last_sixth_for_validation():
    full = make_split(60)
    train, validation, _ = divide("set", {"train": full, "test": make_split(9, seed=2)})
    np.testing.assert_array_equal(validation.inputs, full.inputs[50:])
    np.testing.assert_array_equal(train.inputs, full.inputs[:50])


def test_division_with_a_validation_split_takes_the_last_sixth_for_test():
    full = make_split(60)
    train, _, test = divide("set", {"train": full, "validation": make_split(9, seed=2)})
    np.testing.assert_array_equal(test.inputs, full.inputs[50:])
    np.testing.assert_array_equal(train.inputs, full.inputs[:50])


@pytest.mark.parametrize(("splits", "message"), [({"test": 9}, "the splits test"), ({"train": 5}, "fewer than 6")])
def test_division_refuses_what_it_cannot_divide(splits, message):
    with pytest.raises(DataError, match=f"^my_set has .*{message}"):
        divide("my_set", {name: make_split(count) for name, count in splits.items()})


def test_first_examples_are_cut_from_every_split_and_standardised_as_the_whole():
    digits = load_digits(None)
    cut = first_examples(digits, 200)
    assert [len(split.labels) for split in (cut.train, cut.validation, cut.test)] == [200, 180, 180]
    np.testing.assert_array_equal(cut.train.inputs, digits.train.inputs[:200])
    np.testing.assert_array_equal(cut.train.labels, digits.train.labels[:200])
    assert cut.train.lengths is None
    assert (cut.mean, cut.std, cut.name) == (digits.mean, digits.std, digits.name)
