"""What an experiment is told: frozen dataclasses of plain Python values, with units. No jax here.

The field names are the keys of a TOML protocol and, with dashes, the flags of the command line. Each instrument has settings of its own
beside these, in ``jaxnorm.experiments.NAME.study``.
"""

from jaxnorm.config.arm import Arm, ControlArm, Factor
from jaxnorm.config.coverage import CoverageConfig
from jaxnorm.config.training import DecisionRule, Optimizer, Output, Study, Training
from jaxnorm.config.tuning import TunedStudy

__all__ = ["Arm", "ControlArm", "CoverageConfig", "DecisionRule", "Factor", "Optimizer", "Output", "Study", "Training", "TunedStudy"]
