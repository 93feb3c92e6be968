"""Sequences of varying length: made by a seeded generator, or images read row by row or pixel by pixel. NumPy only.

How long a sequence is and how much padding follows it are set apart from each other: a larger padding share appends more padding to
the very same content, so that what changes between two shares is what padding does to a network, never what it could know.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jaxnorm.data.dataset import BYTE_SCALE, Dataset, Split, channel_statistics
from jaxnorm.data.errors import DataError

NUM_CLASSES = 8
SIGNAL = 0.8
"""Distance of a class's mean from the origin, in standard deviations of the noise at one position."""

VOTE = 0.3
"""Chance that a position votes for its class; otherwise its token is any of the ``NUM_CLASSES``."""

_BYTES_PER_DEVIATION = 32
_DECIMALS_OF_LENGTHS = 9
_SPLITS = ("train", "validation", "test")


class Task(NamedTuple):
    """A classification task, of which every position holds the same little evidence."""

    draw: Callable[[np.random.Generator, np.ndarray, int], np.ndarray]
    """From a generator, labels ``(N,)`` and a length L to inputs ``(N, L, ...)``."""

    standardised: bool
    """Whether inputs are vectors, which have a mean and deviation, and not tokens."""


def _draw_vectors(generator: np.random.Generator, labels: np.ndarray, length: int) -> np.ndarray:
    """Gaussian noise in ``NUM_CLASSES`` dimensions around ``SIGNAL`` times the class's unit vector, uint8 ``(N, L, D)``."""
    noise = generator.standard_normal((len(labels), length, NUM_CLASSES), np.float32)
    vectors = noise + SIGNAL * np.eye(NUM_CLASSES, dtype=np.float32)[labels][:, np.newaxis]
    return np.clip(np.rint(_BYTES_PER_DEVIATION * vectors + 128), 0, 255).astype(np.uint8)


def _draw_tokens(generator: np.random.Generator, labels: np.ndarray, length: int) -> np.ndarray:
    """The class's number with chance ``VOTE``, else any of the ``NUM_CLASSES`` tokens, int32 ``(N, L)``."""
    tokens = generator.integers(NUM_CLASSES, size=(len(labels), length), dtype=np.int32)
    return np.where(generator.random(tokens.shape) < VOTE, labels[:, np.newaxis], tokens)


TASKS = {"synthetic_sequences": Task(_draw_vectors, True), "synthetic_tokens": Task(_draw_tokens, False)}
"""Name -> task: in which direction do the vectors point on average, and which token occurs most?"""


