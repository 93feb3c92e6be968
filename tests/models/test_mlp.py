"""The MLP: any norm of the table, the same kernels under all of them, plain or in residual blocks."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from models.learning import accuracy, digits, initial, kernels, learn, normal, output, small_norm

from jaxnorm.models import ACTIVATIONS, MLP, PLACEMENTS
from jaxnorm.norms import NORMS

FLAT_NORMS = [name for name in NORMS if name != "instance"]  # InstanceNorm has no spatial axis to pool in an MLP
GROWTH_TOLERANCE = 0.03  # the spread over seeds and where the line is fitted


def make_model(norm, **options):
    return MLP(num_classes=10, norm=NORMS[norm], **{"hidden_sizes": (64, 96), **options})


def images(batch=8):
    return normal(1, batch, 8, 8, 1)


@pytest.fixture(scope="module")
def started():
    """Logits in training and evaluation, and variables, of the networks with each norm."""
    models = {norm: make_model(norm) for norm in FLAT_NORMS}

    def start_one(model, key, x):
        logits, variables = model.init_with_output(key, x, train=True)
        return (logits, model.apply(variables, x, train=False)), variables

    @jax.jit
    def start(key, x):
        return {norm: start_one(model, key, x) for norm, model in models.items()}

    return start(jax.random.key(3), images())


@pytest.mark.parametrize("norm", FLAT_NORMS)
def test_mlp_works_with_every_norm_on_the_same_kernels(norm, started):
    logits, variables = started[norm]
    for each in logits:
        chex.assert_shape(each, (8, 10))
        chex.assert_tree_all_finite(each)
    reference = kernels(started["none"][1])
    chex.assert_trees_all_equal(kernels(variables), reference)
    assert {path[0] for path in reference} == {"dense_0", "dense_1", "logits"}
    assert ("bias" in variables["params"]["dense_0"]) == (not NORMS[norm].removes_bias)
    assert "bias" in variables["params"]["logits"]


def test_mlp_kernels_do_not_depend_on_the_placement():
    models = [make_model("layer", hidden_sizes=(6, 6, 6), placement=placement) for placement in ("plain", *PLACEMENTS)]
    together = jax.jit(lambda key, x: [model.init(key, x, train=False) for model in models])
    trees = [kernels(variables) for variables in together(jax.random.key(3), images())]
    assert len(trees[0]) == 4
    chex.assert_trees_all_equal(*trees)


def test_mlp_norm_on_logits_normalizes_them_and_drops_their_bias():
    model = make_model("batch", norm_on_logits=True)
    variables = initial(model, images())
    assert "bias" not in variables["params"]["logits"]
    logits = np.asarray(output(model, variables, images(), True))
    np.testing.assert_allclose(logits.mean(0), np.zeros(10), atol=1e-6)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_mlp_applies_the_activation_after_the_norm(activation):
    model = MLP(num_classes=2, norm=NORMS["none"], hidden_sizes=(3,), activation=ACTIVATIONS[activation])
    kernel = {"dense_0": normal(2, 64, 3) / np.float32(8), "logits": normal(3, 3, 2)}
    biases = {"dense_0": np.zeros(3, np.float32), "logits": np.zeros(2, np.float32)}
    variables = {"params": {name: {"kernel": kernel[name], "bias": biases[name]} for name in kernel}}
    hidden = images().reshape(8, -1) @ kernel["dense_0"]
    expected = np.asarray(ACTIVATIONS[activation](hidden)) @ kernel["logits"]
    np.testing.assert_allclose(output(model, variables, images(), True), expected, rtol=1e-5, atol=1e-6)


LAST_NORM = {"plain": False, "post": False, "pre": True, "sandwich": True, "none": False}


@pytest.mark.parametrize("placement", LAST_NORM)
@pytest.mark.parametrize("residual", [True, False])
def test_mlp_block_is_its_formula(placement, residual):
    """Two hidden layers written out: the first brings the width, the second is placed."""
    model = make_model("layer", hidden_sizes=(6, 6), placement=placement, residual=residual)
    variables = initial(model, images())
    params = jax.tree.map(np.asarray, variables["params"])

    def norm(x):
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)

    def linear(name, x):
        return x @ params[name]["kernel"]

    first = linear("dense_0", images().reshape(8, -1))
    x = np.maximum(norm(first) if placement == "plain" else first, 0)
    y = linear("dense_1", norm(x) if placement in ("pre", "sandwich") else x)
    y = np.maximum(norm(y) if placement == "plain" else y, 0)
    y = norm(y) if placement == "sandwich" else y
    y = x + y if residual and placement != "plain" else y
    y = norm(y) if placement == "post" or LAST_NORM[placement] else y
    np.testing.assert_allclose(output(model, variables, images()), linear("logits", y), rtol=0, atol=1e-5)


def gradients_by_block(model, batch):
    """Frobenius norms of the loss's gradient with respect to the output of every block, ``(L,)``."""
    x = normal(1, batch, model.hidden_sizes[0])
    labels = np.random.default_rng(2).integers(0, model.num_classes, batch)
    zeros = {f"block_{layer}": np.zeros((batch, size), np.float32) for layer, size in enumerate(model.hidden_sizes)}

    variables = model.init(jax.random.key(0), x, train=False)

    def loss(perturbations):
        logits, _ = model.apply({**variables, "perturbations": perturbations}, x, train=True, mutable=["batch_stats"])
        return -jnp.take_along_axis(nn.log_softmax(logits), labels[:, None], 1).mean()

    @jax.jit
    def norms(perturbations):
        gradients = jax.grad(loss)(perturbations)
        return jnp.stack([jnp.linalg.norm(gradients[name]) for name in zeros])

    return np.asarray(norms(zeros))


@pytest.mark.parametrize(
    ("placement", "norm", "growth"),
    [
        ("post", "batch", 1.09),
        ("pre", "batch", 1.05),
    ],
)
def test_mlp_gradient_grows_backwards_by_the_known_factor_per_block(placement, norm, growth):
    """Law 13 in residual blocks, at He initialisation; other networks are tested with the norms and through the depth instrument."""
    model = make_model(norm, hidden_sizes=(384,) * 30, placement=placement, kernel_init=nn.initializers.he_normal())
    logs = np.log(gradients_by_block(model, batch=256)[5:25])
    assert abs(np.exp(-np.polyfit(np.arange(20), logs, 1)[0]) - growth) < GROWTH_TOLERANCE


def test_mlp_of_residual_blocks_learns_digits():
    model = MLP(num_classes=10, norm=small_norm("batch"), hidden_sizes=(32, 32), placement="post")
    x, labels = digits()
    variables, _ = learn(model, x, labels, learning_rate=1e-2)
    assert accuracy(model, variables, x, labels) > 0.95


def test_mlp_refuses_what_it_cannot_do():
    with pytest.raises(ValueError, match="lengths were given"):
        make_model("layer").init(jax.random.key(0), images(), train=False, lengths=jnp.ones(8, int))
    with pytest.raises(ValueError, match="differ"):
        make_model("layer", placement="post")
    with pytest.raises(ValueError, match="none of plain, post"):
        make_model("layer", placement="before")
