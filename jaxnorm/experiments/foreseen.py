"""Plans of runs before they are trained, as if tuning had chosen rates that no other arm has, and all runs passed all losses."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from jaxnorm.experiments.registry import TRAINING, part_of
from jaxnorm.stats.claims import Slot
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


def foreseen_plans() -> dict[str, Plan]:
    """Instrument, and what is particular, to its plan at default settings, or at larger ones where its claims speak of more."""
    settings = {name: part_of(name, "study").SETTINGS() for name in TRAINING}
    settings["compare"] = dataclasses.replace(settings["compare"], norms=("batch", "layer", "none", "rms"))
    transformer = {"model": "transformer", "norms": ("none", "layer"), "depths": (2, 6), "warmup_steps": (0, 110)}
    settings["depth, Transformer"] = dataclasses.replace(settings["depth"], **transformer)
    return {name: foresee(name.partition(",")[0], config) for name, config in sorted(settings.items())}


def foreseen_slots() -> dict[tuple[str, str], Mapping[str, Slot]]:
    """Instrument and claim to what fills its statement by these plans; instruments may word a claim differently."""
    return {(name.partition(",")[0], claim.id): claim.slots for name, plan in foreseen_plans().items() for claim in plan.claims}
