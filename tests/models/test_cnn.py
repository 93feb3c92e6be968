"""The CNN: any norm of the table, both readings of LayerNorm, folding, and the digits."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import FLOAT32_TOLERANCE
from models.learning import accuracy, digits, initial, kernels, learn, normal, output, small_norm

from jaxnorm.models import CNN, matrix_product
from jaxnorm.norms import NORMS, fold_batch_norm


def make_model(norm, **options):
    return CNN(num_classes=10, norm=small_norm(norm), **{"widths": (4, 6), "stem_stride": 1, **options})


def images(batch=4, size=8):
    return normal(1, batch, size, size, 1)


@pytest.fixture(scope="module")
def started():
    """Logits in training, and variables, of the networks with each norm."""
    models = {norm: make_model(norm) for norm in NORMS}

    @jax.jit
    def start(key, x):
        return {norm: model.init_with_output(key, x, train=True) for norm, model in models.items()}

    return start(jax.random.key(3), images())


@pytest.mark.parametrize("norm", NORMS)
def test_cnn_works_with_every_norm_on_the_same_kernels(norm, started):
    logits, variables = started[norm]
    chex.assert_shape(logits, (4, 10))
    chex.assert_tree_all_finite(logits)
    chex.assert_trees_all_equal(kernels(variables), kernels(started["none"][1]))
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
        variables = initial(model, x)

        @jax.jit
        def last(x, model=model, variables=variables):
            return model.apply(variables, x, train=False, mutable=["intermediates"])[1]["intermediates"]["block_1"]

        brighter = x.copy()
        brighter[:, 0, 0] += 50.0
        change = np.abs(np.asarray(last(x)) - np.asarray(last(brighter)))[:, -1, -1].max()
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
    variables = with_trained_norms(initial(model, images()))
    folded = fold_batch_norm(variables, model.fold_pairs, epsilon=1e-5)
    assert set(folded) == {"params"}
    expected = np.asarray(output(model, variables, images()))
    result = output(model.clone(norm=NORMS["none"]), folded, images())
    np.testing.assert_allclose(result, expected, rtol=0, atol=FLOAT32_TOLERANCE * float(np.abs(expected).max()))


def test_cnn_observes_every_block_and_its_gradient():
    model, x = make_model("batch"), images()
    variables = initial(model, x)
    stored = jax.eval_shape(lambda: model.apply(variables, x, train=False, mutable=["intermediates"])[1]["intermediates"])
    shapes = {name: each.shape for name, each in stored.items()}
    assert shapes == {"block_0": (4, 8, 8, 4), "block_1": (4, 8, 8, 4), "block_2": (4, 4, 4, 6)}
    zeros = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}

    @jax.jit
    def gradients(perturbations):
        return jax.grad(lambda perturbations: model.apply({**variables, "perturbations": perturbations}, x, train=False).sum())(
            perturbations
        )

    assert all(float(np.abs(gradient).max()) > 0 for gradient in jax.tree.leaves(gradients(zeros)))


def test_cnn_replicas_under_vmap_are_the_networks_alone():
    model, x = make_model("batch", widths=(4,)), images()
    variables = [initial(model, x, seed) for seed in range(2)]
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *variables)
    together = jax.vmap(lambda each: output(model, each, x, True))(stacked)
    np.testing.assert_allclose(together, np.stack([output(model, each, x, True) for each in variables]), rtol=0, atol=FLOAT32_TOLERANCE)


def test_cnn_multiplies_in_bfloat16_where_told():
    exact, rounded = (make_model("layer", dot_general=matrix_product(precision)) for precision in ("float32", "bfloat16"))
    variables = initial(exact, images())
    want, got = (np.asarray(output(model, variables, images())) for model in (exact, rounded))
    assert 0 < float(np.abs(want - got).max()) < 0.05 * float(np.abs(want).max())


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
