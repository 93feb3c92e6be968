"""The Transformer: an encoder that classifies sequences or images, or a causal model of language."""

from collections.abc import Callable

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Num

from jaxnorm.models.add_norm import AddNorm
from jaxnorm.models.lengths import length_mask
from jaxnorm.models.observe import observe
from jaxnorm.models.positions import add_positions
from jaxnorm.norms import Norm
from jaxnorm.norms.calling import call_norm
from jaxnorm.types import Logits

Mask = Bool[Array, "B T"] | None
"""True at the positions that count; None where all do."""


class TransformerLayer(nn.Module):
    """Self-attention, then a feed-forward network ``W_out activation(W_in x)``, each inside an AddNorm.

    Attributes:
      norm: a row of ``jaxnorm.norms.NORMS``, with its options bound.
      placement: where the norms are (see ``AddNorm``).
      residual: whether the residual connections are there.
      num_heads: A; must divide D.
      feed_forward_size: units between the two matrices of the feed-forward network.
      activation: elementwise function.
      causal: whether a position attends to itself and earlier ones only.
      dot_general: the product inside the dense layers.

    Reference: A. Vaswani et al., "Attention Is All You Need", 2017, arXiv:1706.03762, section 3.
    """

    norm: Norm
    placement: str
    residual: bool
    num_heads: int
    feed_forward_size: int
    activation: Callable[[Array], Array]
    causal: bool
    dot_general: Callable

    @nn.compact
    def __call__(self, x: Float[Array, "B T D"], *, train: bool, mask: Mask, norm_mask: Mask) -> Float[Array, "B T D"]:
        """The layer's output; keys outside ``mask`` are not attended to, and positions outside ``norm_mask`` enter no statistic."""
        product = self.dot_general
        attention = nn.MultiHeadDotProductAttention(self.num_heads, qkv_dot_general=product, out_dot_general=product, name="attention")
        dense_in = nn.Dense(self.feed_forward_size, dot_general=product, name="dense_in")
        dense_out = nn.Dense(x.shape[-1], dot_general=product, name="dense_out")
        attended = _attended(mask, x.shape[1], self.causal)
        x = self._add_norm("add_norm_attention", x, lambda y: attention(y, mask=attended), train, norm_mask)
        return self._add_norm("add_norm_feed_forward", x, lambda y: dense_out(self.activation(dense_in(y))), train, norm_mask)

    def _add_norm(self, name: str, x: Array, sublayer: Callable[[Array], Array], train: bool, mask: Mask) -> Array:
        add_norm = AddNorm(self.norm, self.placement, self.residual, name=name)
        return add_norm(x, sublayer, train=train, mask=_over_features(mask))


