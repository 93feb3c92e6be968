"""The exact laws of the layers: who depends on whom, what the gradients are orthogonal to, which layers coincide."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import EXACT_TOLERANCE, FLOAT32_TOLERANCE, GRADIENT_TOLERANCE
from norms.running import KEY, initial, normal, output, update

from jaxnorm.norms import NORMS, BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm

X = 2 * normal(5, 16, 12) + np.float32(0.5)  # (B, D)
COTANGENT = np.cos(np.arange(192, dtype=np.float32)).reshape(16, 12)
TINY: dict[str, Any] = {"epsilon": 1e-12}
"""The invariances hold exactly only without epsilon."""


def test_batch_norm_training_is_permutation_equivariant():
    """Law 1; who depends on whom is tests/norms/test_table.py's, with the flag that says so."""
    order = np.random.default_rng(0).permutation(16)
    layer = NORMS["batch"](train=True)
    np.testing.assert_allclose(output(layer, X[order]), output(layer, X)[order], atol=EXACT_TOLERANCE)


@functools.partial(jax.jit, static_argnums=0)
def _gradient(layer, weights):
    return jax.grad(lambda weights: jnp.sum(COTANGENT * jnp.sin(layer.init_with_output(KEY, X @ weights)[0])))(weights)


@pytest.mark.parametrize(("layer", "axis"), [(BatchNorm(use_running_average=False, **TINY), 0), (LayerNorm(**TINY), (0, 1))])
def test_weights_that_are_scale_invariant_are_orthogonal_to_their_gradient(layer, axis):
    """Law 3: per unit for BatchNorm, over the whole matrix for LayerNorm; and the gradient falls as 1 / c."""
    weights = normal(3, 12, 12)
    gradient = np.asarray(_gradient(layer, weights))
    products = np.sum(weights * gradient, axis)
    assert np.abs(products).max() <= GRADIENT_TOLERANCE * np.linalg.norm(weights) * np.linalg.norm(gradient)
    scaled = np.asarray(_gradient(layer, 4 * weights))
    np.testing.assert_allclose(4 * scaled, gradient, atol=GRADIENT_TOLERANCE * float(np.abs(gradient).max()))


@pytest.mark.parametrize(("layer", "axis"), [(BatchNorm(use_running_average=False, **TINY), 0), (LayerNorm(**TINY), 1)])
def test_backward_sums_vanish(layer, axis):
    """Law 4: the gradient of x is orthogonal to a constant and to the normalized x, in each pool."""

    def loss(x):
        y = layer.init_with_output(KEY, x)[0]
        return jnp.sum(COTANGENT * y), y

    gradient, y = jax.device_get(jax.jit(jax.grad(loss, has_aux=True))(X))
    size = float(np.abs(gradient).sum(axis).max())
    np.testing.assert_allclose(gradient.sum(axis), 0, atol=EXACT_TOLERANCE * size)
    np.testing.assert_allclose((y * gradient).sum(axis), 0, atol=EXACT_TOLERANCE * 5 * size)


def test_group_norm_with_one_group_is_layer_norm(images):
    """Law 6."""
    expected = output(LayerNorm(reduction_axes=(1, 2, 3)), images)
    np.testing.assert_allclose(output(GroupNorm(num_groups=1), images), expected, atol=FLOAT32_TOLERANCE)
    np.testing.assert_allclose(output(GroupNorm(num_groups=1), X), output(LayerNorm(), X), atol=FLOAT32_TOLERANCE)


def test_group_norm_with_a_group_per_channel_is_instance_norm(images):
    """Law 6."""
    np.testing.assert_allclose(output(GroupNorm(num_groups=6), images), output(InstanceNorm(), images), atol=FLOAT32_TOLERANCE)


def test_batch_norm_on_one_image_is_instance_norm(images):
    """Law 6."""
    layer = BatchNorm(use_running_average=False)
    np.testing.assert_allclose(output(layer, images[:1]), output(InstanceNorm(epsilon=1e-5), images[:1]), atol=FLOAT32_TOLERANCE)


def test_rms_norm_is_layer_norm_on_centred_input():
    """Law 6."""
    centred = X - X.mean(1, keepdims=True)
    np.testing.assert_allclose(output(RMSNorm(), centred), output(LayerNorm(), centred), atol=FLOAT32_TOLERANCE)


@pytest.mark.parametrize("num_groups", [1, 2, 3, 6])
def test_group_norm_mask_of_positions_is_the_mask_of_all_their_channels(images, num_groups):
    positions = np.random.default_rng(6).random((6, 3, 4, 1)) < 0.7
    layer = GroupNorm(num_groups=num_groups)
    found, expected = (output(layer, images, mask) for mask in (positions, np.broadcast_to(positions, images.shape)))
    np.testing.assert_allclose(found, expected, atol=EXACT_TOLERANCE)


def test_group_norm_of_vectors_is_that_of_images_with_one_position():
    layer = GroupNorm(num_groups=3)
    mask = np.random.default_rng(7).random((16, 12)) < 0.8
    as_image = np.asarray(output(layer, X[:, None, None], mask[:, None, None]))[:, 0, 0]
    np.testing.assert_allclose(output(layer, X, mask), as_image, atol=FLOAT32_TOLERANCE)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_groups": 4}, "4 groups do not divide 6 channels"),
        ({"num_groups": 0}, "0 groups do not divide"),
        ({"num_groups": None}, "either num_groups or group_size"),
        ({"group_size": 2}, "either num_groups or group_size"),
        ({"num_groups": None, "group_size": 4}, "6 channels are not a multiple of the group size 4"),
        ({"num_groups": 2, "reduction_axes": (1, 2)}, "must include the channels"),
        ({"num_groups": 2, "reduction_axes": (1, 4)}, "not all axes of an array of rank 4"),
    ],
)
def test_group_norm_names_what_does_not_fit(images, options, message):
    with pytest.raises(ValueError, match=message):
        GroupNorm(**options).init(jax.random.key(0), images)


def test_instance_norm_without_positions_raises():
    with pytest.raises(ValueError, match=r"\(16, 12\).*constant"):
        InstanceNorm().init(jax.random.key(0), X)


def test_batch_statistics_scatter_as_gaussian_samples_do():
    """Law 11: relative standard deviation 1 / sqrt(B) of the batch mean, sqrt(2 / (B - 1)) of the batch variance."""
    sizes, layer = np.array([4, 16, 64, 256]), BatchNorm(use_running_average=False, momentum=0.0)
    scatter = {"mean": [], "var": []}
    for size in sizes:
        x = normal(int(size), size, 4096)
        _, updated = update(layer, initial(layer, x[:1]), x)
        mean, var = (np.asarray(updated["batch_stats"][name]) for name in ("mean", "var"))
        scatter["mean"].append(mean.std())
        scatter["var"].append(var.std() / var.mean())
    noise = 0.06  # three standard errors of a standard deviation over 4096 features, chi-squared with 3 degrees of freedom at worst
    np.testing.assert_allclose(scatter["mean"], 1 / np.sqrt(sizes), rtol=noise)
    np.testing.assert_allclose(scatter["var"], np.sqrt(2 / (sizes - 1)), rtol=noise)
    for name, base in (("mean", sizes), ("var", sizes - 1)):
        slope = np.polyfit(np.log(base), np.log(scatter[name]), 1)[0]
        assert slope == pytest.approx(-0.5, abs=noise / np.log(256 / 4))