def make_sequences(
    name: str,
    *,
    num_train: int = 2000,
    num_evaluation: int = 500,
    mean_length: int = 16,
    length_spread: float = 0.0,
    padding_share: float | None = None,
    seed: int = 0,
) -> Dataset:
    """Make a set of labelled sequences.

    Equal seeds give equal labels and equal content, position by position, whatever the spread and the padding share: a spread decides
    where a sequence ends, a padding share how much follows. The mean length is the same at every spread.

    Args:
        name: A key of ``TASKS``: "synthetic_sequences" (vectors, uint8 ``(N, T, D)``) or "synthetic_tokens" (int32 ``(N, T)``).
        num_train: Training examples.
        num_evaluation: Validation examples, and as many test examples.
        mean_length: Mean number of positions that count.
        length_spread: From 0 to below 1: lengths run evenly from ``(1 - spread)`` to ``(1 + spread)`` times the mean.
        padding_share: Share of all positions that is padding; T is ``mean_length / (1 - padding_share)``, rounded. Default: the least
            share there is, with which the longest sequence just fits: ``spread / (1 + spread)``.
        seed: Decides labels, content and lengths.

    Returns:
        The set, in ``NUM_CLASSES`` equally frequent classes, with lengths. Padding is zero. ``mean`` and ``std`` are those of the
        positions that count.

    Raises:
        DataError: the name is unknown, a number is out of range, or the longest sequence does not fit the padding share.
    """
    if name not in TASKS:
        raise DataError(f"No sequences are called {name!r}: name one of {', '.join(TASKS)}.")
    if min(num_train, num_evaluation) < NUM_CLASSES or mean_length < 1:
        raise DataError(f"Sequences need {NUM_CLASSES} examples or more in every split and a mean length of 1 or more: raise the numbers.")
    _check_spread(length_spread)
    longest = int(np.rint(mean_length * (1 + length_spread)))
    padded_length = _padded_length(mean_length, longest, padding_share)

    def make(index: int, count: int) -> Split:
        labels = np.random.default_rng([seed, index, 0]).permutation(np.arange(count, dtype=np.int32) % NUM_CLASSES)
        content = TASKS[name].draw(np.random.default_rng([seed, index, 1]), labels, 2 * mean_length)
        lengths = _spread_lengths(np.random.default_rng([seed, index, 2]), count, mean_length, length_spread)
        return Split(_pad(content, lengths, padded_length), labels, lengths)

    train, validation, test = (make(index, num_train if split == "train" else num_evaluation) for index, split in enumerate(_SPLITS))
    mean, std = _statistics(train) if TASKS[name].standardised else (None, None)
    scale = BYTE_SCALE if TASKS[name].standardised else 1.0
    source = f"jaxnorm.data.make_sequences: mean length {mean_length}, spread {length_spread:g}, {padded_length} positions, seed {seed}"
    return Dataset(name, "1.0.0", train, validation, test, NUM_CLASSES, mean, std, scale, source)


def load_sequences(name: str, data_dir: Path | None = None) -> Dataset:
    """``make_sequences`` with lengths from 8 to 24, of which a third is padding; ``data_dir`` is ignored, as by every embedded set."""
    del data_dir
    return make_sequences(name, length_spread=0.5)


def as_rows(dataset: Dataset) -> Dataset:
    """Images ``(N, H, W, C)`` as sequences of H rows ``(N, H, W C)``. Raises DataError if the inputs are no images."""
    return _reshaped(dataset, "rows", lambda shape: (shape[1], shape[2] * shape[3]))


def as_pixels(dataset: Dataset) -> Dataset:
    """Images ``(N, H, W, C)`` as sequences of pixels, row by row ``(N, H W, C)``. Raises DataError if the inputs are no images."""
    return _reshaped(dataset, "pixels", lambda shape: (shape[1] * shape[2], shape[3]))


