"""A norm of the user's own joins a comparison like one of the table, and each mistake in it ends with one sentence."""

import importlib
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pandas as pd
import pytest
from experiments.refusals import assert_one_sentence, assert_refused
from flax import linen as nn

import jaxnorm
from jaxnorm.data import with_padding
from jaxnorm.experiments import study
from jaxnorm.experiments.build import build_model, build_norm, load_dataset
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.compare.__main__ import main
from jaxnorm.experiments.compare.study import CompareConfig
from jaxnorm.experiments.folder import RunFolder, file_stem
from jaxnorm.experiments.own_norms import find_norm, own_norm_sources
from jaxnorm.experiments.own_sources import source_files
from jaxnorm.experiments.registry import part_of
from jaxnorm.experiments.trial import try_network
from jaxnorm.report.text import norm_title

ROOT = Path(jaxnorm.__file__).parent.parent
HEADER = "import jax.numpy as jnp\nfrom flax import linen as nn\n\n\n"
TINY = ["--no-control", "--batch-sizes", "16", "--seeds", "2", "--epochs", "1", "--hidden-sizes", "8"]
SAME_FORMULA = {"rtol": 1e-3, "atol": 1e-4}
"""Two programs of the same formula, 89 updates of Adam apart."""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """``write(text)`` saves the module ``mine`` in the current folder, to be imported afresh."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(text):
        (tmp_path / "mine.py").write_text(HEADER + text)
        sys.modules.pop("mine", None)
        importlib.invalidate_caches()

    yield write
    sys.modules.pop("mine", None)


@pytest.fixture
def nothing_is_compiled(monkeypatch):
    def compiled(*_args, **_kwargs):
        raise AssertionError("a program was compiled")

    monkeypatch.setattr(study, "compile_programs", compiled)


def test_documented_example_runs_as_it_stands(tmp_path):
    page = (ROOT / "docs" / "own_norm.md").read_text()
    example, command = (re.search(rf"```{language}\n(.*?)```", page, re.DOTALL)[1] for language in ("python", "bash"))
    name = re.search(r"\w+:\w+", command)[0]
    assert len([line for line in example.splitlines() if line.strip()]) <= 15
    (tmp_path / f"{name.partition(':')[0]}.py").write_text(example)
    program, *arguments = shlex.split(command)
    assert program == "python"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}  # which compiles in half the time
    result = subprocess.run([sys.executable, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    (out,) = (tmp_path / "runs").iterdir()
    assert set(pd.read_csv(out / "metrics.csv").norm) == {"batch", "layer", name}
    assert name.partition(":")[2] in (out / "report.md").read_text()
    assert f"--norms batch layer {name}" in (out / "report.md").read_text()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of the table's LayerNorm beside Linen's, the latter by its import path."""
    out = tmp_path_factory.mktemp("own") / "out"
    before = jax.config.jax_numpy_rank_promotion  # Linen's layers are other people's code: they run in the users' world
    jax.config.update("jax_numpy_rank_promotion", "allow")
    assert main(["--norms", "layer", "flax.linen:LayerNorm", *TINY, "--out", str(out)]) == 0
    jax.config.update("jax_numpy_rank_promotion", before)
    return out


def test_own_norm_is_trained_as_the_table_trains_it(finished):
    rows = pd.read_csv(finished / "metrics.csv")
    ours, theirs = (rows[rows.norm == name].value.to_numpy() for name in ("layer", "flax.linen:LayerNorm"))
    np.testing.assert_allclose(ours, theirs, **SAME_FORMULA)
    assert {path.name for path in (finished / "figures").glob("*.svg")} == {"curves.svg", "results.svg"}


def test_own_norm_files_have_names_for_every_file_system(finished):
    names = sorted(path.name for path in (finished / "arms").iterdir())
    assert [name.startswith(("flax-linen-LayerNorm-16-", "layer-16.")) for name in names] == [True] * 4
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+\.(parquet|npz)", name) for name in names)


def test_own_norm_resumes(finished, capsys, nothing_is_compiled):
    assert main(["--norms", "layer", "flax.linen:LayerNorm", *TINY, "--out", str(finished)]) == 0
    assert "2 arms of 2 kept from before" in capsys.readouterr().out


