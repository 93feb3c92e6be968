"""From the command line, or a TOML protocol with flags over it, to a config. Nothing heavy is imported: ``--help`` answers at once."""

import contextlib
import dataclasses
import difflib
import io
import re
import sys
import tomllib
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

if typing.TYPE_CHECKING:
    from _typeshed import DataclassInstance

Config = TypeVar("Config", bound="DataclassInstance")


class UsageError(ValueError):
    """A user's mistake: one sentence that names the value, what is allowed and what to do."""


def run_command(body: Callable[[], int]) -> int:
    """Run an instrument's body and return its exit status: 2, with a sentence on the error stream, for a ``UsageError``; 130 for Ctrl-C."""
    try:
        return body()
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def parse(config_type: type[Config], arguments: list[str], *, program: str, description: str) -> Config:
    """The config that ``[PROTOCOL.toml] --flag value ...`` asks for; flags win over the protocol.

    Raises ``UsageError`` for flags and protocols that are not understood.
    """
    import tyro  # takes a quarter of a second, in which Ctrl-C would not be answered if a module imported it

    defaults = config_type()
    if arguments and not arguments[0].startswith("-"):
        defaults, arguments = read_protocol(config_type, Path(arguments[0])), arguments[1:]
    usage = f"{description}\n\nUsage: {program} [PROTOCOL.toml] [--flag value ...]; flags win over the protocol."
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(config_type, args=arguments, default=defaults, prog=program, description=usage)
    except SystemExit as stopped:
        if stopped.code == 0:
            raise
        raise UsageError(f"{_first_paragraph(said.getvalue())}; {program} --help explains the flags.") from stopped


def _first_paragraph(box: str) -> str:
    """What a boxed message says, without its title and its explanations, and the first flag that it suggests, as one line."""
    paragraphs = [" ".join(part.replace("│", " ").split()) for part in re.split(r"^.*[─-]{5,}.*$", box, flags=re.MULTILINE)]
    said = next(part for part in paragraphs if "--" in part)
    suggested = re.findall(r"--[a-z-]+", box.split("Perhaps you meant")[1]) if "Perhaps you meant" in box else []
    return said.rstrip(".") + (f"; did you mean {suggested[0]}?" if suggested else "")


def read_protocol(config_type: type[Config], path: Path) -> Config:
    """A config from a TOML file whose keys are its field names. Raises ``UsageError`` naming the file and the key."""
    import msgspec

    try:
        entries = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise UsageError(f"cannot read the protocol {path}: {reason}; give the path of a TOML file, or flags alone.") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"the protocol {path} is not valid TOML: {error}.") from error
    names = [field.name for field in dataclasses.fields(config_type)]
    for key in entries:
        if key not in names:
            raise UsageError(f"the protocol {path} has an unknown key {key!r}; {nearest(key, names)}")
    try:
        converted: Any = msgspec.convert(entries, config_type, dec_hook=lambda kind, value: kind(value))
        return dataclasses.replace(converted)  # msgspec leaves defaults to the class, where its own encoder does not look
    except msgspec.ValidationError as error:
        key = re.search(r"`\$\.(\w+)", str(error))
        named = f"{key[1]} = {entries[key[1]]!r}" if key else "a value"
        wanted = f"wanted is {_wanted(config_type, key[1])}" if key else str(error)
        raise UsageError(f"the protocol {path} has {named}, which is of the wrong type; {wanted}.") from error


def _wanted(config_type: type, name: str) -> str:
    """A field's type in words: ``one of adam, adamw, sgd``, ``int``, ``a list of str``."""
    kind = typing.get_type_hints(config_type)[name]
    arguments = [getattr(argument, "__name__", str(argument)) for argument in typing.get_args(kind) if argument not in (..., type(None))]
    if typing.get_origin(kind) is typing.Literal:
        return f"one of {', '.join(arguments)}"
    return f"a list of {arguments[0]}" if typing.get_origin(kind) is tuple else arguments[0] if arguments else kind.__name__


def nearest(name: str, allowed: list[str]) -> str:
    """The end of a sentence about an unknown name: ``did you mean 'batch'?`` or all that is allowed."""
    match = difflib.get_close_matches(name, allowed, n=1, cutoff=0.5)
    return f"did you mean {match[0]!r}?" if match else f"allowed are {', '.join(allowed)}."


def to_dict(config: Any) -> dict[str, Any]:
    """A config as plain JSON values."""
    import msgspec

    return msgspec.to_builtins(config, enc_hook=str)
