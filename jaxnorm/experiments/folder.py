"""The folder of one run: its config, one file per finished arm, and what is made of them. Nothing in it is ever half-written."""

import dataclasses
import hashlib
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jaxnorm.data.digest import digest_arrays
from jaxnorm.experiments.claim import claim_folder
from jaxnorm.experiments.identity import claim_identity, replace_identity
from jaxnorm.experiments.kept import DamagedError, pack_table, read_arrays, read_table, write_arrays, write_table
from jaxnorm.experiments.parts import Parts, remove_parts
from jaxnorm.experiments.records import CONFIG, read_object, write_json
from jaxnorm.experiments.wording import WORDING
from jaxnorm.files import remove_orphans, write_atomically
from jaxnorm.stats.arm import Arm
from jaxnorm.training.state import CORRECT


@dataclasses.dataclass(frozen=True)
class ArmResult:
    """A finished arm: its tidy rows, how many networks they are of, and what they took in seconds (of run time per network, one value
    for each timed group); and which test examples each network classifies correctly, ``(networks, N)``, unless that is not kept.
    """

    rows: pd.DataFrame
    networks: int
    compile_seconds: float
    run_seconds: float
    seconds_per_network: list[float]
    correct: np.ndarray | None = None


def file_stem(key: str) -> str:
    """A file's name, without suffix, for an arm: ``batch-16`` as it is, ``mine:MyNorm-16`` as ``mine-MyNorm-16-`` and a digest.

    Own norms have names with colons, which not every file system takes, and may differ in nothing but case or run to any length.
    """
    if re.fullmatch(r"[a-z0-9_-]{1,80}", key):
        return key
    return f"{re.sub(r'[^A-Za-z0-9_]+', '-', key)[-80:]}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


class RunFolder:
    """Where one run keeps its results.

    Args:
      path: the folder; made if absent.
      config: the settings as plain JSON values. A folder belongs to one config for ever.
      resume: whether arms, and parts of arms, that are there already count as finished.
      identity: what numbers depend on besides the settings (``identity.py``). What was kept under another is removed if not ``resume``.

    Raises:
      UsageError: ``path`` cannot be used, or holds something else than this run.
    """

    def __init__(self, path: Path, config: dict[str, Any], *, resume: bool, identity: dict[str, dict[str, Any]]):
        self.path, self.resume = path, resume
        self.damaged: list[Path] = []
        """Files that were kept and cannot be used; what they held is trained again."""
        claim_folder(path, config, resume=resume)
        known = read_object(path / CONFIG)
        same = claim_identity(path, identity, resume=resume)
        (path / "arms").mkdir(exist_ok=True)
        for folder in (path, path / "arms"):
            remove_orphans(folder)
        if known is None or not same:
            self._discard()
            replace_identity(path, identity)
        if known is not None and any(known.get(key) != config.get(key) for key in WORDING):
            (path / "report.md").unlink(missing_ok=True)  # to be drawn anew, in the new words
        if known != config:
            write_json(path / CONFIG, config)

    def load_arm(self, arm: Arm) -> ArmResult | None:
        """The arm as an earlier run finished it, or None where it is still to be trained, as one is whose files are ``damaged``."""
        path = self._arm_path(arm)
        if not (self.resume and path.exists()):
            return None
        try:
            rows, facts = read_table(path)
            correct = self._load_correct(path.with_suffix(".npz"), facts.pop(CORRECT))
        except DamagedError as error:
            self.damaged.append(Path(str(error)))
            return None
        remove_parts(path.with_suffix(""))  # left by a run that was killed when it had just kept the whole arm
        return ArmResult(rows, correct=correct, **facts)

    @staticmethod
    def _load_correct(path: Path, digest: str | None) -> np.ndarray | None:
        if digest is None:
            return None
        arrays = read_arrays(path)
        if digest_arrays(arrays) != digest:
            raise DamagedError(str(path))
        return arrays[CORRECT]

    def parts(self, arm: Arm) -> Parts:
        """What is finished of an arm that is not."""
        parts = Parts(self._arm_path(arm).with_suffix(""), resume=self.resume)
        self.damaged += parts.damaged
        return parts

    def save_arm(self, arm: Arm, result: ArmResult) -> None:
        """Keep a finished arm, whose parts are then of no more use. The table comes last: with it the arm counts as finished."""
        path, facts = self._arm_path(arm), {field.name: getattr(result, field.name) for field in dataclasses.fields(result)}
        rows, correct = facts.pop("rows"), facts.pop("correct")
        kept = {} if correct is None else {CORRECT: correct}
        if kept:
            write_arrays(path.with_suffix(".npz"), kept)
        write_table(path, rows, facts | {CORRECT: digest_arrays(kept) if kept else None})
        remove_parts(path.with_suffix(""))

    def save_metrics(self, rows: pd.DataFrame) -> None:
        """Write the rows of all arms as one table, ``metrics.csv`` and ``metrics.parquet``, values in float32, as they were measured."""
        rows, text = rows.astype({"value": np.float32}), io.StringIO()
        rows.to_csv(text, index=False, lineterminator="\n")
        write_atomically(self.path / "metrics.csv", text.getvalue().encode())
        write_atomically(self.path / "metrics.parquet", pack_table(rows))

    def contents(self) -> list[str]:
        """Names of what the folder holds for the reader; arms' own files are left out."""
        names = [path.name + "/" * path.is_dir() for path in self.path.iterdir() if not path.name.startswith(".")]
        return sorted(name for name in names if name != "arms/")

    def _discard(self) -> None:
        for path in (self.path / "arms").iterdir():
            path.unlink()

    def _arm_path(self, arm: Arm) -> Path:
        return self.path / "arms" / f"{file_stem(arm.key)}.parquet"
