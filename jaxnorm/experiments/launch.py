"""From the command line to a run: checks first, and heavy imports only after them, so that help and mistakes are answered at once."""

import contextlib
import importlib
import signal
import sys
import threading
from collections.abc import Iterator

from jaxnorm.experiments.checks import check_rule, check_values
from jaxnorm.experiments.command_line import parse, run_command


def launch(name: str, arguments: list[str] | None = None) -> int:
    """Run the instrument ``name``, whose folder is ``jaxnorm/experiments/NAME``; ``arguments`` default to the command line's.

    Returns the exit status: 0, 2 for a mistake in the settings, 130 when interrupted.
    """
    arguments = sys.argv[1:] if arguments is None else arguments

    def body() -> int:
        study = importlib.import_module(f"jaxnorm.experiments.{name}.study")
        config = parse(study.SETTINGS, arguments, program=f"python -m jaxnorm.experiments.{name}", description=study.SETTINGS.__doc__ or "")
        check_values(config)
        check_rule(config)
        study.check(config)
        with interrupts_wait():  # jax, pandas and matplotlib take seconds, which --help must not wait for
            from jaxnorm.experiments.study import run

            train = importlib.import_module(f"jaxnorm.experiments.{name}.train")
        return run(config, train.INSTRUMENT)

    return run_command(body)


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
