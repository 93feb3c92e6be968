"""What a data set is once it is loaded: three splits, how to standardise them, and where they came from."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jaxnorm.data.digest import digest_arrays
from jaxnorm.data.errors import DataError

BYTE_SCALE = 255.0


class Split(NamedTuple):
    """Examples and their labels, in a fixed order."""

    inputs: np.ndarray
    """Images, uint8 ``(N, H, W, C)``; or sequences, of vectors ``(N, T, D)`` or of tokens, int32 ``(N, T)``."""

    labels: np.ndarray
    """int32 from 0 to K - 1: one of each example, ``(N,)``, or of each position, ``(N, T)``."""

    lengths: np.ndarray | None = None
    """int32 ``(N,)``: how many positions of each sequence count, from its start; None where all inputs are of one length."""


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """A labelled set. Standardised inputs are ``(inputs / scale - mean) / std`` along their last axis; tokens have no ``mean`` and stay."""

    name: str
    version: str
    train: Split
    validation: Split
    test: Split
    num_classes: int
    """K."""

    mean: np.ndarray | None
    """float32 ``(C,)``: mean of the training inputs, in units of value / scale; None for tokens."""

    std: np.ndarray | None
    """float32 ``(C,)``: population standard deviation of the training inputs, in units of value / scale; 1 for a constant channel."""

    scale: float
    """The stored value that counts as 1: 255 for photographs, 16 for digits."""

    source: str
    """One line for a report: where the data came from."""

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of all that training reads of it: the arrays of all splits and how they are standardised; not its name or source."""
        splits = {"train": self.train, "validation": self.validation, "test": self.test}
        arrays = {f"{split}_{name}": array for split, held in splits.items() for name, array in held._asdict().items()}
        arrays |= {"mean": self.mean, "std": self.std, "scale": np.float64(self.scale), "num_classes": np.int64(self.num_classes)}
        return digest_arrays({name: np.asarray(array) for name, array in arrays.items() if array is not None})


def channel_statistics(images: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and population standard deviation of every channel.

    The sums are exact integers, so the result does not depend on the order of the images.

    Args:
        images: uint8 ``(N, H, W, C)``.
        scale: Pixel value that counts as 1.

    Returns:
        Mean and standard deviation, float32 ``(C,)``, in units of pixel / scale. A channel that never varies gets 1 as its standard
        deviation: it then standardises to 0 instead of dividing 0 by 0.
    """
    count = images[..., 0].size
    totals = images.sum(axis=(0, 1, 2), dtype=np.uint64).astype(np.float64)
    squares = np.einsum("nhwc,nhwc->c", images, images, dtype=np.uint64).astype(np.float64)
    mean = totals / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 0.0)) / scale
    constant = images.min(axis=(0, 1, 2)) == images.max(axis=(0, 1, 2))
    return (mean / scale).astype(np.float32), np.where(constant, 1.0, std).astype(np.float32)


def first_examples(dataset: Dataset, number: int, splits: Sequence[str] = ("train", "validation", "test")) -> Dataset:
    """The set with at most ``number`` examples in each of ``splits``, the first ones; standardised as the whole set is."""

    def cut(split: Split) -> Split:
        return Split(split.inputs[:number], split.labels[:number], None if split.lengths is None else split.lengths[:number])

    return dataclasses.replace(dataset, **{name: cut(getattr(dataset, name)) for name in splits})


def divide(name: str, splits: dict[str, Split]) -> tuple[Split, Split, Split]:
    """Turn the splits a set comes with into training, validation and test.

    A missing split is cut from the end of the training images, one sixth of them each: the test set last, the validation set before
    it. MNIST's 60,000 thus give 10,000 for validation.

    Args:
        name: The set, for the message.
        splits: ``train``, and ``validation`` and ``test`` where the set has them; others are ignored.

    Returns:
        Training, validation and test split.

    Raises:
        DataError: no training split, or fewer than six images to cut from.
    """
    if "train" not in splits:
        raise DataError(f"{name} has the splits {', '.join(splits) or '(none)'}, but a split called train is needed: choose another set.")
    parts = dict(splits)
    sixth = len(splits["train"].labels) // 6
    for missing in (part for part in ("test", "validation") if part not in parts):
        if sixth == 0:
            raise DataError(f"{name} has no {missing} split and fewer than 6 training images to cut one from: choose a larger set.")
        parts["train"], parts[missing] = _cut(parts["train"], sixth)
    return parts["train"], parts["validation"], parts["test"]


def _cut(split: Split, count: int) -> tuple[Split, Split]:
    return Split(split.inputs[:-count], split.labels[:-count]), Split(split.inputs[-count:], split.labels[-count:])
