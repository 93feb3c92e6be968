"""What goes wrong with data, in one sentence."""

from collections.abc import Sequence
from pathlib import Path


class DataError(ValueError):
    """A mistake of the user's or a broken file: one sentence with the value, what is allowed and what to do."""


class UnknownNameError(DataError):
    """A name that no data set has.

    Attributes:
      known: the names of TFDS.
    """

    def __init__(self, name: str, known: Sequence[str], data_dir: Path) -> None:
        """``data_dir`` is the folder in which the set was looked for."""
        super().__init__(f"No data set is called {name!r}, neither in TFDS nor in {data_dir}")
        self.known = known


def first_line(error: Exception) -> str:
    """The first line of an error's message without closing punctuation, or its type if it says nothing."""
    return str(error).strip().partition("\n")[0].rstrip(":.") or type(error).__name__
