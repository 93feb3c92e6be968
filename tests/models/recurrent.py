"""What the tests of recurrent networks share: small ones, and sequences of several lengths."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from jaxnorm.models.rnn import LSTM
from jaxnorm.norms import NORMS

STEP_NORMS = {name: norm for name, norm in NORMS.items() if name != "instance"}  # InstanceNorm has no positions within a time step
STEP_NORMS["ghost"] = NORMS["ghost"].with_options(ghost_batch_size=2)
STEP_NORMS["group"] = NORMS["group"].with_options(num_groups=2)

ROUNDING = 2e-5
"""A few tens of float32 operations in a row, on values of order 1."""

KEY = jax.random.key(0)
LENGTHS = jnp.array([5, 2, 4, 1])
B, T, D, H, K = 4, 5, 3, 4, 3
LOGITS = ("logits/kernel", "logits/bias")


def make_model(kind=LSTM, norm="layer", **options):
    return kind(num_classes=K, norm=STEP_NORMS[norm], hidden_size=H, **options)


def sequences(num_steps=T, padding=0.0):
    x = jax.random.normal(jax.random.key(1), (B, T, D))
    x = jnp.pad(x, ((0, 0), (0, num_steps - T), (0, 0)))
    return jnp.where(jnp.arange(num_steps)[None, :, None] < LENGTHS[:, None, None], x, padding)


def initial(model, x, lengths=None):
    """Variables of the model's shapes, without compiling its initialisation: small kernels, uneven scales, biases other than 0."""
    shapes = jax.eval_shape(functools.partial(model.init, train=False, lengths=lengths), KEY, x)
    return jax.tree_util.tree_map_with_path(lambda path, leaf: START[path[-1].key](np.arange(leaf.size).reshape(leaf.shape)), shapes)


def uneven(offset, size):
    """From an array's positions in memory to values around ``offset``."""
    return lambda positions: jnp.asarray(offset + size * np.sin(1 + 7.0 * positions**1.1), jnp.float32)


START = {
    "kernel": uneven(0, 0.7),
    "embedding": uneven(0, 1),
    "scale": uneven(1, 0.2),
    "alpha": uneven(0.5, 0.1),
    "bias": uneven(0, 0.3),
    "mean": lambda positions: jnp.zeros(positions.shape),
    "var": lambda positions: jnp.ones(positions.shape),
}
"""Value of a variable, by its name."""


@functools.partial(jax.jit, static_argnums=0, static_argnames="train")
def apply(model, variables, x, lengths=None, *, train=True):
    """Logits and statistics."""
    logits, updated = model.apply(variables, x, train=train, lengths=lengths, mutable=["batch_stats"])
    return logits, updated.get("batch_stats", {})


def running():
    """``(B, T)``: which sequences have not ended."""
    return np.arange(T)[np.newaxis] < np.asarray(LENGTHS)[:, np.newaxis]
