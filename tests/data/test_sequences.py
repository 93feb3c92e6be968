"""Sequences of varying length: what is set apart stays apart, shares are met, seeds decide everything."""

import numpy as np
import pytest
from data.sets import make_split
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jaxnorm.data import (
    SEQUENCES,
    DataError,
    Dataset,
    as_pixels,
    as_rows,
    load,
    make_sequences,
    padding_share_of,
    with_padding,
)
from jaxnorm.data.sequences import NUM_CLASSES, TASKS

SPLITS = ("train", "validation", "test")
SMALL = {"num_train": 40, "num_evaluation": 16}
EMBEDDED = [*TASKS, "digits_rows", "digits_pixels", "characters"]


def images(shape=(4, 6, 3)):
    """A data set of random images."""
    train, validation, test = (make_split(count, shape, seed=count) for count in (24, 6, 7))
    mean, std = np.linspace(0.1, 0.3, shape[-1], dtype=np.float32), np.linspace(1, 2, shape[-1], dtype=np.float32)
    return Dataset("tiny", "1.0.0", train, validation, test, 3, mean, std, 255.0, "made by this test")


def splits_of(dataset):
    return [getattr(dataset, name) for name in SPLITS]


def valid(split):
    return np.arange(split.inputs.shape[1]) < split.lengths[:, np.newaxis]


@pytest.mark.parametrize("name", EMBEDDED)
def test_embedded_sequences_keep_the_contract(name):
    dataset = load(name)
    assert (dataset.name, dataset.version.count("."), "\n" in dataset.source) == (name, 2, False)
    tokens = dataset.mean is None
    assert tokens == (dataset.std is None)
    assert tokens or dataset.mean.shape == dataset.std.shape == dataset.train.inputs.shape[2:]
    assert len({split.inputs.shape[1:] for split in splits_of(dataset)}) == 1
    for split in splits_of(dataset):
        assert (split.inputs.dtype, split.labels.dtype) == (np.int32 if tokens else np.uint8, np.int32)
        assert split.inputs.ndim == (2 if tokens else 3)
        assert len(split.inputs) == len(split.labels) > 0
        assert (split.labels.min(), split.labels.max()) >= (0, 0)
        assert split.labels.max() < dataset.num_classes
        if split.lengths is not None:
            assert (split.lengths.dtype, split.lengths.shape) == (np.int32, (len(split.labels),))
            assert 1 <= split.lengths.min() <= split.lengths.max() <= split.inputs.shape[1]


@pytest.mark.parametrize("name", EMBEDDED)
def test_embedded_sequences_load_silently_and_twice_the_same(name, capfd):
    np.testing.assert_equal(splits_of(load(name)), splits_of(load(name)))
    assert capfd.readouterr() == ("", "")


def test_every_set_of_images_can_be_read_as_rows_and_as_pixels():
    assert {"digits_rows", "digits_pixels", "mnist_rows", "mnist_pixels", "tiny_shakespeare", "characters", *TASKS} <= set(SEQUENCES)


@pytest.mark.parametrize("name", TASKS)
@settings(max_examples=15)
@example(mean_length=2, spread=0.875, extra=0.0, num_train=8, seed=0)  # shorter than one position, were it not cut
@example(mean_length=3, spread=0.8, extra=0.0, num_train=8, seed=0)  # 1.5 and 4.5 positions, but for rounding errors
@given(
    mean_length=st.integers(2, 20), spread=st.floats(0, 0.99), extra=st.floats(0, 1), num_train=st.integers(8, 50), seed=st.integers(0, 99)
)
def test_padding_share_is_met_to_the_rounding_of_one_position(name, mean_length, spread, extra, num_train, seed):
    least = 1 - mean_length / np.rint(mean_length * (1 + spread))
    share = least + extra * (0.9 - least) if least < 0.9 else least
    dataset = make_sequences(
        name, num_train=num_train, num_evaluation=8, mean_length=mean_length, length_spread=spread, padding_share=share, seed=seed
    )
    for split in splits_of(dataset):
        assert split.lengths.mean() == mean_length  # exactly, in every split
        num_steps = split.inputs.shape[1]
        assert abs(num_steps - mean_length / (1 - share)) <= 0.5 + 1e-9
        assert padding_share_of(split) == pytest.approx(1 - mean_length / num_steps)
        assert not split.inputs[~valid(split)].any()


