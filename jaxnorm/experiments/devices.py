"""Which devices a run uses. ``set_up`` must come before anything else touches jax."""

import contextlib
import os
import platform
import shutil
import warnings
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import jax
import platformdirs
from rich.console import Console

from jaxnorm import __version__
from jaxnorm.experiments.command_line import UsageError

PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy", "scipy", "torch")


def usable_cores() -> int:
    """CPU cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def set_up() -> None:
    """One XLA device per core, and compiled programs kept between runs.

    The settings ``JAX_NUM_CPU_DEVICES`` and ``JAX_COMPILATION_CACHE_DIR`` of the environment are respected. Raises ``UsageError`` where
    ``JAX_PLATFORMS`` asks for a device that is not there.
    """
    if "JAX_NUM_CPU_DEVICES" not in os.environ:
        with contextlib.suppress(RuntimeError):  # jax runs already, in a notebook say: its devices are taken as they are
            jax.config.update("jax_num_cpu_devices", usable_cores())
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        jax.config.update("jax_compilation_cache_dir", platformdirs.user_cache_dir("jaxnorm") + "/compiled")
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
    # arms compile side by side: one may meet the entry of an equal program that another is just writing, and compiles it itself
    warnings.filterwarnings("ignore", "Error reading persistent compilation cache entry")
    _require_platform()


def _require_platform() -> None:
    """Start the devices; a plugin that finds none fails in many ways, assertions among them."""
    try:
        jax.devices()
    except Exception as error:
        if not (wanted := jax.config.values["jax_platforms"]):
            raise
        remedy = "install the jax for it (pip install 'jaxnorm[cuda13]', cuda12 or tpu), or set JAX_PLATFORMS=cpu"
        raise UsageError(f"JAX_PLATFORMS={wanted} asks for a device that jax does not find on this machine; {remedy}.") from error


def processor_name() -> str:
    """The CPU's model as the system names it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def describe() -> str:
    """One line: ``2 CPU devices (AMD EPYC, one per core), jax 0.10.2``."""
    first, count = jax.devices()[0], jax.device_count()
    kind = processor_name() if first.platform == "cpu" else first.device_kind
    return f"{count} {first.platform.upper()} device{'s' if count > 1 else ''} ({kind}), jax {jax.__version__}"


def idle_accelerator() -> str | None:
    """A warning where the machine has an accelerator that this jax does not use."""
    if jax.default_backend() != "cpu" or os.environ.get("JAX_PLATFORMS") == "cpu":
        return None
    if shutil.which("nvidia-smi") or any(Path("/dev").glob("nvidia[0-9]*")):
        return "this machine has an NVIDIA GPU, but jax runs on the CPU; pip install 'jaxnorm[cuda13]' (or cuda12) to use it."
    if any(Path("/dev").glob("accel[0-9]*")):
        return "this machine has a TPU, but jax runs on the CPU; pip install 'jaxnorm[tpu]' to use it."
    return None


def announce(console: Console) -> None:
    """Say which device is used, and whether a better one lies idle."""
    console.print(f"device: {describe()}")
    if warning := idle_accelerator():
        console.print(f"warning: {warning}")


def environment() -> dict[str, Any]:
    """What the numbers were measured on: versions, devices, cores, system."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "packages": {"jaxnorm": __version__} | {name: metadata.version(name) for name in PACKAGES if _installed(name)},
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor_name(),
        "cores": usable_cores(),
        "backend": jax.default_backend(),
        "devices": [device.device_kind for device in jax.devices()],
    }


def _installed(name: str) -> bool:
    with contextlib.suppress(metadata.PackageNotFoundError):
        return bool(metadata.version(name))
    return False
