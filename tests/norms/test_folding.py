"""Law 8: BatchNorm folded into the layer before it equals the evaluation network."""

import functools

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.core import freeze
from helpers import FLOAT32_TOLERANCE
from norms.running import KEY, normal

from jaxnorm.models import MLP
from jaxnorm.norms import NORMS, BatchNorm
from jaxnorm.norms.folding import fold_batch_norm

EPSILON = 1e-3
REPLICAS = 3


class _Network(nn.Module):
    """A linear layer, its norm unless folded, and what follows."""

    layer: nn.Module
    folded: bool = False
    options: tuple = ()

    @nn.compact
    def __call__(self, x):
        x = self.layer(x)
        if not self.folded:
            x = BatchNorm(use_running_average=True, epsilon=EPSILON, name="norm", **dict(self.options))(x)
        return nn.relu(x)


LAYERS = {
    "dense": (functools.partial(nn.Dense, 5), True, (4, 6)),
    "dense without bias": (functools.partial(nn.Dense, 5), False, (4, 6)),
    "dense over time": (functools.partial(nn.Dense, 5), True, (4, 3, 6)),
    "conv": (functools.partial(nn.Conv, 4, (3, 3), strides=2), True, (2, 5, 5, 6)),
    "conv without bias": (functools.partial(nn.Conv, 4, (3, 3), strides=2), False, (2, 5, 5, 6)),
    "grouped conv": (functools.partial(nn.Conv, 4, (3, 3), feature_group_count=2), False, (2, 5, 5, 6)),
    "depthwise conv": (functools.partial(nn.Conv, 12, (3,), feature_group_count=6), True, (2, 5, 6)),
}


def _random(init, *arguments):
    """Variables of the shapes that ``init`` gives, with random values: of norms that have been trained."""
    rng = np.random.default_rng(0)

    def draw(path, leaf):
        noise = rng.normal(size=leaf.shape)
        return (np.exp(noise) if path[-1].key == "var" else noise).astype(leaf.dtype)

    return jax.tree_util.tree_map_with_path(draw, jax.eval_shape(init, *arguments))


def _assert_equal_outputs(folded, expected):
    np.testing.assert_allclose(folded, expected, atol=FLOAT32_TOLERANCE * float(np.abs(expected).max()))
    assert float(np.abs(expected).max()) > 0.1


@pytest.mark.parametrize(("make_layer", "use_bias", "shape"), LAYERS.values(), ids=LAYERS)
def test_folded_layer_equals_the_evaluation_network_for_every_replica(make_layer, use_bias, shape):
    """The replicas hold one network each: folding all of them at once equals folding each by itself."""
    x = normal(1, *shape)
    before, after = _Network(make_layer(use_bias=use_bias)), _Network(make_layer(use_bias=True), folded=True)
    many = _random(jax.vmap(lambda seed: before.init(jax.random.key(seed), x)), np.arange(REPLICAS))

    @jax.jit
    def run(many):
        folded = fold_batch_norm(many, {"norm": "layer"}, epsilon=EPSILON)
        alone = fold_batch_norm(jax.tree.map(lambda leaf: leaf[1], many), {"norm": "layer"}, epsilon=EPSILON)
        outputs = jax.vmap(before.apply, in_axes=(0, None))(many, x), jax.vmap(after.apply, in_axes=(0, None))(folded, x)
        return outputs, alone, jax.tree.map(lambda leaf: leaf[1], folded)

    (expected, got), alone, one_of_many = run(many)
    _assert_equal_outputs(got, expected)
    chex.assert_trees_all_close(alone, one_of_many, rtol=FLOAT32_TOLERANCE)


@pytest.mark.parametrize("options", [{"use_scale": False}, {"use_bias": False}, {"use_scale": False, "use_bias": False}], ids=str)
def test_a_norm_without_scale_or_bias_folds(options):
    x = normal(1, 4, 6)
    before, after = _Network(nn.Dense(5), options=tuple(options.items())), _Network(nn.Dense(5), folded=True)
    variables = _random(before.init, KEY, x)
    folded = fold_batch_norm(variables, {"norm": "layer"}, epsilon=EPSILON)
    _assert_equal_outputs(jax.jit(after.apply)(folded, x), jax.jit(before.apply)(variables, x))


