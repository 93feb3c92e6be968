"""A stricter world than users have: no silent rank promotion, warnings are errors (pyproject), two CPU devices."""

import os
from collections.abc import Iterator

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["JAX_NUM_CPU_DEVICES"] = "2"
os.environ.setdefault("MPLBACKEND", "agg")

import jax
import pytest

jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture(scope="module", autouse=True)
def _compile_quickly(request: pytest.FixtureRequest) -> Iterator[None]:
    """Compile without most of XLA's optimizations, in two thirds of the time, unless the module says ``COMPILED_AS_FOR_USERS = True``."""
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", not getattr(request.module, "COMPILED_AS_FOR_USERS", False))
    yield
    jax.config.update("jax_disable_most_optimizations", before)
