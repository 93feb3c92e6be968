"""Drop-in for Linen: same fields, same variable trees, same values and gradients, checkpoints good in both directions."""

import dataclasses
import functools
import math
from typing import Any

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import serialization
from helpers import FLOAT32_TOLERANCE, GRADIENT_TOLERANCE
from norms.running import KEY, initial, normal, output, update

from jaxnorm import norms

LAYERS = ("BatchNorm", "LayerNorm", "RMSNorm", "GroupNorm", "InstanceNorm")
OWN_FIELDS = {
    "BatchNorm": [("debias", False), ("unbiased_variance", False)],
    "GroupNorm": [("channel_axis", -1), ("fewer_groups", False)],
}


def _wave(key, shape, dtype=jnp.float32):
    """An initializer of different values that compiles in no time."""
    del key
    return jnp.asarray(1 + 0.5 * np.cos(np.arange(math.prod(shape))).reshape(shape), dtype)


UNEQUAL: dict[str, Any] = {"scale_init": _wave, "bias_init": _wave}
RANDOM: dict[str, Any] = {"scale_init": nn.initializers.uniform(2.0), "bias_init": nn.initializers.uniform(1.0)}
CASES = [
    ("BatchNorm", {}, (7, 5)),
    ("BatchNorm", {"momentum": 0.9, "use_fast_variance": True}, (3, 4, 4, 6)),
    ("BatchNorm", {"axis": 1, "epsilon": 1e-2}, (6, 3, 4)),
    ("BatchNorm", {"axis": (-1, 2), "use_scale": False}, (6, 3, 4)),
    ("BatchNorm", {"dtype": jnp.bfloat16, "param_dtype": jnp.bfloat16, "force_float32_reductions": False}, (6, 4)),
    ("LayerNorm", {}, (3, 4, 6)),
    ("LayerNorm", {"use_fast_variance": True, "use_scale": False}, (5, 6)),
    ("LayerNorm", {"reduction_axes": -2, "feature_axes": (1, 3)}, (2, 3, 4, 6)),
    ("LayerNorm", {"reduction_axes": (-1, 2, 1), "feature_axes": (2, 1)}, (2, 3, 4)),
    ("RMSNorm", {"reduction_axes": (1, 2), "epsilon": 1e-2}, (2, 3, 4)),
    ("GroupNorm", {"num_groups": 3, "reduction_axes": (-3, -1)}, (2, 4, 4, 6)),
    ("GroupNorm", {"num_groups": None, "group_size": 3}, (4, 6)),
    ("InstanceNorm", {}, (2, 4, 5, 3)),
    ("InstanceNorm", {"feature_axes": (1, -1), "use_bias": False}, (2, 3, 4, 5)),
]


def _pair(name, options, shape, parameters=UNEQUAL):
    """Our layer, Linen's with the same settings, and an input."""
    options = {**{key: value for key, value in parameters.items() if not (name == "RMSNorm" and key == "bias_init")}, **options}
    if name == "BatchNorm":
        options["use_running_average"] = False
    x = np.random.default_rng(3).normal(size=shape) * 2 + 1
    theirs = {"use_fast_variance": False, **options}
    return getattr(norms, name)(**options), getattr(nn, name)(**theirs), x.astype(np.float32)


@functools.partial(jax.jit, static_argnums=0)
def _everything(layer, x, cotangent, mask=None):
    """Initial variables, output, updated state, and the gradients of parameters and input."""
    variables = layer.init(KEY, x)

    def forward(params, x):
        return layer.apply({**variables, "params": params}, x, mask=mask, mutable=["batch_stats"])

    y, pull, updated = jax.vjp(forward, variables.get("params", {}), x, has_aux=True)
    return {"variables": variables, "y": y, "updated": updated, "gradients": pull(cotangent.astype(y.dtype))}


@pytest.mark.parametrize("name", LAYERS)
def test_fields_have_linens_order_and_defaults(name):
    def declared(module):
        return [(field.name, field.default) for field in dataclasses.fields(module) if field.name not in ("parent", "name")]

    theirs = [(field, False if field == "use_fast_variance" else default) for field, default in declared(getattr(nn, name))]
    assert declared(getattr(norms, name)) == theirs + OWN_FIELDS.get(name, [])


