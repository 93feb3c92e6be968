"""``--help``: the flags by group, the instrument's own first, from the names, types, defaults and docstrings of its settings."""

import ast
import dataclasses
import inspect
import shutil
import textwrap
import types
import typing
from collections.abc import Iterator
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
NORM_FIELDS = ("norms", "norm", "norm_momentum", "norm_momentum_batch_size", "running_variance", "epsilon")
GROUPS = ("this instrument", "training", "norms", "output", "decision rule")
KINDS = {int: "N", float: "X", str: "NAME", Path: "PATH"}
OWN_CODE = "a protocol or flag that names package.module:Class imports that module, and so runs its code"


def usage(file: str) -> str:
    """The docstring of a module's file, which stands there also where Python was told to drop it."""
    return ast.get_docstring(ast.parse(Path(file).read_text(encoding="utf-8"))) or ""


def help_text(config_type: "type[DataclassInstance]", program: str) -> str:
    """The page for an instrument with such settings: usage, flags by group, the names that can be given, and two examples."""
    defaults, (purpose, descriptions) = config_type(), _described(config_type)
    width = min(shutil.get_terminal_size((WIDEST, 0)).columns, WIDEST)
    lines = [f"usage: {program} [PROTOCOL.toml] [--flag value ...]", "", *_wrapped(purpose, width, 0)]
    hints = typing.get_type_hints(config_type)
    grouped = {group: [field.name for field in dataclasses.fields(config_type) if _group(field.name) == group] for group in GROUPS}
    for group, names in grouped.items():
        lines += ["", group] if names else []
        for name in names:
            default = _shown(getattr(defaults, name))
            lines += _flag(_spelled(name, hints[name]), f"{descriptions.get(name, '')}{default}", width)
    known = {field.name for field in dataclasses.fields(config_type)}
    for title, names in _names(known).items():
        lines += ["", title, *_wrapped(names, width, 2)]
    lines += [
        "",
        *_wrapped(f"A protocol is a TOML file of the same names with underscores; flags win over it. Beware: {OWN_CODE}.", width, 0),
    ]
    return "\n".join([*lines, "", "examples", *(f"  {program} {flags}" for flags in _examples(known))])


def _described(config_type: type) -> tuple[str, dict[str, str]]:
    """What the class is for, and what each field means: the docstrings of the source, those of a base where a class has none."""
    found: dict[str, str] = {}
    for each in config_type.__mro__[-2::-1]:
        (tree,) = ast.parse(inspect.getsource(each)).body
        assert isinstance(tree, ast.ClassDef)
        for field, after in zip(tree.body, tree.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and _is_text(after):
                found[field.target.id] = inspect.cleandoc(after.value.value)  # pyright: ignore[reportAttributeAccessIssue]
        found[""] = ast.get_docstring(tree) or found.get("", "")
    return found.pop(""), found


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _group(name: str) -> str:
    if name in NORM_FIELDS:
        return "norms"
    if name == "question":
        return "output"
    declared: dict[str, type] = {"training": TunedStudy, "output": Output, "decision rule": DecisionRule}
    return next((group for group, base in declared.items() if name in _fields(base)), GROUPS[0])


def _fields(base: type) -> set[str]:
    """The fields of that group: those of ``TunedStudy`` that no other group has are about training."""
    names = {field.name for field in dataclasses.fields(base)}
    return names - _fields(Output) - _fields(DecisionRule) if base is TunedStudy else names


def _spelled(name: str, hint: Any) -> str:
    """``--norms NAME ...``, ``--optimizer {adam,adamw,sgd}``, ``--resume, --no-resume``."""
    flag = name.replace("_", "-")
    if hint is bool:
        return f"--{flag}, --no-{flag}"
    return f"--{flag} {'TEXT' if name == 'question' else _value(hint)}"


def _value(hint: Any) -> str:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return f"{{{','.join(map(str, arguments))}}}"
    if origin is tuple:
        return f"{_value(arguments[0])} ..."
    return _value(arguments[0]) if origin in (typing.Union, types.UnionType) else KINDS[hint]


def _shown(default: Any) -> str:
    """``  [batch layer]``: the default, where there is one that says something."""
    if isinstance(default, bool):
        return "  [yes]" if default else ""
    values = default if isinstance(default, tuple) else (default,)
    text = " ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values if value is not None)
    return f"  [{text}]" if text else ""


def _flag(spelled: str, description: str, width: int) -> Iterator[str]:
    described = _wrapped(description, width, FLAG_WIDTH)
    if len(spelled) + 4 > FLAG_WIDTH:
        yield f"  {spelled}"
        yield from described
    else:
        yield f"  {spelled}".ljust(FLAG_WIDTH) + described[0].lstrip()
        yield from described[1:]


def _wrapped(text: str, width: int, indent: int) -> list[str]:
    margin = " " * indent
    return textwrap.wrap(" ".join(text.split()), width, initial_indent=margin, subsequent_indent=margin) or [margin]


def _names(known: set[str]) -> dict[str, str]:
    """What can be given by name."""
    listed = {}
    if {"norms", "norm"} & known:
        listed["norms by name"] = (
            f"{', '.join(COUPLES)}; or a Linen module of your own, package.module:Class or 'package.module:Class(x=1)'"
        )
    if "dataset" in known:
        listed["data sets"] = f"{', '.join(DATASETS)}; or an image classification set of TFDS"
    return listed


def _examples(known: set[str]) -> list[str]:
    first = "--quick" if "quick" in known else "--out runs/mine"
    if "norms" in known:
        return [first, "--norms batch layer mymodule:MyNorm --out runs/mine"]
    return [first, f"--{'seeds 4 8' if 'seeds' in known else 'rounds 5'} --out runs/short"]
