"""A small residual network for images."""

from collections.abc import Callable

import chex
import flax.linen as nn
import jax
from jaxtyping import Array, Float, Int

from jaxnorm.models.lengths import refuse_lengths
from jaxnorm.models.observe import observe
from jaxnorm.models.products import convolution
from jaxnorm.norms import Norm
from jaxnorm.types import Logits


class ConvNorm(nn.Module):
    """``norm(conv(x))``, zero-padded: the submodules ``conv`` and ``norm``, which folding makes one.

    Attributes:
      width: channels that come out.
      window: height and width of the kernel.
      stride: positions from one output to the next, both ways.
      norm: a row of ``jaxnorm.norms.NORMS``; where it would remove the convolution's bias, there is none.
      dot_general: the product inside the convolution (see ``convolution``).
    """

    width: int
    window: int
    stride: int
    norm: Norm
    dot_general: Callable

    @nn.compact
    def __call__(self, x: Float[Array, "B H W C"], *, train: bool) -> Float[Array, "B H W C"]:
        """The normalized features, at every position, or at every second with a stride of 2."""
        window, strides = (self.window, self.window), (self.stride, self.stride)
        bias = not self.norm.removes_bias
        conv = nn.Conv(self.width, window, strides, use_bias=bias, conv_general_dilated=convolution(self.dot_general), name="conv")
        return self.norm(train=train, name="norm")(conv(x))


class ResidualBlock(nn.Module):
    """``activation(shortcut(x) + norm(conv(activation(norm(conv(x))))))`` with 3x3 convolutions, the first of them with the stride.

    The shortcut is x itself, or ``norm(conv(x))`` with a 1x1 convolution where stride or width change the shape.

    Attributes:
      width: channels that come out.
      stride: positions from one output to the next, both ways.
      norm: a row of ``jaxnorm.norms.NORMS``, with its options bound.
      activation: elementwise function.
      dot_general: the product inside the convolutions.

    Reference: K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", 2015, arXiv:1512.03385, figure 2, and
    option B of section 4.1.
    """

    width: int
    stride: int
    norm: Norm
    activation: Callable[[Array], Array]
    dot_general: Callable

    @nn.compact
    def __call__(self, x: Float[Array, "B H W C"], *, train: bool) -> Float[Array, "B H W C"]:
        """The block's features."""
        y = self._conv_norm(3, self.stride, "conv_norm_0")(x, train=train)
        y = self._conv_norm(3, 1, "conv_norm_1")(self.activation(y), train=train)
        if x.shape != y.shape:
            x = self._conv_norm(1, self.stride, "shortcut")(x, train=train)
        return self.activation(x + y)

    def _conv_norm(self, window: int, stride: int, name: str) -> ConvNorm:
        return ConvNorm(self.width, window, stride, self.norm, self.dot_general, name=name)


class CNN(nn.Module):
    """A stem of one 3x3 convolution, residual blocks, the mean over all positions, and a dense layer to the logits.

    One stage for each of ``widths``: its blocks have that many channels, and the first block of every stage but the first halves height
    and width. The norm always follows a convolution directly, as in the original residual network, so that a BatchNorm can be folded into
    it: ``fold_batch_norm(variables, model.fold_pairs, epsilon=...)`` gives the variables of ``model.clone(norm=NORMS["none"])``.

    Submodule names do not depend on the norm, so equal keys give equal initial kernels under every norm.
    Observed: the stem's output as ``block_0``, and that of every residual block, as ``block_1``, ``block_2``, ...

    Attributes:
      num_classes: K.
      norm: a row of ``jaxnorm.norms.NORMS``, with its options bound. On images, "layer" has its statistics over C at each position,
        "layer_all" over C, H and W.
      widths: channels of each stage.
      blocks_per_stage: residual blocks in each stage.
      stem_stride: stride of the stem. With 2 an update takes about a quarter of the time that it takes with 1.
      activation: elementwise function.
      dot_general: the product inside convolutions and the dense layer (see ``matrix_product``).

    Reference: K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", 2015, arXiv:1512.03385, section 4.2, from
    which it differs by shortcuts with a convolution.
    """

    num_classes: int
    norm: Norm
    widths: tuple[int, ...] = (32, 64)
    blocks_per_stage: int = 1
    stem_stride: int = 2
    activation: Callable[[Array], Array] = nn.relu
    dot_general: Callable = jax.lax.dot_general

    @nn.compact
    def __call__(self, x: Float[Array, "B H W C"], *, train: bool, lengths: Int[Array, " B"] | None = None) -> Logits:
        """Classify the images ``x``; ``train`` chooses batch or running statistics.

        Raises:
          ValueError: if ``x`` is not a batch of images, or ``lengths`` are given, which only models of sequences have.
        """
        refuse_lengths("CNN", lengths)
        if x.ndim != 4:
            raise ValueError(f"CNN classifies images (B, H, W, C), and an input has shape {x.shape}")
        x = ConvNorm(self.widths[0], 3, self.stem_stride, self.norm, self.dot_general, name="stem")(x, train=train)
        x = observe(self, "block_0", self.activation(x))
        for number, (width, stride) in enumerate(self._blocks):
            block = ResidualBlock(width, stride, self.norm, self.activation, self.dot_general, name=f"residual_{number}")
            x = observe(self, f"block_{number + 1}", block(x, train=train))
        logits = nn.Dense(self.num_classes, dot_general=self.dot_general, name="logits")(x.mean((1, 2)))
        chex.assert_shape(logits, (len(x), self.num_classes))
        return logits

    @property
    def fold_pairs(self) -> dict[str, str]:
        """The path of every norm, and that of the convolution before it: what ``fold_batch_norm`` asks for."""
        places = ["stem"]
        for number, (_, stride) in enumerate(self._blocks):
            parts = ["conv_norm_0", "conv_norm_1", *(["shortcut"] if stride > 1 else [])]
            places += [f"residual_{number}/{part}" for part in parts]
        return {f"{place}/norm": f"{place}/conv" for place in places}

    @property
    def _blocks(self) -> list[tuple[int, int]]:
        """Width and stride of each residual block."""
        numbers = range(self.blocks_per_stage)
        return [(width, 2 if stage > 0 and number == 0 else 1) for stage, width in enumerate(self.widths) for number in numbers]
