"""``identity.json``: what numbers depend on besides the settings. Networks under other values are not of the same run.

The generator of random numbers is not among it: training has its own, whatever jax's default is.
"""

import os
import textwrap
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import jax

from jaxnorm import __version__
from jaxnorm.data import Dataset
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.records import as_json, read_object, write_json
from jaxnorm.files import write_new

IDENTITY = "identity.json"
PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy")
JAX_SETTINGS = ("jax_threefry_partitionable", "jax_enable_x64", "jax_default_matmul_precision")
DIGITS = 16
"""How many hexadecimal digits of a checksum are kept: enough to tell data sets apart."""


def find_identity(datasets: Sequence[Dataset]) -> dict[str, dict[str, Any]]:
    """Checksums of the data, versions of the packages, and the settings of jax and XLA, as plain JSON values."""
    digests: dict[str, list[str]] = {}
    for dataset in {id(each): each for each in datasets}.values():
        digests.setdefault(dataset.name, []).append(dataset.digest[:DIGITS])
    return {
        "data": {name: " ".join(dict.fromkeys(found)) for name, found in digests.items()},
        "packages": {"jaxnorm": __version__} | {name: metadata.version(name) for name in PACKAGES},
        "jax": {name.upper(): getattr(jax.config, name) for name in JAX_SETTINGS}
        | {"XLA_FLAGS": " ".join(sorted(os.environ.get("XLA_FLAGS", "").split())), "device": jax.devices()[0].device_kind},
    }


def claim_identity(folder: Path, identity: dict[str, dict[str, Any]], *, resume: bool) -> bool:
    """Record what the networks in ``folder`` are trained under, and say whether those there already were trained under the same.

    Raises:
      UsageError: they were not, or nobody knows, and ``resume`` asks to go on with them.
    """
    path = folder / IDENTITY
    if not path.exists() and not any((folder / "arms").glob("*.*")):
        try:
            write_new(path, as_json(identity))
        except FileExistsError:  # another run of the same settings was faster
            pass
        else:
            return True
    old = read_object(path)
    if old == identity:
        return True
    if resume:
        raise UsageError(f"--out {folder} {_differing(old, identity)}; --no-resume trains them again, or name another folder with --out.")
    return False


def replace_identity(folder: Path, identity: dict[str, dict[str, Any]]) -> None:
    """Record another identity, once nothing of the old one is left."""
    write_json(folder / IDENTITY, identity)


def _differing(old: dict[str, Any] | None, new: dict[str, dict[str, Any]]) -> str:
    if old is None or not all(isinstance(old.get(kind), dict) for kind in new):
        return f"holds networks, and its {IDENTITY} that says what they were trained under is absent or damaged"
    said = [
        f"{kind} {name}: {_told(old[kind].get(name))} there and {_told(new[kind].get(name))} now"
        for kind in new
        for name in sorted(old[kind].keys() | new[kind])
        if old[kind].get(name) != new[kind].get(name)
    ]
    return f"holds networks that were trained under other data, versions or settings of jax ({'; '.join(said)})"


def _told(value: Any) -> str:
    return textwrap.shorten(str(value), 60, placeholder=" ...") or "nothing"
