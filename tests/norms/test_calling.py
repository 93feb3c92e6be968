"""Networks call any layer: with a mask where there is padding and the layer takes one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from helpers import EXACT_TOLERANCE

from jaxnorm.norms import NORMS, GroupNorm
from jaxnorm.norms.calling import call_norm, takes_mask

X = jax.random.normal(jax.random.key(0), (3, 5, 4))
MASK = jnp.arange(5)[None, :, None] < jnp.array([2, 5, 1])[:, None, None]


class Doubled(nn.Module):
    def __call__(self, x):
        return 2 * x


class Centred(Doubled):
    couples_examples = True


def test_layer_without_a_mask_is_called_without():
    np.testing.assert_array_equal(call_norm(Doubled(), X, MASK), 2 * X)
    np.testing.assert_array_equal(call_norm(Centred(), X, None), 2 * X)


def test_layer_over_examples_that_takes_no_mask_is_refused_where_there_is_padding():
    with pytest.raises(ValueError, match="Centred couples the examples of a batch, and its __call__ takes no mask"):
        call_norm(Centred(), X, MASK)


def test_every_norm_of_the_table_takes_a_mask():
    assert all(takes_mask(norm.module) for norm in NORMS.values())


@pytest.mark.parametrize(("channels", "groups"), [(256, 32), (64, 32), (24, 12), (10, 5), (16, 8), (7, 1), (66, 22)])
def test_group_has_the_most_groups_that_divide_the_channels(channels, groups):
    x = jax.random.normal(jax.random.key(1), (3, channels))
    fitted, _ = NORMS["group"](train=True).init_with_output(jax.random.key(0), x)
    named, _ = GroupNorm(num_groups=groups).init_with_output(jax.random.key(0), x)
    np.testing.assert_allclose(fitted, named, rtol=EXACT_TOLERANCE, atol=EXACT_TOLERANCE)


def test_group_over_positions_may_have_one_channel():
    x = jax.random.normal(jax.random.key(1), (3, 4, 4, 16))
    fitted, _ = NORMS["group"](train=True).init_with_output(jax.random.key(0), x)
    named, _ = GroupNorm(num_groups=16).init_with_output(jax.random.key(0), x)
    np.testing.assert_allclose(fitted, named, rtol=EXACT_TOLERANCE, atol=EXACT_TOLERANCE)


def test_linens_default_stays_in_the_layer():
    with pytest.raises(ValueError, match="32 groups do not divide 24 channels"):
        GroupNorm().init(jax.random.key(0), jnp.ones((2, 24)))
