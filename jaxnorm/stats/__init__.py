"""Statistics: from runs to measures ``(S,)``, to comparisons paired by seed, to intervals that hold for a whole report, to verdicts.

There is one decision rule (``intervals``). Nothing here knows jax, and nothing makes sentences.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaxnorm.stats.compare import compare

__all__ = ["compare"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from jaxnorm.stats import compare as module  # pandas and matplotlib take a moment, which settings must not wait for

    return module.compare
