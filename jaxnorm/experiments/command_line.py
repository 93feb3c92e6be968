"""From the command line, or a TOML protocol with flags over it, to a config. Nothing heavy is imported: ``--help`` answers at once."""

import dataclasses
import difflib
import re
import sys
import tomllib
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from jaxnorm.experiments.streams import forget_output, is_control, prepare_streams, without_controls

if typing.TYPE_CHECKING:
    from _typeshed import DataclassInstance

Config = TypeVar("Config", bound="DataclassInstance")
HELP = ("-h", "--help")
LONGEST = 120
"""Characters of a value that an error repeats."""


class UsageError(ValueError):
    """A user's mistake: one sentence that names the value, what is allowed and what to do.

    ``frames`` are the lines of a traceback through code of the user's own, where that failed.
    """

    def __init__(self, sentence: str, frames: str = "") -> None:
        """``sentence`` is the whole message, ``frames`` follows it on lines of its own."""
        super().__init__(sentence)
        self.frames = frames


def run_command(body: Callable[[], int]) -> int:
    """Run an instrument's body and return its exit status: 2, with a sentence on the error stream, for a ``UsageError``; 130 for Ctrl-C."""
    prepare_streams()
    try:
        status = body()
        sys.stdout.flush()
        return status
    except UsageError as error:
        sentence = " ".join(str(error).split("\n"))
        print(without_controls(f"error: {sentence}\n{error.frames}"), file=sys.stderr, end="")
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return forget_output()


def parse(config_type: type[Config], arguments: list[str], *, program: str) -> Config:
    """The config that ``[PROTOCOL.toml] --flag value ...`` asks for; flags win over the protocol. Help is printed, and ends the program.

    Raises ``UsageError`` for flags and protocols that are not understood.
    """
    if set(HELP) & set(arguments):
        from jaxnorm.experiments.help import help_text

        print(help_text(config_type, program))
        sys.stdout.flush()
        raise SystemExit(0)
    config = config_type()
    if arguments and not arguments[0].startswith("-"):
        config, arguments = read_protocol(config_type, Path(arguments[0])), arguments[1:]
    config = dataclasses.replace(config, **read_flags(config_type, arguments))
    for field in dataclasses.fields(config):
        _refuse_controls(field.name, getattr(config, field.name))
    return config


def read_flags(config_type: "type[DataclassInstance]", arguments: list[str]) -> dict[str, Any]:
    """The settings that ``--flag value ...`` gives, by field. Raises ``UsageError`` naming the flag and the value."""
    hints, settings = typing.get_type_hints(config_type), dict[str, Any]()
    position = 0
    while position < len(arguments):
        flag, equals, attached = arguments[position].partition("=")
        name, negated = _field(flag, hints)
        position += 1
        values = [attached] if equals else []
        while not equals and position < len(arguments) and not _is_flag(arguments[position]):
            values.append(arguments[position])
            position += 1
        settings[name] = _value(flag, hints[name], values, negated)
    return settings


def _is_flag(argument: str) -> bool:
    """Whether it begins with a dash and is no negative number."""
    return re.match(r"-(?![\d.]|inf|nan)", argument) is not None


def _field(flag: str, hints: dict[str, Any]) -> tuple[str, bool]:
    """The field that a flag names, and whether it is the ``--no-`` of one."""
    name = flag.removeprefix("--").replace("-", "_")
    positive = name.removeprefix("no_")
    if flag.startswith("--") and name in hints:
        return name, False
    if flag.startswith("--") and hints.get(positive) is bool:
        return positive, True
    flags = [f"--{each.replace('_', '-')}" for each in hints]
    match = difflib.get_close_matches(flag, flags, n=1, cutoff=0.6)
    raise UsageError(f"{flag} is not a flag; {f'did you mean {match[0]}?' if match else 'the flag --help lists all.'}")


def _value(flag: str, hint: Any, values: list[str], negated: bool) -> Any:
    """What the values of a flag mean. Raises ``UsageError`` where they are too few, too many, or of the wrong kind."""
    if typing.get_origin(hint) is tuple:
        return tuple(_scalar(flag, typing.get_args(hint)[0], value) for value in values)
    if len(values) != (hint is not bool):
        surplus = values[1:] if hint is not bool else values
        if not surplus:
            raise UsageError(f"{flag} needs a value; give {_kind(hint)}.")
        takes = "no value" if hint is bool else "one value"
        raise UsageError(f"{surplus[0]!r} is not understood: {flag} takes {takes}; the flag --help lists all flags.")
    return not negated if hint is bool else _scalar(flag, hint, values[0])


