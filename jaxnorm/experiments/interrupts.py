"""Ctrl-C that is answered between steps: raised within jax it may be dropped, by a callback of the garbage collector, or crash."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import TypeVar

Step = TypeVar("Step")


@contextlib.contextmanager
def interrupts_between_steps() -> Iterator[Callable[[], None]]:
    """Yield a function to call between steps: it raises ``KeyboardInterrupt`` if Ctrl-C came meanwhile. A second Ctrl-C does not wait.

    Where Ctrl-C does something else than usual, in a notebook or in the background say, that stays as it is.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    came: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if len(came) > 1:
            signal.default_int_handler(number, frame)

    def check() -> None:
        if came:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, remember)
    try:
        yield check
        check()
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def watched(steps: Iterable[Step], check: Callable[[], None]) -> Iterator[Step]:
    """The results of steps as they come, with ``check`` after each."""
    for step in steps:
        check()
        yield step
