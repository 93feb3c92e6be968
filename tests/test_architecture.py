"""Who may import whom, checked on the syntax tree: rooms see only what lies below them, and some never see jax."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import jaxnorm

PACKAGE = Path(jaxnorm.__file__).parent

ALLOWED = {
    "controls": set(),
    "files": set(),
    "types": set(),
    "xla": set(),
    "stats": set(),
    "config": {"stats"},
    "norms": {"types"},
    "data": {"files"},
    "models": {"norms", "types"},
    "training": {"types", "xla"},
    "report": {"controls", "files", "stats"},
    "validation": {"report", "stats"},
    "experiments": {
        "__version__",
        "config",
        "controls",
        "data",
        "files",
        "models",
        "norms",
        "report",
        "stats",
        "training",
        "types",
        "validation",
    },
}
INSTRUMENTS_SEEN = {"validation/__main__.py"}
"""The file of ``validation`` that sees the instruments whose plans are simulated; the documents, which show the result, see the others."""
WITHOUT_JAX = {"config", "controls", "files", "xla", "data", "stats", "report", "validation"}
FILES_WITHOUT_JAX = {"study.py", "claims.py", "figures.py"}
"""Of every instrument."""
JAX_FAMILY = {"jax", "jaxlib", "flax", "optax", "chex"}

MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def imported_modules(path: Path) -> set[str]:
    """Dotted names of all modules that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def is_jaxless(path: Path) -> bool:
    return room_of(path) in WITHOUT_JAX or (path.parent.parent == PACKAGE / "experiments" and path.name in FILES_WITHOUT_JAX)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_imports_only_rooms_below(path):
    room = room_of(path)
    rooms = {name.split(".")[1] for name in imported_modules(path) if name.startswith("jaxnorm.")}
    allowed = {"experiments", "files"} if name_of(path) in INSTRUMENTS_SEEN else set()
    assert rooms - {room} <= ALLOWED[room] | allowed


@pytest.mark.parametrize("path", [path for path in MODULES if is_jaxless(path)], ids=name_of)
def test_module_without_jax_imports_none(path):
    assert not {name.split(".")[0] for name in imported_modules(path)} & JAX_FAMILY


def test_modules_without_jax_load_none_of_it():
    modules = [f"jaxnorm.{'.'.join(path.relative_to(PACKAGE).with_suffix('').parts)}" for path in MODULES if is_jaxless(path)]
    assert {f"jaxnorm.experiments.compare.{Path(name).stem}" for name in FILES_WITHOUT_JAX} <= set(modules)
    code = f"import importlib, sys\nfor name in {modules}: importlib.import_module(name)\nprint(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not JAX_FAMILY & set(result.stdout.split())


def test_every_room_has_its_rule():
    assert {room_of(path) for path in MODULES} == set(ALLOWED)


def test_notebook_holds_no_code():
    assert not list((PACKAGE.parent / "experiments").rglob("*.py"))
