"""AddNorm: the formula of every placement, the gradient past the sublayer, the near-identity start, masks."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import EXACT_TOLERANCE, FLOAT32_TOLERANCE

from jaxnorm.models import PLACEMENTS, AddNorm
from jaxnorm.norms import NORMS

MATRIX = jax.random.normal(jax.random.key(1), (6, 6)) / 6**0.5
COTANGENT = jax.random.normal(jax.random.key(2), (5, 6))


def inputs():
    return jax.random.normal(jax.random.key(0), (5, 6))


def linear(x):
    return x @ MATRIX


def build(placement, norm="layer", residual=True, sublayer=linear):
    """The block as a function of x, at the initial values of its norms, in training."""
    block = AddNorm(NORMS[norm], placement, residual)
    variables = block.init(jax.random.key(0), inputs(), sublayer, train=True)
    return lambda x: block.apply(variables, x, sublayer, train=True, mutable=["batch_stats"])[0]


def norm(x, name="layer"):
    return NORMS[name](train=True).init_with_output(jax.random.key(0), x)[0]


FORMULAS = {
    ("post", True): lambda x: norm(x + linear(x)),
    ("pre", True): lambda x: x + linear(norm(x)),
    ("sandwich", True): lambda x: x + norm(linear(norm(x))),
    ("none", True): lambda x: x + linear(x),
    ("post", False): lambda x: norm(linear(x)),
    ("pre", False): lambda x: linear(norm(x)),
    ("sandwich", False): lambda x: norm(linear(norm(x))),
    ("none", False): linear,
}


@pytest.mark.parametrize(("placement", "residual"), FORMULAS)
def test_add_norm_is_its_formula(placement, residual):
    result, expected = build(placement, residual=residual)(inputs()), FORMULAS[placement, residual](inputs())
    np.testing.assert_allclose(result, expected, rtol=FLOAT32_TOLERANCE, atol=EXACT_TOLERANCE)


def test_add_norm_formulas_differ():
    results = [np.asarray(formula(inputs())) for formula in FORMULAS.values()]
    assert len({result.round(3).tobytes() for result in results}) == len(FORMULAS)


def gradient(function):
    """dL/dx of ``L = sum(COTANGENT * function(x))``."""
    return jax.vjp(function, inputs())[1](COTANGENT)[0]


def test_add_norm_gradient_is_that_of_the_output_times_one_plus_that_of_the_sublayer():
    """Claim E1: dL/dx = dL/dy (1 + dF/dx), and without the residual only dL/dy dF/dx."""
    through = COTANGENT @ MATRIX.T
    np.testing.assert_allclose(gradient(build("none")), COTANGENT + through, rtol=0, atol=EXACT_TOLERANCE)
    np.testing.assert_allclose(gradient(build("none", residual=False)), through, rtol=0, atol=EXACT_TOLERANCE)


@pytest.mark.parametrize("name", ["layer", "batch", "rms"])
@pytest.mark.parametrize("placement", ["pre", "sandwich", "none"])
def test_add_norm_gradient_reaches_the_input_beside_the_sublayer(placement, name):
    """Claim E1 with norms inside the sublayer: dL/dy itself is added to what comes through F."""
    beside = gradient(build(placement, name)) - gradient(build(placement, name, residual=False))
    np.testing.assert_allclose(beside, COTANGENT, rtol=0, atol=FLOAT32_TOLERANCE)


@pytest.mark.parametrize("name", ["layer", "batch", "rms"])
def test_add_norm_starts_near_the_identity_at_the_rate_of_the_sublayer(name):
    """Claim E3: norm(x + c F(x)) is norm(x) at c = 0 and departs from it in proportion to c."""
    still = norm(inputs(), name)

    def departure(scale):
        return float(jnp.abs(build("post", name, sublayer=lambda x: scale * linear(x))(inputs()) - still).max())

    zero, small, larger = (departure(scale) for scale in (0.0, 1e-3, 1e-2))
    assert zero <= EXACT_TOLERANCE
    assert abs(np.log10(larger / small) - 1) < 0.02


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_add_norm_masked_is_that_of_the_valid_examples(placement):
    """With BatchNorm, whose statistics would show any padding; NaN stays where it was."""
    block = AddNorm(NORMS["batch"], placement)
    mask = jnp.array([True, False, True, True, False])
    padded = jnp.where(mask[:, None], inputs(), jnp.nan)
    variables = block.init(jax.random.key(0), inputs(), linear, train=True)
    masked, _ = block.apply(variables, padded, linear, train=True, mask=mask[:, None], mutable=["batch_stats"])
    valid, _ = block.apply(variables, inputs()[mask], linear, train=True, mutable=["batch_stats"])
    np.testing.assert_allclose(masked[mask], valid, rtol=0, atol=FLOAT32_TOLERANCE)


def test_add_norm_leaves_the_sublayer_to_its_caller():
    class Caller(nn.Module):
        @nn.compact
        def __call__(self, x):
            dense = nn.Dense(6, name="dense")
            return AddNorm(NORMS["layer"], name="add_norm")(x, lambda y: nn.relu(dense(y)), train=True)

    params = Caller().init(jax.random.key(0), inputs())["params"]
    assert set(params) == {"dense", "add_norm"}
    assert set(params["add_norm"]) == {"norm_out"}


def test_add_norm_refuses_an_unknown_placement():
    with pytest.raises(ValueError, match="'before' is none of post, pre, sandwich, none"):
        AddNorm(NORMS["layer"], "before")
