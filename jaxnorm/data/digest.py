"""Checksums of what arrays hold, whatever file they lie in."""

import hashlib
from collections.abc import Mapping

import numpy as np


def digest_arrays(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 over names, dtypes, shapes and values of arrays, in their order; 64 hexadecimal digits. Texts count as their characters."""
    total = hashlib.sha256()
    for name, array in arrays.items():
        values = array if array.dtype.kind in "biufc" else np.frombuffer("\0".join(map(str, array.ravel().tolist())).encode(), np.uint8)
        total.update(f"{name} {values.dtype.str} {array.shape} ".encode())
        total.update(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data)
    return total.hexdigest()
