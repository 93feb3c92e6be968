"""The exact laws of the layers: who depends on whom, what the gradients are orthogonal to, which layers coincide."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import EXACT_TOLERANCE, FLOAT32_TOLERANCE, GRADIENT_TOLERANCE
from norms.running import initial, output, update

from jaxnorm.norms import NORMS, BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm

X = jnp.asarray(np.random.default_rng(5).normal(size=(16, 12)) * 2 + 0.5, jnp.float32)  # (B, D)
COTANGENT = jnp.cos(jnp.arange(192.0)).reshape(16, 12)
TINY: dict[str, Any] = {"epsilon": 1e-12}
"""The invariances hold exactly only without epsilon."""


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("name", ["layer", "rms", "batch"])
def test_example_depends_on_others_only_in_batch_norm_training(name, train):
    """Law 1."""
    layer = NORMS[name](train=train)
    change = jnp.abs(output(layer, X)[0] - output(layer, X.at[1:].multiply(3).at[1:].add(1))[0]).max()
    assert (change > 1e-2) if name == "batch" and train else (change <= EXACT_TOLERANCE)


def test_batch_norm_training_is_permutation_equivariant():
    """Law 1."""
    order = np.random.default_rng(0).permutation(16)
    layer = NORMS["batch"](train=True)
    np.testing.assert_allclose(output(layer, X[order]), output(layer, X)[order], atol=EXACT_TOLERANCE)


@functools.partial(jax.jit, static_argnums=0)
def _gradient(layer, weights):
    return jax.grad(lambda weights: jnp.sum(COTANGENT * jnp.sin(output(layer, X @ weights))))(weights)


@pytest.mark.parametrize(("layer", "axis"), [(BatchNorm(use_running_average=False, **TINY), 0), (LayerNorm(**TINY), (0, 1))])
def test_weights_that_are_scale_invariant_are_orthogonal_to_their_gradient(layer, axis):
    """Law 3: per unit for BatchNorm, over the whole matrix for LayerNorm; and the gradient falls as 1 / c."""
    weights = jax.random.normal(jax.random.key(3), (12, 12))
    gradient = _gradient(layer, weights)
    products = jnp.sum(weights * gradient, axis)
    assert jnp.abs(products).max() <= GRADIENT_TOLERANCE * jnp.linalg.norm(weights) * jnp.linalg.norm(gradient)
    scaled = _gradient(layer, 4 * weights)
    np.testing.assert_allclose(4 * scaled, gradient, atol=GRADIENT_TOLERANCE * float(jnp.abs(gradient).max()))


@pytest.mark.parametrize(("layer", "axis"), [(BatchNorm(use_running_average=False, **TINY), 0), (LayerNorm(**TINY), 1)])
def test_backward_sums_vanish(layer, axis):
    """Law 4: the gradient of x is orthogonal to a constant and to the normalized x, in each pool."""
    gradient = jax.jit(jax.grad(lambda x: jnp.sum(COTANGENT * output(layer, x))))(X)
    size = float(jnp.abs(gradient).sum(axis).max())
    np.testing.assert_allclose(gradient.sum(axis), 0, atol=EXACT_TOLERANCE * size)
    np.testing.assert_allclose((output(layer, X) * gradient).sum(axis), 0, atol=EXACT_TOLERANCE * 5 * size)


@pytest.mark.parametrize("name", ["batch", "layer"])
def test_bias_before_batch_norm_has_no_gradient(name):
    """Law 5: zero up to rounding before BatchNorm; not zero before LayerNorm."""
    layer = NORMS[name](train=True)
    gradient = jax.jit(jax.grad(lambda bias: jnp.sum(COTANGENT * jnp.sin(output(layer, X + bias)))))(jnp.linspace(-1, 1, 12).reshape(1, 12))
    gradient = jnp.abs(gradient).max()
    assert (gradient <= EXACT_TOLERANCE * 16) if name == "batch" else (gradient > 1e-2)


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
    positions = jnp.asarray(np.random.default_rng(6).random((6, 3, 4, 1)) < 0.7)
    layer = GroupNorm(num_groups=num_groups)
    variables = initial(layer, images)
    found, expected = (output(layer, images, mask, variables) for mask in (positions, jnp.broadcast_to(positions, images.shape)))
    np.testing.assert_allclose(found, expected, atol=EXACT_TOLERANCE)


def test_group_norm_of_vectors_is_that_of_images_with_one_position():
    layer = GroupNorm(num_groups=3)
    mask = jnp.asarray(np.random.default_rng(7).random((16, 12)) < 0.8)
    variables = initial(layer, X)
    as_image = output(layer, X[:, None, None], mask[:, None, None], variables)[:, 0, 0]
    np.testing.assert_allclose(output(layer, X, mask, variables), as_image, atol=FLOAT32_TOLERANCE)


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
        x = np.random.default_rng(size).normal(size=(size, 4096)).astype(np.float32)
        _, updated = update(layer, initial(layer, x[:1]), x)
        scatter["mean"].append(float(updated["batch_stats"]["mean"].std()))
        scatter["var"].append(float(updated["batch_stats"]["var"].std() / updated["batch_stats"]["var"].mean()))
    noise = 0.06  # three standard errors of a standard deviation over 4096 features, chi-squared with 3 degrees of freedom at worst
    np.testing.assert_allclose(scatter["mean"], 1 / np.sqrt(sizes), rtol=noise)
    np.testing.assert_allclose(scatter["var"], np.sqrt(2 / (sizes - 1)), rtol=noise)
    for name, base in (("mean", sizes), ("var", sizes - 1)):
        slope = np.polyfit(np.log(base), np.log(scatter[name]), 1)[0]
        assert slope == pytest.approx(-0.5, abs=noise / np.log(256 / 4))