def _scalar(flag: str, hint: Any, value: str) -> Any:
    allowed, optional = typing.get_args(hint), type(None) in typing.get_args(hint)
    if typing.get_origin(hint) is typing.Literal:
        if value not in allowed:
            raise UsageError(f"{flag} {value} is not possible; give {_kind(hint)}.")
        return value
    if optional and value == "None":
        return None
    try:
        return (allowed[0] if optional else hint)(value)
    except ValueError as error:
        raise UsageError(f"{flag} {value} is not possible; give {_kind(hint)}.") from error


def _kind(hint: Any) -> str:
    """A field's type in words: ``one of adam, adamw, sgd``, ``a whole number``, ``a list of names``."""
    arguments = [argument for argument in typing.get_args(hint) if argument not in (..., type(None))]
    if typing.get_origin(hint) is typing.Literal:
        return f"one of {', '.join(map(str, arguments))}"
    if typing.get_origin(hint) is tuple:
        return f"a list of which each is {_kind(arguments[0])}"
    kinds = {int: "a whole number", float: "a number", str: "a text", Path: "a path", bool: "true or false"}
    return kinds[arguments[0] if arguments else hint]


def _refuse_controls(name: str, value: Any) -> None:
    """Refuse texts that a terminal would obey, and paths that no system has."""
    for each in value if isinstance(value, tuple) else (value,):
        if isinstance(each, str | Path) and (found := [character for character in str(each) if is_control(character)]):
            flag = f"--{name.replace('_', '-')}"
            raise UsageError(f"{flag} {str(each)!r} holds the control character {found[0]!r}; leave it out.")


def read_protocol(config_type: type[Config], path: Path) -> Config:
    """A config from a TOML file whose keys are its field names. Raises ``UsageError`` naming the file and the key."""
    import msgspec

    entries = _read_toml(path)
    names = [field.name for field in dataclasses.fields(config_type)]
    for key in entries:
        if key not in names:
            raise UsageError(f"the protocol {path} has an unknown key {key!r}; {nearest(key, names)}")
    try:
        converted: Any = msgspec.convert(entries, config_type, dec_hook=lambda kind, value: kind(value))
        return dataclasses.replace(converted)  # msgspec leaves defaults to the class, where its own encoder does not look
    except (msgspec.ValidationError, OverflowError, RecursionError) as error:
        key = re.search(r"`\$\.(\w+)", str(error))
        named = f"{key[1]} = {shortened(repr(entries[key[1]]))}" if key else "a value"
        wanted = f"wanted is {_kind(typing.get_type_hints(config_type)[key[1]])}" if key else str(error)
        raise UsageError(f"the protocol {path} has {named}, which is of the wrong type; {wanted}.") from error


def _read_toml(path: Path) -> dict[str, Any]:
    """The entries of a TOML file, with or without a byte order mark. Raises ``UsageError`` naming the file."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, ValueError) as error:  # UnicodeDecodeError among them, and a path with a NUL in it
        reason = getattr(error, "strerror", None) or "not a text file in UTF-8"
        raise UsageError(f"cannot read the protocol {path}: {reason}; give the path of a TOML file, or flags alone.") from error
    if "\r" in text.replace("\r\n", ""):
        raise UsageError(
            f"the protocol {path} has lines that end with a carriage return alone; save it with the line ends of Unix or Windows."
        )
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise UsageError(
            f"the protocol {path} has lists or tables too deep inside each other; its values are numbers, texts and lists."
        ) from error
    except ValueError as error:  # TOMLDecodeError, and Python's for a number of thousands of digits
        told = shortened(str(error)).rstrip(".")
        raise UsageError(f"the protocol {path} is not valid TOML: {told}.") from error


def shortened(text: str) -> str:
    """A text without its middle, where it is long."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}...{text[-LONGEST // 2 :]}"


def nearest(name: str, allowed: list[str]) -> str:
    """The end of a sentence about an unknown name: ``did you mean 'batch'?`` or all that is allowed."""
    match = difflib.get_close_matches(name, allowed, n=1, cutoff=0.5)
    return f"did you mean {match[0]!r}?" if match else f"allowed are {', '.join(allowed)}."


def to_dict(config: Any) -> dict[str, Any]:
    """A config as plain JSON values."""
    import msgspec

    return msgspec.to_builtins(config, enc_hook=str)
