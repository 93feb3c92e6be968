"""Numbers too large to be meant, and the memory of this machine. Without jax, so that both are known before anything starts."""

import contextlib
import os
from pathlib import Path

from jaxnorm.experiments.checks import require
from jaxnorm.experiments.command_line import UsageError

LIMITS = {
    "seeds": 100_000,
    "tuning_seeds": 100_000,
    "report_seeds": 100_000,
    "other_seeds": 100_000,
    "epochs": 1_000_000,
    "freeze_epochs": 1_000_000,
    "warmup_steps": 1_000_000_000,
    "hidden_sizes": 1_000_000,
    "width": 1_000_000,
    "depths": 300,
    "mean_length": 5_000,
    "lanczos_iterations": 10_000,
    "norm_momentum_batch_size": 1_000_000_000,
    "batch_size": 1_000_000_000,
    "batch_sizes": 1_000_000_000,
    "steps": 1_000_000,
    "rounds": 100_000,
    "samples": 10_000_000,
    "reports": 10_000_000,
}
"""Settings to the largest number that any machine could do something with; what this one can do is a matter of its memory."""

CONTAINER_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def check_counts(config: object) -> None:
    """Check the whole numbers among settings against ``LIMITS``. Raises ``UsageError``."""
    for name, most in LIMITS.items():
        value = getattr(config, name, None)
        for number in value if isinstance(value, tuple) else (value,):
            require(not isinstance(number, int) or number <= most, name, number, f"give at most {most}")


def usable_memory() -> int | None:
    """Bytes that this process may use: of the machine, its container or its own limit, whichever is least; None where unknown."""
    found = []
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    limits = [path.read_text().strip() for path in CONTAINER_LIMITS if path.exists()]
    found += [int(limit) for limit in limits if limit.isdigit()]  # "max" where there is none
    with contextlib.suppress(ImportError):  # not on Windows
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        found += [soft] if soft != resource.RLIM_INFINITY else []
    return min(found, default=None)


def require_memory(needed: float, what: str, given: str, remedy: str, available: int | None = None) -> None:
    """Raise ``UsageError`` where ``what`` needs more bytes than there are, by default in this machine.

    Args:
      needed: bytes, estimated.
      what: what needs them, as the subject of a sentence in the singular.
      given: the flags to blame, with their values.
      remedy: what to give instead.
      available: bytes of another memory.
    """
    available = usable_memory() if available is None else available
    if available is not None and needed > available:
        raise UsageError(f"{given}: {what} takes about {in_words(needed)} and there are {in_words(available)} of memory; {remedy}.")


def in_words(number: float) -> str:
    """Bytes with a unit: ``23.5 GB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:,.3g} TB" if number < 1000 else f"{number:,.0f} TB"
