"""Weight decay shrinks weights and leaves norms alone."""

import functools

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax.core import FrozenDict, freeze

from jaxnorm.norms import NORMS
from jaxnorm.training.decay import decay_mask


class _Network(nn.Module):
    """A layer of each kind, with every norm of the table."""

    @nn.compact
    def __call__(self, tokens):
        x = nn.Embed(7, 8, name="embed")(tokens)  # (B, T, D)
        x = nn.Conv(8, (3,), name="conv")(x)
        for name, norm in NORMS.items():
            x = norm(train=False, name=f"norm_{name}", **({"num_groups": 2} if name == "group" else {}))(x)
        x = nn.MultiHeadDotProductAttention(2, name="attention")(x)
        return nn.Dense(3, name="logits")(nn.RNN(nn.GRUCell(4), name="rnn")(x))


@pytest.fixture(scope="module")
def params():
    shapes = jax.eval_shape(_Network().init, jax.random.key(0), jnp.zeros((2, 5), int))["params"]
    return jax.tree.map(lambda leaf: np.ones(leaf.shape, np.float32), shapes)


def _flat(mask):
    return {"/".join(key.key for key in path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(mask)}


@pytest.mark.parametrize("spare_biases", [False, True])
def test_mask_spares_every_norm_and_takes_every_weight(params, spare_biases):
    mask = _flat(decay_mask(params, spare_biases=spare_biases))
    assert {"embed/embedding", "conv/kernel", "conv/bias", "attention/query/kernel", "logits/kernel", "logits/bias"} <= set(mask)
    for path, decays in mask.items():
        name = path.rpartition("/")[-1]
        expected = not path.startswith("norm_") and not (spare_biases and name == "bias")
        assert decays is expected, path


def test_mask_has_the_structure_of_its_tree(params):
    mask = decay_mask(params)
    chex.assert_trees_all_equal_structs(mask, params)
    frozen = decay_mask(freeze(params))
    assert isinstance(frozen, FrozenDict)
    assert frozen.unfreeze() == mask
    assert decay_mask({}) == {}


def test_mask_knows_a_norm_by_what_stands_beside_its_bias():
    assert decay_mask({"norm": {"bias": 0.0}, "bias": 0.0}) == {"norm": {"bias": False}, "bias": False}
    assert decay_mask({"gamma": 1.0, "beta": 0.0}) == {"gamma": False, "beta": False}
    assert decay_mask({"w": 1.0, "bias": 0.0}, weights=("w",)) == {"w": True, "bias": True}


@pytest.mark.parametrize("spare_biases", [False, True])
def test_adamw_without_gradient_shrinks_exactly_what_the_mask_names(params, spare_biases):
    mask = functools.partial(decay_mask, spare_biases=spare_biases)
    optimizer = optax.adamw(0.5, weight_decay=0.1, mask=mask)

    @jax.jit
    def update(params):
        updates, _ = optimizer.update(jax.tree.map(jnp.zeros_like, params), optimizer.init(params), params)
        return optax.apply_updates(params, updates)

    expected = jax.tree.map(lambda leaf, decays: leaf * np.float32(0.95) if decays else leaf, params, mask(params))
    chex.assert_trees_all_close(update(params), expected, rtol=1e-6)
