"""What an experiment is told: frozen dataclasses of plain Python values, with units. No jax here.

The field names are the keys of a TOML protocol and, with dashes, the flags of the command line. Each instrument has settings of its own
beside these, in ``jaxnorm.experiments.NAME.study``.
"""

from jaxnorm.config.training import Optimizer, Output, Study, Training
from jaxnorm.config.tuning import TunedStudy

__all__ = ["Optimizer", "Output", "Study", "Training", "TunedStudy"]
