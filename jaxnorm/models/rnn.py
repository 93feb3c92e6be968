"""Recurrent classifiers, LSTM and GRU, for sequences of varying length: a norm of the table inside a cell inside a scan."""

import functools
from collections.abc import Callable
from typing import Any, ClassVar

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax
from jax.nn import initializers
from jaxtyping import Array, Bool, Float, Int, Num

from jaxnorm.models.cells import Cell, GRUCell, LSTMCell, Projection
from jaxnorm.models.lengths import length_mask
from jaxnorm.models.observe import observe
from jaxnorm.norms import Norm
from jaxnorm.norms.population import COUNT
from jaxnorm.types import Logits

SPLIT_RNGS: dict[Any, bool] = {"params": False, "noise": True, "dropout": True}
"""Over time steps: the same initial parameters, and fresh noise."""


class PerStep:
    """Running statistics of each time step, as many as it had at initialisation (M); later steps use those of the last one.

    Reference: Cooijmans 2016, arXiv:1603.09025, section 4.
    """

    def __init__(self, counts: Float[Array, " T"]) -> None:
        """``counts``: of this batch's steps (how many examples a step has does not matter)."""
        self._num_steps = len(counts)
        self._stored: Any = {}

    def spread(self, stored: Any) -> Any:
        """Leaves ``(M, ...)`` to leaves ``(T, ...)``."""
        self._stored = stored
        return jax.tree.map(lambda leaf: leaf[jnp.minimum(jnp.arange(self._num_steps), len(leaf) - 1)], stored)

    def gather(self, updated: Any) -> Any:
        """Leaves ``(T, ...)`` back to ``(M, ...)``; of steps that this batch does not have, what was stored."""
        stored = dict(jax.tree_util.tree_leaves_with_path(self._stored))

        def resize(path: tuple, leaf: Array) -> Array:
            if not stored:
                return leaf
            old = stored.get(path, jnp.zeros((len(next(iter(stored.values()))), *leaf.shape[1:]), leaf.dtype))
            return jnp.concatenate([leaf[: len(old)], old[len(leaf) :]])

        return jax.tree_util.tree_map_with_path(resize, updated)


class Shared:
    """One set of running statistics for all time steps, which moves once per batch: by the average of what the steps would do.

    Steps weigh by their number of examples, those without any not at all. So ``momentum`` is per batch, as in every other model.
    """

    def __init__(self, counts: Float[Array, " T"]) -> None:
        """``counts``: how many examples each step of this batch has."""
        self._counts = counts

    def spread(self, stored: Any) -> Any:
        """The same for each of the T steps."""
        return jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (len(self._counts), *leaf.shape)), stored)

    def gather(self, updated: Any) -> Any:
        """Leaves ``(T, ...)`` to their average over steps; numbers of examples to their sum."""
        return jax.tree_util.tree_map_with_path(lambda path, leaf: leaf.sum(0) if path[-1].key == COUNT else self._average(leaf), updated)

    def _average(self, leaf: Array) -> Array:
        total = self._counts.sum()
        average = jnp.tensordot(self._counts / jnp.maximum(total, 1), leaf.astype(jnp.result_type(leaf, jnp.float32)), 1)
        average = jnp.round(average) if jnp.issubdtype(leaf.dtype, jnp.integer) else average
        return jnp.where(total > 0, average.astype(leaf.dtype), leaf[0])


STATISTICS: dict[str, type[PerStep] | type[Shared]] = {"per_step": PerStep, "shared": Shared}
"""Whose running statistics the norms of a recurrent network keep."""


class RecurrentLayer(nn.Module):
    """A cell run over time. What the input contributes is multiplied out for all steps at once.

    The fields are those of ``RecurrentClassifier``; running statistics are in ``batch_stats/cell``.
    """

    cell: type[Cell]
    size: int
    norm: Norm
    activation: Callable[[Array], Array]
    dot_general: Callable
    statistics: str
    mask_norm: bool

    @nn.compact
    def __call__(self, x: Float[Array, "B T D"], valid: Bool[Array, "B T"] | None, *, train: bool) -> Float[Array, "B T H"]:
        """The first state after every step; a step that is not ``valid`` leaves all as they were."""
        norm = functools.partial(self.norm, train=train)
        running = None if valid is None else valid[..., None]  # (B, T, 1)
        mask = running if self.mask_norm else None
        counts = jnp.ones(x.shape[1]) if mask is None else mask.sum((0, 2)).astype(jnp.float32)  # (T,)
        dense = nn.Dense(self.cell.num_features(self.size), use_bias=False, dot_general=self.dot_general, name="input")
        each = nn.vmap(Projection, {"params": None, "batch_stats": 0}, SPLIT_RNGS, in_axes=1, out_axes=1)
        inputs = self._keep(each, counts)(self.cell.parts, norm, name="norm_input")(dense(x), mask)
        scanned = nn.scan(self.cell, {"batch_stats": 0}, "params", split_rngs=SPLIT_RNGS, in_axes=1, out_axes=1)
        cell = self._keep(scanned, counts)(self.size, norm, self.activation, self.dot_general, self.mask_norm, name="cell")
        states = (jnp.zeros((len(x), self.size), inputs[0].dtype),) * self.cell.num_states
        return cell(states, (inputs, running))[1]

    def _keep(self, over_time: Any, counts: Float[Array, " T"]) -> Any:
        """A module lifted over time, whose running statistics lead with T, as one that keeps them as ``statistics`` says."""
        if self.statistics not in STATISTICS:
            raise ValueError(f"statistics are {' or '.join(STATISTICS)}, not {self.statistics!r}")
        keeper = STATISTICS[self.statistics](counts)
        return nn.map_variables(over_time, "batch_stats", keeper.spread, keeper.gather, mutable=True)


