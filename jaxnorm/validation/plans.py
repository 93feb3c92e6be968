"""The plans whose reports are simulated: each instrument's at its default settings, or at larger ones where its claims speak of more."""

import dataclasses

from jaxnorm.experiments.foreseen import foresee
from jaxnorm.experiments.registry import TRAINING, part_of
from jaxnorm.stats.plan import Plan


def make_plans() -> dict[str, Plan]:
    """Instrument, and what is particular, to its plan."""
    settings = {name: part_of(name, "study").SETTINGS() for name in TRAINING}
    settings["compare"] = dataclasses.replace(settings["compare"], norms=("batch", "layer", "none", "rms"))
    transformer = {"model": "transformer", "norms": ("none", "layer"), "depths": (2, 6), "warmup_steps": (0, 110)}
    settings["depth, Transformer"] = dataclasses.replace(settings["depth"], **transformer)
    return {name: foresee(name.partition(",")[0], config) for name, config in sorted(settings.items())}