def _reshaped(dataset: Dataset, suffix: str, shape_of: Callable[[tuple[int, ...]], tuple[int, int]]) -> Dataset:
    shape, mean, std = dataset.train.inputs.shape, dataset.mean, dataset.std
    if len(shape) != 4 or mean is None or std is None:
        raise DataError(f"{dataset.name} holds no images but inputs of shape {shape[1:]}: choose a set of images to read as sequences.")
    steps, features = shape_of(shape)
    splits = {name: getattr(dataset, name) for name in _SPLITS}
    return dataclasses.replace(
        dataset,
        name=f"{dataset.name}_{suffix}",
        mean=np.tile(mean, features // len(mean)),
        std=np.tile(std, features // len(std)),
        source=f"{dataset.source}, read as {steps} {suffix}",
        **{name: split._replace(inputs=split.inputs.reshape(-1, steps, features)) for name, split in splits.items()},
    )


def with_padding(dataset: Dataset, *, length_spread: float = 0.0, padding_share: float | None = None, seed: int = 0) -> Dataset:
    """Cut sequences of one length to different ones, and append padding.

    Args:
        dataset: Sequences ``(N, T, ...)`` without lengths, with a label each.
        length_spread: From 0 to below 1: lengths run evenly from ``(1 - spread) / (1 + spread)`` times T to T. What is cut is lost, so
            that a larger spread is a harder task.
        padding_share: Share of all positions that is padding, to rounding; it changes nothing in the content. Default: the least
            share there is, with which a sequence that was not cut just fits.
        seed: Decides which sequences are cut.

    Returns:
        The set with lengths; padding is zero, and ``mean`` and ``std`` stay as they were.

    Raises:
        DataError: a number is out of range, whole sequences do not fit the padding share, or the set is of another kind.
    """
    longest = dataset.train.inputs.shape[1]
    if dataset.train.inputs.ndim > 3 or dataset.train.labels.ndim > 1 or dataset.train.lengths is not None:
        raise DataError(f"{dataset.name} cannot be padded: that takes sequences of one length with a label each, such as rows or pixels.")
    _check_spread(length_spread)
    splits: dict[str, Split] = {name: getattr(dataset, name) for name in _SPLITS}
    lengths = {
        name: _spread_lengths(np.random.default_rng([seed, index]), len(split.labels), longest / (1 + length_spread), length_spread)
        for index, (name, split) in enumerate(splits.items())
    }
    padded_length = _padded_length(float(lengths["train"].mean()), longest, padding_share)
    return dataclasses.replace(
        dataset,
        name=f"{dataset.name}_padded",
        source=f"{dataset.source}, cut with spread {length_spread:g} and seed {seed}, {padded_length} positions",
        **{name: Split(_pad(split.inputs, lengths[name], padded_length), split.labels, lengths[name]) for name, split in splits.items()},
    )


def padding_share_of(split: Split) -> float:
    """The share of all positions that is padding: 0 where all inputs are of one length."""
    return 0.0 if split.lengths is None else float(1 - split.lengths.mean() / split.inputs.shape[1])


def _check_spread(length_spread: float) -> None:
    if not 0 <= length_spread < 1:
        raise DataError(f"length_spread is {length_spread:g}: choose a number from 0 to below 1.")


def _padded_length(mean_length: float, longest: int, padding_share: float | None) -> int:
    """T, such that the mean length leaves the share."""
    if padding_share is None:
        return longest
    if not 0 <= padding_share < 1:
        raise DataError(f"padding_share is {padding_share:g}: choose a number from 0 to below 1.")
    padded_length = int(np.rint(mean_length / (1 - padding_share)))
    if padded_length < longest:
        least = 1 - mean_length / longest
        raise DataError(
            f"padding_share is {padding_share:g}, and sequences of up to {longest} positions, {mean_length:g} in the mean, have "
            f"{least:.3g} at least: raise it, or lower length_spread."
        )
    return padded_length


def _spread_lengths(generator: np.random.Generator, count: int, mean_length: float, spread: float) -> np.ndarray:
    """Evenly spread lengths in random order, int32 ``(N,)``: their mean is exact for a whole ``mean_length``, being symmetric about it.

    The least is 1: a spread that would reach below is cut at both ends.
    """
    offsets = (2 * np.arange(count) + 1) / count - 1  # evenly within -1 .. 1
    reach = mean_length * spread if mean_length * (1 - spread) >= 0.5 else mean_length - 1
    exact = np.round(mean_length + reach * offsets, _DECIMALS_OF_LENGTHS)  # halves are halves on both sides of the mean
    return generator.permutation(np.rint(exact).astype(np.int32))


def _pad(content: np.ndarray, lengths: np.ndarray, padded_length: int) -> np.ndarray:
    """The first ``lengths`` positions of each sequence, followed by zeros: ``(N, padded_length, ...)``."""
    shared = min(content.shape[1], padded_length)
    padded = np.zeros((len(content), padded_length, *content.shape[2:]), content.dtype)
    padded[:, :shared] = content[:, :shared]
    padded[np.arange(padded_length) >= lengths[:, np.newaxis]] = 0
    return padded


def _statistics(split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of the vectors that count, float32 ``(D,)``."""
    counts = np.arange(split.inputs.shape[1]) < np.asarray(split.lengths)[:, np.newaxis]
    return channel_statistics(split.inputs[counts][:, np.newaxis, np.newaxis], BYTE_SCALE)