class RecurrentClassifier(nn.Module):
    """Recurrent layers, and a dense layer from the last state that counts to the logits.

    Every norm sees the vectors of one time step, ``(B, F)``: BatchNorm pools over the examples that still run at that step, and no norm
    sees the future (InstanceNorm, which pools over positions, has none here, and raises). A padded step leaves the states as they were;
    how much padding there is and what stands in it, NaN included, changes no prediction.

    Submodule names do not depend on the norm, so equal keys give equal initial kernels under every norm. Observed: the states after
    every step of each layer, ``(B, T, H)``, as ``block_0``, ``block_1``, ...

    Attributes:
      num_classes: K.
      norm: a row of ``jaxnorm.norms.NORMS``, with its options bound.
      activation: in place of the cell's tanh (not of its sigmoids).
      dot_general: the product inside the dense layers (see ``matrix_product``).
      hidden_size: H, units of each layer.
      num_layers: layers, each of which reads the states of the one before.
      statistics: "per_step": every time step keeps running statistics of its own; "shared": all together. In training a norm uses
        the batch's statistics at that step either way.
      norm_scale_init: initial ``scale`` of every norm that has one. Cooijmans 2016 (section 5) shows that 0.1 keeps the gradient of
        BatchNorm alive through time; Ba 2016 uses 1 for LayerNorm.
      mask_norm: whether the norms leave out padded positions; if not, they see zeros as input there, and states that stand still.
      vocabulary_size: number of tokens, where the inputs are tokens (None: K, as in a language model).
      causal: whether there are logits at every position, from the state after it, instead of one row: with the next token as label, a
        language model.
    """

    cell: ClassVar[type[Cell]]

    num_classes: int
    norm: Norm
    activation: Callable[[Array], Array] = nn.tanh
    dot_general: Callable = lax.dot_general
    hidden_size: int = 64
    num_layers: int = 1
    statistics: str = "per_step"
    norm_scale_init: float = 0.1
    mask_norm: bool = True
    vocabulary_size: int | None = None
    causal: bool = False

    @nn.compact
    def __call__(self, x: Num[Array, "B T *D"], *, train: bool, lengths: Int[Array, " B"] | None = None) -> Logits:
        """Classify sequences.

        Args:
          x: vectors ``(B, T, D)``, tokens ``(B, T)``, or images ``(B, H, W, C)``, which are read row by row.
          train: whether norms use the statistics of the batch or the running ones.
          lengths: how many positions of each sequence count, from its start (None: all).

        Returns:
          Logits ``(B, K)``, or ``(B, T, K)`` if ``causal``.

        Raises:
          ValueError: on other ``statistics`` than the two, or a norm that cannot be used on ``(B, F)``.
        """
        valid = length_mask(lengths, x.shape[1])
        x = self._vectors(x, valid)
        norm = _with_initial_scale(self.norm, self.norm_scale_init)
        for index in range(self.num_layers):
            settings = (self.hidden_size, norm, self.activation, self.dot_general, self.statistics, self.mask_norm)
            x = RecurrentLayer(self.cell, *settings, name=f"layer_{index}")(x, valid, train=train)
            x = observe(self, f"block_{index}", x)  # (B, T, H)
        if not self.causal:
            x = x[:, -1] if lengths is None else jnp.take_along_axis(x, jnp.maximum(lengths - 1, 0)[:, None, None], axis=1)[:, 0]
        logits = nn.Dense(self.num_classes, dot_general=self.dot_general, name="logits")(x)
        chex.assert_shape(logits, (*x.shape[:-1], self.num_classes))
        return logits

    def _vectors(self, x: Array, valid: Array | None) -> Float[Array, "B T D"]:
        """The input as vectors, with zero in place of padding: NaN there would come back in the gradient as ``0 * NaN``."""
        x = x.reshape(*x.shape[:2], -1) if x.ndim > 2 else x
        if valid is not None:
            x = jnp.where(valid.reshape(*valid.shape, *(1,) * (x.ndim - 2)), x, 0)
        if x.ndim > 2:
            return x
        return nn.Embed(self.vocabulary_size or self.num_classes, self.hidden_size, name="embedding")(x)


class LSTM(RecurrentClassifier):
    """A classifier of LSTM layers (see ``RecurrentClassifier`` and ``cells.LSTMCell``)."""

    cell = LSTMCell


class GRU(RecurrentClassifier):
    """A classifier of GRU layers (see ``RecurrentClassifier`` and ``cells.GRUCell``)."""

    cell = GRUCell


def _with_initial_scale(norm: Norm, scale: float) -> Norm:
    """The norm with that initial ``scale``, if it has one."""
    return norm.with_options(scale_init=initializers.constant(scale)) if hasattr(norm.module, "scale_init") else norm
