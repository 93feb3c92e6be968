"""Where TFDS sets lie: the data folder, the name of a set, and the folder of its newest version. Reads metadata only."""

import hashlib
import json
import os
import re
from pathlib import Path
from typing import NamedTuple

from jaxnorm.data.errors import DataError, first_line

_NAME = re.compile(r"(?P<name>\w+(/\w[\w.+-]*)?)(:(?P<version>\d+\.\d+\.\d+))?", re.ASCII)
_VERSION = re.compile(r"\d+\.\d+\.\d+", re.ASCII)
_METADATA = ("dataset_info.json", "features.json")


class Request(NamedTuple):
    """A parsed name: ``emnist/letters:3.1.0`` is set and config ``emnist/letters`` at version ``3.1.0``."""

    name: str
    version: str | None


def parse_name(name: str) -> Request:
    """Split a name into set (with its config) and version.

    Raises:
        DataError: the name has another form.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise DataError(
            f"{name!r} is not the name of a data set: write digits, or a TFDS name such as mnist, emnist/letters or mnist:3.0.1."
        )
    return Request(match["name"], match["version"])


def find_data_dir(data_dir: Path | None) -> Path:
    """The folder of TFDS sets: the argument, else TFDS_DATA_DIR, else ``~/tensorflow_datasets`` (which need not exist yet).

    Raises:
        DataError: the folder was named by the argument or by TFDS_DATA_DIR and does not exist.
    """
    chosen = data_dir or os.environ.get("TFDS_DATA_DIR")
    if not chosen:
        return Path("~/tensorflow_datasets").expanduser()
    folder = Path(chosen).expanduser()
    if not folder.is_dir():
        origin = "data_dir" if data_dir else "TFDS_DATA_DIR"
        raise DataError(f"{origin} is {folder}, which is not a folder: create it, or name the folder that holds the TFDS sets.")
    return folder


def find_prepared(root: Path, request: Request) -> Path | None:
    """The folder where TFDS prepared the set: the version asked for, else the newest.

    Args:
        root: Folder of TFDS sets.
        request: Name and version.

    Returns:
        ``root/set[/config]/version``, or None where the set is not there.

    Raises:
        DataError: the set is there, but in other versions, or in several configs of which none was named.
    """
    base = root / request.name
    versions = _versions(base)
    if not versions:
        configs = sorted(folder.name for folder in _subfolders(base) if _versions(folder))
        if configs:
            choices = ", ".join(f"{request.name}/{config}" for config in configs)
            raise DataError(f"{request.name} lies in {root} in several configurations: name one of {choices}.")
        return None
    if request.version is not None and request.version not in versions:
        raise DataError(f"{base} has no version {request.version}: name one of {', '.join(versions)}.")
    return base / (request.version or versions[-1])


def stored_formats(folder: Path) -> set[str]:
    """File formats of a prepared set, such as ``{"array_record"}`` or ``{"tfrecord"}``.

    Raises:
        DataError: ``dataset_info.json`` is broken.
    """
    path = folder / "dataset_info.json"
    try:
        info = json.loads(path.read_bytes())
        return {info.get("fileFormat", "tfrecord"), *info.get("alternativeFileFormats", [])}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise DataError(f"{path} cannot be read ({first_line(error)}): prepare the set again.") from error


def identity(folder: Path) -> str:
    """A digest that changes with the folder, its metadata, and the name, size or time of change of any of its files."""
    digest = hashlib.sha256(str(folder.resolve()).encode())
    for name in _METADATA:
        digest.update((folder / name).read_bytes())
    for path in sorted(folder.iterdir()):
        status = path.stat()
        digest.update(f"{path.name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _subfolders(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []


def _versions(base: Path) -> list[str]:
    """Versions prepared directly below ``base``, oldest first."""
    numbered = (path for path in _subfolders(base) if _VERSION.fullmatch(path.name))
    prepared = [path.name for path in numbered if all((path / name).is_file() for name in _METADATA)]
    return sorted(prepared, key=lambda version: [int(part) for part in version.split(".")])
