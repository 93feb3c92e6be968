"""The plan of a run before it is trained, as if tuning had chosen rates that no other arm has, and all runs passed all losses."""

from collections.abc import Callable
from typing import Any

from jaxnorm.experiments.registry import part_of
from jaxnorm.stats.plan import Plan

NOT_SHARED = 0.0
"""A best learning rate that is no arm's shared one, so that all comparisons are made."""


def _ghost_choices(config: Any) -> Any:
    from jaxnorm.experiments.batch_size.rates import Choices

    return Choices(dict.fromkeys(config.arms, NOT_SHARED), sorted(config.ghost_sizes)[len(config.ghost_sizes) // 2])


def _matched(config: Any) -> Any:
    from jaxnorm.experiments.regularisation.claims import MATCHED

    return dict.fromkeys(MATCHED, config.matched_losses)


FOUND: dict[str, Callable[[Any], Any]] = {
    "architectures": lambda config: {arm: {"learning_rate": NOT_SHARED} for arm in config.arms},
    "batch_size": _ghost_choices,
    "landscape": lambda config: config.loss_levels,
    "regularisation": _matched,
}
"""Instrument to what its plan takes from the runs besides the settings: best learning rates, losses that all runs pass."""


def foresee(instrument: str, config: Any) -> Plan:
    """The plan of an instrument with these settings."""
    found = [FOUND[instrument](config)] if instrument in FOUND else []
    return part_of(instrument, "claims").make_plan(config, *found)
