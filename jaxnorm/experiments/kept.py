"""Kept results: arrays and tables in files that carry a checksum of what they hold, and are not read where it does not fit."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jaxnorm.data.digest import digest_arrays
from jaxnorm.files import write_atomically

CHECKSUM = "sha256"


class DamagedError(ValueError):
    """A file does not hold what was written into it."""


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Keep named arrays as a compressed ``.npz``."""
    content = io.BytesIO()
    np.savez_compressed(content, **dict(arrays), **{CHECKSUM: np.asarray(digest_arrays(arrays))})  # pyright: ignore[reportArgumentType]
    write_atomically(path, content.getvalue())


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays that ``write_arrays`` kept. Raises ``DamagedError``."""
    try:
        with np.load(io.BytesIO(path.read_bytes())) as content:
            arrays = dict(content)
        checksum = str(arrays.pop(CHECKSUM))
    except Exception as error:  # what flipped bits make a reader raise has no common type
        raise DamagedError(str(path)) from error
    if digest_arrays(arrays) != checksum:
        raise DamagedError(str(path))
    return arrays


def write_table(path: Path, rows: pd.DataFrame, facts: Mapping[str, Any]) -> None:
    """Keep a table as Parquet, with some facts about it as plain JSON values."""
    table = rows.copy()
    table.attrs = {**facts, CHECKSUM: _digest(rows, facts)}
    write_atomically(path, table.to_parquet(index=False))


def read_table(path: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The table that ``write_table`` kept, and its facts. Raises ``DamagedError``."""
    try:
        rows = pd.read_parquet(io.BytesIO(path.read_bytes()))
        facts = {str(name): value for name, value in rows.attrs.items()}
        checksum = facts.pop(CHECKSUM)
    except Exception as error:  # as above
        raise DamagedError(str(path)) from error
    rows.attrs = {}
    if _digest(rows, facts) != checksum:
        raise DamagedError(str(path))
    return rows, facts


def _digest(rows: pd.DataFrame, facts: Mapping[str, Any]) -> str:
    columns = {str(name): rows[name].to_numpy() for name in rows.columns}
    return digest_arrays(columns | {"facts": np.asarray(json.dumps(facts, sort_keys=True))})


def pack_table(rows: pd.DataFrame) -> bytes:
    """A tidy table as a small Parquet file: the values of ``value`` byte by byte, which packs them best, all else by dictionaries."""
    others = [column for column in rows.columns if column != "value"]
    packing = {"use_dictionary": others, "column_encoding": {"value": "BYTE_STREAM_SPLIT"}, "compression_level": 19}
    return rows.to_parquet(index=False, compression="zstd", **packing)
