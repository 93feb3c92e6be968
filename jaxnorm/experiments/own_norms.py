"""A norm of the user's own, named as ``package.module:Class``: imported, checked, and wrapped like a row of the table."""

import dataclasses
import importlib
import inspect
import os
import re
import sys
import textwrap
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.errors import FlaxError

from jaxnorm.experiments.checks import is_own
from jaxnorm.experiments.command_line import UsageError, nearest
from jaxnorm.experiments.own_sources import digest_sources
from jaxnorm.norms import NORMS, Norm

MISTAKES = (
    ImportError,
    SyntaxError,
    NameError,
    AttributeError,
    TypeError,
    ValueError,
    LookupError,
    ArithmeticError,
    AssertionError,
    NotImplementedError,
    FlaxError,
)
"""What code with a mistake in it raises. It is the user's, who is told the line and needs no traceback through jax."""

CARRIED = {"params", "batch_stats"}
"""The collections that training keeps from one update to the next."""


def find_norm(name: str) -> Norm:
    """The norm of that name: of the table, or the user's own. Raises ``UsageError`` where that cannot be had."""
    return import_norm(name) if is_own(name) else NORMS[name]


def import_norm(name: str) -> Norm:
    """The class that ``package.module:Class`` names, as a norm with the class's name for title.

    What experiments need to know of it are attributes of the class: ``removes_bias`` (default: False) and ``couples_examples`` (default:
    whether it has a field ``use_running_average``).

    Raises:
        UsageError: if the module cannot be imported, lacks the class, or that is no class of Linen modules.
    """
    module_name, _, class_name = name.partition(":")
    module = _import(name, module_name)
    layer = getattr(module, class_name, None)
    if layer is None:
        raise UsageError(f"--norms {name} is not there: {module_name} has no {class_name}; {_which(module, class_name)}")
    if not (isinstance(layer, type) and issubclass(layer, nn.Module)):
        raise UsageError(f"--norms {name} is no class of Flax Linen modules; name one that derives from flax.linen.Module.")
    has_running_statistics = "use_running_average" in {field.name for field in dataclasses.fields(layer)}
    couples_examples = getattr(layer, "couples_examples", has_running_statistics)
    return Norm(layer, removes_bias=bool(getattr(layer, "removes_bias", False)), couples_examples=bool(couples_examples))


def _import(name: str, module_name: str) -> ModuleType:
    """Import with the current folder on the path, as with ``python -m``, also for the console script."""
    if not {"", os.getcwd()} & set(sys.path):
        sys.path.insert(0, os.getcwd())
    try:
        return importlib.import_module(module_name)
    except MISTAKES as error:
        remedy = f"see python -c 'import {module_name}'"
        raise UsageError(f"--norms {name} cannot be imported from {os.getcwd()}: {_told(error)}; {remedy}.") from error


def _which(module: ModuleType, class_name: str) -> str:
    layers = [key for key, value in vars(module).items() if isinstance(value, type) and issubclass(value, nn.Module)]
    return nearest(class_name, layers) if layers else "it defines no Linen module."


def check_own_norm(name: str, norm: Norm, shape: tuple[int, int]) -> None:
    """Trace the layer through initialisation, an update and an evaluation of inputs ``shape = (B, D)``; nothing is computed.

    Raises:
        UsageError: if it cannot be built or called as ``norm(x)``, changes the shape, or keeps state that training does not carry.
    """
    try:
        x = jax.ShapeDtypeStruct(shape, jnp.float32)
        variables, updated, outputs = jax.eval_shape(lambda key, x: _train_and_evaluate(norm, key, x), jax.random.key(0), x)
    except MISTAKES as error:
        where = _line(error, inspect.getsourcefile(norm.module))
        raise UsageError(f"--norms {name} cannot be built and called as norm(x) with x of shape {shape}: {_told(error)}{where}.") from error
    for output in outputs:
        if getattr(output, "shape", None) != shape:
            returned = f"shape {output.shape}" if hasattr(output, "shape") else type(output).__name__
            raise UsageError(f"--norms {name} returns {returned} for x of shape {shape}; it must return one array of the shape of x.")
    _check_state(name, variables, updated)


def _train_and_evaluate(norm: Norm, key: jax.Array, x: jax.Array) -> tuple[Any, Any, tuple[Any, Any]]:
    """What training does with a layer: variables (from one example), those that an update changes, and the outputs of both modes."""
    variables = norm(train=False).init(key, x[:1])
    trained, updated = norm(train=True).apply(variables, x, mutable=["batch_stats"])
    return variables, updated, (trained, norm(train=False).apply({**variables, **updated}, x))


def _check_state(name: str, variables: Any, updated: Any) -> None:
    others = sorted(set(variables) - CARRIED)
    if others:
        raise UsageError(
            f"--norms {name} keeps state in {', '.join(others)}; training carries params and batch_stats only, so use batch_stats."
        )
    before, after = (jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype.name), tree.get("batch_stats", {})) for tree in (variables, updated))
    if before != after:
        raise UsageError(f"--norms {name} changes its batch_stats in training from {before} to {after}; shapes and dtypes must stay.")


def _told(error: BaseException) -> str:
    """The kind of error and the beginning of its message, on one line and without Flax's link to its manual."""
    message = re.sub(r"\(https?://\S+\)", "", str(error))
    return textwrap.shorten(f"{type(error).__name__}: {message}", 200, placeholder=" ...").rstrip(" .")


def _line(error: BaseException, file: str | None) -> str:
    """Where in ``file`` it went wrong, or nothing."""
    numbers = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f" ({os.path.basename(file)}, line {numbers[-1]})" if file and numbers else ""


def own_norm_sources(names: Sequence[str]) -> dict[str, str]:
    """For each norm of one's own a checksum of its sources, so that results of an edited layer are not taken for its results."""
    return {name: digest_sources(Path(inspect.getfile(import_norm(name).module))) for name in names if is_own(name)}
