"""The figures of covariate_shift speak of the same units as its tables."""

import pytest

from jaxnorm.analysis.measures import find_measure
from jaxnorm.analysis.wording import SCALES
from jaxnorm.reporting.covariate_shift import LABELS


@pytest.mark.parametrize("name", [name for name in LABELS if find_measure(name).unit not in ("ratio", "fraction")])
def test_axes_name_the_units_of_the_tables(name):
    assert f"({SCALES[find_measure(name).unit].of_level})" in LABELS[name]
