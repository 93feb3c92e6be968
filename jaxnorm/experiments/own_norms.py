"""A custom norm, ``package.module:Class`` or ``package.module:Class(option=value)``: found, imported, wrapped as the table's are."""

import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from flax import linen as nn

from jaxnorm.config.norms import remember_norm
from jaxnorm.experiments import devices
from jaxnorm.experiments.checks import is_own, parse_own
from jaxnorm.experiments.command_line import UsageError, nearest
from jaxnorm.experiments.custom_code import blame
from jaxnorm.experiments.own_sources import digest_sources
from jaxnorm.norms import NORMS, Norm
from jaxnorm.norms.calling import couples_examples


def find_norm(name: str) -> Norm:
    """The norm of that name: of the table, or the user's own. Raises ``UsageError`` where that cannot be had."""
    return import_norm(name) if is_own(name) else NORMS[name]


def import_custom(names: Sequence[str]) -> bool:
    """Import the custom norms among these, after saying which file that runs; whether there are any. Raises ``UsageError``."""
    custom = [name for name in names if is_own(name)]
    if custom:
        devices.set_up()  # before anybody's code uses jax
    for name in custom:
        _announce_import(name)
        find_norm(name)
    return bool(custom)


def _announce_import(name: str) -> None:
    """Print which file importing this custom norm will run, unless that ran already."""
    package = name.partition(":")[0].partition(".")[0]
    _look_here()
    if package not in sys.modules:
        found = importlib.util.find_spec(package)  # which imports nothing, as it is no module inside a package
        where = "which is not there" if found is None else found.origin or "a folder without __init__.py"
        print(f"importing {name.partition(':')[0]} for --norms {name}, from {where}", flush=True)


def import_norm(name: str) -> Norm:
    """The class that the name says, as a norm with the given options bound.

    What experiments need to know of it are attributes of the class: ``removes_bias`` (default: False) and ``couples_examples`` (default:
    whether it has a field ``use_running_average``).

    Raises:
        UsageError: if the module cannot be imported, lacks the class, that is no class of Linen modules, or it lacks an option.
    """
    module_name, class_name, options = parse_own(name)
    module = _import(name, module_name)
    layer = getattr(module, class_name, None)
    if layer is None:
        raise UsageError(f"--norms {name} is not there: {module_name} has no {class_name}; {_which(module, class_name)}")
    if not (isinstance(layer, type) and issubclass(layer, nn.Module)):
        raise UsageError(f"--norms {name} is no class of Flax Linen modules; name one that derives from flax.linen.Module.")
    couples = couples_examples(layer)
    remember_norm(name, couples=couples)
    removes_bias = bool(getattr(layer, "removes_bias", False))
    try:
        return Norm(layer, removes_bias=removes_bias, couples_examples=couples, options=options)
    except TypeError as error:
        raise UsageError(f"--norms {name} is not possible: {error}.") from error


def _import(name: str, module_name: str) -> ModuleType:
    """Import with the current folder on the path, as with ``python -m``, also for the console script."""
    _look_here()
    with blame(f"--norms {name} cannot be imported from {os.getcwd()}", remedy=f"; see python -c 'import {module_name}'"):
        return importlib.import_module(module_name)


def _look_here() -> None:
    if not {"", os.getcwd()} & set(sys.path):
        sys.path.insert(0, os.getcwd())


def _which(module: ModuleType, class_name: str) -> str:
    layers = [key for key, value in vars(module).items() if isinstance(value, type) and issubclass(value, nn.Module)]
    return nearest(class_name, layers) if layers else "it defines no Linen module."


def own_norm_sources(names: Sequence[str]) -> dict[str, str]:
    """For each norm of one's own a checksum of its sources, so that results of an edited layer are not taken for its results."""
    return {name: digest_sources(Path(inspect.getfile(import_norm(name).module))) for name in names if is_own(name)}
