"""The multilayer perceptron: dense, norm, activation; or, for depth, residual blocks."""

from collections.abc import Callable

import chex
import flax.linen as nn
import jax
from flax.typing import Initializer
from jaxtyping import Array, Float, Int

from jaxnorm.models.add_norm import PLACEMENTS, AddNorm
from jaxnorm.models.lengths import refuse_lengths
from jaxnorm.models.observe import observe
from jaxnorm.norms import Norm
from jaxnorm.types import Logits


class MLP(nn.Module):
    """Hidden layers, each a block of its own kind, then a dense layer to the logits.

    With the placement ``plain``, every block is ``h_l = activation(norm(W_l h_{l-1} + b_l))``; the bias ``b_l`` is left out where the norm
    would remove it. With any other, the first block, which brings the width, is ``h_0 = activation(W_0 x + b_0)``, and every further one
    is residual: AddNorm around ``F(h) = activation(W_l h + b_l)``, such as ``h_l = norm(h_{l-1} + F(h_{l-1}))`` for ``post``. After the
    last ``pre`` or ``sandwich`` block comes one more norm, as in Transformers (Xiong et al. 2020, arXiv:2002.04745, table 1).

    Submodule names do not depend on the norm, so equal keys give equal initial kernels under every norm.
    Observed: the output of every block, as ``block_0``, ``block_1``, ...; and in plain blocks what the activation is given, as
    ``input_0``, ``input_1``, ...

    Attributes:
      num_classes: K.
      norm: a row of ``jaxnorm.norms.NORMS``, with its options bound.
      hidden_sizes: units of each hidden layer; empty for a linear classifier. All equal where blocks are residual.
      activation: elementwise function.
      norm_on_logits: also normalize the logits.
      dot_general: the product inside the dense layers (see ``matrix_product``).
      placement: ``plain``, or where the norms of residual blocks are: one of ``PLACEMENTS``.
      residual: whether the blocks other than ``plain`` ones have their residual connection.
      kernel_init: initial kernels, of the hidden layers and the logits.
    """

    num_classes: int
    norm: Norm
    hidden_sizes: tuple[int, ...] = (256,)
    activation: Callable[[Array], Array] = nn.relu
    norm_on_logits: bool = False
    dot_general: Callable = jax.lax.dot_general
    placement: str = "plain"
    residual: bool = True
    kernel_init: Initializer = nn.initializers.lecun_normal()

    def __post_init__(self) -> None:
        """Raise ``ValueError`` on an unknown placement, or on residual blocks of unequal sizes."""
        if self.placement not in ("plain", *PLACEMENTS):
            raise ValueError(f"placement {self.placement!r} is none of plain, {', '.join(PLACEMENTS)}")
        if self.placement != "plain" and len(set(self.hidden_sizes)) > 1:
            raise ValueError(f"hidden sizes {self.hidden_sizes} differ, and a block with placement {self.placement!r} keeps its size")
        super().__post_init__()

    @nn.compact
    def __call__(self, x: Float[Array, "B ..."], *, train: bool, lengths: Int[Array, " B"] | None = None) -> Logits:
        """Classify ``x``, flattened per example; ``train`` chooses batch or running statistics.

        Raises:
          ValueError: if ``lengths`` are given, which only models of sequences have.
        """
        refuse_lengths("MLP", lengths)
        x = x.reshape(len(x), -1)  # (B, D)
        block = self._plain_block if self.placement == "plain" else self._residual_block
        for layer in range(len(self.hidden_sizes)):
            x = observe(self, f"block_{layer}", block(x, layer, train))
        if self.placement in ("pre", "sandwich"):
            x = self.norm(train=train, name="norm_last")(x)
        logits = self._dense(self.num_classes, "logits", bias=not (self.norm_on_logits and self.norm.removes_bias))(x)
        if self.norm_on_logits:
            logits = self.norm(train=train, name="norm_logits")(logits)
        chex.assert_shape(logits, (len(x), self.num_classes))
        return logits

    def _plain_block(self, x: Float[Array, "B D"], layer: int, train: bool) -> Array:
        x = self._dense(self.hidden_sizes[layer], f"dense_{layer}", bias=not self.norm.removes_bias)(x)
        return self.activation(observe(self, f"input_{layer}", self.norm(train=train, name=f"norm_{layer}")(x)))

    def _residual_block(self, x: Float[Array, "B D"], layer: int, train: bool) -> Array:
        dense = self._dense(self.hidden_sizes[layer], f"dense_{layer}", bias=True)
        if layer == 0:
            return self.activation(dense(x))
        add_norm = AddNorm(self.norm, self.placement, self.residual, name=f"add_norm_{layer}")
        return add_norm(x, lambda y: self.activation(dense(y)), train=train)

    def _dense(self, size: int, name: str, *, bias: bool) -> nn.Dense:
        return nn.Dense(size, use_bias=bias, dot_general=self.dot_general, kernel_init=self.kernel_init, name=name)
