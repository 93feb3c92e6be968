"""The optimizers an experiment can name. Weight decay spares everything but kernels."""

from collections.abc import Callable
from typing import Any

import jax
import optax

from jaxnorm.training.step import MakeOptimizer


def kernels_only(params: Any) -> Any:
    """True at each ``kernel``, False at biases and at norms' scale and bias: an optax mask."""
    return jax.tree_util.tree_map_with_path(lambda path, _: path[-1].key == "kernel", params)


def adam(*, weight_decay: float, sgd_momentum: float) -> MakeOptimizer:
    """Adam (Kingma & Ba 2015, arXiv:1412.6980); weight decay enters through the gradient, as an L2 penalty."""
    del sgd_momentum
    return lambda learning_rate: _penalised(optax.adam(learning_rate), weight_decay)


def adamw(*, weight_decay: float, sgd_momentum: float) -> MakeOptimizer:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv:1711.05101)."""
    del sgd_momentum
    return lambda learning_rate: optax.adamw(learning_rate, weight_decay=weight_decay, mask=kernels_only)


def sgd(*, weight_decay: float, sgd_momentum: float) -> MakeOptimizer:
    """Gradient descent, with heavy-ball momentum unless it is 0; weight decay as an L2 penalty."""
    return lambda learning_rate: _penalised(optax.sgd(learning_rate, sgd_momentum or None), weight_decay)


def _penalised(optimizer: optax.GradientTransformation, weight_decay: float) -> optax.GradientTransformation:
    if weight_decay == 0:
        return optimizer
    return optax.chain(optax.add_decayed_weights(weight_decay, mask=kernels_only), optimizer)


OPTIMIZERS: dict[str, Callable[..., MakeOptimizer]] = {"adam": adam, "adamw": adamw, "sgd": sgd}
