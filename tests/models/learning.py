"""What the models' tests share: norms that fit small networks, the digits, a plain training loop, and the kernels of a tree.

Compiling is what these tests spend their time on. They draw their inputs with NumPy, run many small operations as one program, and
share the programs of equal models.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax.traverse_util import flatten_dict

from jaxnorm.data.digits import load_digits
from jaxnorm.norms import NORMS

SMALL = {"group": {"num_groups": 2}, "ghost": {"ghost_batch_size": 2}}
"""Settings by which a layer fits few channels and a batch of 4."""

PADDING_TOLERANCE = 1e-5
"""Absolute error of logits of order 1 where sums over positions have another number of zeros in them."""


def normal(seed, *shape):
    """Standard-normal float32 numbers."""
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def small_norm(name):
    """The norm of the table, fit for networks of some channels, batches of 4, and some dozens of updates."""
    return NORMS[name].with_options(momentum=0.9, debias=True, **SMALL.get(name, {}))


def digits():
    """The training digits, standardised: ``(N, 8, 8, 1)``, ``(N,)``."""
    split = load_digits().train
    images = split.inputs.astype("float32")
    return jnp.asarray((images - images.mean()) / images.std()), jnp.asarray(split.labels)


def learn(model, x, labels, *, steps=60, batch_size=128, learning_rate=3e-3):
    """Train with Adam on consecutive batches; variables after it, and the mean loss of each step."""
    optimizer = optax.adam(learning_rate)

    def loss(params, state, inputs, labels):
        logits, state = model.apply({"params": params, **state}, inputs, train=True, mutable=["batch_stats"])
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean(), state

    def step(carry, number):
        params, state, opt_state = carry
        index = (number * batch_size + jnp.arange(batch_size)) % len(x)
        (value, state), gradients = jax.value_and_grad(loss, has_aux=True)(params, state, x[index], labels[index])
        updates, opt_state = optimizer.update(gradients, opt_state)
        return (optax.apply_updates(params, updates), state, opt_state), value

    @jax.jit
    def train(key):
        variables = model.init(key, x[:2], train=False)
        params = variables.pop("params")
        return jax.lax.scan(step, (params, variables, optimizer.init(params)), jnp.arange(steps))

    (params, state, _), losses = train(jax.random.key(0))
    return {"params": params, **state}, losses


@functools.partial(jax.jit, static_argnums=0)
def initial(model, x, seed=3):
    """The model's initial variables."""
    return model.init(jax.random.key(seed), x, train=False)


def logits_of(model, variables, x, train=False, lengths=None):
    """To be part of a program."""
    return model.apply(variables, x, train=train, lengths=lengths, mutable=["batch_stats"])[0]


output = jax.jit(logits_of, static_argnums=(0, 3))
"""The same as a program of its own."""


def accuracy(model, variables, x, labels):
    """Of the evaluation network."""
    return float((np.asarray(output(model, variables, x)).argmax(-1) == np.asarray(labels)).mean())


def kernels(variables):
    """All kernels and tables of a tree by path: everything that is drawn at random."""
    return {path: leaf for path, leaf in flatten_dict(variables["params"]).items() if path[-1] in ("kernel", "embedding", "positions")}
