"""Text as windows of characters, each labelled with the character that follows: data for a language model.

``tiny_shakespeare`` comes from TFDS. ``characters`` is embedded: the help texts of Python's own reference (``pydoc_data.topics``), which
every Python brings along, English prose of a third of a million characters. Nothing is downloaded and nothing is redistributed; the price
is that the text differs a little from one Python to the next, which is why its version is Python's.
"""

import platform
from pathlib import Path
from typing import Any

import numpy as np

from jaxnorm.data.dataset import Dataset, Split, divide
from jaxnorm.data.downloads import fetch
from jaxnorm.data.errors import DataError, first_line
from jaxnorm.data.folders import Request, find_data_dir, find_prepared, stored_formats
from jaxnorm.data.prepared import read_info, read_records

WINDOW = 64
"""T: characters in a window."""

_SHAKESPEARE = Request("tiny_shakespeare", None)
_SPLITS = ("train", "validation", "test")
_TRAIN_SHARE, _VALIDATION_SHARE = 0.9, 0.5


def load_characters(data_dir: Path | None = None) -> Dataset:
    """Load the embedded text: the first 90 % train, the halves of the rest validate and test.

    Paragraphs that stand under several topics are kept once, so that nothing validates that was trained on.

    Args:
        data_dir: Ignored; here because every loader takes it.

    Returns:
        Windows, see ``from_texts``.

    Raises:
        DataError: this Python comes without its help texts.
    """
    del data_dir
    try:
        from pydoc_data.topics import topics
    except ImportError as error:
        raise DataError("The data set characters is made of pydoc_data, which this Python lacks: use another Python.") from error
    paragraphs = (paragraph.strip("\n") for text in topics.values() for paragraph in text.split("\n\n"))
    texts = divide_text("\n\n".join(dict.fromkeys(paragraphs)))
    return from_texts("characters", platform.python_version(), texts, "pydoc_data.topics: the help texts of Python's language reference")


def load_tiny_shakespeare(data_dir: Path | None = None) -> Dataset:
    """Load A. Karpathy's tiny_shakespeare (char-rnn, 2015): a million characters of Shakespeare's plays, in TFDS's splits.

    It is read from a folder that TFDS prepared as array_record, else from its original file, which is downloaded where it is absent
    and verified by TFDS's checksum.

    Args:
        data_dir: Folder of TFDS sets. Default: TFDS_DATA_DIR, else ``~/tensorflow_datasets``.

    Returns:
        Windows, see ``from_texts``.

    Raises:
        DataError: the text is absent and cannot be downloaded, or a file is broken.
    """
    root = find_data_dir(data_dir)
    folder = find_prepared(root, _SHAKESPEARE)
    if folder is not None and "array_record" in stored_formats(folder):
        return from_texts(_SHAKESPEARE.name, folder.name, _read_prepared(folder), "TFDS tiny_shakespeare, prepared as array_record")
    return _load_original(root)


def from_texts(name: str, version: str, texts: dict[str, str], source: str) -> Dataset:
    """A data set of windows: K is the number of different characters, which are numbered by code point.

    Args:
        name: The set.
        version: Its version.
        texts: ``train``, and ``validation`` and ``test`` where there are any; see ``dataset.divide``.
        source: One line for a report.

    Returns:
        Tokens and labels int32 ``(N, T)``: the label of a position is the token of the next. Windows do not overlap, and characters at
        the end that fill no window are left out.

    Raises:
        DataError: a text is shorter than a window.
    """
    codes = {split: np.frombuffer(text.encode("utf-32-le"), np.uint32) for split, text in texts.items()}
    vocabulary = np.unique(np.concatenate(list(codes.values())))
    splits = {split: _windows(name, split, np.searchsorted(vocabulary, code).astype(np.int32)) for split, code in codes.items()}
    train, validation, test = divide(name, splits)
    return Dataset(name, version, train, validation, test, len(vocabulary), None, None, 1.0, f"{source}, in windows of {WINDOW} characters")


def divide_text(text: str) -> dict[str, str]:
    """TFDS's division of tiny_shakespeare: nine tenths to train on, and the halves of the rest."""
    first = int(len(text) * _TRAIN_SHARE)
    second = first + int((len(text) - first) * _VALIDATION_SHARE)
    return {"train": text[:first], "validation": text[first:second], "test": text[second:]}


def _windows(name: str, split: str, tokens: np.ndarray) -> Split:
    count = (len(tokens) - 1) // WINDOW
    if count < 1:
        raise DataError(f"The split {split} of {name} has {len(tokens)} characters, and a window needs {WINDOW + 1}: use a longer text.")
    return Split(tokens[: count * WINDOW].reshape(count, WINDOW), tokens[1 : count * WINDOW + 1].reshape(count, WINDOW))


def _load_original(root: Path) -> Dataset:
    import tensorflow_datasets as tfds

    builder: Any = tfds.builder_cls(_SHAKESPEARE.name)
    (path,) = fetch(_SHAKESPEARE.name, builder.url_infos, root).values()
    texts = divide_text(path.read_bytes().decode())
    return from_texts(_SHAKESPEARE.name, str(builder.VERSION), texts, "original file of tiny_shakespeare, checksum and splits of TFDS")


def _read_prepared(folder: Path) -> dict[str, str]:
    info = read_info(folder)
    return {split: "".join(_read_split(info.splits[split])) for split in _SPLITS if split in info.splits}


def _read_split(info: Any) -> list[str]:
    """The text of every record."""
    return [
        _parse_record(record, path)
        for path, count in zip(info.filepaths, info.shard_lengths, strict=True)
        for record in read_records(Path(path), count)
    ]


def _parse_record(record: bytes, path: str) -> str:
    from google.protobuf.message import DecodeError
    from tensorflow_datasets.proto import tf_example_pb2

    try:
        example = tf_example_pb2.Example.FromString(record).features.feature  # pyright: ignore[reportAttributeAccessIssue]
        return example["text"].bytes_list.value[0].decode()
    except (DecodeError, IndexError, UnicodeDecodeError) as error:
        raise DataError(f"{path} holds a record without text ({first_line(error)}): prepare the set again.") from error
