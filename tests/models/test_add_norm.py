"""AddNorm: the formula of every placement, the gradient past the sublayer, the near-identity start, masks."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import EXACT_TOLERANCE, FLOAT32_TOLERANCE
from models.learning import normal

from jaxnorm.models import PLACEMENTS, AddNorm
from jaxnorm.norms import NORMS

MATRIX = normal(1, 6, 6) / np.float32(6**0.5)
COTANGENT = normal(2, 5, 6)


def inputs():
    return normal(0, 5, 6)


def linear(x):
    return x @ MATRIX


def build(placement, norm="layer", residual=True, sublayer=linear):
    """The block as a function of x, at the initial values of its norms, in training."""
    block = AddNorm(NORMS[norm], placement, residual)

    def apply(x):
        variables = block.init(jax.random.key(0), x, sublayer, train=True)
        return block.apply(variables, x, sublayer, train=True, mutable=["batch_stats"])[0]

    return apply


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


@pytest.fixture(scope="module")
def outputs():
    """The block's output and its formula's, by placement and residual."""

    @jax.jit
    def both(x):
        return {case: (build(case[0], residual=case[1])(x), formula(x)) for case, formula in FORMULAS.items()}

    return both(inputs())


@pytest.mark.parametrize("case", FORMULAS)
def test_add_norm_is_its_formula(case, outputs):
    result, expected = outputs[case]
    np.testing.assert_allclose(result, expected, rtol=FLOAT32_TOLERANCE, atol=EXACT_TOLERANCE)


def test_add_norm_formulas_differ(outputs):
    assert len({np.asarray(expected).round(3).tobytes() for _, expected in outputs.values()}) == len(FORMULAS)


def gradients(*functions):
    """dL/dx of ``L = sum(COTANGENT * function(x))``, of each function."""
    together = jax.jit(lambda x: [jax.vjp(function, x)[1](COTANGENT)[0] for function in functions])
    return [np.asarray(gradient) for gradient in together(inputs())]


def test_add_norm_gradient_is_that_of_the_output_times_one_plus_that_of_the_sublayer():
    """Claim E1: dL/dx = dL/dy (1 + dF/dx), and without the residual only dL/dy dF/dx."""
    through = COTANGENT @ MATRIX.T
    beside, alone = gradients(build("none"), build("none", residual=False))
    np.testing.assert_allclose(beside, COTANGENT + through, rtol=0, atol=EXACT_TOLERANCE)
    np.testing.assert_allclose(alone, through, rtol=0, atol=EXACT_TOLERANCE)


@pytest.mark.parametrize("name", ["layer", "batch", "rms"])
@pytest.mark.parametrize("placement", ["pre", "sandwich", "none"])
def test_add_norm_gradient_reaches_the_input_beside_the_sublayer(placement, name):
    """Claim E1 with norms inside the sublayer: dL/dy itself is added to what comes through F."""
    with_residual, without = gradients(build(placement, name), build(placement, name, residual=False))
    np.testing.assert_allclose(with_residual - without, COTANGENT, rtol=0, atol=FLOAT32_TOLERANCE)


@pytest.mark.parametrize("name", ["layer", "batch", "rms"])
def test_add_norm_starts_near_the_identity_at_the_rate_of_the_sublayer(name):
    """Claim E3: norm(x + c F(x)) is norm(x) at c = 0 and departs from it in proportion to c."""

    @jax.jit
    def departure(x, scale):
        return jnp.abs(build("post", name, sublayer=lambda x: scale * linear(x))(x) - norm(x, name)).max()

    zero, small, larger = (float(departure(inputs(), scale)) for scale in (0.0, 1e-3, 1e-2))
    assert zero <= EXACT_TOLERANCE
    assert abs(np.log10(larger / small) - 1) < 0.02


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_add_norm_masked_is_that_of_the_valid_examples(placement):
    """With BatchNorm, whose statistics would show any padding; NaN stays where it was."""
    block = AddNorm(NORMS["batch"], placement)
    mask = np.array([True, False, True, True, False])

    @jax.jit
    def both(padded, valid):
        variables = block.init(jax.random.key(0), valid, linear, train=True)
        masked, _ = block.apply(variables, padded, linear, train=True, mask=mask[:, None], mutable=["batch_stats"])
        return masked, block.apply(variables, valid, linear, train=True, mutable=["batch_stats"])[0]

    masked, valid = both(np.where(mask[:, None], inputs(), np.float32(np.nan)), inputs()[mask])
    np.testing.assert_allclose(np.asarray(masked)[mask], valid, rtol=0, atol=FLOAT32_TOLERANCE)


def test_add_norm_leaves_the_sublayer_to_its_caller():
    class Caller(nn.Module):
        @nn.compact
        def __call__(self, x):
            dense = nn.Dense(6, name="dense")
            return AddNorm(NORMS["layer"], name="add_norm")(x, lambda y: nn.relu(dense(y)), train=True)

    params = jax.eval_shape(Caller().init, jax.random.key(0), inputs())["params"]
    assert set(params) == {"dense", "add_norm"}
    assert set(params["add_norm"]) == {"norm_out"}


def test_add_norm_refuses_an_unknown_placement():
    with pytest.raises(ValueError, match="'before' is none of post, pre, sandwich, none"):
        AddNorm(NORMS["layer"], "before")
