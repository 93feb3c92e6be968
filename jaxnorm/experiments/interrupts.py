"""Ctrl-C that is answered, even if it comes where Python drops exceptions: in a callback of the garbage collector, say."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def remembered_interrupts() -> Iterator[Callable[[], None]]:
    """Yield a function to call now and then: it raises ``KeyboardInterrupt`` where one was asked for and got lost.

    Where Ctrl-C does something else than usual, in a notebook or in the background say, that stays as it is.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    came: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        came.append(number)
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
