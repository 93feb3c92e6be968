"""The optimizers an experiment can name. Weight decay spares everything but kernels."""

import functools
from collections.abc import Callable

import jax.numpy as jnp
import optax
from jaxtyping import Array

from jaxnorm.training.decay import decay_mask
from jaxnorm.training.step import MakeOptimizer

WITHOUT_BIASES = functools.partial(decay_mask, spare_biases=True)


def adam(*, weight_decay: float, sgd_momentum: float, warmup_steps: int = 0) -> MakeOptimizer:
    """Adam (Kingma & Ba 2015, arXiv:1412.6980); weight decay enters through the gradient, as an L2 penalty."""
    del sgd_momentum
    return lambda learning_rate: _penalised(optax.adam(warm_up(learning_rate, warmup_steps)), weight_decay)


def adamw(*, weight_decay: float, sgd_momentum: float, warmup_steps: int = 0) -> MakeOptimizer:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv:1711.05101)."""
    del sgd_momentum
    return lambda learning_rate: optax.adamw(warm_up(learning_rate, warmup_steps), weight_decay=weight_decay, mask=WITHOUT_BIASES)


def sgd(*, weight_decay: float, sgd_momentum: float, warmup_steps: int = 0) -> MakeOptimizer:
    """Gradient descent, with heavy-ball momentum unless it is 0; weight decay as an L2 penalty."""
    return lambda learning_rate: _penalised(optax.sgd(warm_up(learning_rate, warmup_steps), sgd_momentum or None), weight_decay)


def warm_up(learning_rate: Array, steps: int) -> optax.ScalarOrSchedule:
    """The rate, reached linearly over the first ``steps`` updates; constant at once where ``steps`` is 0."""
    if steps == 0:
        return learning_rate
    return lambda count: learning_rate * jnp.minimum(1.0, (count + 1) / steps)


def _penalised(optimizer: optax.GradientTransformation, weight_decay: float) -> optax.GradientTransformation:
    if weight_decay == 0:
        return optimizer
    return optax.chain(optax.add_decayed_weights(weight_decay, mask=WITHOUT_BIASES), optimizer)


OPTIMIZERS: dict[str, Callable[..., MakeOptimizer]] = {"adam": adam, "adamw": adamw, "sgd": sgd}
"""Every optimizer by the name that protocols and the command line use."""
