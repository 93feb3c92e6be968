"""Population statistics: running averages replaced by the statistics of many batches, pooled exactly."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax.core import FrozenDict, copy, unfreeze
from flax.linen.module import InterceptorContext
from flax.traverse_util import flatten_dict, unflatten_dict
from jax import Array

from jaxnorm.norms.functional import Pool, canonical_axes, moments, statistics_dtype
from jaxnorm.norms.linen import prepare

Variables = FrozenDict[str, Any] | dict[str, Any]
Path = tuple[str, ...]

REST, COUNT, LOST = "reestimation_rest", "reestimation_count", "reestimation_lost"
"""What each layer keeps beside mean and var while batches run; ``LOST`` is 1 where its variance divides by one less than the count."""


class PreciseMoments(NamedTuple):
    """Moments, each of the shape of a layer's running mean. The exact mean is ``mean + rest``.

    Far from zero the means of two batches differ by less than their own rounding, and so would the variance between batches.
    """

    mean: Array
    rest: Array
    var: Array
    count: Array


KEPT = ("mean", REST, "var", COUNT)
"""The names of ``PreciseMoments`` in ``batch_stats``."""


def reestimate_statistics(
    model: nn.Module,
    variables: Variables,
    batches: Array | np.ndarray | Iterable[Any],
    *,
    rngs: Mapping[str, Array] | None = None,
    **arguments: Any,
) -> Variables:
    """The variables with every running mean and variance replaced by those of all ``batches`` together.

    The model runs once over each batch in training mode, with its parameters as they are. With ``n_k`` elements in batch k, of mean ``m_k``
    and biased variance ``v_k``, each feature gets

    ``mean = sum_k n_k m_k / n``,  ``var = sum_k n_k (v_k + (m_k - mean)^2) / n``,  ``n = sum_k n_k``

    (the law of total variance), times ``n / (n - 1)`` where the layer asks for ``unbiased_variance``: exactly the statistics of the
    concatenated elements, however they are split, unequal sizes and masks included. That holds for what enters each layer. What enters the
    *first* one does not depend on the split; a *deeper* one sees activations that the norms before it have normalized by their own batch,
    as in training, so there the split matters as it did in training.

    It works for every layer with the fields of Linen's BatchNorm and ``mean`` and ``var`` in ``batch_stats``, Linen's own included. A layer
    that is called more than once in a forward pass pools its calls. Layers that do not use the statistics of the batch keep what they have,
    as does a feature of which all elements are masked out. The debiasing ``weight`` becomes 1: the averages are warm.

    The function is pure, and can be jitted, vmapped and mapped. For S networks, ``variables`` leading with S:
    ``jax.vmap(lambda one: reestimate_statistics(model, one, batches, train=True))(variables)``.

    Args:
        model: called as ``model.apply(variables, batch, **arguments)``.
        variables: with ``params`` and ``batch_stats``; without any ``batch_stats`` they are returned as they are.
        batches: an array ``(K, B, ...)`` of K batches, which run in one compiled loop; or an iterable of batches of any sizes, each an
            array or a tuple of the model's positional arguments (such as inputs and mask).
        rngs: keys by name, for dropout and the like; the number of the batch is folded into each.
        arguments: what puts the model into training mode, such as ``train=True``, and anything else that every call is given.

    Returns:
        A copy of ``variables``, of the same structure, shapes and number formats.

    Raises:
        ValueError: if there is no batch, or no layer used the statistics of its batch.

    >>> from jaxnorm.norms.batch import BatchNorm
    >>> model, batches = BatchNorm(), jnp.arange(12.0).reshape(3, 4, 1)
    >>> variables = model.init(jax.random.key(0), batches[0], use_running_average=True)
    >>> precise = reestimate_statistics(model, variables, batches, use_running_average=False)
    >>> jax.tree.map(lambda leaf: round(leaf.item(), 4), precise["batch_stats"])  # of 0 to 11: 5.5, and 143 / 12
    {'mean': 5.5, 'var': 11.9167}

    Reference: Y. Wu, J. Johnson, "Rethinking 'Batch' in BatchNorm", 2021, arXiv:2105.07576, section 3; there for batches of equal size.
    """
    stored = _leaves(variables.get("batch_stats", {}))
    if not stored:
        return variables

    @jax.jit
    def statistics(variables: Any, batch: Any, number: Array | int) -> Any:
        keys = {name: jax.random.fold_in(key, number) for name, key in (rngs or {}).items()}
        inputs = batch if isinstance(batch, tuple) else (batch,)
        with nn.intercept_methods(_keep_batch_moments):
            _, updated = model.apply(variables, *inputs, rngs=keys, mutable=["batch_stats"], **arguments)
        return updated["batch_stats"]

    of_batches = _leaves(_stacked(lambda batch, number: statistics(variables, batch, number), batches))  # each (K, ...)
    if not any(path[-1] == COUNT for path in of_batches):
        raise ValueError("no layer used the statistics of its batch; pass what puts the model into training mode, such as train=True")
    return copy(variables, {"batch_stats": unflatten_dict(stored | _replacements(stored, of_batches))})


def _leaves(tree: Any) -> dict[Path, Any]:
    return dict(flatten_dict(unfreeze(tree)))


def _stacked(statistics: Callable[[Any, Array | int], Any], batches: Array | np.ndarray | Iterable[Any]) -> Any:
    """The tree of statistics of every batch, stacked along a new first axis."""
    if isinstance(batches, Array | np.ndarray):
        _require_batches(len(batches))
        return jax.lax.map(lambda numbered: statistics(*numbered), (jnp.asarray(batches), jnp.arange(len(batches))))
    trees = [statistics(batch, number) for number, batch in enumerate(batches)]
    _require_batches(len(trees))
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)


def _require_batches(number: int) -> None:
    if number == 0:
        raise ValueError("statistics need at least one batch")


def _keep_batch_moments(call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], context: InterceptorContext) -> Any:
    """Run a layer, and leave the moments of its batch in its ``batch_stats``."""
    layer: Any = context.module
    if context.method_name != "__call__" or not _has_running_statistics(layer):
        return call(*args, **kwargs)
    earlier = _kept(layer)
    result = call(*args, **kwargs)
    later = _kept(layer)
    if (later is None or (earlier is not None and later.count is earlier.count)) and not _uses_running_average(layer, *args, **kwargs):
        _keep(layer, _batch_moments(layer, *args, **kwargs), earlier)  # else a call of the same layer within this one has kept them
    return result


def _has_running_statistics(layer: Any) -> bool:
    fields = all(hasattr(layer, name) for name in ("axis", "use_running_average"))
    return fields and all(layer.has_variable("batch_stats", name) for name in ("mean", "var"))


def _uses_running_average(layer: Any, x: Array, use_running_average: bool | None = None, *, mask: Array | None = None) -> bool:
    """The layer's decision, by Linen's call form."""
    del x, mask
    return bool(layer.use_running_average if use_running_average is None else use_running_average)


def _batch_moments(layer: Any, x: Array, use_running_average: bool | None = None, *, mask: Array | None = None) -> PreciseMoments:
    """Moments of the layer's input, by the stable formula whatever the layer prefers."""
    del use_running_average
    x, mask = prepare(x, mask)
    x = x.astype(statistics_dtype(x.dtype, layer.dtype, True))
    feature_axes = canonical_axes(x.ndim, layer.axis)
    pool = Pool(tuple(axis for axis in range(x.ndim) if axis not in feature_axes), layer.axis_name, layer.axis_index_groups)
    mean = moments(x, pool, mask=mask).mean
    rest = moments(x - mean, pool, mask=mask)
    count = jnp.broadcast_to(jnp.asarray(rest.count, jnp.float32), mean.shape)
    return PreciseMoments(*(value.reshape([x.shape[axis] for axis in feature_axes]) for value in (mean, rest.mean, rest.var, count)))


