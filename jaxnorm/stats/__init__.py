"""Statistics: from runs to measures ``(S,)``, to comparisons paired by seed, to intervals that hold for a whole report, to verdicts.

There is one decision rule (``intervals``). Nothing here knows jax, and nothing makes sentences.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaxnorm.stats.samples import compare

__all__ = ["compare"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from jaxnorm.stats import samples  # pandas and matplotlib take a moment, which settings must not wait for

    return getattr(samples, name)
