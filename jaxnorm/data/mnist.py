"""MNIST and the sets published in its format, from their four original files, without TensorFlow.

The examples come out in the order in which TFDS writes them, so that the arrays, and with them the validation split, equal those of a
folder prepared by TFDS.
"""

import gzip
import hashlib
import struct
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jaxnorm.data.dataset import Split
from jaxnorm.data.downloads import fetch
from jaxnorm.data.errors import DataError, first_line

IDX_SETS = ("mnist", "fashion_mnist", "kmnist")
"""The sets of this format: ten classes, 60,000 training and 10,000 test images of 28 x 28 pixels."""

IDX_CLASSES = 10
_PREFIXES = {"train": "train", "test": "t10k"}
_UNSIGNED_BYTE = 8


class IdxSource(NamedTuple):
    """Where the four files of a set come from."""

    name: str
    version: str
    url: str
    """Address of the folder of the files, ending in a slash."""

    url_infos: dict[str, Any]
    """For each file's URL, TFDS's record of it, with its SHA-256 as ``checksum``."""

    @property
    def identity(self) -> str:
        """Changes with any of the files."""
        return " ".join(sorted(info.checksum for info in self.url_infos.values()))


def idx_source(name: str) -> IdxSource:
    """What TFDS registers for one of ``IDX_SETS``: version, addresses, checksums."""
    import tensorflow_datasets as tfds

    builder: Any = tfds.builder_cls(name)
    url_infos = {url: info for url, info in builder.url_infos.items() if url.startswith(builder.URL)}
    return IdxSource(name, str(builder.VERSION), builder.URL, url_infos)


def read_idx_set(source: IdxSource, data_dir: Path) -> dict[str, Split]:
    """Fetch, verify and read the four files.

    Args:
        source: The set.
        data_dir: Folder of TFDS sets; the files lie in, or go to, ``downloads/<name>`` below it.

    Returns:
        ``train`` and ``test``: images ``(N, H, W, 1)``, in TFDS's order.

    Raises:
        DataError: a file is absent and cannot be downloaded, or it is broken.
    """
    paths = fetch(source.name, source.url_infos, data_dir)
    return {split: _read_split(source, paths, split) for split in _PREFIXES}


def _read_split(source: IdxSource, paths: dict[str, Path], split: str) -> Split:
    prefix = source.url + _PREFIXES[split]
    images_path, labels_path = paths[f"{prefix}-images-idx3-ubyte.gz"], paths[f"{prefix}-labels-idx1-ubyte.gz"]
    images, labels = read_idx(images_path), read_idx(labels_path)
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        raise DataError(f"{images_path} and {labels_path} do not belong together ({images.shape}, {labels.shape}): delete both.")
    order = tfds_order(split, len(labels))
    return Split(images[order, ..., np.newaxis], labels[order].astype(np.int32))


def read_idx(path: Path) -> np.ndarray:
    """Read a gzipped IDX file of bytes.

    The format: two zero bytes, one for the type, one for the number of axes, each axis's length as a big-endian 32-bit integer, then
    the values, last axis fastest (Y. LeCun, C. Cortes, C. Burges: The MNIST database of handwritten digits, "File formats").

    Raises:
        DataError: the file is absent, truncated, or not of this format.
    """
    try:
        content = gzip.decompress(path.read_bytes())
        zeros, kind, rank = struct.unpack_from(">HBB", content)
        shape = struct.unpack_from(f">{rank}I", content, 4)
        values = np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)
    except (OSError, EOFError, zlib.error, struct.error, ValueError) as error:
        raise DataError(f"{path} is not a complete gzipped IDX file ({first_line(error)}): delete it to download it again.") from error
    if zeros != 0 or kind != _UNSIGNED_BYTE:
        raise DataError(f"{path} is not an IDX file of unsigned bytes: delete it to download it again.")
    return values


def tfds_order(split: str, count: int) -> np.ndarray:
    """The order in which TFDS writes ``count`` examples whose keys are their positions in the original files.

    TFDS sorts by MD5 of split name and key (``tensorflow_datasets/core/hashing.py``), which shuffles once and for all.

    Returns:
        Positions in the original file, ``(count,)``.
    """
    keys = [hashlib.md5(f"{split}{index}".encode(), usedforsecurity=False).digest() for index in range(count)]
    return np.array(sorted(range(count), key=keys.__getitem__), np.intp)
