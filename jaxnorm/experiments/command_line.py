"""From the command line, or a TOML protocol with flags over it, to a config. Nothing heavy is imported: ``--help`` answers at once."""

import argparse
import dataclasses
import difflib
import re
import sys
import tomllib
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from jaxnorm.controls import clean, is_control
from jaxnorm.experiments.help import flag, help_text, in_words, make_parser
from jaxnorm.experiments.streams import forget_output, prepare_streams

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
    """Run a command's body and return its exit status: 2, with a sentence on the error stream, for a ``UsageError``; 130 for Ctrl-C."""
    from jaxnorm.experiments.disk import disk_errors  # which raises this module's errors

    prepare_streams()
    try:
        with disk_errors("then give the command again"):
            status = body()
            sys.stdout.flush()
        return status
    except UsageError as error:
        sentence = " ".join(str(error).split("\n"))
        print(clean(f"error: {sentence}\n{error.frames}", lines=True), file=sys.stderr, end="")
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
    parser = make_parser(config_type)
    hints = {flag(name): hint for name, hint in typing.get_type_hints(config_type).items()}
    try:
        given, surplus = parser.parse_known_args(arguments)
    except argparse.ArgumentError as error:
        raise UsageError(_misfit(error, hints)) from error
    if surplus:
        raise UsageError(_unread(surplus[0], arguments, parser, hints))
    return {name: tuple(value) if isinstance(value, list) else value for name, value in vars(given).items()}


def _misfit(error: argparse.ArgumentError, hints: dict[str, Any]) -> str:
    """The sentence about a flag with a value that it cannot have, or without one that it needs; ``hints`` are types by flag."""
    spelled = str(error.argument_name)
    if isinstance(error.__context__, argparse.ArgumentTypeError):  # the parser's types say what is allowed, argparse itself does not
        return f"{spelled} {error.message}"
    if spelled in hints and hints[spelled] is not bool:
        return f"{spelled} needs a value; give {in_words(hints[spelled])}."
    return f"{spelled} takes no value ({error.message})."


def _unread(argument: str, arguments: list[str], parser: argparse.ArgumentParser, hints: dict[str, Any]) -> str:
    """The sentence about the first argument that is no flag, and no value of one."""
    places = (place for place, each in enumerate(arguments) if each == argument)
    place = next(place for place in places if parser.parse_known_args(arguments[: place + 1])[1])
    before = [each.partition("=")[0] for each in arguments[:place] if each.startswith("--")]
    if before and not argument.startswith("-"):
        takes = "no value" if hints.get(before[-1], bool) is bool else "one value"
        return f"{argument!r} is not understood: {before[-1]} takes {takes}; the flag --help lists all flags."
    spelled = argument.partition("=")[0]
    match = difflib.get_close_matches(spelled, hints, n=1, cutoff=0.6)
    return f"{spelled} is not a flag; {f'did you mean {match[0]}?' if match else 'the flag --help lists all.'}"


def _refuse_controls(name: str, value: Any) -> None:
    """Refuse texts that a terminal would obey, and paths that no system has."""
    for each in value if isinstance(value, tuple) else (value,):
        if isinstance(each, str | Path) and (found := [character for character in str(each) if is_control(character)]):
            raise UsageError(f"{flag(name)} {str(each)!r} holds the control character {found[0]!r}; leave it out.")


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
        wanted = f"wanted is {in_words(typing.get_type_hints(config_type)[key[1]])}" if key else str(error)
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
