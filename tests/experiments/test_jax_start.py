"""Ctrl-C while jax is still being imported."""

import os
import signal
import threading

import pytest

from jaxnorm.experiments.jax_start import interrupts_wait


@pytest.fixture
def usual():
    """Ctrl-C as Python has it, whatever the test runner made of it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("usual")
def test_interrupt_is_answered_once_the_block_is_through():
    passed = []

    def body():
        with interrupts_wait():
            os.kill(os.getpid(), signal.SIGINT)
            passed.append("the rest of the block")

    with pytest.raises(KeyboardInterrupt):
        body()
    assert passed
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("usual")
def test_nothing_happens_without_an_interrupt_and_errors_pass():
    with interrupts_wait():
        pass
    with pytest.raises(ValueError, match="mine"), interrupts_wait():
        raise ValueError("mine")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("usual")
def test_what_ignores_interrupts_goes_on_ignoring_them():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with interrupts_wait():
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@pytest.mark.usefixtures("usual")
def test_other_threads_are_let_through():
    passed = []

    def body():
        with interrupts_wait():
            passed.append(True)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert passed == [True]
