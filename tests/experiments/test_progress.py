"""A run without a terminal is not silent for long."""

import io

from rich.console import Console

from jaxnorm.experiments.progress import _print_lines, show_progress


def test_a_line_is_printed_every_half_minute():
    said, times = io.StringIO(), iter([0.0, 20.0, 31.0, 59.0, 62.0])
    advance = _print_lines(Console(file=said, width=100), networks=4, epochs=10, clock=lambda: next(times))
    for _ in range(4):
        advance("BatchNorm at batch size 16", 5)
    assert said.getvalue().splitlines() == [
        "BatchNorm at batch size 16: 1 of 4 networks, about 2 min left",
        "BatchNorm at batch size 16: 2 of 4 networks, about 1 min left",
    ]


def test_short_runs_print_nothing():
    said = io.StringIO()
    with show_progress(Console(file=said), networks=1, epochs=1) as advance:
        advance("BatchNorm", 1)
    assert said.getvalue() == ""
