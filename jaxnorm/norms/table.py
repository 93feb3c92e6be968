"""How an experiment builds any norm: one signature for all of them."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from flax import linen as nn
from flax.core import FrozenDict

OPTIONAL_OPTIONS = frozenset(
    {"epsilon", "momentum", "dtype", "param_dtype", "use_bias", "use_scale", "axis_name", "debias", "unbiased_variance"}
)
"""Options of an experiment as a whole: a layer that has no such field is built without it."""


@dataclasses.dataclass(frozen=True)
class Norm:
    """A member of the table: a layer's class, the settings bound to it, and what experiments need to know about it.

    It is hashable, and so can be a field of a Linen module: the model then never asks which norm it has.

    >>> import jax.numpy as jnp
    >>> from jaxnorm.norms import NORMS
    >>> norm = NORMS["layer"].with_options(epsilon=1e-5)
    >>> norm(train=True, momentum=0.9, name="norm_0").epsilon  # LayerNorm has no momentum: left out
    1e-05
    """

    module: type[nn.Module]
    """The layer's class."""

    removes_bias: bool = False
    """Whether a constant bias just before the layer has gradient zero in training: the layer's own bias does its work."""

    couples_examples: bool = False
    """Whether, in training, the output for one example depends on the others."""

    options: Mapping[str, Any] = dataclasses.field(default_factory=FrozenDict)
    """Settings bound in advance; those given at the call win."""

    def __post_init__(self) -> None:
        self._reject_unknown(self.options)
        object.__setattr__(self, "options", FrozenDict(self.options))

    def __call__(self, *, train: bool, **options: Any) -> nn.Module:
        """Build the layer, to be called by ``call_norm(layer, x, mask)``.

        Args:
            train: whether a layer with running statistics uses those of the batch instead.
            options: settings of this layer, Linen's ``name`` included. Those of ``OPTIONAL_OPTIONS`` that the layer lacks are left out.

        Raises:
            TypeError: on any other option that the layer lacks.
        """
        self._reject_unknown(options)
        settings = {name: value for name, value in {**self.options, **options}.items() if name in self._fields}
        if "use_running_average" in self._fields:
            settings["use_running_average"] = not train
        return self.module(**settings)

    def with_options(self, **options: Any) -> "Norm":
        """A copy with more settings bound. Raises TypeError on an unknown one."""
        return dataclasses.replace(self, options={**self.options, **options})

    @property
    def _fields(self) -> frozenset[str]:
        return frozenset(field.name for field in dataclasses.fields(self.module) if field.init)

    def _reject_unknown(self, options: Mapping[str, Any]) -> None:
        decided_by_train = {"use_running_average"} & set(options)
        if decided_by_train:
            raise TypeError("use_running_average is not an option of the table: it follows from train")
        unknown = sorted(set(options) - self._fields - OPTIONAL_OPTIONS)
        if unknown:
            raise TypeError(f"{self.module.__name__} has no option {', '.join(unknown)}; it has {', '.join(sorted(self._fields))}")