class Transformer(nn.Module):
    """Embedding and positions, layers, and then for each sequence the mean over its positions and a dense layer to the logits.

    What comes in may be vectors ``(B, T, D_in)``, embedded by a dense layer; tokens ``(B, T)``, embedded by a table and, as in the
    original, multiplied by sqrt(D); or images ``(B, H, W, C)``, of which every row is a vector, or every square patch. With ``causal``,
    positions see only earlier ones and each has logits of its own, those of the token that follows it. After the last ``pre`` or
    ``sandwich`` layer comes one more norm.

    Padding is left out of attention, of the mean, and of the norms' statistics: how much there is and what stands in it, NaN included,
    changes no prediction. With ``mask_norm=False`` the norms alone see it, as zeros that were embedded.

    Submodule names do not depend on the norm, so equal keys give equal initial kernels under every norm. All biases are kept, although
    one just before BatchNorm has gradient zero. Observed: the output of every layer, as ``block_0``, ``block_1``, ...

    Norms that pool over positions mix them: BatchNorm in training, and group, instance and layer_all always. In a causal model they show a
    position its future.

    Attributes:
      num_classes: K; in a causal model of tokens, the size of their vocabulary.
      norm: a row of ``jaxnorm.norms.NORMS``, with its options bound.
      width: D, features of each position.
      num_layers: L.
      num_heads: A; must divide D.
      feed_forward_size: units between the two matrices of a feed-forward network.
      activation: elementwise function of the feed-forward networks.
      placement: where the norms are: one of ``PLACEMENTS`` (see ``AddNorm``).
      residual: whether the residual connections are there.
      causal: whether this is a causal model, with logits at every position.
      positions: ``sinusoidal`` or ``learned`` (see ``add_positions``).
      max_length: rows of the table of learned positions; None for the T of initialisation.
      patch_size: height and width of the patches that images are cut into; None for rows.
      vocabulary_size: how many tokens there are; None for K.
      mask_norm: whether the norms are told what is padding.
      dot_general: the product inside the dense layers, those of attention included (see ``matrix_product``).

    References: A. Vaswani et al., "Attention Is All You Need", 2017, arXiv:1706.03762. Patches: A. Dosovitskiy et al., "An Image is Worth
    16x16 Words", 2020, arXiv:2010.11929. Last norm: R. Xiong et al., "On Layer Normalization in the Transformer Architecture", 2020,
    arXiv:2002.04745, table 1.
    """

    num_classes: int
    norm: Norm
    width: int = 64
    num_layers: int = 2
    num_heads: int = 4
    feed_forward_size: int = 128
    activation: Callable[[Array], Array] = nn.relu
    placement: str = "post"
    residual: bool = True
    causal: bool = False
    positions: str = "sinusoidal"
    max_length: int | None = None
    patch_size: int | None = None
    vocabulary_size: int | None = None
    mask_norm: bool = True
    dot_general: Callable = jax.lax.dot_general

    def __post_init__(self) -> None:
        """Raise ``ValueError`` on a width that does not fall into heads."""
        if self.num_heads < 1 or self.width % self.num_heads:
            raise ValueError(f"a width of {self.width} does not fall into {self.num_heads} attention heads; give a multiple")
        super().__post_init__()

    @nn.compact
    def __call__(self, x: Num[Array, "B ..."], *, train: bool, lengths: Int[Array, " B"] | None = None) -> Logits:
        """Classify each sequence, ``(B, K)``, or in a causal model each position, ``(B, T, K)``.

        Args:
          x: vectors, tokens or images.
          train: whether norms use the statistics of the batch.
          lengths: how many positions of each sequence count, from its start; None if all do.

        Raises:
          ValueError: if images do not fall into patches of the given size, or ``x`` is none of the three kinds.
        """
        x = _as_sequence(x, self.patch_size)
        mask = length_mask(lengths, x.shape[1])  # (B, T)
        norm_mask = mask if self.mask_norm else None
        x = add_positions(self, self._embed(_without_padding(x, mask)), self.positions, self.max_length)  # (B, T, D)
        for layer in range(self.num_layers):
            x = observe(self, f"block_{layer}", self._layer(layer)(x, train=train, mask=mask, norm_mask=norm_mask))
        if self.placement in ("pre", "sandwich"):
            x = call_norm(self.norm(train=train, name="norm_last"), x, _over_features(norm_mask))
        features = x if self.causal else _mean_over_positions(x, mask)
        logits = nn.Dense(self.num_classes, dot_general=self.dot_general, name="logits")(features)
        chex.assert_shape(logits, (*features.shape[:-1], self.num_classes))
        return logits

    def _embed(self, x: Num[Array, "B T ..."]) -> Float[Array, "B T D"]:
        if x.ndim == 3:
            return nn.Dense(self.width, dot_general=self.dot_general, name="embedding")(x)
        return nn.Embed(self.vocabulary_size or self.num_classes, self.width, name="embedding")(x) * self.width**0.5

    def _layer(self, number: int) -> TransformerLayer:
        return TransformerLayer(
            norm=self.norm,
            placement=self.placement,
            residual=self.residual,
            num_heads=self.num_heads,
            feed_forward_size=self.feed_forward_size,
            activation=self.activation,
            causal=self.causal,
            dot_general=self.dot_general,
            name=f"layer_{number}",
        )


def _as_sequence(x: Num[Array, "B ..."], patch_size: int | None) -> Num[Array, "B T ..."]:
    """Tokens ``(B, T)`` and vectors ``(B, T, D)`` as they are; images cut into rows or patches, read left to right, top to bottom."""
    if x.ndim == 4 and patch_size is not None:
        return _patches(x, patch_size)
    if x.ndim == 4:
        return x.reshape(*x.shape[:2], -1)  # (B, H, W * C)
    if x.ndim == 3 or (x.ndim == 2 and jnp.issubdtype(x.dtype, jnp.integer)):
        return x
    raise ValueError(f"neither tokens (B, T), vectors (B, T, D) nor images (B, H, W, C): {x.dtype} of shape {x.shape}")


def _patches(x: Num[Array, "B H W C"], size: int) -> Num[Array, "B T D"]:
    batch, height, width, channels = x.shape
    if height % size or width % size:
        raise ValueError(f"images of {height} x {width} do not fall into patches of {size} x {size}")
    x = x.reshape(batch, height // size, size, width // size, size, channels)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(batch, -1, size * size * channels)


def _over_features(mask: Mask) -> Bool[Array, "B T 1"] | None:
    return None if mask is None else mask[..., None]


def _without_padding(x: Num[Array, "B T ..."], mask: Mask) -> Num[Array, "B T ..."]:
    """``x`` with zeros in the padding: whatever stands there must not meet arithmetic, which NaN survives."""
    return x if mask is None else jnp.where(mask.reshape(*mask.shape, *(1,) * (x.ndim - 2)), x, 0)


def _attended(mask: Mask, num_positions: int, causal: bool) -> Bool[Array, "B 1 T T"] | None:
    """Which keys (last axis) each query may attend to; None if all."""
    earlier = jnp.tril(jnp.ones((1, 1, num_positions, num_positions), bool)) if causal else None
    return nn.combine_masks(earlier, None if mask is None else mask[:, None, None, :], dtype=bool)


def _mean_over_positions(x: Float[Array, "B T D"], mask: Mask) -> Float[Array, "B D"]:
    """The mean over the positions that count; zero where none does."""
    if mask is None:
        return x.mean(1)
    return jnp.where(mask[..., None], x, 0).sum(1) / jnp.maximum(mask.sum(1, keepdims=True), 1)