def test_file_stem_is_one_to_one_whatever_the_case():
    keys = ["batch-16", "a.b:C-16", "a.b:c-16", "a:b_C-16", "a.b:C-1", "a_b:C-16", "é:Ü-16", "x" * 300 + ":N-16", "x" * 300 + ":M-16"]
    stems = [file_stem(key) for key in keys]
    assert stems[0] == "batch-16"
    assert len({stem.casefold() for stem in stems}) == len(keys)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,120}", stem) for stem in stems)


def test_edited_norm_does_not_pass_for_the_old_one(write, tmp_path, capsys):
    config = CompareConfig(norms=("mine:Double",))
    layer = "class Double(nn.Module):\n    def __call__(self, x):\n        return {} * x\n"
    write(layer.format(2))
    old = study.settings(config, "compare")
    RunFolder(tmp_path / "out", old, resume=True, identity={})
    write(layer.format(2))
    assert study.settings(config, "compare") == old
    write(layer.format(3))
    assert study.settings(config, "compare") != old
    assert main(["--norms", "mine:Double", "--out", str(tmp_path / "out")]) == 2
    assert_one_sentence(capsys.readouterr().err, ["own_norms", "name another folder"])
    assert json.loads((tmp_path / "out" / "config.json").read_text()) == json.loads(json.dumps(old))


def test_checksum_covers_what_the_norm_imports_and_nothing_else(write, tmp_path):
    package = tmp_path / "parts"
    package.mkdir()
    written = {
        "parts/__init__.py": "",
        "parts/inner.py": "from . import deep\n",
        "parts/deep.py": "A = 1\n",
        "later.py": "B = 1\n",
        "other.py": "",
    }
    for name, text in written.items():
        (tmp_path / name).write_text(text)
    text = (
        "from parts.inner import deep\n\n\nclass Double(nn.Module):\n    def __call__(self, x):\n        import later\n        return x\n"
    )

    def checksum():
        write(text)
        return own_norm_sources(["mine:Double"])["mine:Double"]

    before = checksum()
    assert [path.name for path in source_files(tmp_path / "mine.py")] == ["mine.py", "__init__.py", "inner.py", "later.py", "deep.py"]
    for name, old in written.items():
        (tmp_path / name).write_text(f"{old}C = 2\n")
        assert (checksum() != before) == (name != "other.py"), name
        (tmp_path / name).write_text(old)
    assert checksum() == before


def test_checksum_of_an_installed_norm_is_that_of_its_module():
    assert len(source_files(Path(inspect.getfile(nn.LayerNorm)))) == 1


RUNNING = '''class Running(nn.Module):
    """A BatchNorm of sorts."""

    use_running_average: bool = False
    epsilon: float = 0.0

    removes_bias = True

    @nn.compact
    def __call__(self, x, mask=None):
        mean = self.variable("batch_stats", "mean", jnp.zeros, (1, x.shape[-1]))
        if not self.use_running_average and not self.is_initializing():
            mean.value = x.mean(0, keepdims=True)
        return x - mean.value


class Stateless(nn.Module):
    couples_examples = True

    def __call__(self, x):
        return x - x.mean(0, keepdims=True)


class Plain(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x
'''


def test_attributes_of_the_class_tell_what_tracing_cannot(write):
    write(RUNNING)
    norms = {name: find_norm(f"mine:{name}") for name in ("Running", "Stateless", "Plain")}
    assert {name: norm.module.__name__ for name, norm in norms.items()} == {name: name for name in norms}
    assert [norm.removes_bias for norm in norms.values()] == [True, False, False]
    assert [norm.couples_examples for norm in norms.values()] == [True, True, False]


def test_own_norm_gets_the_shared_settings_that_it_has_fields_for(write):
    write(RUNNING)
    norm = build_norm(CompareConfig(epsilon=0.125), "mine:Running", 16)
    assert (norm(train=True).epsilon, norm(train=True).use_running_average) == (0.125, False)
    assert norm(train=False).use_running_average is True


@pytest.mark.parametrize("name", ["Running", "Stateless"])
def test_own_norm_that_couples_examples_refuses_a_batch_of_one(write, name, tmp_path, capsys, nothing_is_compiled):
    write(RUNNING)
    assert main(["--norms", f"mine:{name}", "--batch-sizes", "1", "--out", str(tmp_path / "out")]) == 2
    assert_one_sentence(capsys.readouterr().err, ["--batch-sizes 1", f"mine:{name}", "at least 2"])


