"""What layers multiply with, and what they bend with: products by precision, convolution as a product, the activations."""

import math
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

ACTIVATIONS: dict[str, Callable] = {"relu": nn.relu, "gelu": nn.gelu, "tanh": nn.tanh, "sigmoid": nn.sigmoid}


def matrix_product(precision: str) -> Callable:
    """The ``dot_general`` for a dense layer that multiplies in ``precision``: "float32" or "bfloat16"."""
    return {"float32": jax.lax.dot_general, "bfloat16": _bfloat16_dot_general}[precision]


def convolution(dot_general: Callable) -> Callable:
    """The ``conv_general_dilated`` of a Linen ``Conv`` that gathers each position's window and multiplies it with ``dot_general``.

    For ``(B, H, W, C)``, without dilation and channel groups. As a matrix product it takes the precision of the dense layers, and under a
    replica axis it becomes a batched product, where XLA's convolution becomes a grouped one, which is far slower.
    """

    def convolve(x: Float[Array, "B H W C"], kernel: Float[Array, "Y X C F"], strides: Any, padding: Any, **_options: Any) -> Array:
        pads = jax.lax.padtype_to_pads(x.shape[1:3], kernel.shape[:2], strides, padding) if isinstance(padding, str) else padding
        windows = _windows(jnp.pad(x, ((0, 0), *pads, (0, 0))), kernel.shape[:2], tuple(strides))
        flat = kernel.reshape(-1, kernel.shape[-1])
        return dot_general(windows, flat, (((3,), (0,)), ((), ())))

    return convolve


def _windows(x: Float[Array, "B H W C"], size: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    """The windows of ``size`` (Y, X) side by side on the last axis: ``(B, (H - Y) / stride + 1, (W - X) / stride + 1, Y * X * C)``."""
    rows, columns = ((total - window) // stride * stride + 1 for total, window, stride in zip(x.shape[1:3], size, strides, strict=True))
    shifted = [
        x[:, row : row + rows : strides[0], column : column + columns : strides[1]] for row in range(size[0]) for column in range(size[1])
    ]
    return jnp.concatenate(shifted, -1)


def _bfloat16_dot_general(x: Array, kernel: Array, dimensions: Any, *_arguments: Any, **_options: Any) -> Array:
    """The last axes of ``x`` times the first ones of ``kernel``, as many as ``dimensions`` contracts: what dense layers ask for."""
    contracted = len(dimensions[0][0])
    leading, width = x.shape[: x.ndim - contracted], math.prod(kernel.shape[:contracted])
    product = _bfloat16_product(x.reshape(*leading, width), kernel.reshape(width, -1))
    return product.reshape(*leading, *kernel.shape[contracted:])


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
