"""The parser of an instrument's flags, and its ``--help``: both from the names, types, defaults and docstrings of its settings."""

import argparse
import ast
import dataclasses
import functools
import inspect
import re
import shutil
import types
import typing
from pathlib import Path
from typing import Any

from jaxnorm.config import Output, TunedStudy
from jaxnorm.config.datasets import DATASETS
from jaxnorm.config.norms import COUPLES
from jaxnorm.stats.rule import DecisionRule

if typing.TYPE_CHECKING:
    from _typeshed import DataclassInstance

WIDEST, FLAG_WIDTH = 100, 26
"""Columns of a line, and of what stands left of a description."""
KINDS = {int: ("N", "a whole number"), float: ("X", "a number"), str: ("NAME", "a text"), Path: ("PATH", "a path")}
"""How the page shows a value, and how a sentence names it."""
TEXTS = {"question", "conclusion"}
OWN_NORM = "a Linen module of your own, package.module:Class or 'package.module:Class(x=1)'"
NAMES = {
    "norms by name": ({"norms", "norm"}, f"{', '.join(COUPLES)}; or {OWN_NORM}"),
    "data sets": ({"dataset"}, f"{', '.join(DATASETS)}; or an image classification set of TFDS"),
}
"""What can be given by name, for settings with one of those fields."""
PROTOCOL = (
    "A protocol is a TOML file of the same names with underscores; flags win over it. Beware: a protocol or flag that names"
    " package.module:Class imports that module, and so runs its code."
)


def _fields(settings: "type[DataclassInstance]") -> set[str]:
    return {field.name for field in dataclasses.fields(settings)}


NORMS = {"norms", "norm", "norm_momentum", "norm_momentum_batch_size", "running_variance", "epsilon"}
OUTPUT, RULE = _fields(Output) | TEXTS, _fields(DecisionRule)
GROUPS = {"training": _fields(TunedStudy) - NORMS - OUTPUT - RULE, "norms": NORMS, "output": OUTPUT, "decision rule": RULE}
"""The fields by group; all others are the instrument's own."""


def usage(file: str) -> str:
    """The docstring of a module's file, which stands there also where Python was told to drop it."""
    return ast.get_docstring(ast.parse(Path(file).read_text(encoding="utf-8"))) or ""


def flag(name: str) -> str:
    """The command-line spelling of a field: ``--learning-rate``."""
    return f"--{name.replace('_', '-')}"


def in_words(hint: Any) -> str:
    """A field's type in words: ``one of adam, adamw, sgd``, ``a whole number``, ``a list of which each is a text``."""
    if typing.get_origin(hint) is tuple:
        return f"a list of which each is {in_words(typing.get_args(hint)[0])}"
    if typing.get_origin(hint) is typing.Literal:
        return f"one of {', '.join(typing.get_args(hint))}"
    return "true or false" if hint is bool else KINDS[_required(hint)][1]


def _required(hint: Any) -> Any:
    """The type without its ``| None``."""
    return typing.get_args(hint)[0] if typing.get_origin(hint) in (typing.Union, types.UnionType) else hint


def help_text(config_type: "type[DataclassInstance]", program: str) -> str:
    """The page for an instrument with such settings: the parser's own, its headings without colons, and two examples."""
    page = re.sub(r"^(\w[\w ]*):$", r"\1", make_parser(config_type, program).format_help(), flags=re.MULTILINE)
    first = "--quick" if "quick" in _fields(config_type) else "--out runs/mine"
    second = "--norms batch layer mymodule:MyNorm" if "norms" in _fields(config_type) else "protocol.toml"
    return f"{page}\nexamples\n  {program} {first}\n  {program} {second} --out runs/mine"


def make_parser(config_type: "type[DataclassInstance]", program: str = "") -> argparse.ArgumentParser:
    """A parser with a flag for every field, which leaves out what was not given, and raises ``argparse.ArgumentError`` for mistakes."""
    (purpose, descriptions), defaults = _described(config_type), config_type()
    parser = _bare_parser(program, purpose)
    groups = {title: parser.add_argument_group(title) for title in ("this instrument", *GROUPS)}
    for name, hint in typing.get_type_hints(config_type).items():
        group = next((title for title, names in GROUPS.items() if name in names), "this instrument")
        described = descriptions.get(name, "") + _shown(getattr(defaults, name))
        groups[group].add_argument(flag(name), help=described.replace("%", "%%"), **_taken(name, hint))
    for title, (fields, names) in NAMES.items():
        if fields & _fields(config_type):
            parser.add_argument_group(title, names)
    return parser


def _bare_parser(program: str, purpose: str) -> argparse.ArgumentParser:
    """A parser with no flag but ``--help``, whose page is at most ``WIDEST`` columns wide."""
    width = min(shutil.get_terminal_size((WIDEST, 0)).columns, WIDEST)
    parser = argparse.ArgumentParser(
        prog=program,
        usage="%(prog)s [PROTOCOL.toml] [--flag value ...]",
        description=purpose,
        epilog=PROTOCOL,
        formatter_class=functools.partial(argparse.HelpFormatter, max_help_position=FLAG_WIDTH, width=width),
        argument_default=argparse.SUPPRESS,
        add_help=False,
        allow_abbrev=False,
        exit_on_error=False,
    )
    parser._negative_number_matcher = re.compile(r"-(\.?\d|inf|nan)")  # argparse's own knows no exponents
    parser.add_argument("--help", action="help", help="Show this page; so does -h.")
    return parser


def _taken(name: str, hint: Any) -> dict[str, Any]:
    """What the flag of a field takes, in the terms of ``add_argument``."""
    if hint is bool:
        return {"action": argparse.BooleanOptionalAction}
    if typing.get_origin(hint) is tuple:
        return {"nargs": "*"} | _taken(name, typing.get_args(hint)[0])
    taken: dict[str, Any] = {"type": functools.partial(_converted, hint)}
    if typing.get_origin(hint) is typing.Literal:
        return taken | {"choices": typing.get_args(hint)}
    return taken | {"metavar": "TEXT" if name in TEXTS else KINDS[_required(hint)][0]}


def _converted(hint: Any, text: str) -> Any:
    """What a value means. Raises ``argparse.ArgumentTypeError`` that goes on from the flag, as a sentence."""
    if text == "None" and _required(hint) is not hint:
        return None
    allowed = typing.get_args(hint)
    try:
        return allowed[allowed.index(text)] if typing.get_origin(hint) is typing.Literal else _required(hint)(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is not possible; give {in_words(hint)}.") from error


def _described(config_type: type) -> tuple[str, dict[str, str]]:
    """What the class is for, and what each field means: the docstrings of the source, those of a base where a class has none."""
    found: dict[str, str] = {}
    for each in config_type.__mro__[-2::-1]:
        (tree,) = ast.parse(inspect.getsource(each)).body
        assert isinstance(tree, ast.ClassDef)
        for field, after in zip(tree.body, tree.body[1:], strict=False):
            match field, after:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[name] = text
        found[""] = ast.get_docstring(tree) or found.get("", "")
    return found.pop(""), found


def _shown(default: Any) -> str:
    """``  [batch layer]``: the default, where there is one that says something."""
    values = default if isinstance(default, tuple) else (default,)
    words = (f"{value:g}" if isinstance(value, float) else str(value) for value in values if value is not None and value is not False)
    text = "yes" if default is True else " ".join(words)
    return f"  [{text}]" if text else ""
