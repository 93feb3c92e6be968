"""Mistakes in code that is not ours: one sentence, with the file and the line, and a traceback through that code alone."""

import os
import re
import sysconfig
import textwrap
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jaxnorm
from jaxnorm.experiments.command_line import UsageError

NOT_THEIRS = ("<", *(sysconfig.get_path(kind) for kind in ("stdlib", "purelib", "platlib")), str(Path(jaxnorm.__file__).parent))
"""Where files begin that no user wrote: Python's own, installed packages, and this one."""
MOST_FRAMES = 10


@contextmanager
def blame(told: str, *, file: str | None = None, remedy: str = "") -> Iterator[None]:
    """Turn whatever the block raises, ``SystemExit`` too, into a ``UsageError`` that begins with ``told``. Ctrl-C passes.

    Args:
        told: what was tried, ``--norms mine:Norm cannot be imported``.
        file: where the code is, if that is no file of the user's: the line there is named as well.
        remedy: the end of the sentence.
    """
    try:
        yield
    except (UsageError, KeyboardInterrupt):
        raise
    except BaseException as error:
        theirs = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_theirs(frame.filename, file)]
        where = f" ({os.path.basename(theirs[-1].filename)}, line {theirs[-1].lineno})" if theirs else ""
        frames = "".join(traceback.StackSummary.from_list(theirs).format()[-MOST_FRAMES:]) if len(theirs) > 1 else ""
        raise UsageError(f"{told}: {_said(error)}{where}{remedy}.", frames) from error


def _is_theirs(filename: str, file: str | None) -> bool:
    return filename == file or not filename.startswith(NOT_THEIRS)


def _said(error: BaseException) -> str:
    """The kind of error and the beginning of its message, on one line and without Flax's link to its manual."""
    message = re.sub(r"\(https?://\S+\)", "", str(error))
    return textwrap.shorten(f"{type(error).__name__}: {message}", 200, placeholder=" ...").rstrip(" .:")
