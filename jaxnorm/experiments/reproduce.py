"""The command that repeats a run, from the settings that its folder keeps."""

import shlex
from collections.abc import Mapping
from typing import Any

from jaxnorm.experiments.command_line import to_dict
from jaxnorm.experiments.registry import part_of


def reproducing_command(settings: Mapping[str, Any]) -> str:
    """The command of a run with these settings (``config.json``): every one that is not the default."""
    instrument = settings["instrument"]
    defaults = to_dict(part_of(instrument, "study").SETTINGS())
    told = {key: value for key, value in settings.items() if key in defaults and key != "conclusion"}
    changed = {key: value for key, value in told.items() if _plain(value) != _plain(defaults[key])}
    return " ".join([f"python -m jaxnorm.experiments.{instrument}", *(_as_flag(key, value) for key, value in changed.items())])


def _plain(value: Any) -> Any:
    """A tuple as the list that it is in a file."""
    return list(value) if isinstance(value, tuple) else value


def _as_flag(key: str, value: Any) -> str:
    name = key.replace("_", "-")
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no-{name}"
    values = value if isinstance(value, list | tuple) else [value]
    return " ".join([f"--{name}", *(shlex.quote(str(each)) for each in values)])
