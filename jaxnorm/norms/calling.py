"""How a network calls whatever norm it was handed: with a mask where there is padding and the layer can be told of it."""

import inspect

from flax import linen as nn
from jax import Array


def call_norm(layer: nn.Module, x: Array, mask: Array | None) -> Array:
    """``layer(x)``, or ``layer(x, mask=mask)`` where there is padding to leave out.

    A layer without ``mask`` in its signature is called without one if it treats each example by itself.

    Raises:
        ValueError: if a layer that pools over examples would have to leave out padding, and takes no mask.
    """
    if mask is None:
        return layer(x)
    if takes_mask(type(layer)):
        return layer(x, mask=mask)
    if couples_examples(type(layer)):
        raise ValueError(
            f"{type(layer).__name__} couples the examples of a batch, and its __call__ takes no mask that would leave out padding; "
            "add mask=None to its arguments, and pool where the mask is true"
        )
    return layer(x)


def takes_mask(layer: type[nn.Module]) -> bool:
    """Whether the layer can be called with ``mask=``."""
    parameters = inspect.signature(layer.__call__).parameters.values()
    return any(each.name == "mask" or each.kind is each.VAR_KEYWORD for each in parameters)


def couples_examples(layer: type[nn.Module]) -> bool:
    """Whether, in training, one example's result depends on the others: what the class says, or whether it has running statistics."""
    return bool(getattr(layer, "couples_examples", "use_running_average" in getattr(layer, "__dataclass_fields__", {})))
