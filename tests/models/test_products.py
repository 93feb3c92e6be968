"""Products by precision, and convolution as a product."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import FLOAT32_TOLERANCE
from models.learning import normal

from jaxnorm.models import matrix_product
from jaxnorm.models.products import convolution

BFLOAT16_TOLERANCE = 2**-7  # two roundings to 8 significant bits


@pytest.mark.parametrize(("shape", "kernel_shape"), [((5, 7), (7, 4)), ((2, 3, 7), (7, 4)), ((2, 5, 7), (7, 2, 3)), ((5, 2, 3), (2, 3, 4))])
def test_bfloat16_product_rounds_value_and_gradients_only(shape, kernel_shape):
    x, kernel = normal(0, *shape), normal(1, *kernel_shape)
    contracted = 2 if shape[-2:] == kernel_shape[:2] else 1
    dimensions = ((tuple(range(x.ndim - contracted, x.ndim)), tuple(range(contracted))), ((), ()))

    def total(precision):
        return lambda x, kernel: jnp.sin(matrix_product(precision)(x, kernel, dimensions)).sum()

    @jax.jit
    def both(x, kernel):
        return [jax.value_and_grad(total(precision), (0, 1))(x, kernel) for precision in ("float32", "bfloat16")]

    exact, rounded = both(x, kernel)
    chex.assert_trees_all_equal_shapes_and_dtypes(exact, rounded)
    for want, got in zip(jax.tree.leaves(exact), jax.tree.leaves(rounded), strict=True):
        scale = float(np.abs(want).max())
        assert 0 < float(np.abs(np.asarray(want) - np.asarray(got)).max()) <= 8 * BFLOAT16_TOLERANCE * scale


@pytest.mark.parametrize(
    ("window", "stride", "padding"),
    [(1, 1, "SAME"), (1, 2, "SAME"), (3, 1, "SAME"), (3, 2, "SAME"), (2, 3, "VALID"), (3, 2, ((2, 0), (0, 1)))],
)
def test_convolution_of_windows_is_that_of_xla(window, stride, padding):
    @jax.jit
    def both(x, kernel):
        arguments = (x, kernel, (stride, stride), padding)
        expected = jax.lax.conv_general_dilated(*arguments, dimension_numbers=("NHWC", "HWIO", "NHWC"))
        return convolution(jax.lax.dot_general)(*arguments), expected

    result, expected = both(normal(0, 2, 7, 6, 3), normal(1, window, window, 3, 4))
    np.testing.assert_allclose(result, expected, atol=10 * FLOAT32_TOLERANCE)
