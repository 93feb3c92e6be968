"""The folder of one run: its config, one file per finished arm, and what is made of them. Nothing in it is ever half-written."""

import dataclasses
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from jaxnorm.config import Arm
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.files import write_atomically


@dataclasses.dataclass(frozen=True)
class ArmResult:
    """A finished arm: its tidy rows, and what they took in seconds (of run time per network, one value for each timed group)."""

    rows: pd.DataFrame
    compile_seconds: float
    run_seconds: float
    seconds_per_network: list[float]


class RunFolder:
    """Where one run keeps its results.

    Args:
      path: the folder; made if absent.
      config: the settings as plain JSON values. A folder belongs to one config for ever.
      resume: whether arms that are there already count as finished.

    Raises:
      UsageError: ``path`` cannot be used, or holds something else than this run.
    """

    def __init__(self, path: Path, config: dict[str, Any], *, resume: bool):
        self.path, self._resume = path, resume
        self._claim(json.loads(json.dumps(config)))

    def load_arm(self, arm: Arm) -> ArmResult | None:
        """The arm as an earlier run finished it, or None where it is still to be trained."""
        path = self._arm_path(arm)
        if not (self._resume and path.exists()):
            return None
        try:
            rows = pd.read_parquet(path)
            return ArmResult(rows, **{str(name): value for name, value in rows.attrs.items()})
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(f"{path} is not a readable results file; delete it and run again to train that arm anew.") from error

    def save_arm(self, arm: Arm, result: ArmResult) -> None:
        """Keep a finished arm."""
        fields = dataclasses.asdict(result)
        rows = fields.pop("rows").copy()
        rows.attrs = fields
        write_atomically(self._arm_path(arm), rows.to_parquet(index=False))

    def save_metrics(self, results: Sequence[ArmResult]) -> pd.DataFrame:
        """Write the arms' rows as one table, ``metrics.csv`` and ``metrics.parquet``."""
        rows = pd.concat([result.rows for result in results], ignore_index=True)
        text = io.StringIO()
        rows.to_csv(text, index=False, lineterminator="\n")
        write_atomically(self.path / "metrics.csv", text.getvalue().encode())
        write_atomically(self.path / "metrics.parquet", rows.to_parquet(index=False))
        return rows

    def save_json(self, name: str, content: Any) -> None:
        """Write ``name`` as indented JSON."""
        write_atomically(self.path / name, json.dumps(content, indent=1).encode() + b"\n")

    def contents(self) -> list[str]:
        """Names of what the folder holds for the reader; arms' own files are left out."""
        names = [path.name + "/" * path.is_dir() for path in self.path.iterdir() if not path.name.startswith(".")]
        return sorted(name for name in names if name != "arms/")

    def _arm_path(self, arm: Arm) -> Path:
        return self.path / "arms" / f"{arm.key}.parquet"

    def _claim(self, config: dict[str, Any]) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(f"--out {self.path} is a file; name a folder, new or of an earlier run of the same command.")
        try:
            (self.path / "arms").mkdir(parents=True, exist_ok=True) if self._is_ours(config) else None
            if not os.access(self.path, os.W_OK):
                raise PermissionError
        except OSError as error:
            raise UsageError(f"--out {self.path} cannot be written; name a folder in which you may create files.") from error
        self.save_json("config.json", config)

    def _is_ours(self, config: dict[str, Any]) -> bool:
        path = self.path / "config.json"
        if not path.exists():
            if self.path.is_dir() and any(self.path.iterdir()):
                raise UsageError(f"--out {self.path} holds other files and no run; name a new folder, or that of an earlier run.")
            return True
        try:
            old = json.loads(path.read_text())
        except ValueError as error:
            raise UsageError(f"{path} is not readable JSON; name another folder with --out.") from error
        keys = [key for key in sorted(old.keys() | config) if old.get(key) != config.get(key)]
        changed = [f"{key} is {old.get(key)!r} there and {config.get(key)!r} now" for key in keys]
        if changed:
            raise UsageError(f"--out {self.path} holds a run with other settings ({'; '.join(changed)}); name another folder.")
        return True
