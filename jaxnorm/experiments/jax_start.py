"""How jax and matplotlib are imported by commands: jax's variables are checked, a user's style is left out, and Ctrl-C waits."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator

from jaxnorm.experiments.command_line import UsageError


@contextlib.contextmanager
def heavy_imports() -> Iterator[None]:
    """Import jax, pandas and matplotlib inside this block. Raises ``UsageError`` on a variable of jax that it cannot read."""
    number = os.environ.get("JAX_NUM_CPU_DEVICES", "1")
    if not (number.isdecimal() and int(number) >= 1):
        raise UsageError(f"JAX_NUM_CPU_DEVICES={number} is not possible; set it to a whole number of at least 1, or unset it.")
    with interrupts_wait():
        try:
            import jax
        except ValueError as error:
            given = " ".join(f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith("JAX_"))
            raise UsageError(f"jax does not understand its variables, {given}: {error}; correct or unset them.") from error
        import_matplotlib()
        if jax.config.values["jax_disable_jit"]:
            raise UsageError("JAX_DISABLE_JIT is set, and networks are trained by compiled programs alone; unset it.")
        yield


def import_matplotlib() -> None:
    """Import matplotlib without the backend of a notebook around us and the style of its user: figures go to files, in a style of ours.

    A program that uses matplotlib already keeps its settings.
    """
    if "matplotlib" in sys.modules:
        return
    os.environ["MPLBACKEND"] = "agg"
    import matplotlib

    matplotlib.rcdefaults()


@contextlib.contextmanager
def interrupts_wait() -> Iterator[None]:
    """Answer Ctrl-C when the block ends: jaxlib, while it is imported, would crash or drop it.

    Where Ctrl-C does something else than usual, in a notebook or in the background say, that stays as it is.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if came:
        raise KeyboardInterrupt
