"""The JSON files of a run: how they are written, and what a damaged one is answered with."""

import json
from pathlib import Path
from typing import Any

from jaxnorm.experiments.command_line import UsageError
from jaxnorm.files import write_atomically

CONFIG = "config.json"
ENVIRONMENT = "environment.json"
KINDS: dict[str, type | tuple[type, ...]] = {
    "date": str,
    "python": str,
    "packages": dict,
    "system": str,
    "processor": str,
    "cores": int,
    "backend": str,
    "devices": list,
    "data": (dict, list),
    "wall_seconds": (int, float),
    "arms": dict,
}
"""What ``environment.json`` may hold of a run, with types."""


def read_object(path: Path) -> dict[str, Any] | None:
    """A JSON object out of a file; None where that is absent, damaged, or holds something else."""
    try:
        content = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def write_json(path: Path, content: Any) -> None:
    """Write ``content`` as indented JSON."""
    write_atomically(path, as_json(content))


def as_json(content: Any) -> bytes:
    """``content`` as the indented JSON of a run's files."""
    return json.dumps(content, indent=1).encode() + b"\n"


def find_environment(folder: Path) -> dict[str, Any] | None:
    """What a run was trained on and took; None where that is absent or damaged."""
    content = read_object(folder / ENVIRONMENT)
    return content if content and all(isinstance(content[name], kind) for name, kind in KINDS.items() if name in content) else None


def read_environment(folder: Path) -> dict[str, Any]:
    """The same. Raises ``UsageError``."""
    return _sound(folder / ENVIRONMENT, find_environment(folder))


def read_settings(folder: Path) -> dict[str, Any]:
    """The settings of a run, ``instrument`` among them. Raises ``UsageError``."""
    content = read_object(folder / CONFIG)
    return _sound(folder / CONFIG, content if content and isinstance(content.get("instrument"), str) else None)


def is_drawn(folder: Path, summary: bytes) -> bool:
    """Whether the report in ``folder`` is that of this ``summary.json`` and whole."""
    path = folder / "summary.json"
    whole = all((folder / name).exists() for name in ("report.md", "report.html", "figures"))
    return whole and path.exists() and path.read_bytes() == summary


def _sound(path: Path, content: dict[str, Any] | None) -> dict[str, Any]:
    if content is None:
        raise UsageError(f"{path} is absent or damaged; run the command again, and it is written anew.")
    return content
