"""One step of a recurrent network, with norms inside: the cells of LSTM and GRU."""

import itertools
from collections.abc import Callable
from typing import ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.typing import Dtype
from jax.nn import initializers
from jaxtyping import Array, Bool, Float

from jaxnorm.norms.calling import call_norm

States = tuple[Float[Array, "B H"], ...]
PartSizes = tuple[tuple[str, int], ...]
"""Names of the parts of a projection, and their sizes in multiples of H; together F."""

Parts = list[Float[Array, "B P"]]
Step = tuple[Parts, Bool[Array, "B 1"] | None]
"""What a cell sees of one time step: the normalized parts of the projected input, and which sequences still run (None: all)."""


class Projection(nn.Module):
    """The parts of a projection, each through a norm of its own without bias: the cell adds one, whatever the norm."""

    parts: PartSizes
    norm: Callable[..., nn.Module]

    @nn.compact
    def __call__(self, projected: Float[Array, "B F"], mask: Bool[Array, "B 1"] | None) -> list[Float[Array, "B P"]]:
        """The normalized parts; norms count where ``mask`` is true (None: everywhere)."""
        names, multiples = zip(*self.parts, strict=True)
        size = projected.shape[-1] // sum(multiples)
        pieces = jnp.split(projected, [size * end for end in itertools.accumulate(multiples)][:-1], axis=-1)
        return [call_norm(self.norm(name=name, use_bias=False), piece, mask) for name, piece in zip(names, pieces, strict=True)]


class Cell(nn.Module):
    """One step of a recurrent network, in which each norm sees the vectors of that step only.

    Attributes:
      size: H, units of each state.
      norm: builds a norm from its name and options; ``train`` is bound already.
      activation: in place of tanh.
      dot_general: the product of state and matrix.
      mask_norm: whether the norms leave out sequences that have ended.
    """

    parts: ClassVar[PartSizes]
    """What input and state are projected to; each part is normalized by itself."""

    num_states: ClassVar[int]

    size: int
    norm: Callable[..., nn.Module]
    activation: Callable[[Array], Array]
    dot_general: Callable
    mask_norm: bool

    @classmethod
    def num_features(cls, size: int) -> int:
        """F, for H units."""
        return size * sum(multiple for _, multiple in cls.parts)

    @nn.compact
    def __call__(self, states: States, step: Step) -> tuple[States, Float[Array, "B H"]]:
        """From states and a step to the next states, and the first of them; sequences that have ended keep theirs."""
        inputs, running = step
        mask = running if self.mask_norm else None
        hidden = nn.Dense(
            self.num_features(self.size), use_bias=False, kernel_init=orthogonal_blocks, dot_general=self.dot_general, name="hidden"
        )(states[0])
        new = self.advance(states, inputs, Projection(self.parts, self.norm, name="norm_hidden")(hidden, mask), mask)
        if running is not None:
            new = tuple(jnp.where(running, after, before) for after, before in zip(new, states, strict=True))
        return new, new[0]

    def advance(self, states: States, inputs: Parts, hidden: Parts, mask: Array | None) -> States:
        """The next states, from the normalized projections of the input and of the first state."""
        raise NotImplementedError


class LSTMCell(Cell):
    """Long short-term memory, of states h and c.

    ``i, f, g, o = norm(x W_x) + norm(h W_h) + b``; ``c' = sigmoid(f) c + sigmoid(i) tanh(g)``; ``h' = sigmoid(o) tanh(norm(c'))``

    References: J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer Normalization", 2016, arXiv:1607.06450, equations 20 to 22; T. Cooijmans,
    N. Ballas, C. Laurent, C. Gulcehre, A. Courville, "Recurrent Batch Normalization", 2016, arXiv:1603.09025, equations 6 to 8.
    """

    parts = (("gates", 4),)
    num_states = 2

    def advance(self, states: States, inputs: Parts, hidden: Parts, mask: Array | None) -> States:
        """See ``Cell``; the gates are in the order of the formula."""
        bias = self.param("bias", remembering_bias, (4 * self.size,))
        i, f, g, o = jnp.split(inputs[0] + hidden[0] + bias[None], 4, axis=-1)  # each (B, H)
        c = nn.sigmoid(f) * states[1] + nn.sigmoid(i) * self.activation(g)
        return nn.sigmoid(o) * self.activation(call_norm(self.norm(name="norm_cell"), c, mask)), c


class GRUCell(Cell):
    """Gated recurrent unit, of the state h.

    ``r, z = sigmoid(norm(x W_x) + norm(h W_h) + b)``; ``n = tanh(norm(x U_x) + b_x + r (norm(h U_h) + b_h))``; ``h' = (1 - z) n + z h``

    From the reference: z and 1 - z have changed places, as in Linen and PyTorch.

    Reference: Ba, Kiros & Hinton 2016 (see ``LSTMCell``), equations 27 to 29.
    """

    parts = (("gates", 2), ("candidate", 1))
    num_states = 1

    def advance(self, states: States, inputs: Parts, hidden: Parts, mask: Array | None) -> States:
        """See ``Cell``; the gates are in the order of the formula."""
        del mask
        bias = self.param("bias", initializers.zeros, (4 * self.size,))
        b, b_x, b_h = jnp.split(bias[None], [2 * self.size, 3 * self.size], axis=-1)
        r, z = jnp.split(nn.sigmoid(inputs[0] + hidden[0] + b), 2, axis=-1)  # each (B, H)
        n = self.activation(inputs[1] + b_x + r * (hidden[1] + b_h))
        return ((1 - z) * n + z * states[0],)


def orthogonal_blocks(key: Array, shape: tuple[int, int], dtype: Dtype = jnp.float32) -> Array:
    """``(H, F)``: one orthogonal matrix beside the other, as in Linen's cells and in Cooijmans 2016, section 5."""
    size, features = shape
    blocks = [initializers.orthogonal()(each, (size, size), dtype) for each in jax.random.split(key, features // size)]
    return jnp.concatenate(blocks, axis=1)


def remembering_bias(key: Array, shape: tuple[int], dtype: Dtype = jnp.float32) -> Array:
    """``(4 H,)``: 1 for the forget gate, so that a cell remembers at first (Gers, Schmidhuber & Cummins 2000), 0 for the others."""
    del key
    return jnp.zeros(shape, dtype).at[shape[0] // 4 : shape[0] // 2].set(1)
