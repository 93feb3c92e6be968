"""Where probes can look into a network: activations with a name."""

import flax.linen as nn
import jax.numpy as jnp
from jax import Array


def observe(module: nn.Module, name: str, x: Array) -> Array:
    """Give an activation of ``module`` a name, under which probes find its value and the gradient with respect to it.

    The value is stored when ``intermediates`` is mutable; the gradient is that of a zero in the collection ``perturbations`` that is
    added to ``x`` where that collection is given. Otherwise, and while initialising, ``x`` passes and nothing is stored.
    """
    if module.is_initializing():
        return x
    module.sow("intermediates", name, x, reduce_fn=lambda _, new: new, init_fn=lambda: jnp.zeros(()))
    return module.perturb(name, x)
