"""Decoded arrays on disk, so that a set is decoded once and memory-mapped afterwards.

One folder per set, version and source: ``<cache>/datasets/<name>-<version>-<digest of the source>``, with one ``.npy`` file for the
images and one for the labels of every split, and ``manifest.json`` with the SHA-256 of each file and of itself. The cache folder is
JAXNORM_CACHE_DIR, else the user's cache folder of this platform.
"""

import hashlib
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from jaxnorm.data.dataset import Dataset, Split
from jaxnorm.data.errors import DataError, first_line
from jaxnorm.files import write_atomically

_FORMAT = 1  # part of every key: raise it when the same source would give other arrays
_MANIFEST = "manifest.json"
_SPLITS = ("train", "validation", "test")


def cached(name: str, version: str, identity: str, build: Callable[[], Dataset]) -> Dataset:
    """Return the data set from the cache; build and store it first where it is not there.

    Safe with several processes at once: every file appears complete or not at all, and the manifest appears last.

    Args:
        name: Data set.
        version: Its version.
        identity: Anything that tells this source from every other source of the same name and version.
        build: Makes the data set; called only if the cache does not have it.

    Returns:
        The data set with memory-mapped, read-only arrays.

    Raises:
        DataError: a file of the cache does not match its checksum, or the cache folder cannot be written.
    """
    digest = hashlib.sha256(f"{_FORMAT} {identity}".encode()).hexdigest()[:16]
    folder = cache_folder() / "datasets" / f"{name.replace('/', '-')}-{version}-{digest}"
    dataset = _read(folder)
    if dataset is None:
        _write(folder, build())
        dataset = _read(folder)
    if dataset is None:
        raise DataError(f"{folder} lost files while it was being read: is another program cleaning it? Run again.")
    return dataset


def cache_folder() -> Path:
    """JAXNORM_CACHE_DIR, else the user's cache folder for jaxnorm on this platform."""
    chosen = os.environ.get("JAXNORM_CACHE_DIR")
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_cache_dir("jaxnorm"))


def _write(folder: Path, dataset: Dataset) -> None:
    splits: dict[str, Split] = {name: getattr(dataset, name) for name in _SPLITS}
    arrays = {f"{name}_images.npy": split.inputs for name, split in splits.items()}
    arrays |= {f"{name}_labels.npy": split.labels for name, split in splits.items()}
    facts = {field: getattr(dataset, field) for field in ("name", "version", "num_classes", "scale", "source")}
    facts |= {field: np.asarray(getattr(dataset, field)).tolist() for field in ("mean", "std")}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files = {filename: _save(folder / filename, array) for filename, array in arrays.items()}
        manifest = json.dumps({"facts": facts, "files": files, "sha256": _digest(facts, files)}, indent=2)
        write_atomically(folder / _MANIFEST, manifest.encode())
    except OSError as error:
        raise DataError(
            f"The cache folder {folder} cannot be written ({first_line(error)}): set JAXNORM_CACHE_DIR to another folder."
        ) from error


def _digest(facts: dict[str, Any], files: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps([facts, files], sort_keys=True).encode()).hexdigest()


def _save(path: Path, array: np.ndarray) -> str:
    """Write the array and return the SHA-256 of the file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    write_atomically(path, buffer.getvalue())
    return hashlib.sha256(buffer.getbuffer()).hexdigest()


def _read(folder: Path) -> Dataset | None:
    """The stored data set, or None where a file is absent."""
    try:
        facts, files = _read_manifest(folder / _MANIFEST)
        arrays = {filename: _open(folder / filename, digest) for filename, digest in files.items()}
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(
            f"The cache folder {folder} cannot be read ({first_line(error)}): set JAXNORM_CACHE_DIR to another folder."
        ) from error
    splits: dict[str, Any] = {name: Split(arrays[f"{name}_images.npy"], arrays[f"{name}_labels.npy"]) for name in _SPLITS}
    statistics: dict[str, Any] = {name: np.asarray(facts.pop(name), np.float32) for name in ("mean", "std")}
    return Dataset(**facts, **splits, **statistics)


def _read_manifest(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """What is known of the set, and the SHA-256 of every file."""
    try:
        manifest = json.loads(path.read_bytes())
        facts, files, digest = manifest["facts"], manifest["files"], manifest["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"The cached file {path} is broken ({first_line(error)}): delete it, and it will be made again.") from error
    if _digest(facts, files) != digest:
        raise DataError(f"The cached file {path} is broken (its SHA-256 is not the one stored): delete it, and it will be made again.")
    return facts, files


def _open(path: Path, digest: str) -> np.ndarray:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != digest:
        raise DataError(f"The cached file {path} is broken (its SHA-256 is not the one stored): delete it, and it will be made again.")
    return np.load(path, mmap_mode="r", allow_pickle=False)
