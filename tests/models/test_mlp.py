"""The MLP: any norm of the table, the same kernels under all of them."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnorm.models import ACTIVATIONS, MLP, matrix_product
from jaxnorm.norms import NORMS

FLAT_NORMS = [name for name in NORMS if name != "instance"]  # InstanceNorm has no spatial axis to pool in an MLP
BFLOAT16_TOLERANCE = 2**-7  # two roundings to 8 significant bits


def make_model(norm, **options):
    return MLP(num_classes=10, norm=NORMS[norm], hidden_sizes=(64, 96), **options)


def images(batch=8):
    return jax.random.normal(jax.random.key(1), (batch, 8, 8, 1))


@pytest.mark.parametrize("norm", FLAT_NORMS)
@pytest.mark.parametrize("train", [True, False])
def test_mlp_gives_one_row_of_logits_per_example(norm, train):
    logits, _ = make_model(norm).init_with_output(jax.random.key(0), images(), train=train)
    chex.assert_shape(logits, (8, 10))
    chex.assert_tree_all_finite(logits)


@pytest.mark.parametrize("norm", FLAT_NORMS)
def test_mlp_kernels_do_not_depend_on_the_norm(norm):
    params = [make_model(each).init(jax.random.key(3), images(), train=False)["params"] for each in (norm, "none")]
    kernels = [{name: layer["kernel"] for name, layer in tree.items() if "kernel" in layer} for tree in params]
    chex.assert_trees_all_equal(*kernels)
    assert set(kernels[0]) == {"dense_0", "dense_1", "logits"}


@pytest.mark.parametrize("norm", FLAT_NORMS)
def test_mlp_drops_the_bias_exactly_where_the_norm_removes_it(norm):
    params = make_model(norm).init(jax.random.key(0), images(), train=False)["params"]
    assert ("bias" in params["dense_0"]) == (not NORMS[norm].removes_bias)
    assert "bias" in params["logits"]


def test_mlp_norm_on_logits_normalizes_them_and_drops_their_bias():
    model = make_model("batch", norm_on_logits=True)
    variables = model.init(jax.random.key(0), images(), train=False)
    assert "bias" not in variables["params"]["logits"]
    logits, _ = model.apply(variables, images(), train=True, mutable=["batch_stats"])
    np.testing.assert_allclose(logits.mean(0), np.zeros(10), atol=1e-6)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_mlp_applies_the_activation_after_the_norm(activation):
    model = MLP(num_classes=2, norm=NORMS["none"], hidden_sizes=(3,), activation=ACTIVATIONS[activation])
    variables = model.init(jax.random.key(0), images(), train=False)
    params = variables["params"]
    hidden = images().reshape(8, -1) @ params["dense_0"]["kernel"]
    expected = ACTIVATIONS[activation](hidden) @ params["logits"]["kernel"]
    np.testing.assert_allclose(model.apply(variables, images(), train=True), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(5, 7), (2, 3, 7)])
def test_bfloat16_product_rounds_value_and_gradients_only(shape):
    x, kernel = jax.random.normal(jax.random.key(0), shape), jax.random.normal(jax.random.key(1), (7, 4))

    def total(precision):
        dimensions = (((x.ndim - 1,), (0,)), ((), ()))
        return lambda x, kernel: jnp.sin(matrix_product(precision)(x, kernel, dimensions)).sum()

    exact = jax.value_and_grad(total("float32"), (0, 1))(x, kernel)
    rounded = jax.value_and_grad(total("bfloat16"), (0, 1))(x, kernel)
    chex.assert_trees_all_equal_dtypes(exact, rounded)
    for want, got in zip(jax.tree.leaves(exact), jax.tree.leaves(rounded), strict=True):
        scale = float(jnp.abs(want).max())
        assert 0 < float(jnp.abs(want - got).max()) <= 8 * BFLOAT16_TOLERANCE * scale