def _kept(layer: Any) -> PreciseMoments | None:
    if not layer.has_variable("batch_stats", COUNT):
        return None
    return PreciseMoments(*(layer.get_variable("batch_stats", name) for name in KEPT))


def _keep(layer: Any, batch: PreciseMoments, earlier: PreciseMoments | None) -> None:
    if earlier is not None:
        batch = _pooled(PreciseMoments(*(jnp.stack(pair) for pair in zip(earlier, batch, strict=True))))
    for name, value in zip(KEPT, batch, strict=True):
        layer.put_variable("batch_stats", name, value)
    layer.put_variable("batch_stats", LOST, jnp.full(batch.mean.shape, float(getattr(layer, "unbiased_variance", False))))


def _pooled(parts: PreciseMoments) -> PreciseMoments:
    """Moments ``(K, ...)`` of K disjoint sets to those of their union: the law of total variance, about the mean of the first set."""
    total = jnp.sum(parts.count, 0)
    share = parts.count / jnp.maximum(total, 1)[None]
    first = parts.mean[0]
    deviation = (parts.mean - first[None]) + parts.rest
    shift = jnp.sum(share * deviation, 0)
    mean = first + shift
    var = jnp.sum(share * (parts.var + jnp.square(jnp.abs(deviation - shift[None]))), 0)
    return PreciseMoments(mean, (first - mean) + shift, var, total)


@jax.jit
def _replacements(stored: dict[Path, Array], of_batches: dict[Path, Array]) -> dict[Path, Array]:
    """The new leaves of all layers that kept moments; features with too few elements keep the stored ones."""
    new = {}
    for layer in (path[:-1] for path in of_batches if path[-1] == COUNT):
        mean, _, var, count = _pooled(PreciseMoments(*(of_batches[*layer, name] for name in KEPT)))
        lost = of_batches[*layer, LOST][0]
        var = var * (count / jnp.maximum(count - lost, 1))
        for name, value, enough in (("mean", mean, count > 0), ("var", var, count > lost)):
            old = stored[*layer, name]
            new[*layer, name] = jnp.where(enough, value, old).astype(old.dtype)
        if (*layer, "weight") in stored:
            new[*layer, "weight"] = jnp.ones_like(stored[*layer, "weight"])
    return new