@pytest.mark.parametrize("name", TASKS)
def test_padding_share_changes_nothing_in_the_content(name):
    least, more = (make_sequences(name, **SMALL, length_spread=0.5, padding_share=share) for share in (None, 0.8))
    for short, long in zip(splits_of(least), splits_of(more), strict=True):
        assert (short.inputs.shape[1], long.inputs.shape[1]) == (24, 80)
        np.testing.assert_array_equal(long.inputs[:, :24], short.inputs)
        np.testing.assert_array_equal(long.labels, short.labels)
        np.testing.assert_array_equal(long.lengths, short.lengths)
    np.testing.assert_equal((more.mean, more.std), (least.mean, least.std))


@pytest.mark.parametrize("name", TASKS)
def test_spread_changes_where_sequences_end_and_nothing_before(name):
    even, uneven = (make_sequences(name, **SMALL, length_spread=spread) for spread in (0.0, 0.5))
    assert (even.train.lengths == 16).all()
    assert (uneven.train.lengths.min(), uneven.train.lengths.max()) == (8, 24)
    np.testing.assert_array_equal(uneven.train.labels, even.train.labels)
    both = valid(uneven.train)[:, :16]
    np.testing.assert_array_equal(uneven.train.inputs[:, :16][both], even.train.inputs[both])


@pytest.mark.parametrize("name", TASKS)
def test_sequences_are_decided_by_the_seed(name):
    first, again, other = (make_sequences(name, **SMALL, length_spread=0.5, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_equal(splits_of(first), splits_of(again))
    assert (first.train.inputs != other.train.inputs).mean() > 0.3
    assert (first.train.lengths != other.train.lengths).any()
    assert (first.train.inputs[:16] != first.test.inputs).any()


BEST = {"synthetic_sequences": {8: 0.77, 16: 0.94, 24: 0.98}, "synthetic_tokens": {8: 0.68, 16: 0.87, 24: 0.95}}
"""Accuracy of the best classifier there is, by length."""


@pytest.mark.parametrize(("name", "accuracy"), BEST.items())
def test_every_position_holds_evidence_so_that_the_best_accuracy_grows_with_length(name, accuracy):
    for mean_length, expected in accuracy.items():
        inputs, labels, _ = make_sequences(name, num_train=4000, num_evaluation=8, mean_length=mean_length).train
        evidence = inputs.sum(1) if inputs.ndim == 3 else (inputs[..., np.newaxis] == np.arange(NUM_CLASSES)).sum(1)
        assert (evidence.argmax(-1) == labels).mean() == pytest.approx(expected, abs=0.03)  # 4 standard errors of 4,000 examples


def test_vectors_standardise_to_zero_mean_and_unit_deviation_where_they_count():
    dataset = make_sequences("synthetic_sequences", **SMALL, length_spread=0.5, padding_share=0.7)
    x = (dataset.train.inputs[valid(dataset.train)] / dataset.scale - dataset.mean) / dataset.std
    np.testing.assert_allclose([x.mean(0), x.std(0)], [[0] * NUM_CLASSES, [1] * NUM_CLASSES], atol=1e-5)


def test_classes_are_equally_frequent():
    counts = np.bincount(make_sequences("synthetic_tokens", num_train=803).train.labels)
    assert set(counts) == {100, 101}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "votes"}, "^No sequences are called 'votes': name one of synthetic_sequences, synthetic_tokens"),
        ({"num_train": 7}, "8 examples or more"),
        ({"mean_length": 0}, "mean length of 1 or more"),
        ({"length_spread": 1.0}, "^length_spread is 1: choose a number from 0 to below 1"),
        ({"length_spread": -0.1}, "^length_spread is -0.1: choose"),
        ({"padding_share": 1.0}, "^padding_share is 1: choose a number from 0 to below 1"),
        ({"padding_share": -0.5}, "^padding_share is -0.5: choose"),
        (
            {"padding_share": 0.2, "length_spread": 0.5},
            "^padding_share is 0.2.* up to 24 positions, 16 in the mean, have 0.333 at least",
        ),
    ],
)
def test_sequences_that_cannot_be_made_say_why(options, message):
    with pytest.raises(DataError, match=message):
        make_sequences(**({"name": "synthetic_tokens"} | options))