def test_folded_mlp_is_the_mlp_without_norm():
    x = normal(1, 4, 2, 3, 1)
    norm = NORMS["batch"].with_options(epsilon=EPSILON, debias=True)
    model = MLP(num_classes=3, norm=norm, hidden_sizes=(5, 4), norm_on_logits=True)
    variables = _random(functools.partial(model.init, train=False), KEY, x)
    plain = model.clone(norm=NORMS["none"])
    pairs = {"norm_0": "dense_0", "norm_1": "dense_1", "norm_logits": "logits"}
    fold = jax.jit(lambda tree: fold_batch_norm(tree, pairs, epsilon=EPSILON))
    folded = fold(variables)
    chex.assert_trees_all_equal_shapes_and_dtypes(folded, _random(functools.partial(plain.init, train=False), KEY, x))
    apply = jax.jit(lambda model, variables: model.apply(variables, x, train=False), static_argnums=0)
    _assert_equal_outputs(apply(plain, folded), apply(model, variables))
    chex.assert_trees_all_close(fold(freeze(variables)), folded)


def test_paths_reach_nested_layers_and_the_rest_is_untouched():
    x = jnp.ones((2, 3))
    block = _random(_Network(nn.Dense(4)).init, KEY, x)
    variables = {collection: dict.fromkeys(("block_0", "block_1"), block[collection]) for collection in block}
    folded = fold_batch_norm(variables, {"block_1/norm": "block_1/layer"}, epsilon=EPSILON)
    assert set(folded["params"]["block_1"]) == {"layer"}
    assert set(folded["batch_stats"]) == {"block_0"}
    chex.assert_trees_all_equal(folded["params"]["block_0"], variables["params"]["block_0"])
    assert set(variables["params"]["block_1"]) == {"layer", "norm"}, "the given tree stays as it is"


def test_number_formats_stay():
    x = jnp.ones((2, 3), jnp.bfloat16)
    network = _Network(nn.Dense(4, param_dtype=jnp.bfloat16, use_bias=False))
    params = fold_batch_norm(_random(network.init, KEY, x), {"norm": "layer"}, epsilon=EPSILON)["params"]["layer"]
    assert {name: leaf.dtype for name, leaf in params.items()} == {"kernel": jnp.bfloat16, "bias": jnp.bfloat16}


MISTAKES = {
    "no such norm": ({"nrom": "layer"}, "'nrom' has no mean in batch_stats; those that have one: norm"),
    "no such layer": ({"norm": "dense"}, "'dense' has no kernel in params; those that have one: layer, other"),
    "another width": ({"norm": "other"}, r"statistics of shape \(4,\) does not fit 'other' with a kernel of shape \(3, 5\)"),
    "two norms": ({"norm": "layer", "again": "layer"}, "more than one norm is to be folded into 'layer'"),
}


@pytest.mark.parametrize(("pairs", "message"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_named(pairs, message):
    variables = {
        "params": {"layer": {"kernel": jnp.ones((3, 4))}, "other": {"kernel": jnp.ones((3, 5))}},
        "batch_stats": {"norm": {"mean": jnp.zeros(4), "var": jnp.ones(4)}},
    }
    with pytest.raises(ValueError, match=message):
        fold_batch_norm(variables, pairs, epsilon=EPSILON)


def test_statistics_of_other_replicas_are_rejected():
    variables = {
        "params": {"layer": {"kernel": jnp.ones((2, 3, 4))}},
        "batch_stats": {"norm": {"mean": jnp.zeros((3, 4)), "var": jnp.ones((3, 4))}},
    }
    with pytest.raises(ValueError, match="replica axes"):
        fold_batch_norm(variables, {"norm": "layer"}, epsilon=EPSILON)
