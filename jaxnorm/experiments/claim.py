"""Whose folder it is: a folder belongs to the first run that claims it, and to runs with the same settings after it."""

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.records import CONFIG, as_json, read_object, write_json
from jaxnorm.experiments.wording import WORDING
from jaxnorm.files import is_temporary, write_new

LONGEST = 100
"""Characters of a path that is shown."""


def expanded(path: Path, flag: str) -> Path:
    """A folder that a flag names, with ``~`` spelled out, if it can be made or written. Raises ``UsageError``; nothing is made."""
    try:
        folder = path.expanduser()
    except RuntimeError as error:
        raise UsageError(f"{flag} {path} names the home of a user that this system does not know; write the path in full.") from error
    if "\0" in str(path):
        raise UsageError(f"{flag} {str(path)!r} holds a character that no path can have; write another.")
    try:
        nearest = next(each for each in (folder, *folder.absolute().parents) if each.exists())
        usable = nearest.is_dir() and os.access(nearest, os.W_OK)
    except OSError as error:
        raise _unwritable(flag, path, error) from error
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{flag} {path} is a file; name a folder, new or of an earlier run.")
    if not usable:
        raise UsageError(f"{flag} {path} cannot be written; name a folder in which you may create files.")
    return folder


def _unwritable(flag: str, path: Path, error: OSError) -> UsageError:
    """The sentence on a folder that cannot be written, with the system's reason."""
    shown = text if len(text := str(path)) <= LONGEST else f"{text[:LONGEST]}..."
    return UsageError(f"{flag} {shown} cannot be written ({error.strerror}); name a folder in which you may create files.")


def claim_folder(path: Path, config: Mapping[str, Any], *, fixed: Collection[str] | None = None, resume: bool = True) -> None:
    """Make ``path`` the folder of a run with this config, unless it is something else already.

    A new folder gets its ``config.json`` at once; that of an earlier run stays as it is.

    Args:
      path: the folder; made if absent.
      config: the settings as plain JSON values, ``instrument`` among them.
      fixed: the settings that an earlier run there must share; all but the wording by default.
      resume: whether what an earlier run kept is to be used; settings that cannot be read are refused then.

    Raises:
      UsageError: ``path`` cannot be used, holds other files, or a run with other settings.
    """
    expanded(path, "--out")
    try:
        if not (path / CONFIG).exists():
            if path.is_dir() and not all(is_temporary(each) for each in path.iterdir()):
                raise UsageError(f"--out {path} holds other files and no run; name a new folder, or that of an earlier run.")
            path.mkdir(parents=True, exist_ok=True)
            try:
                write_new(path / CONFIG, as_json(config))
            except FileExistsError:  # another run was faster
                pass
            else:
                return
        _refuse_other_run(path, json.loads(as_json(config)), fixed, resume=resume)
    except OSError as error:
        raise _unwritable("--out", path, error) from error


def keep_settings(path: Path, config: Mapping[str, Any]) -> None:
    """Let ``config.json`` say what the results beside it, which are about to be replaced, are results of."""
    write_json(path / CONFIG, config)


def _refuse_other_run(path: Path, config: dict[str, Any], fixed: Collection[str] | None, *, resume: bool) -> None:
    old = read_object(path / CONFIG)
    if old is None:
        if not resume:
            return
        raise UsageError(
            f"{path / CONFIG} is damaged and does not hold the settings of a run; name another folder with --out, or run the command again "
            "with --no-resume."
        )
    keys = [key for key in sorted(old.keys() | config) if old.get(key) != config.get(key) and key not in WORDING]
    keys = [key for key in keys if fixed is None or key in fixed]
    changed = [f"{key} is {old.get(key)!r} there and {config.get(key)!r} now" for key in keys]
    if changed:
        raise UsageError(f"--out {path} holds a run with other settings ({'; '.join(changed)}); name another folder.")
