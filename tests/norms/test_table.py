"""The table: one signature for every norm, and flags that tell the truth."""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from helpers import EXACT_TOLERANCE
from norms.running import KEY, initial, update

from jaxnorm.norms import NORMS, BatchNorm, LayerNorm, Norm
from jaxnorm.report.text import NORM_TITLES

SHARED = {
    "epsilon": 1e-4,
    "momentum": 0.8,
    "dtype": jnp.float32,
    "param_dtype": jnp.float32,
    "use_bias": False,
    "use_scale": True,
    "axis_name": None,
    "debias": True,
    "unbiased_variance": True,
}


def test_table_has_a_name_for_figures_of_every_norm():
    assert set(NORM_TITLES) == set(NORMS)
    assert len(set(NORM_TITLES.values())) == len(NORMS)


def test_table_builds_every_norm_from_the_shared_options(norm_name):
    layer = NORMS[norm_name](train=True, name="norm_0", **SHARED)
    assert isinstance(layer, NORMS[norm_name].module)
    assert layer.name == "norm_0"
    for option, value in SHARED.items():
        assert getattr(layer, option, value) == value, option


def test_table_sets_use_running_average_from_train():
    assert NORMS["batch"](train=True).use_running_average is False
    assert NORMS["batch"](train=False).use_running_average is True


def test_table_leaves_out_only_the_shared_options(norm_name):
    for options in ({"epsilonn": 1.0}, {"use_running_average": True}, {"use_fast_varianc": True}):
        with pytest.raises(TypeError, match=next(iter(options))):
            NORMS[norm_name](train=True, **options)
        with pytest.raises(TypeError, match=next(iter(options))):
            NORMS[norm_name].with_options(**options)


def test_table_rejects_what_only_another_layer_has():
    assert NORMS["group"](train=True, num_groups=4).num_groups == 4
    with pytest.raises(TypeError, match="num_groups"):
        NORMS["layer"](train=True, num_groups=4)


def test_with_options_binds_and_the_call_wins():
    bound = NORMS["layer"].with_options(epsilon=1e-3, use_bias=False)
    assert bound.module is LayerNorm
    assert bound(train=True).epsilon == 1e-3
    assert bound(train=True, epsilon=1e-2).epsilon == 1e-2
    assert bound.with_options(use_scale=False).options == {"epsilon": 1e-3, "use_bias": False, "use_scale": False}
    assert NORMS["layer"].options == {}


def test_norm_is_hashable_and_compares_by_content():
    bound = [NORMS["batch"].with_options(momentum=0.9, dtype=jnp.bfloat16) for _ in range(2)]
    assert bound[0] == bound[1]
    assert len({*bound, NORMS["batch"]}) == 2
    assert Norm(BatchNorm, options={"momentum": 0.9}) != NORMS["batch"]


class _Model(nn.Module):
    norm: Norm

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        return self.norm(train=train, name="norm_0")(x, mask=None)


def test_norm_as_a_field_of_a_jitted_model_is_traced_once(norm_name, images):
    """Equal models, built twice, are one static argument."""
    chex.clear_trace_counter()

    @functools.partial(jax.jit, static_argnums=0)
    @chex.assert_max_traces(n=1)
    def apply(model, x):
        return model.init_with_output(KEY, x, train=False)[0]

    for _ in range(2):
        model = _Model(NORMS[norm_name].with_options(**({"num_groups": 2} if norm_name == "group" else {})))
        chex.assert_equal_shape([apply.eval_shape(model, images), images])


def test_flag_couples_examples_tells_the_truth_and_evaluation_never_couples(norm_name, build, images):
    """Law 1 and more: the output for one example depends on the others in training with BatchNorm and its relatives, and nowhere else."""
    variables, x = initial(build(), images), np.asarray(images)
    others_changed = np.concatenate([x[:1], 3 * x[1:] + 1])
    for train in (True, False):
        y, changed = (np.asarray(update(build(train), variables, x)[0]) for x in (x, others_changed))
        change = np.abs(y[0] - changed[0]).max()
        assert (change > 1e-2) if train and NORMS[norm_name].couples_examples else (change <= EXACT_TOLERANCE)


def test_flag_removes_bias_tells_the_truth(norm_name, build, images):
    """Law 5 and more: a bias before BatchNorm has gradient zero up to rounding; before LayerNorm it has not."""
    layer, weights = build(), np.cos(np.arange(images.size, dtype=np.float32)).reshape(images.shape)
    variables = initial(layer, images)

    def loss(bias):
        return jnp.sum(weights * jnp.sin(layer.apply(variables, images + bias, mutable=["batch_stats"])[0]))

    gradient = jax.jit(jax.grad(loss))(np.linspace(-3, 3, images.shape[-1], dtype=np.float32).reshape(1, 1, 1, -1))
    largest = np.abs(gradient).max()
    assert (largest <= 1e-5) if NORMS[norm_name].removes_bias else (largest > 1e-1)


def test_no_norm_is_the_identity_without_variables(images):
    y, variables = NORMS["none"](train=True).init_with_output(jax.random.key(0), images, mask=None)
    assert variables == {}
    np.testing.assert_array_equal(y, images)
