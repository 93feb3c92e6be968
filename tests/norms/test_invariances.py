"""Law 2: which changes of weights and data a layer does not notice (Ba, Kiros, Hinton 2016, table 1), for every norm of the table."""

import numpy as np
from norms.conftest import SMALL
from norms.running import initial, output

from jaxnorm.norms import NORMS

RNG = np.random.default_rng(11)
X = RNG.normal(size=(6, 5, 8)) + 0.5  # (B, T, D)
WEIGHTS = 0.3 * RNG.normal(size=(8, 12))
SHIFT = RNG.normal(size=8)
FIRST_UNIT = np.where(np.arange(12) == 0, 3.0, 1.0)
FIRST_CASE = np.where(np.arange(6) == 0, 3.0, 1.0).reshape(6, 1, 1)

CHANGES = {
    "weight matrix re-scale": (X, 3 * WEIGHTS),
    "weight matrix re-centre": (X, WEIGHTS + SHIFT[:, None]),
    "weight vector re-scale": (X, WEIGHTS * FIRST_UNIT[None]),
    "data set re-scale": (3 * X, WEIGHTS),
    "data set re-centre": (X + SHIFT[None, None], WEIGHTS),
    "single case re-scale": (X * FIRST_CASE, WEIGHTS),
}
PER_UNIT = {"weight matrix re-scale", "weight vector re-scale", "data set re-scale", "data set re-centre"}
PER_EXAMPLE = {"weight matrix re-scale", "data set re-scale", "single case re-scale"}
UNNOTICED = {
    "batch": PER_UNIT,
    "ghost": PER_UNIT,
    "noisy": PER_UNIT,
    "renorm": set(),  # the running statistics remember what was before
    "layer": PER_EXAMPLE | {"weight matrix re-centre"},
    "layer_all": PER_EXAMPLE,  # re-centred weights add a number per position, of which the mean over positions removes one only
    "rms": PER_EXAMPLE,
    "scale": PER_EXAMPLE,
    "group": PER_EXAMPLE,
    "instance": PER_UNIT | PER_EXAMPLE,
    "dyt": set(),
    "none": set(),
}
WITHIN_LIMITS = SMALL | {"renorm": {"r_max": 100.0, "d_max": 100.0}}


def test_norm_does_not_notice_exactly_these_changes(norm_name):
    layer = NORMS[norm_name](train=True, epsilon=1e-12, **WITHIN_LIMITS.get(norm_name, {}))
    plain = (X @ WEIGHTS).astype(np.float32)
    variables = initial(layer, plain)
    y = output(layer, plain, None, variables)
    difference = {}
    for change, (x, weights) in CHANGES.items():
        difference[change] = float(abs(output(layer, (x @ weights).astype(np.float32), None, variables) - y).max())
    assert {change for change, size in difference.items() if size <= 1e-5} == UNNOTICED[norm_name], difference
    assert all(size > 1e-2 for change, size in difference.items() if change not in UNNOTICED[norm_name]), difference
