"""A progress bar over all networks of a run, where there is a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

Advance = Callable[[str, int], None]
"""Told what is being trained, and how many epochs of how many networks were just finished, multiplied."""


@contextmanager
def show_progress(console: Console, networks: int, epochs: int) -> Iterator[Advance]:
    """A bar that counts networks and their rate."""
    named, counted = (TextColumn(text, markup=False) for text in ("{task.description}", "{task.fields[networks]}"))
    with Progress(
        named, BarColumn(), counted, TimeRemainingColumn(), console=console, disable=not console.is_terminal, transient=True
    ) as bar:
        task = bar.add_task("training", total=networks * epochs, networks="")

        def advance(title: str, network_epochs: int) -> None:
            done = bar.tasks[task].completed + network_epochs
            speed = bar.tasks[task].speed
            rate = f", {speed / epochs:.1f} per second" if speed else ""
            bar.update(task, advance=network_epochs, description=title, networks=f"{int(done) // epochs} of {networks} networks{rate}")

        yield advance
