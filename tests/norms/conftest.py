"""Every norm of the table, built small; a new member is tested by all generic laws without being named in any of them."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from jaxnorm.norms import NORMS

SMALL = {"group": {"num_groups": 2}, "ghost": {"ghost_batch_size": 2}, "renorm": {"r_max": 1.5, "d_max": 0.5}}
"""Settings by which a layer fits inputs of 2, 4 or 6 examples and 6 channels; limits that some channels reach and others do not."""

Build = Callable[..., nn.Module]


@pytest.fixture(params=sorted(NORMS))
def norm_name(request: pytest.FixtureRequest) -> str:
    return request.param


def build_small(name: str, train: bool = True, **options: Any) -> nn.Module:
    """The norm of that name, with settings that fit the inputs below."""
    return NORMS[name](train=train, **{"epsilon": 1e-5, **SMALL.get(name, {}), **options})


@pytest.fixture
def build(norm_name: str) -> Build:
    """``build(train=True, **options) -> layer``."""
    return functools.partial(build_small, norm_name)


@pytest.fixture(scope="session")
def images() -> jax.Array:
    """(B, H, W, C) = (6, 3, 4, 6), neither centred nor of unit variance, and different from channel to channel."""
    x = np.random.default_rng(0).normal(size=(6, 3, 4, 6)) * np.linspace(0.5, 3, 6) + np.linspace(-2, 2, 6)
    return jnp.asarray(x, jnp.float32)


@pytest.fixture(scope="session")
def mask() -> jax.Array:
    """(B, H, W, C) booleans, about two thirds true, with at least three valid elements in every pool."""
    mask = np.random.default_rng(1).random((6, 3, 4, 6)) < 0.66
    mask[..., :3] = True
    mask[:, :2, :2] = True
    return jnp.asarray(mask)
