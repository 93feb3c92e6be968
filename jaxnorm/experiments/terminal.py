"""Where tables are printed: the terminal's own width, and 100 columns into a pipe or a file."""

import os
import sys

from rich.console import Console

PLAIN_WIDTH = 100


def make_console(*, quiet: bool = False) -> Console:
    """A console as wide as the terminal; without one ``COLUMNS`` decides, else ``PLAIN_WIDTH``. A quiet one prints nothing.

    Brackets are no markup: users name folders and norms.
    """
    return Console(quiet=quiet, markup=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else PLAIN_WIDTH)
