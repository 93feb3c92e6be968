"""Ctrl-C is answered, and leaves the results of an earlier run beside their own settings."""

import contextlib
import json
import signal

import pytest

from jaxnorm.experiments.interrupts import remembered_interrupts
from jaxnorm.experiments.layers import trials
from jaxnorm.experiments.layers.__main__ import main as layers
from jaxnorm.experiments.throughput import contest
from jaxnorm.experiments.throughput.__main__ import main as throughput


def lose_an_interrupt():
    with remembered_interrupts() as check:
        check()
        with contextlib.suppress(KeyboardInterrupt):  # as the garbage collector's callbacks do
            signal.raise_signal(signal.SIGINT)
        check()
        raise AssertionError("the interrupt is lost")


def test_an_interrupt_that_got_lost_is_raised_later():
    with pytest.raises(KeyboardInterrupt):
        lose_an_interrupt()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize(
    ("main", "module", "measure"),
    [(throughput, contest, "measure"), (layers, trials, "measure_errors")],
    ids=["throughput", "layers"],
)
def test_interrupted_measurement_keeps_the_settings_of_the_results_that_are_there(main, module, measure, tmp_path, monkeypatch):
    def interrupted(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, measure, interrupted)
    for rounds in ("3", "7"):
        assert main(["--rounds", rounds, "--out", str(tmp_path / "out")]) == 130
        assert json.loads((tmp_path / "out" / "config.json").read_text())["rounds"] == 3
