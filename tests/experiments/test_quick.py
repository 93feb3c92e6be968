"""A smoke run contains what is being tried, and says what it leaves out."""

import pytest

from jaxnorm.experiments.depth.study import DepthConfig
from jaxnorm.experiments.quick import describe_cut
from jaxnorm.experiments.registry import TRAINING, part_of

GIVEN = {
    "norms": ("rms", "layer", "mine:Norm", "batch"),
    "depths": (2, 8, 20),
    "placements": ("plain", "post", "pre"),
    "models": ("lstm", "gru"),
    "activations": ("relu", "tanh", "sigmoid"),
    "batch_sizes": (4, 8, 32, 64),
}
"""Lists that a user may give."""


@pytest.mark.parametrize("name", TRAINING)
def test_smoke_run_keeps_what_was_given_and_few_of_what_was_not(name):
    settings = part_of(name, "study").SETTINGS
    given = {field: values for field, values in GIVEN.items() if hasattr(settings(), field)}
    short, default = settings(**given).shortened(), settings().shortened()
    assert {field: getattr(short, field) for field in given} == given
    assert len(default.norms) <= len(settings().norms)
    assert default.seeds <= 4


def test_smoke_run_of_depth_has_a_deep_network():
    assert max(DepthConfig().shortened().depths) >= 8
    assert DepthConfig(depths=(2, 8)).shortened().depths == (2, 8)


def test_what_is_cut_is_told_in_one_line():
    config = DepthConfig()
    assert describe_cut(config, config.shortened()) == (
        "quick run: seeds 4 instead of 16, epochs 2 instead of 10, placements plain post instead of plain post pre sandwich, "
        "depths 2 8 instead of 2 8 32, width 32 instead of 128"
    )
