"""Where tables are printed: the terminal's own width, and 100 columns into a pipe or a file."""

import os
import sys
from collections.abc import Iterable
from typing import NoReturn

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from jaxnorm.controls import clean

PLAIN_WIDTH = 100


class PlainConsole(Console):
    """A console that shows texts as they are: brackets are no markup, and control characters of a name or a question are not obeyed."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of what is printed; those that steer a progress bar are rich's own."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=clean(segment.text, lines=True))

    def on_broken_pipe(self) -> NoReturn:
        """Leave the end to ``run_command``, as for every other output."""
        raise BrokenPipeError


def make_console(*, quiet: bool = False) -> Console:
    """A console as wide as the terminal; without one ``COLUMNS`` decides, else ``PLAIN_WIDTH``. A quiet one prints nothing."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PLAIN_WIDTH
    return PlainConsole(quiet=quiet, width=width, markup=False, emoji=False)
