"""What the disk refuses in the middle of a run: one sentence on what is kept and what to do, in place of a traceback."""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator

from jaxnorm.experiments.command_line import UsageError

REMEDIES = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space, or ask for a larger quota",
    errno.EFBIG: "raise the limit on the size of a file (ulimit -f)",
    errno.EROFS: "make it writable",
    errno.EACCES: "make it writable",
    errno.EPERM: "make it writable",
    errno.ENAMETOOLONG: "choose a shorter path",
    errno.EIO: "check the disk",
}


@contextlib.contextmanager
def disk_errors(then: str) -> Iterator[None]:
    """Turn what the system refuses to write into a ``UsageError`` that ends with ``then``: what is kept. Other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno not in REMEDIES:
            raise
        reason = os.strerror(error.errno)
        if error.filename is None:  # not a file by name: the standard output, into a file on a full disk or into /dev/full
            _silence_output()
            raise UsageError(f"the output cannot be printed ({reason}); {REMEDIES[error.errno]} where it goes; {then}.") from error
        raise UsageError(f"{error.filename} cannot be written ({reason}); {REMEDIES[error.errno]}: {then}.") from error


def _silence_output() -> None:
    """Let the interpreter's last flush, at exit, go nowhere, where it would fail once more."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
