"""The CNN: any norm of the table, both readings of LayerNorm, folding, and the digits."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import FLOAT32_TOLERANCE
from models.learning import accuracy, digits, kernels, learn, small_norm

from jaxnorm.models import CNN, matrix_product
from jaxnorm.norms import NORMS, fold_batch_norm


def make_model(norm, **options):
    return CNN(num_classes=10, norm=small_norm(norm), **{"widths": (4, 6), "stem_stride": 1, **options})


def images(batch=4, size=8):
    return jax.random.normal(jax.random.key(1), (batch, size, size, 1))


@pytest.fixture(scope="module")
def reference():
    """Kernels and shapes of the network without norms."""
    return kernels(make_model("none").init(jax.random.key(3), images(), train=False))


@pytest.mark.parametrize("norm", NORMS)
def test_cnn_works_with_every_norm_on_the_same_kernels(norm, reference):
    model = make_model(norm)
    logits, variables = model.init_with_output(jax.random.key(3), images(), train=True)
    chex.assert_shape(logits, (4, 10))
    chex.assert_tree_all_finite(logits)
    chex.assert_trees_all_equal(kernels(variables), reference)
    biases = {"bias" in variables["params"]["stem"]["conv"], "bias" in variables["params"]["residual_1"]["shortcut"]["conv"]}
    assert biases == {not NORMS[norm].removes_bias}


@pytest.mark.parametrize("shape", [(2, 28, 28, 1), (2, 8, 8, 1), (2, 32, 32, 3), (2, 7, 5, 2)])
@pytest.mark.parametrize("norm", ["group", "layer_all"])
def test_cnn_takes_images_of_any_size_at_its_default_widths(shape, norm):
    model = CNN(num_classes=3, norm=NORMS[norm], blocks_per_stage=2)
    logits, _ = jax.eval_shape(lambda x: model.init_with_output(jax.random.key(0), x, train=True), jnp.zeros(shape))
    chex.assert_shape(logits, (2, 3))


def test_cnn_has_both_readings_of_layer_norm():
    """Bringing one pixel far up: over C alone, only its surroundings move; over C, H and W, the farthest corner does too."""
    x = images()
    for norm, moves in [("layer", False), ("layer_all", True)]:
        model = make_model(norm, widths=(4,))
        variables = model.init(jax.random.key(0), x, train=False)

        def last(x, model=model, variables=variables):
            return model.apply(variables, x, train=False, mutable=["intermediates"])[1]["intermediates"]["block_1"]

        change = jnp.abs(last(x) - last(x.at[:, 0, 0].add(50.0)))[:, -1, -1].max()
        assert (change > 1e-2) == moves


def with_trained_norms(variables):
    """Statistics, scales and biases as after training: none of them 0 or 1."""
    rng = np.random.default_rng(0)

    def draw(path, leaf):
        if path[-1].key in ("kernel", "weight"):
            return leaf
        noise = rng.normal(size=leaf.shape)
        return jnp.asarray(np.exp(noise / 2) if path[-1].key in ("var", "scale") else noise / 2, leaf.dtype)

    return jax.tree_util.tree_map_with_path(draw, variables)


def test_cnn_folded_is_the_evaluation_network():
    model = make_model("batch", blocks_per_stage=2)
    variables = with_trained_norms(model.init(jax.random.key(0), images(), train=False))
    folded = fold_batch_norm(variables, model.fold_pairs, epsilon=1e-5)
    assert set(folded) == {"params"}
    expected = model.apply(variables, images(), train=False)
    result = model.clone(norm=NORMS["none"]).apply(folded, images(), train=False)
    np.testing.assert_allclose(result, expected, rtol=0, atol=FLOAT32_TOLERANCE * float(jnp.abs(expected).max()))


def test_cnn_observes_every_block_and_its_gradient():
    model, x = make_model("batch"), images()
    variables = model.init(jax.random.key(0), x, train=False)
    _, stored = model.apply(variables, x, train=False, mutable=["intermediates"])
    shapes = jax.tree.map(jnp.shape, stored["intermediates"])
    assert shapes == {"block_0": (4, 8, 8, 4), "block_1": (4, 8, 8, 4), "block_2": (4, 4, 4, 6)}
    zeros = jax.tree.map(jnp.zeros_like, stored["intermediates"])
    gradients = jax.grad(lambda perturbations: model.apply({**variables, "perturbations": perturbations}, x, train=False).sum())(zeros)
    assert all(float(jnp.abs(gradient).max()) > 0 for gradient in jax.tree.leaves(gradients))


def test_cnn_replicas_under_vmap_are_the_networks_alone():
    model, x = make_model("batch", widths=(4,)), images()
    variables = [model.init(jax.random.key(seed), x, train=False) for seed in range(2)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *variables)

    def apply(variables):
        return model.apply(variables, x, train=True, mutable=["batch_stats"])[0]

    together = jax.jit(jax.vmap(apply))(stacked)
    np.testing.assert_allclose(together, jnp.stack([apply(each) for each in variables]), rtol=0, atol=FLOAT32_TOLERANCE)


def test_cnn_multiplies_in_bfloat16_where_told():
    exact, rounded = (make_model("layer", dot_general=matrix_product(precision)) for precision in ("float32", "bfloat16"))
    variables = exact.init(jax.random.key(0), images(), train=False)
    want, got = (model.apply(variables, images(), train=False) for model in (exact, rounded))
    assert 0 < float(jnp.abs(want - got).max()) < 0.05 * float(jnp.abs(want).max())


def test_cnn_learns_digits():
    model = make_model("batch", widths=(16,), stem_stride=2)
    x, labels = digits()
    variables, _ = learn(model, x, labels, steps=120, batch_size=64, learning_rate=1e-2)
    assert accuracy(model, variables, x, labels) > 0.95


def test_cnn_refuses_lengths_and_what_is_no_image():
    with pytest.raises(ValueError, match="lengths were given"):
        make_model("layer").init(jax.random.key(0), images(), train=False, lengths=jnp.ones(4, int))
    with pytest.raises(ValueError, match=r"images \(B, H, W, C\)"):
        make_model("layer").init(jax.random.key(0), jnp.ones((2, 64)), train=False)
