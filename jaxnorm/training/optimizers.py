"""The optimizers an experiment can name. Weight decay spares everything but kernels."""

import functools
from collections.abc import Callable

import optax

from jaxnorm.training.decay import decay_mask
from jaxnorm.training.step import MakeOptimizer

WITHOUT_BIASES = functools.partial(decay_mask, spare_biases=True)


def adam(*, weight_decay: float, sgd_momentum: float) -> MakeOptimizer:
    """Adam (Kingma & Ba 2015, arXiv:1412.6980); weight decay enters through the gradient, as an L2 penalty."""
    del sgd_momentum
    return lambda learning_rate: _penalised(optax.adam(learning_rate), weight_decay)


def adamw(*, weight_decay: float, sgd_momentum: float) -> MakeOptimizer:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv:1711.05101)."""
    del sgd_momentum
    return lambda learning_rate: optax.adamw(learning_rate, weight_decay=weight_decay, mask=WITHOUT_BIASES)


def sgd(*, weight_decay: float, sgd_momentum: float) -> MakeOptimizer:
    """Gradient descent, with heavy-ball momentum unless it is 0; weight decay as an L2 penalty."""
    return lambda learning_rate: _penalised(optax.sgd(learning_rate, sgd_momentum or None), weight_decay)


def _penalised(optimizer: optax.GradientTransformation, weight_decay: float) -> optax.GradientTransformation:
    if weight_decay == 0:
        return optimizer
    return optax.chain(optax.add_decayed_weights(weight_decay, mask=WITHOUT_BIASES), optimizer)


OPTIMIZERS: dict[str, Callable[..., MakeOptimizer]] = {"adam": adam, "adamw": adamw, "sgd": sgd}
"""Every optimizer by the name that protocols and the command line use."""
