"""Labelled images, sequences and texts as NumPy arrays, in three fixed splits: no JAX, no TensorFlow.

``digits`` is embedded; every other set of images is a TFDS image classification set, read from a folder where TFDS prepared it. MNIST and
its relatives need no prepared folder: their four files are downloaded and verified by TFDS's checksums. ``SEQUENCES`` are the sets of
sequences: made by a generator, read from images, or windows of a text.

>>> from jaxnorm import data
>>> digits = data.load("digits")
>>> digits.train.inputs.shape, digits.validation.inputs.shape, digits.test.inputs.shape
((1437, 8, 8, 1), (180, 8, 8, 1), (180, 8, 8, 1))
>>> data.load("emnist/letters:x")
Traceback (most recent call last):
...
jaxnorm.data.errors.DataError: 'emnist/letters:x' is not the name of a data set: write digits, or a TFDS name such as mnist, \
emnist/letters or mnist:3.0.1.
"""

import difflib
import functools
from collections.abc import Callable
from pathlib import Path

from jaxnorm.data.dataset import Dataset, Split, first_examples
from jaxnorm.data.digits import load_digits
from jaxnorm.data.errors import DataError, UnknownNameError
from jaxnorm.data.images import load_images
from jaxnorm.data.mnist import IDX_SETS
from jaxnorm.data.sequences import TASKS, as_pixels, as_rows, load_sequences, make_sequences, padding_share_of, with_padding
from jaxnorm.data.text import load_characters, load_tiny_shakespeare

__all__ = [
    "DATASETS",
    "SEQUENCES",
    "DataError",
    "Dataset",
    "Split",
    "as_pixels",
    "as_rows",
    "first_examples",
    "load",
    "make_sequences",
    "padding_share_of",
    "with_padding",
]

DATASETS: dict[str, Callable[[Path | None], Dataset]] = {
    "digits": load_digits,
    **{name: functools.partial(load_images, name) for name in IDX_SETS},
}
"""The images that load without TensorFlow on any machine: name -> loader, which takes the folder of TFDS sets (None for the default)."""


def _load_as(arrange: Callable[[Dataset], Dataset], name: str, data_dir: Path | None) -> Dataset:
    return arrange(DATASETS[name](data_dir))


SEQUENCES: dict[str, Callable[[Path | None], Dataset]] = {
    **{name: functools.partial(load_sequences, name) for name in TASKS},
    **{f"{name}_rows": functools.partial(_load_as, as_rows, name) for name in DATASETS},
    **{f"{name}_pixels": functools.partial(_load_as, as_pixels, name) for name in DATASETS},
    "characters": load_characters,
    "tiny_shakespeare": load_tiny_shakespeare,
}
"""The same for sequences."""
NEAR = 0.75
"""How alike a name has to be to one that is suggested instead, from 0 to 1."""


def load(name: str, data_dir: Path | str | None = None) -> Dataset:
    """Load a data set by name.

    Args:
        name: A key of ``DATASETS`` or ``SEQUENCES``, or any TFDS image classification set as ``set``, ``set/config`` or ``set:version``.
        data_dir: Folder of prepared TFDS sets and their downloads; never written to unless something has to be downloaded or
            prepared. Default: the environment variable TFDS_DATA_DIR, else ``~/tensorflow_datasets``. Embedded sets ignore it.

    Returns:
        The data set; images from files are memory-mapped from a cache of decoded arrays (``jaxnorm.data.cache``).

    Raises:
        DataError: the name is unknown, the set is absent and cannot be fetched, or a file is broken; the message says what to do.
    """
    loader = (DATASETS | SEQUENCES).get(name) or functools.partial(load_images, name)
    try:
        return loader(Path(data_dir) if data_dir is not None else None)
    except UnknownNameError as error:
        near = difflib.get_close_matches(name.lower(), {**DATASETS, **SEQUENCES, **dict.fromkeys(error.known)}, n=3, cutoff=NEAR)
        hint = f"did you mean {' or '.join(near)}?" if near else "use digits, mnist, or another name of the TFDS catalogue."
        raise DataError(f"{error}: {hint}") from error
