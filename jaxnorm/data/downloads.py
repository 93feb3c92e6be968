"""Files from the network, through TFDS's own download manager, verified by registered checksums before they are used."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jaxnorm.data.errors import DataError, first_line

_TIMEOUT = 10.0
"""Seconds to wait for a server's first answer before giving up."""


def fetch(name: str, url_infos: Mapping[str, Any], data_dir: Path) -> dict[str, Path]:
    """Return verified local copies of the files, downloading those that are absent.

    Nothing is written where all files are present.

    Args:
        name: Data set, which names the folder: ``data_dir/downloads/<name>``, the place where TFDS keeps them too.
        url_infos: For every URL, TFDS's record of it, with its SHA-256 as ``checksum``.
        data_dir: Folder of TFDS sets.

    Returns:
        Local path by URL.

    Raises:
        DataError: a file cannot be downloaded or stored, or does not match its checksum.
    """
    downloads = data_dir / "downloads"
    absent = missing(name, url_infos, data_dir)
    if absent:
        _download(name, {url: url_infos[url] for url in absent}, downloads)
    paths = {url: _locate(name, url, info, downloads) for url, info in url_infos.items()}
    for url, path in paths.items():
        _verify(path, url_infos[url].checksum)
    return paths


def missing(name: str, url_infos: Mapping[str, Any], data_dir: Path) -> list[str]:
    """The URLs of which no local copy lies in ``data_dir/downloads``."""
    return [url for url, info in url_infos.items() if not _locate(name, url, info, data_dir / "downloads").exists()]


def check_reachable(url: str, remedy: str) -> None:
    """Ask the server once, with a short timeout: TFDS itself retries for minutes when there is no network.

    Args:
        url: An address of http or https.
        remedy: What to do, for the message.

    Raises:
        DataError: no answer, or an answer of 400 or more.
    """
    import requests

    try:
        with requests.get(url, stream=True, timeout=_TIMEOUT) as response:
            response.raise_for_status()
    except requests.Timeout as error:
        raise DataError(f"Could not download {url} (no answer within {_TIMEOUT:.0f} seconds); {remedy}.") from error
    except requests.ConnectionError as error:
        raise DataError(f"Could not download {url} (no connection to the server); {remedy}.") from error
    except requests.RequestException as error:
        raise DataError(f"Could not download {url} ({first_line(error)}); {remedy}.") from error


def _locate(name: str, url: str, info: Any, downloads: Path) -> Path:
    """Where TFDS keeps the file: in a folder of the set's name, or, before TFDS 4.9, directly in downloads."""
    from tensorflow_datasets.core.download.resource import get_dl_fname

    filename = get_dl_fname(url, info.checksum)
    old = downloads / filename
    return old if old.exists() else downloads / name / filename


def _download(name: str, url_infos: Mapping[str, Any], downloads: Path) -> None:
    from tensorflow_datasets.core.download.download_manager import DownloadManager, NonMatchingChecksumError
    from tensorflow_datasets.core.download.util import DownloadError

    first = next(iter(url_infos))
    remedy = f"connect to the network, or put the file at {_locate(name, first, url_infos[first], downloads)}"
    check_reachable(first, remedy)
    try:
        manager = DownloadManager(download_dir=downloads, dataset_name=name, url_infos=dict(url_infos))
        for url in url_infos:  # one by one: after a failure no other thread goes on retrying
            manager.download(url)
    except NonMatchingChecksumError as error:
        raise DataError(f"A download is broken ({first_line(error)}): try again later.") from error
    except (OSError, DownloadError) as error:
        raise DataError(f"Could not download {name} into {downloads} ({first_line(error)}); {remedy}.") from error


def _verify(path: Path, checksum: str) -> None:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"The downloaded file {path} cannot be read ({first_line(error)}): delete it to download it again.") from error
    if found != checksum:
        raise DataError(f"The downloaded file {path} is broken (its SHA-256 is not the registered one): delete it to download it again.")
