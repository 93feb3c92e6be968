"""The multilayer perceptron of the classic comparison: dense, norm, activation."""

from collections.abc import Callable

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxnorm.norms import Norm
from jaxnorm.types import Logits

ACTIVATIONS: dict[str, Callable] = {"relu": nn.relu, "gelu": nn.gelu, "tanh": nn.tanh, "sigmoid": nn.sigmoid}


def matrix_product(precision: str) -> Callable:
    """The ``dot_general`` for a dense layer that multiplies in ``precision``: "float32" or "bfloat16"."""
    return {"float32": jax.lax.dot_general, "bfloat16": _bfloat16_dot_general}[precision]


def _bfloat16_dot_general(x: Float[Array, "... D"], kernel: Float[Array, "D F"], *_arguments, **_options) -> Float[Array, "... F"]:
    return _bfloat16_product(x, kernel)


@jax.custom_vjp
def _bfloat16_product(x: Float[Array, "... D"], kernel: Float[Array, "D F"]) -> Float[Array, "... F"]:
    """``x @ kernel`` of factors rounded to bfloat16, summed in float32; so are both products of its derivative.

    Plain autodiff would multiply a float32 cotangent, at float32 speed.
    """
    return _rounded_tensordot(x, kernel, ((x.ndim - 1,), (0,)))


def _rounded_tensordot(left: Array, right: Array, axes: tuple[tuple[int, ...], tuple[int, ...]]) -> Array:
    left, right = left.astype(jnp.bfloat16), right.astype(jnp.bfloat16)
    return jax.lax.dot_general(left, right, (axes, ((), ())), preferred_element_type=jnp.float32)


def _bfloat16_product_backward(factors: tuple[Array, Array], cotangent: Array) -> tuple[Array, Array]:
    x, kernel = factors
    leading = tuple(range(x.ndim - 1))
    return _rounded_tensordot(cotangent, kernel, ((x.ndim - 1,), (1,))), _rounded_tensordot(x, cotangent, (leading, leading))


_bfloat16_product.defvjp(lambda x, kernel: (_bfloat16_product(x, kernel), (x, kernel)), _bfloat16_product_backward)


class MLP(nn.Module):
    """Dense -> norm -> activation for each hidden layer, then a dense layer to the logits.

    ``h_l = activation(norm(h_{l-1} W_l + b_l))``; the bias ``b_l`` is left out where the norm would remove it.
    Submodule names do not depend on the norm, so equal keys give equal initial kernels under every norm.

    Attributes:
      num_classes: K.
      norm: a row of ``jaxnorm.norms.NORMS``, with its options bound.
      hidden_sizes: units of each hidden layer; empty for a linear classifier.
      activation: elementwise function after each norm.
      norm_on_logits: also normalize the logits.
      dot_general: the product inside the dense layers (see ``matrix_product``).
    """

    num_classes: int
    norm: Norm
    hidden_sizes: tuple[int, ...] = (256,)
    activation: Callable[[Array], Array] = nn.relu
    norm_on_logits: bool = False
    dot_general: Callable = jax.lax.dot_general

    @nn.compact
    def __call__(self, x: Float[Array, "B ..."], *, train: bool) -> Logits:
        """Classify ``x``, flattened per example; ``train`` chooses batch or running statistics."""
        x = x.reshape(len(x), -1)  # (B, D)
        for layer, size in enumerate(self.hidden_sizes):
            x = self._dense(size, f"dense_{layer}", bias=not self.norm.removes_bias)(x)
            x = self.norm(train=train, name=f"norm_{layer}")(x)
            x = self.activation(x)
        logits = self._dense(self.num_classes, "logits", bias=not (self.norm_on_logits and self.norm.removes_bias))(x)
        if self.norm_on_logits:
            logits = self.norm(train=train, name="norm_logits")(logits)
        chex.assert_shape(logits, (len(x), self.num_classes))
        return logits

    def _dense(self, size: int, name: str, *, bias: bool) -> nn.Dense:
        return nn.Dense(size, use_bias=bias, dot_general=self.dot_general, name=name)