NAMES = {
    "a path": ("./nets/mine.py:Norm", ["package.module:Class", "did you mean nets.mine:Norm?"]),
    "a file": ("mine.py:Norm", ["did you mean mine:Norm?"]),
    "no class": ("mine:", ["did you mean mine:Class?"]),
    "no module": (":Norm", ["did you mean module:Norm?"]),
    "a dot for the colon": ("mine.Norm", ["is not a norm", "package.module:Class"]),
    "absent module": ("minne:Norm", ["minne:Norm", "cannot be imported", "No module named 'minne'"]),
    "absent package": ("no.such.place:Norm", ["No module named 'no'"]),
    "absent class": ("mine:Nrom", ["mine has no Nrom", "did you mean 'Norm'?"]),
    "not a class": ("mine:nn", ["mine:nn", "flax.linen.Module"]),
    "another class": ("mine:Other", ["mine:Other", "flax.linen.Module"]),
}


@pytest.mark.parametrize(("name", "fragments"), NAMES.values(), ids=NAMES)
def test_bad_name_is_refused_in_one_sentence(write, name, fragments, tmp_path, capsys, nothing_is_compiled):
    write("class Other:\n    pass\n\n\nclass Norm(nn.Module):\n    def __call__(self, x):\n        return x\n")
    _assert_refused(name, fragments, tmp_path, capsys)


MODULES = {
    "bad syntax": ("class Norm(nn.Module)\n", ["cannot be imported", "SyntaxError", "mine.py, line 5", "python -c 'import mine'"]),
    "bad import": ("import not_there\n", ["cannot be imported", "No module named 'not_there'"]),
    "bad name": ("class Norm(nm.Module):\n    pass\n", ["cannot be imported", "NameError", "'nm'"]),
}


@pytest.mark.parametrize(("text", "fragments"), MODULES.values(), ids=MODULES)
def test_module_that_cannot_be_imported_is_refused_in_one_sentence(write, text, fragments, tmp_path, capsys, nothing_is_compiled):
    write(text)
    _assert_refused("mine:Norm", fragments, tmp_path, capsys)


def _method(signature, *body):
    return "\n        ".join([f"class Norm(nn.Module):\n    @nn.compact\n    def __call__({signature}):", *body]) + "\n"


LAYERS = {
    "call form": (_method("self, x, train", "return x"), ["called as norm(x)", "TypeError", "train"]),
    "field without default": ("class Norm(nn.Module):\n    size: int\n\n    def __call__(self, x):\n        return x\n", ["size"]),
    "no call": ("class Norm(nn.Module):\n    pass\n", ["called as norm(x)"]),
    "error inside": (_method("self, x", "raise ValueError('odd\\nvalue')"), ["ValueError: odd value", "(mine.py, line 8)"]),
    "unknown function": (_method("self, x", "return jnp.maen(x)"), ["AttributeError", "maen", "(mine.py, line 8)"]),
    "branch on a value": (_method("self, x", "return x if x.sum() > 0 else -x"), ["Tracer", "(mine.py, line 8)"]),
    "randomness": (_method("self, x", "return x * (self.make_rng('noise') is None)"), ["PRNG", '"noise"']),
    "another shape": (_method("self, x", "return x.mean(-1)"), ["returns shape (1,)", "(1, 8)"]),
    "two results": (_method("self, x", "return x, x"), ["returns tuple", "one array"]),
    "no result": (_method("self, x", "pass"), ["returns NoneType"]),
    "other state": (_method("self, x", "self.variable('ema', 'mean', jnp.zeros, ())", "return x"), ["state in ema", "batch_stats"]),
    "state that evaluation updates": (
        RUNNING.replace("class Running", "class Norm").replace("not self.use_running_average and ", ""),
        ["ModifyScopeVariableError", "(mine.py, line"],
    ),
    "changing state": (
        RUNNING.replace("class Running", "class Norm").replace("jnp.zeros, (1, x.shape[-1])", "jnp.zeros, (1, 1)"),
        ["changes its batch_stats", "(1, 1)", "(1, 8)"],
    ),
}


