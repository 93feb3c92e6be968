"""Image classification sets of TFDS: where one is found, how it is divided and standardised."""

from pathlib import Path

import numpy as np

from jaxnorm.data.cache import cached
from jaxnorm.data.dataset import BYTE_SCALE, Dataset, Split, channel_statistics, divide
from jaxnorm.data.errors import DataError
from jaxnorm.data.folders import Request, find_data_dir, find_prepared, identity, parse_name, stored_formats
from jaxnorm.data.mnist import IDX_CLASSES, IDX_SETS, IdxSource, idx_source, read_idx_set
from jaxnorm.data.preparation import prepare
from jaxnorm.data.prepared import read_prepared

STATISTICS = {"mnist": (0.1307, 0.3081)}
"""Mean and standard deviation in customary use, in units of pixel / 255; for other sets they are computed from the training images."""


def load_images(name: str, data_dir: Path | None = None) -> Dataset:
    """Load a TFDS image classification set.

    It is looked for in this order: a folder that TFDS prepared as array_record; for MNIST and its relatives, the four original files;
    else TFDS prepares it, which needs TensorFlow. A validation or test split that the set lacks is cut from the end of its training
    images (``dataset.divide``): MNIST's validation split is TFDS's ``train[50000:]``.

    Args:
        name: ``set``, ``set/config`` or ``set:version``.
        data_dir: Folder of TFDS sets. Default: TFDS_DATA_DIR, else ``~/tensorflow_datasets``.

    Returns:
        The set, its arrays memory-mapped from the cache.

    Raises:
        DataError: the name is unknown, the set is absent and cannot be fetched, is no image classification set, or has a broken file.
    """
    request, root = parse_name(name), find_data_dir(data_dir)
    folder = find_prepared(root, request)
    formats = stored_formats(folder) if folder is not None else set()
    if folder is not None and "array_record" in formats:
        return _load_prepared(request, folder)
    source = idx_source(request.name) if request.name in IDX_SETS else None
    if source is not None and request.version in (None, source.version):
        return _load_idx(source, root)
    if folder is not None:
        raise DataError(
            f"{folder} holds {', '.join(sorted(formats))} files, which cannot be read without TensorFlow: prepare the set as array_record, "
            "by naming another, empty folder as data_dir after pip install 'jaxnorm[tfds]'."
        )
    return _load_prepared(request, prepare(request, root))


def _load_prepared(request: Request, folder: Path) -> Dataset:
    version = folder.name

    def build() -> Dataset:
        content = read_prepared(folder)
        source = f"TFDS {request.name} {version}, prepared as array_record"
        return _assemble(request.name, version, content.splits, content.num_classes, source)

    return cached(request.name, version, identity(folder), build)


def _load_idx(source: IdxSource, root: Path) -> Dataset:
    def build() -> Dataset:
        line = f"{source.name} {source.version}, original files of {source.url}, checksums and order of TFDS"
        return _assemble(source.name, source.version, read_idx_set(source, root), IDX_CLASSES, line)

    return cached(source.name, source.version, source.identity, build)


def _assemble(name: str, version: str, splits: dict[str, Split], num_classes: int, source: str) -> Dataset:
    train, validation, test = divide(name, splits)
    if name in STATISTICS:
        mean, std = (np.full(train.inputs.shape[-1], value, np.float32) for value in STATISTICS[name])
    else:
        mean, std = channel_statistics(train.inputs, BYTE_SCALE)
    return Dataset(name, version, train, validation, test, num_classes, mean, std, BYTE_SCALE, source)
