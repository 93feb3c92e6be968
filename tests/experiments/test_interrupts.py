"""Ctrl-C is answered, and leaves the results of an earlier run beside their own settings."""

import json
import signal

import pytest

from jaxnorm.experiments.interrupts import interrupts_between_steps
from jaxnorm.experiments.layers import trials
from jaxnorm.experiments.layers.__main__ import main as layers
from jaxnorm.experiments.throughput import contest
from jaxnorm.experiments.throughput.__main__ import main as throughput


def interrupted_work(times, done):
    with interrupts_between_steps() as check:
        check()
        for _ in range(times):
            signal.raise_signal(signal.SIGINT)
        done.append("the step")
        check()
        done.append("the next step")


@pytest.mark.parametrize(("times", "expected"), [(1, ["the step"]), (2, [])])
def test_interrupt_waits_for_the_end_of_a_step_and_a_second_one_does_not(times, expected):
    done = []
    with pytest.raises(KeyboardInterrupt):
        interrupted_work(times, done)
    assert done == expected
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