@pytest.mark.parametrize(("text", "fragments"), LAYERS.values(), ids=LAYERS)
def test_layer_that_cannot_be_used_is_refused_in_one_sentence(write, text, fragments, tmp_path, capsys, nothing_is_compiled):
    write(text)
    _assert_refused("mine:Norm", fragments, tmp_path, capsys)


RAISING = {
    "on import": ("raise OSError('no disk')\n", ["cannot be imported", "OSError: no disk (mine.py, line 5)"]),
    "an exit on import": ("import sys\nsys.exit(0)\n", ["cannot be imported", "SystemExit: 0 (mine.py, line 6)"]),
    "on a call": (
        _method("self, x", "raise RuntimeError('no luck')"),
        ["with x of shape (1, 8)", "RuntimeError: no luck (mine.py, line 8)"],
    ),
    "an exit on a call": (_method("self, x", "raise SystemExit(0)"), ["SystemExit: 0 (mine.py, line 8)"]),
    "in setup": (
        "class Norm(nn.Module):\n    def setup(self):\n        raise KeyError('mine')\n\n    def __call__(self, x):\n        return x\n",
        ["KeyError: 'mine' (mine.py, line 7)"],
    ),
}


@pytest.mark.parametrize(("text", "fragments"), RAISING.values(), ids=RAISING)
def test_whatever_a_norm_raises_is_told_with_file_and_line(write, text, fragments, tmp_path, capsys, nothing_is_compiled):
    write(text)
    _assert_refused("mine:Norm", fragments, tmp_path, capsys)


def test_error_below_several_frames_shows_them_and_no_others(write, tmp_path, capsys, nothing_is_compiled):
    write("def deep(x):\n    return deep(x)\n\n\n" + _method("self, x", "return deep(x)"))
    assert main(["--norms", "mine:Norm", *TINY, "--out", str(tmp_path / "out")]) == 2
    sentence, *frames = capsys.readouterr().err.splitlines()
    assert "RecursionError" in sentence
    assert "(mine.py, line 6)" in sentence
    assert {line.strip().split(",")[0] for line in frames if line.startswith("  File ")} == {f'File "{tmp_path / "mine.py"}"'}
    assert len(frames) < 40


def test_file_is_named_before_it_is_imported(write, tmp_path, capsys, nothing_is_compiled):
    write("print('mine runs')\n")
    assert main(["--norms", "mine:Norm", *TINY, "--quiet", "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().out.splitlines()
    assert said == [f"importing mine for --norms mine:Norm, from {tmp_path / 'mine.py'}", "mine runs"]


SCALED = """class Norm(nn.Module):
    factor: float = 1.0
    epsilon: float = 0.5

    def __call__(self, x):
        return self.factor * x
"""


def test_options_of_the_name_are_bound_and_win(write):
    write(SCALED)
    plain, given = (
        build_norm(CompareConfig(epsilon=0.125), name, 16)(train=True) for name in ("mine:Norm", "mine:Norm(factor=2, epsilon=.25)")
    )
    assert (plain.factor, plain.epsilon) == (1.0, 0.125)
    assert (given.factor, given.epsilon) == (2, 0.25)
    assert norm_title("mine:Norm(factor=2)") == "Norm(factor=2)"


OPTIONS = {
    "unknown": ("mine:Norm(size=3)", ["has no option size", "factor"]),
    "positional": ("mine:Norm(3)", ["options that are not understood", "Class(name=value, ...)"]),
    "no literal": ("mine:Norm(factor=f())", ["options that are not understood"]),
    "not hashable": ("mine:Norm(factor=[1])", ["options that are not understood", "tuples"]),
    "two calls": ("mine:Norm(factor=1)(factor=2)", ["options that are not understood"]),
    "starred": ("mine:Norm(**{})", ["options that are not understood"]),
    "no end": ("mine:Norm(factor=1", ["not of the form"]),
}


@pytest.mark.parametrize(("name", "fragments"), OPTIONS.values(), ids=OPTIONS)
def test_bad_options_are_refused_in_one_sentence(write, name, fragments, tmp_path, capsys, nothing_is_compiled):
    write(SCALED)
    _assert_refused(name, fragments, tmp_path, capsys)


def try_padded(model, name):
    """Trace a model with a custom norm on padded sequences, as before training."""
    config = CompareConfig(norms=(name,))
    data = with_padding(load_dataset("digits_rows", None), length_spread=0.0, padding_share=0.5)
    with jax.numpy_rank_promotion("allow"):  # the users' world
        try_network(build_model(config, model, build_norm(config, name, 16), data), name, 16, data)


DOCUMENTED = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "own_norm.md").read_text(encoding="utf-8"), re.DOTALL)[1]


