"""The smoke run that ``--quick`` asks for, and what it leaves out: nothing is cut without a word."""

import dataclasses
from typing import TypeVar

from rich.console import Console

from jaxnorm.config import Study
from jaxnorm.experiments.checks import flag

AnyStudy = TypeVar("AnyStudy", bound=Study)


def shorten(config: AnyStudy, console: Console) -> AnyStudy:
    """The config itself, or where it asks for a quick run the short one; what that changes is printed."""
    if not config.quick:
        return config
    short = config.shortened()
    pairs = {field.name: (getattr(config, field.name), getattr(short, field.name)) for field in dataclasses.fields(config)}
    changed = [f"{flag(name)} {_spelled(new)} instead of {_spelled(old)}" for name, (old, new) in pairs.items() if old != new]
    if changed:
        console.print(f"quick: {'; '.join(changed)}", soft_wrap=True, markup=False)
    return short


def _spelled(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
