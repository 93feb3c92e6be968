"""Reading a set that TFDS prepared as array_record, without TensorFlow.

TFDS describes the folder (features, splits, shards); the records are read shard by shard, which is fast (all of MNIST in 0.2 s) and
tells which file is broken; Pillow decodes the images.
"""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jaxnorm.data.dataset import Split
from jaxnorm.data.errors import DataError, first_line
from jaxnorm.data.features import Features, find_features

_SPLITS = ("train", "validation", "test")
_PILLOW_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


class Prepared(NamedTuple):
    """The content of a prepared folder."""

    splits: dict[str, Split]
    num_classes: int


def read_prepared(folder: Path) -> Prepared:
    """Read and decode the splits called train, validation and test, as far as the set has them.

    Args:
        folder: ``.../set/version``, prepared by TFDS as array_record.

    Returns:
        The splits in the order of the records, and the number of classes K.

    Raises:
        DataError: it is no image classification set, the images are not uint8 of one shape, a split is unlabelled, or a file is broken.
    """
    info = read_info(folder)
    features = find_features(info, str(folder))
    splits = {name: _read_split(info.splits[name], features, folder) for name in _SPLITS if name in info.splits}
    return Prepared(splits, features.num_classes)


def read_info(folder: Path) -> Any:
    """TFDS's ``DatasetInfo`` of a prepared folder. Raises ``DataError`` where it is broken."""
    import tensorflow_datasets as tfds
    from google.protobuf.json_format import ParseError

    try:
        return tfds.builder_from_directory(folder, file_format="array_record").info
    except (ValueError, KeyError, TypeError, AttributeError, ImportError, OSError, ParseError) as error:
        raise DataError(f"The metadata of {folder} cannot be read ({first_line(error)}): prepare the set again.") from error


def _read_split(info: Any, features: Features, folder: Path) -> Split:
    images: np.ndarray | None = None
    labels = np.empty(info.num_examples, np.int32)
    for index, (image, label) in enumerate(_examples(info, features)):
        if images is None:
            images = np.empty((info.num_examples, *image.shape), np.uint8)
        if image.shape != images.shape[1:]:
            raise DataError(f"The images of {folder} have different shapes ({images.shape[1:]}, {image.shape}): choose a set of one shape.")
        images[index], labels[index] = image, label
    if images is None:
        raise DataError(f"The split {info.name} of {folder} is empty: prepare the set again.")
    if labels.min() < 0 or labels.max() >= features.num_classes:
        limits = f"0 to {features.num_classes - 1}"
        raise DataError(f"The split {info.name} of {folder} has labels outside {limits}, as unlabelled splits do: choose another set.")
    return Split(images, labels)


def _examples(info: Any, features: Features) -> Iterator[tuple[np.ndarray, int]]:
    """Decoded image and label of every record, shard by shard."""
    for path, count in zip(info.filepaths, info.shard_lengths, strict=True):
        for record in read_records(Path(path), count):
            yield _parse_record(record, features, path)


def read_records(path: Path, count: int) -> list[bytes]:
    """The ``count`` records of one shard."""
    try:
        from array_record.python.array_record_module import ArrayRecordReader
    except ImportError as error:
        raise DataError(f"Reading {path} needs the package array_record: pip install array_record (Linux and macOS only).") from error
    try:
        with contextlib.closing(ArrayRecordReader(str(path))) as reader:  # closing, too, raises what went wrong
            records = reader.read_all()
    except (RuntimeError, IndexError, ValueError) as error:
        raise DataError(f"{path} is broken ({first_line(error)}): prepare the set again.") from error
    if len(records) != count:  # a file cut at a block boundary reads without complaint
        raise DataError(f"{path} is broken: it has {len(records)} records instead of {count}; prepare the set again.")
    return records


def _parse_record(record: bytes, features: Features, path: Path) -> tuple[np.ndarray, int]:
    from google.protobuf.message import DecodeError
    from tensorflow_datasets.proto import tf_example_pb2

    try:
        example = tf_example_pb2.Example.FromString(record).features.feature  # pyright: ignore[reportAttributeAccessIssue]
        encoded, label = example[features.image].bytes_list.value[0], example[features.label].int64_list.value[0]
        return _decode(encoded, features.channels), label
    # Pillow reports a broken image as OSError, ValueError or, for PNG, SyntaxError.
    except (DecodeError, IndexError, OSError, ValueError, SyntaxError) as error:
        raise DataError(f"{path} holds a broken record ({first_line(error)}): prepare the set again.") from error


def _decode(encoded: bytes, channels: int) -> np.ndarray:
    """Image file to uint8 ``(H, W, C)``."""
    import PIL.Image

    with PIL.Image.open(io.BytesIO(encoded)) as image:
        mode = _PILLOW_MODES[channels]
        pixels = np.asarray(image if image.mode == mode else image.convert(mode))
    return pixels[..., np.newaxis] if channels == 1 else pixels
