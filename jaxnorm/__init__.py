"""jaxnorm: what does a normalization layer do to training, and how sure are we?

Importing the package loads nothing heavy: no jax, no device, no data. The rooms load when they are first named:

>>> import jaxnorm
>>> jaxnorm.norms.BatchNorm.__name__
'BatchNorm'
"""

import importlib
from types import ModuleType

__version__ = "0.1.0"
__all__ = ["config", "data", "models", "norms", "report", "stats", "training"]


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
