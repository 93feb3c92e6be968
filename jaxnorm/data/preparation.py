"""Sets that are not on this machine yet: prepared by TFDS where TensorFlow is installed, else explained."""

import importlib.util
from pathlib import Path
from typing import Any

from jaxnorm.data.downloads import check_reachable, missing
from jaxnorm.data.errors import DataError, UnknownNameError, first_line
from jaxnorm.data.features import find_features
from jaxnorm.data.folders import Request


def prepare(request: Request, data_dir: Path) -> Path:
    """Download a set and write it as array_record below ``data_dir``, with TensorFlow.

    Args:
        request: Name and version of the set.
        data_dir: Folder of TFDS sets.

    Returns:
        The folder of the prepared set.

    Raises:
        DataError: TFDS does not know the set, it is no image classification set, TensorFlow is not installed, or the download or
            the preparation failed.
    """
    import tensorflow_datasets as tfds

    known = tfds.list_builders(with_community_datasets=False)
    set_name = request.name.partition("/")[0]
    if set_name not in known:
        raise UnknownNameError(set_name, known, data_dir)
    if importlib.util.find_spec("tensorflow") is None:
        raise DataError(
            f"{request.name} is not prepared in {data_dir}: point --data-dir or TFDS_DATA_DIR at a folder where it is, "
            "or pip install 'jaxnorm[tfds]' (TensorFlow), with which it is downloaded and prepared."
        )
    return _prepare(request, data_dir)


def _prepare(request: Request, data_dir: Path) -> Path:
    import tensorflow as tf  # pyright: ignore[reportMissingImports, reportMissingModuleSource]
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError
    from tensorflow_datasets.core.download.util import DownloadError

    full_name = request.name if request.version is None else f"{request.name}:{request.version}"
    # A missing extra is an ImportError, a set that must be fetched by hand an AssertionError.
    failures = (OSError, ValueError, RuntimeError, AssertionError, ImportError, DownloadError, NonMatchingChecksumError)
    try:
        builder: Any = tfds.builder(full_name, data_dir=str(data_dir))
        find_features(builder.info, full_name)
        _check_network(builder, request.name, data_dir)
        builder.download_and_prepare(file_format="array_record")
    except DataError:
        raise
    except (*failures, tf.errors.OpError) as error:
        raise DataError(f"TFDS could not prepare {full_name} in {data_dir}: {first_line(error)}.") from error
    return Path(builder.data_dir)


def _check_network(builder: Any, name: str, data_dir: Path) -> None:
    absent = missing(builder.name, builder.url_infos or {}, data_dir)
    address = next((url for url in absent if url.startswith("http")), None)
    if address is not None:
        check_reachable(address, f"connect to the network, or point --data-dir or TFDS_DATA_DIR at a folder where {name} is prepared")