@pytest.mark.parametrize("model", ["lstm", "gru", "transformer"])
def test_documented_example_works_where_sequences_are_padded(write, model):
    write(DOCUMENTED)
    try_padded(model, "mine:AbsNorm")


def test_norm_over_the_batch_that_takes_no_mask_is_refused_where_there_is_padding(write):
    running = RUNNING.replace("x.mean(0, keepdims=True)", "x.reshape(-1, x.shape[-1]).mean(0, keepdims=True)")
    write(running.replace("x, mask=None", "x"))
    with pytest.raises(UsageError, match=r"mine:Running cannot be called .* couples the examples .* takes no mask"):
        try_padded("transformer", "mine:Running")
    write(running)
    try_padded("transformer", "mine:Running")


@pytest.mark.parametrize("stream", ["noise", "dropout"])
def test_updates_have_streams_of_random_numbers(write, stream):
    write(_method("self, x", f"return nn.Dropout(0.5, rng_collection='{stream}', deterministic=not self.has_rng('{stream}'))(x)"))
    for model in ("lstm", "transformer"):
        try_padded(model, "mine:Norm")


def test_network_that_does_not_take_the_data_is_not_blamed_on_the_norm(write):
    write(SCALED)
    with pytest.raises(UsageError, match=r"--dataset digits_rows_padded does not go with this network \(CNN\)"):
        try_padded("cnn", "mine:Norm")


def test_norm_is_tried_at_the_shapes_of_the_network(tmp_path, capsys, monkeypatch):
    """Linen's GroupNorm has 32 groups: it goes with 64 channels, and not with the 10 classes."""
    seen = []
    monkeypatch.setattr(study, "train_arms", lambda config, jobs, *_others: seen.extend(jobs) or {})
    monkeypatch.setattr(study, "report", lambda *_arguments: None)
    monkeypatch.setattr(study, "show", lambda *_arguments: None)
    flags = ["--norms", "flax.linen:GroupNorm", "--no-control", "--batch-sizes", "128", "--out", str(tmp_path / "out")]
    assert main([*flags, "--hidden-sizes", "64"]) == 0
    assert len(seen) == 1
    assert main([*flags, "--hidden-sizes", "64", "--norm-on-logits"]) == 2
    assert_one_sentence(capsys.readouterr().err, ["with x of shape (1, 10)", "groups"])


@pytest.mark.parametrize(("instrument", "arms"), [("sequences", {"masked", "unmasked"}), ("batch_size", {2, 32})])
def test_settings_know_that_a_custom_norm_couples_examples(instrument, arms):
    settings = {"norms": ("flax.linen:BatchNorm",)} | ({"batch_sizes": (1, 2, 32)} if instrument == "batch_size" else {})
    config = part_of(instrument, "study").SETTINGS(**settings)
    find_norm("flax.linen:BatchNorm")
    of_norm = [arm for arm in config.arms if arm.norm == "flax.linen:BatchNorm"]
    assert {arm.masking if instrument == "sequences" else arm.batch_size for arm in of_norm} == arms


def test_norms_that_reports_would_call_alike_are_refused(tmp_path, capsys, nothing_is_compiled):
    flags = ["--norms", "batch", "one:Norm", "other:Norm", *TINY]
    assert_refused(main, flags, ["one:Norm", "other:Norm", "called Norm", "rename"], tmp_path, capsys)


def _assert_refused(name, fragments, tmp_path, capsys):
    assert_refused(main, ["--norms", "batch", name, *TINY], fragments, tmp_path, capsys)


def test_own_norm_is_found_beside_an_installed_script(write, monkeypatch):
    """The console script has its own folder on the path, not the current one."""
    write("class Norm(nn.Module):\n    def __call__(self, x):\n        return x\n")
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry not in ("", os.getcwd())])
    assert find_norm("mine:Norm").module.__name__ == "Norm"
