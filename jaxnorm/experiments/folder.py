"""The folder of one run: its config, one file per finished arm, and what is made of them. Nothing in it is ever half-written."""

import dataclasses
import hashlib
import io
import json
import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.parts import Parts
from jaxnorm.files import write_atomically
from jaxnorm.stats.arm import Arm


@dataclasses.dataclass(frozen=True)
class ArmResult:
    """A finished arm: its tidy rows, how many networks they are of, and what they took in seconds (of run time per network, one value
    for each timed group).
    """

    rows: pd.DataFrame
    networks: int
    compile_seconds: float
    run_seconds: float
    seconds_per_network: list[float]


def file_stem(key: str) -> str:
    """A file's name, without suffix, for an arm: ``batch-16`` as it is, ``mine:MyNorm-16`` as ``mine-MyNorm-16-`` and a digest.

    Own norms have names with colons, which not every file system takes, and may differ in nothing but case or run to any length.
    """
    if re.fullmatch(r"[a-z0-9_-]{1,80}", key):
        return key
    return f"{re.sub(r'[^A-Za-z0-9_]+', '-', key)[-80:]}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def claim_folder(path: Path, config: dict[str, Any], *, fixed: Collection[str] | None = None) -> None:
    """Make ``path`` the folder of a run with this config, unless it is something else already.

    Args:
      path: the folder; made if absent, with a ``config.json``.
      config: the settings as plain JSON values, ``instrument`` among them.
      fixed: the settings that an earlier run there must share; all by default.

    Raises:
      UsageError: ``path`` cannot be used, holds other files, or a run with other settings.
    """
    config = json.loads(json.dumps(config))
    if path.exists() and not path.is_dir():
        raise UsageError(f"--out {path} is a file; name a folder, new or of an earlier run of the same command.")
    try:
        _refuse_other_run(path, config, fixed)
        path.mkdir(parents=True, exist_ok=True)
        if not os.access(path, os.W_OK):
            raise PermissionError
        write_json(path / "config.json", config)
    except OSError as error:
        raise UsageError(f"--out {path} cannot be written; name a folder in which you may create files.") from error


def _refuse_other_run(path: Path, config: dict[str, Any], fixed: Collection[str] | None) -> None:
    if not (path / "config.json").exists():
        if path.is_dir() and any(path.iterdir()):
            raise UsageError(f"--out {path} holds other files and no run; name a new folder, or that of an earlier run.")
        return
    try:
        old = json.loads((path / "config.json").read_text())
    except ValueError:
        old = None
    if not isinstance(old, dict):
        raise UsageError(f"{path / 'config.json'} does not hold the settings of a run; name another folder with --out.")
    keys = [key for key in sorted(old.keys() | config) if old.get(key) != config.get(key)]
    keys = [key for key in keys if fixed is None or key in fixed]
    changed = [f"{key} is {old.get(key)!r} there and {config.get(key)!r} now" for key in keys]
    if changed:
        raise UsageError(f"--out {path} holds a run with other settings ({'; '.join(changed)}); name another folder.")


def write_json(path: Path, content: Any) -> None:
    """Write ``content`` as indented JSON."""
    write_atomically(path, json.dumps(content, indent=1).encode() + b"\n")


class RunFolder:
    """Where one run keeps its results.

    Args:
      path: the folder; made if absent.
      config: the settings as plain JSON values. A folder belongs to one config for ever.
      resume: whether arms, and parts of arms, that are there already count as finished.

    Raises:
      UsageError: ``path`` cannot be used, or holds something else than this run.
    """

    def __init__(self, path: Path, config: dict[str, Any], *, resume: bool):
        self.path, self.resume = path, resume
        claim_folder(path, config)
        (path / "arms").mkdir(exist_ok=True)

    def load_arm(self, arm: Arm) -> ArmResult | None:
        """The arm as an earlier run finished it, or None where it is still to be trained."""
        path = self._arm_path(arm)
        if not (self.resume and path.exists()):
            return None
        try:
            rows = pd.read_parquet(path)
            return ArmResult(rows, **{str(name): value for name, value in rows.attrs.items()})
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(f"{path} is not a readable results file; delete it and run again to train that arm anew.") from error

    def parts(self, arm: Arm) -> Parts:
        """What is finished of an arm that is not. Raises ``UsageError`` where it cannot be read."""
        return Parts(self._arm_path(arm).with_suffix(""), resume=self.resume)

    def save_arm(self, arm: Arm, result: ArmResult) -> None:
        """Keep a finished arm, whose parts are then of no more use."""
        fields = dataclasses.asdict(result)
        rows = fields.pop("rows").copy()
        rows.attrs = fields
        write_atomically(self._arm_path(arm), rows.to_parquet(index=False))
        self.parts(arm).remove()

    def save_metrics(self, results: Sequence[ArmResult]) -> pd.DataFrame:
        """Write the arms' rows as one table, ``metrics.csv`` and ``metrics.parquet``."""
        rows = pd.concat([result.rows for result in results], ignore_index=True)
        text = io.StringIO()
        rows.to_csv(text, index=False, lineterminator="\n")
        write_atomically(self.path / "metrics.csv", text.getvalue().encode())
        write_atomically(self.path / "metrics.parquet", rows.to_parquet(index=False))
        return rows

    def contents(self) -> list[str]:
        """Names of what the folder holds for the reader; arms' own files are left out."""
        names = [path.name + "/" * path.is_dir() for path in self.path.iterdir() if not path.name.startswith(".")]
        return sorted(name for name in names if name != "arms/")

    def _arm_path(self, arm: Arm) -> Path:
        return self.path / "arms" / f"{file_stem(arm.key)}.parquet"
