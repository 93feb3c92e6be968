"""Files that are whole or absent: written beside, then renamed; on the disk, and not only on its way there, once the name is."""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

TEMPORARY = ".tmp"
"""Ending of a file that is being written; its name begins with a dot."""
ORPHANED_AFTER = 60.0
"""Seconds without a change after which nobody writes to a temporary file any more: whoever made it was killed."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` so that no reader, no interruption and no loss of power ever leaves half of it.

    Raises ``OSError`` that names ``path`` where it cannot be written; the old file is then still there.
    """
    with _beside(path, content) as beside:
        beside.replace(path)


def write_new(path: Path, content: bytes) -> None:
    """The same for a file that nobody has made yet. Raises ``FileExistsError`` where somebody has, if only a moment ago."""
    with _beside(path, content) as beside:
        try:
            os.link(beside, path)  # unlike a rename, refused where the name is taken
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            with path.open("xb") as file:
                file.write(content)


def is_temporary(path: Path) -> bool:
    """Whether the file is one that is being written, or was when its writer was killed."""
    return path.name.startswith(".") and path.name.endswith(TEMPORARY)


def remove_orphans(folder: Path) -> None:
    """Remove what killed writers left in ``folder``, and spare what others may be writing right now."""
    for path in filter(is_temporary, folder.iterdir()):
        with contextlib.suppress(FileNotFoundError):  # its writer lives, and has just finished
            if time.time() - path.stat().st_mtime > ORPHANED_AFTER:
                path.unlink()


@contextlib.contextmanager
def _beside(path: Path, content: bytes) -> Iterator[Path]:
    """A temporary file with ``content`` in the folder of ``path``, gone at the end; errors name ``path``, which is what the user knows."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=TEMPORARY)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            yield Path(name)
            _sync_folder(path.parent)
        finally:  # an interruption too must leave nothing behind
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise


def _sync_folder(folder: Path) -> None:
    """Let a new name in the folder outlast a loss of power, where the system can promise it."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
