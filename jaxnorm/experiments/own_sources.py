"""The source files that user code consists of: a module and all that it imports from below the current folder."""

import ast
import hashlib
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import jaxnorm


def digest_sources(module: Path) -> str:
    """A checksum of a module's source and of every source below the current folder that it imports, however indirectly.

    Files are found as the import system would find them, but read and not run, and count by their contents and order: another folder with
    the same files has the same checksum. Installed packages and jaxnorm are none of it: their versions are recorded.
    """
    total = hashlib.sha256()
    for path in source_files(module):
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]


def source_files(module: Path) -> list[Path]:
    """The module's file, then those that it imports from below the current folder, each once, in the order of their imports."""
    roots = [folder for folder in dict.fromkeys(Path(entry).resolve() for entry in ("", *sys.path)) if _is_own(folder)]
    found: dict[Path, None] = {}
    waiting = [module.resolve()]
    while waiting:
        path = waiting.pop(0)
        if path not in found:
            found[path] = None
            waiting += [file for name in _imported(path, roots) for file in _files_of(name, roots)]
    return list(found)


def _is_own(path: Path) -> bool:
    """Whether the path is the current folder or lies below it, and is no place of installed packages and no part of jaxnorm."""
    installed = [Path(sysconfig.get_path(kind)).resolve() for kind in ("purelib", "platlib", "stdlib")]
    others = [*installed, Path(jaxnorm.__file__).parent.resolve()]
    return path.is_relative_to(Path.cwd()) and not any(path.is_relative_to(other) for other in others)


def _imported(path: Path, roots: list[Path]) -> Iterator[str]:
    """Dotted names of all that a source imports, anywhere in it; of ``from a import b`` both ``a`` and ``a.b``."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(part for part in (_package(path, node.level, roots), node.module) if part)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _package(path: Path, level: int, roots: list[Path]) -> str:
    """The package that a relative import of so many dots starts from; nothing where it is absolute."""
    root = next((root for root in roots if path.is_relative_to(root)), None)
    return ".".join(path.relative_to(root).parts[:-level]) if level and root else ""


def _files_of(name: str, roots: list[Path]) -> Iterator[Path]:
    """The files that importing a dotted name runs: of each package on the way, and of the module."""
    parts = name.split(".")
    for root in roots:
        for end in range(1, len(parts) + 1):
            stem = root.joinpath(*parts[:end])
            yield from (file for file in (stem / "__init__.py", stem.with_suffix(".py")) if file.is_file() and _is_own(file))
