"""Files that are whole or absent: written beside, then renamed."""

import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` so that no reader, and no interruption, ever sees half of it.

    Raises ``OSError`` where the folder cannot be written; the old file is then still there.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        beside.chmod(0o644)
        beside.replace(path)
    except BaseException:  # an interruption too must leave nothing behind
        beside.unlink(missing_ok=True)
        raise