def test_rows_and_pixels_are_the_image_in_reading_order():
    dataset = images()
    rows, pixels = as_rows(dataset), as_pixels(dataset)
    assert (rows.name, pixels.name) == ("tiny_rows", "tiny_pixels")
    for image, row, pixel in zip(*map(splits_of, (dataset, rows, pixels)), strict=True):
        assert (row.inputs.shape[1:], pixel.inputs.shape[1:]) == ((4, 18), (24, 3))
        np.testing.assert_array_equal(row.inputs[:, 2, 3 * 5 + 1], image.inputs[:, 2, 5, 1])
        np.testing.assert_array_equal(pixel.inputs[:, 2 * 6 + 5, 1], image.inputs[:, 2, 5, 1])
        np.testing.assert_array_equal(row.labels, image.labels)


def test_rows_and_pixels_standardise_to_what_the_image_does():
    standardised = [(each.train.inputs / each.scale - each.mean) / each.std for each in (images(), as_rows(images()), as_pixels(images()))]
    for sequences in standardised[1:]:
        np.testing.assert_array_equal(sequences.reshape(standardised[0].shape), standardised[0])


@pytest.mark.parametrize("arrange", [as_rows, as_pixels])
def test_only_images_can_be_read_as_rows_or_pixels(arrange):
    with pytest.raises(DataError, match=r"^tiny_rows holds no images but inputs of shape \(4, 18\)"):
        arrange(as_rows(images()))


@pytest.mark.parametrize("share", [None, 0.5, 0.75])
def test_padded_images_keep_the_rows_before_the_cut(share):
    whole = as_rows(images())
    padded = with_padding(whole, length_spread=0.5, padding_share=share)
    for old, new in zip(splits_of(whole), splits_of(padded), strict=True):
        rows = min(old.inputs.shape[1], new.inputs.shape[1])
        cut = valid(new)[:, :rows]
        np.testing.assert_array_equal(new.inputs[:, :rows][cut], old.inputs[:, :rows][cut])
        assert not new.inputs[~valid(new)].any()
        assert new.lengths.max() <= 4
    mean_length = padded.train.lengths.mean()
    assert padded.train.inputs.shape[1] == (4 if share is None else np.rint(mean_length / (1 - share)))
    np.testing.assert_equal((padded.mean, padded.std, padded.num_classes), (whole.mean, whole.std, whole.num_classes))


def test_padding_without_spread_appends_only():
    padded = with_padding(as_rows(images()), padding_share=0.5)
    assert padded.train.inputs.shape[1] == 8
    assert padding_share_of(padded.train) == 0.5
    np.testing.assert_array_equal(padded.train.inputs[:, :4], as_rows(images()).train.inputs)


def test_seed_decides_which_images_are_cut():
    first, again, other = (with_padding(as_rows(images()), length_spread=0.9, seed=seed).train.lengths for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert sorted(first) == sorted(other)
    assert (first != other).any()


@pytest.mark.parametrize("name", ["images", "padded", "characters"])
def test_sets_that_cannot_be_padded_say_so(name):
    dataset = {"images": images, "padded": lambda: with_padding(as_rows(images())), "characters": lambda: load("characters")}[name]()
    with pytest.raises(DataError, match="cannot be padded: that takes sequences of one length with a label each, such as rows or pixels"):
        with_padding(dataset)


def test_share_below_what_the_spread_needs_is_refused():
    with pytest.raises(DataError, match=r"^padding_share is 0.1, and sequences of up to 4 positions.*at least: raise it, or lower"):
        with_padding(as_rows(images()), length_spread=0.5, padding_share=0.1)


def test_unpadded_split_has_no_padding():
    assert padding_share_of(make_split(3)) == 0
