"""How far a run is: a bar where there is a terminal, and a line now and then where there is none."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

Advance = Callable[[str, int], None]
"""Told what is being trained, and how many epochs of how many networks were just finished, multiplied."""
SILENCE = 30.0
"""Seconds after which a line is printed where there is no terminal."""


@contextmanager
def show_progress(console: Console, networks: int, epochs: int) -> Iterator[Advance]:
    """Show how many of so many networks are trained, at what rate, and how long the others take."""
    if not console.is_terminal:
        yield _print_lines(console, networks, epochs)
        return
    named, counted = (TextColumn(text, markup=False) for text in ("{task.description}", "{task.fields[networks]}"))
    with Progress(named, BarColumn(), counted, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("training", total=networks * epochs, networks="")

        def advance(title: str, network_epochs: int) -> None:
            done = bar.tasks[task].completed + network_epochs
            speed = bar.tasks[task].speed
            rate = f", {speed / epochs:.1f} per second" if speed else ""
            bar.update(task, advance=network_epochs, description=title, networks=f"{int(done) // epochs} of {networks} networks{rate}")

        yield advance


def _print_lines(console: Console, networks: int, epochs: int, clock: Callable[[], float] = time.monotonic) -> Advance:
    """A line whenever ``SILENCE`` has passed since the last one: ``BatchNorm at batch size 16: 12 of 160 networks, about 9 min left``."""
    began = last = clock()
    done, total = 0, networks * epochs

    def advance(title: str, network_epochs: int) -> None:
        nonlocal done, last
        done, now = done + network_epochs, clock()
        if now - last >= SILENCE:
            last, left = now, (now - began) * (total - done) / done
            remaining = f"{left / 60:.0f} min" if left >= 60 else f"{left:.0f} s"
            console.print(f"{title}: {done // epochs} of {networks} networks, about {remaining} left", soft_wrap=True)

    return advance
