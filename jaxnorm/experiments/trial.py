"""A network traced before it is trained: at the shapes, and with the calls of its norm, that training will have. Nothing is computed."""

import inspect
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxnorm.data import Dataset
from jaxnorm.experiments.checks import is_own
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.custom_code import blame
from jaxnorm.norms import NORMS, Norm
from jaxnorm.training.step import streams

CARRIED = {"params", "batch_stats"}
"""The collections that training keeps from one update to the next."""


def try_network(model: Any, norm: str, batch_size: int, dataset: Dataset) -> None:
    """Trace ``model``, whose norm is called ``norm``, through initialisation, updates and an evaluation.

    Raises:
        UsageError: naming the norm, or network and data, whichever is at fault.
    """
    x, lengths = _batch(batch_size, dataset)
    try:
        if is_own(norm):
            logits = _try_custom(model, norm, x, lengths)
        else:
            *_, logits = jax.eval_shape(lambda x, n: _train_and_evaluate(model, x, n), x, lengths)
    except ValueError as error:
        _blame_network(model, dataset, x, lengths)
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"the norm {norm!r} does not go with this network ({type(model).__name__}): {error}") from error
    wanted = (batch_size, *dataset.train.labels.shape[1:], dataset.num_classes)
    if logits.shape != wanted:
        told = f"it gives logits of shape {logits.shape}, and the labels need {wanted}"
        raise UsageError(f"--dataset {dataset.name} does not go with this network ({type(model).__name__}): {told}.")


def _batch(batch_size: int, dataset: Dataset) -> tuple[Any, Any]:
    """Inputs and lengths of a batch, as shapes."""
    dtype = jnp.float32 if dataset.mean is not None else jnp.int32
    lengths = None if dataset.train.lengths is None else jax.ShapeDtypeStruct((batch_size,), jnp.int32)
    return jax.ShapeDtypeStruct((batch_size, *dataset.train.inputs.shape[1:]), dtype), lengths


def _train_and_evaluate(model: nn.Module, x: jax.Array, lengths: jax.Array | None) -> tuple[Any, Any, jax.Array]:
    """What training does with a network: variables (from one example), those that an update changes, and the logits of an evaluation.

    Updates have streams of random numbers, and evaluations with the statistics of a batch have none.
    """
    variables = model.init(jax.random.key(0), x[:1], train=False, lengths=None if lengths is None else lengths[:1])
    updated = variables
    for rngs in (streams(jax.random.key(0)), {}):
        _, updated = model.apply(variables, x, train=True, lengths=lengths, mutable=["batch_stats"], rngs=rngs)
    logits = jnp.asarray(model.apply({**variables, **updated}, x, train=False, lengths=lengths))
    return variables, updated, logits


def _blame_network(model: Any, dataset: Dataset, x: Any, lengths: Any) -> None:
    """Raise ``UsageError`` where the network does not take the data with any norm."""
    try:
        jax.eval_shape(lambda x, n: _train_and_evaluate(model.clone(norm=NORMS["none"]), x, n), x, lengths)
    except ValueError as error:
        raise UsageError(f"--dataset {dataset.name} does not go with this network ({type(model).__name__}): {error}.") from error


def _try_custom(model: Any, name: str, x: Any, lengths: Any) -> Any:
    """The same with a custom norm, each call of which is watched: the shape of the logits."""
    norm: Norm = model.norm
    file = inspect.getsourcefile(norm.module)
    with blame(f"--norms {name} cannot be built", file=file):
        norm(train=True)
    with blame(f"--norms {name} cannot be called as norm(x)", file=file), nn.intercept_methods(_watch(name, norm, file)):
        variables, updated, logits = jax.eval_shape(lambda x, n: _train_and_evaluate(model, x, n), x, lengths)
    _check_state(name, variables, updated)
    return logits


def _watch(name: str, norm: Norm, file: str | None) -> Any:
    """An interceptor of Linen's that refuses a call which fails, or does not return one array of the shape of its input."""

    def watch(call: Any, arguments: tuple[Any, ...], options: dict[str, Any], context: Any) -> Any:
        if type(context.module) is not norm.module or context.method_name != "__call__":
            return call(*arguments, **options)
        shape = arguments[0].shape
        with blame(f"--norms {name} cannot be called as norm(x) with x of shape {shape}", file=file):
            output = call(*arguments, **options)
        if getattr(output, "shape", None) != shape:
            returned = f"shape {output.shape}" if hasattr(output, "shape") else type(output).__name__
            raise UsageError(f"--norms {name} returns {returned} for x of shape {shape}; it must return one array of the shape of x.")
        return output

    return watch


def _check_state(name: str, variables: Any, updated: Any) -> None:
    others = sorted(set(variables) - CARRIED)
    if others:
        raise UsageError(
            f"--norms {name} keeps state in {', '.join(others)}; training carries params and batch_stats only, so use batch_stats."
        )
    before, after = (_shapes(tree.get("batch_stats", {})) for tree in (variables, updated))
    if before != after:
        changed = next(place for place in sorted(before | after) if before.get(place) != after.get(place))
        told = f"{changed} from {before.get(changed, 'nothing')} to {after.get(changed, 'nothing')}"
        raise UsageError(f"--norms {name} changes its batch_stats in training: {told}; shapes and dtypes must stay.")


def _shapes(tree: Any) -> dict[str, str]:
    """Place of each leaf to its shape and format in words."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): f"{leaf.dtype} {leaf.shape}" for path, leaf in leaves}
