"""Who may import whom, checked on the syntax tree: rooms see only what lies below them, and some never see jax."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import jaxnorm

PACKAGE = Path(jaxnorm.__file__).parent

ALLOWED = {
    "config": set(),
    "files": set(),
    "types": set(),
    "xla": set(),
    "norms": {"types"},
    "data": {"files"},
    "analysis": {"config", "files"},
    "models": {"norms", "types"},
    "training": {"types", "xla"},
    "reporting": {"analysis", "config", "files"},
    "experiments": {"__version__", "config", "files", "types", "norms", "data", "analysis", "models", "training", "reporting"},
}
WITHOUT_JAX = {"config", "files", "xla", "data", "analysis", "reporting"}
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


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module_imports_only_rooms_below(path):
    room = room_of(path)
    rooms = {name.split(".")[1] for name in imported_modules(path) if name.startswith("jaxnorm.")}
    assert rooms - {room} <= ALLOWED[room]


@pytest.mark.parametrize(
    "path", [path for path in MODULES if room_of(path) in WITHOUT_JAX], ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_module_of_jaxless_room_imports_no_jax(path):
    assert not {name.split(".")[0] for name in imported_modules(path)} & JAX_FAMILY


def test_rooms_without_jax_load_none_of_it():
    modules = [f"jaxnorm.{'.'.join(path.relative_to(PACKAGE).with_suffix('').parts)}" for path in MODULES if room_of(path) in WITHOUT_JAX]
    code = f"import importlib, sys\nfor name in {modules}: importlib.import_module(name)\nprint(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not JAX_FAMILY & set(result.stdout.split())


def test_every_room_has_its_rule():
    assert {room_of(path) for path in MODULES} == set(ALLOWED)


def test_notebook_holds_no_code():
    assert not list((PACKAGE.parent / "experiments").rglob("*.py"))
