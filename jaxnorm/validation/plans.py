"""The plans whose reports are simulated: each instrument's at its default settings, or at larger ones where its claims speak of more."""

import dataclasses
from collections.abc import Callable
from typing import Any

from jaxnorm.experiments.batch_size.rates import Choices
from jaxnorm.experiments.registry import TRAINING, part_of
from jaxnorm.experiments.regularisation.claims import MATCHED
from jaxnorm.stats.plan import Plan

NOT_SHARED = 0.0
"""A best learning rate that is no arm's shared one, so that all comparisons are made."""
FOUND: dict[str, Callable[[Any], Any]] = {
    "architectures": lambda config: {arm: {"learning_rate": NOT_SHARED} for arm in config.arms},
    "batch_size": lambda config: Choices(dict.fromkeys(config.arms, NOT_SHARED), sorted(config.ghost_sizes)[1]),
    "landscape": lambda config: config.loss_levels,
    "regularisation": lambda config: dict.fromkeys(MATCHED, config.matched_losses),
}
"""Instrument to what its plan takes from the runs besides the settings: best learning rates, losses that all runs pass."""


def make_plans() -> dict[str, Plan]:
    """Instrument, and what is particular, to its plan."""
    settings = {name: part_of(name, "study").SETTINGS() for name in TRAINING}
    settings["compare"] = dataclasses.replace(settings["compare"], norms=("batch", "layer", "none", "rms"))
    transformer = {"model": "transformer", "norms": ("none", "layer"), "depths": (2, 6), "warmup_steps": (0, 110)}
    settings["depth, Transformer"] = dataclasses.replace(settings["depth"], **transformer)
    return {name: _make_plan(name.partition(",")[0], config) for name, config in sorted(settings.items())}


def _make_plan(instrument: str, config: Any) -> Plan:
    found = [FOUND[instrument](config)] if instrument in FOUND else []
    return part_of(instrument, "claims").make_plan(config, *found)