@pytest.mark.parametrize(("name", "options", "shape"), CASES)
def test_values_gradients_and_trees_match_linen(name, options, shape):
    ours, theirs, x = _pair(name, options, shape)
    cotangent = np.cos(np.arange(x.size, dtype=np.float32)).reshape(shape)
    found, expected = (_everything(layer, x, cotangent) for layer in (ours, theirs))
    chex.assert_trees_all_equal_dtypes(found, expected)
    chex.assert_trees_all_equal(found["variables"], expected["variables"])
    tolerance = 4e-2 if options.get("dtype") == jnp.bfloat16 else GRADIENT_TOLERANCE  # bfloat16 has 8 bits
    chex.assert_trees_all_close(found, expected, rtol=tolerance, atol=tolerance)
    if tolerance == GRADIENT_TOLERANCE:
        chex.assert_trees_all_close(found["y"], expected["y"], rtol=FLOAT32_TOLERANCE, atol=FLOAT32_TOLERANCE)


@pytest.mark.parametrize(("name", "options", "shape"), [case for case in CASES if "dtype" not in case[1]][::2])
def test_masked_values_and_gradients_match_linen(name, options, shape):
    ours, theirs, x = _pair(name, options, shape)
    mask = np.random.default_rng(4).random(shape) < 0.8
    mask[tuple(slice(2) for _ in shape)] = True
    mask[..., :2] = True
    cotangent = np.where(mask, np.cos(np.arange(x.size, dtype=np.float32)).reshape(shape), 0)
    found, expected = (_everything(layer, x, cotangent, mask) for layer in (ours, theirs))
    chex.assert_trees_all_close(found, expected, rtol=GRADIENT_TOLERANCE, atol=GRADIENT_TOLERANCE)


@pytest.mark.parametrize(("name", "options", "shape"), [next(case for case in CASES if case[0] == name) for name in LAYERS])
def test_checkpoints_load_in_both_directions(name, options, shape):
    *layers, x = _pair(name, options, shape, RANDOM)
    evaluation = {"use_running_average": True} if name == "BatchNorm" else {}
    variables = [initial(layer, x) for layer in layers]
    chex.assert_trees_all_equal(*variables)  # and one key gives the same random parameters
    trained = [{**before, **update(layer, before, x)[1]} for layer, before in zip(layers, variables, strict=True)]
    for stored, template in ((trained[0], variables[1]), (trained[1], variables[0])):
        restored = serialization.from_bytes(template, serialization.to_bytes(stored))
        outputs = [output(layer.clone(**evaluation), x, None, restored) for layer in layers]
        np.testing.assert_allclose(*outputs, rtol=FLOAT32_TOLERANCE, atol=FLOAT32_TOLERANCE)


def _kept(layer, x):
    """Bytes that autodiff keeps between the forward and the backward pass, relative to the input's."""

    def pull_back(x):
        variables = layer.init(KEY, x)
        forward = jax.jit(lambda params, x: layer.apply({**variables, "params": params}, x, mutable=["batch_stats"]))
        return jax.vjp(forward, variables["params"], x, has_aux=True)[1]  # a tree, whose leaves are what is kept

    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(jax.eval_shape(pull_back, x))) / x.nbytes


SHAPES = ((128, 256), (32, 128, 512), (64, 28, 28, 32))


@pytest.mark.parametrize(
    ("name", "shape"), [(name, shape) for name in LAYERS for shape in SHAPES if name != "InstanceNorm" or len(shape) > 2]
)
def test_backward_pass_keeps_no_more_than_linens(name, shape):
    """Beside arrays of the input's size, of which it keeps as many, a second number per mean is allowed: less than 2 %."""
    options: dict[str, Any] = {"BatchNorm": {"use_running_average": False}, "GroupNorm": {"num_groups": 8}}.get(name, {})
    ours, theirs = (_kept(getattr(room, name)(**options), np.zeros(shape, np.float32)) for room in (norms, nn))
    assert 1 <= ours <= 1.02 * theirs


def test_complex_input_matches_linen():
    x = normal(0, 6, 3, 2) + 1j * normal(1, 6, 3, 2)
    options = {"momentum": 0.9, "use_running_average": False, "dtype": jnp.complex64}
    ours, theirs = norms.BatchNorm(**options), nn.BatchNorm(**options)
    variables = initial(theirs, x)
    found, expected = (update(layer, variables, x) for layer in (ours, theirs))
    chex.assert_trees_all_close(found, expected, rtol=FLOAT32_TOLERANCE, atol=FLOAT32_TOLERANCE)
    assert found[0].dtype == jnp.complex64
    assert found[1]["batch_stats"]["var"].dtype == jnp.float32
