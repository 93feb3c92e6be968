"""Variables of jax that cannot be meant end with a sentence; a notebook's backend and a user's style change no figure."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import jaxnorm

ROOT = Path(jaxnorm.__file__).parent.parent
COMMAND = ["jaxnorm.experiments.compare", "--seeds", "2", "--epochs", "1", "--no-control", "--norms", "layer", "--batch-sizes", "128"]
CANNOT_BE_MEANT = {
    "JAX_PLATFORMS": ["tpu", "nosuch"],
    "JAX_NUM_CPU_DEVICES": ["0", "abc"],
    "JAX_DISABLE_JIT": ["1"],
    "JAX_ENABLE_X64": ["maybe"],
}


def run(folder, **variables):
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | variables
    command = [sys.executable, "-m", *COMMAND, "--quick", "--hidden-sizes", "8", "--out", str(folder / "out")]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in CANNOT_BE_MEANT.items() for value in values])
def test_variable_that_cannot_be_meant_ends_with_a_sentence(name, value, tmp_path):
    result = run(tmp_path, **{name: value})
    assert result.returncode == 2
    *_, sentence = result.stderr.splitlines()
    assert sentence.startswith("error: ")
    assert name in sentence
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists()


def test_settings_of_matplotlib_are_not_obeyed(tmp_path):
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\n")
    result = run(tmp_path, MPLBACKEND="module://matplotlib_inline.backend_inline")
    assert (result.returncode, result.stderr) == (0, "")
