"""What a command says reaches every kind of terminal, pipe and encoding, and says nothing that a terminal would obey."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import jaxnorm
from jaxnorm.config.datasets import DATASETS
from jaxnorm.data import DATASETS as IMAGES
from jaxnorm.data import SEQUENCES
from jaxnorm.experiments.registry import COMMANDS, TRAINING
from jaxnorm.experiments.streams import BROKEN_PIPE, PLAIN
from jaxnorm.experiments.terminal import make_console

RESULTS = Path(jaxnorm.__file__).parent.parent / "experiments" / "results"


def run(*arguments, **variables):
    environment = os.environ | {"PYTHONPATH": str(Path(jaxnorm.__file__).parent.parent)} | variables
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, check=False)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_encoding_without_a_minus_sign_gets_plain_characters(encoding):
    shown = ("jaxnorm.experiments.report", str(RESULTS / "digits_adam"), str(RESULTS / "sensitivity"))
    result = run(*shown, PYTHONIOENCODING=encoding)
    assert (result.returncode, result.stderr) == (0, b"")
    plain, whole = result.stdout.decode(encoding), run(*shown, PYTHONIOENCODING="utf-8").stdout.decode()
    assert "−" in whole
    assert "?" not in plain
    numbers = {word for word in whole.split() if any(map(str.isdecimal, word))}
    lacking = {character: PLAIN[character] for character in PLAIN if character.encode(encoding, "ignore") == b""}
    assert "−" in lacking
    assert {word.translate(str.maketrans(lacking)) for word in numbers} <= set(plain.replace("|", " ").split())


def test_error_in_an_encoding_without_its_characters_is_a_sentence():
    result = run("jaxnorm.experiments.compare", "--norms", "größe−×", PYTHONIOENCODING="ascii")
    assert result.returncode == 2
    assert result.stderr.startswith(b"error: --norms gro?e-x is not a norm")


@pytest.mark.parametrize("command", ["compare --help", f"claims {RESULTS}"])
def test_reader_that_has_gone_leaves_no_traceback(command):
    program, argument = command.split()
    reading, writing = os.pipe()
    os.close(reading)
    code = [sys.executable, "-m", f"jaxnorm.experiments.{program}", argument]
    result = subprocess.run(code, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (result.returncode, result.stderr) == (BROKEN_PIPE, b"")


@pytest.mark.parametrize("optimize", ["", "2"])
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_tells_how_it_is_used(command, optimize):
    result = run(f"jaxnorm.experiments.{command}", "--help", PYTHONOPTIMIZE=optimize)
    assert (result.returncode, result.stderr) == (0, b"")
    page = result.stdout.decode()
    assert f"python -m jaxnorm.experiments.{command}" in page
    assert "None" not in page.splitlines()
    if command in TRAINING:
        assert page.index("\nthis instrument\n") < page.index("\ntraining\n") < page.index("\nnorms\n") < page.index("\ndecision rule\n")
        assert "layer_all" in page
        assert "tiny_shakespeare" in page
        assert page.count("\n  python -m ") == 2
        assert "imports that module, and so runs its code" in " ".join(page.split())


def test_help_lists_the_data_sets_there_are():
    assert set(DATASETS) == {*IMAGES, *SEQUENCES}


def test_console_shows_brackets_and_no_control_characters(capsys):
    make_console().print("a[/red]b \x1b[2J \x9b :smile:")
    assert capsys.readouterr().out == "a[/red]b �[2J � :smile:\n"
