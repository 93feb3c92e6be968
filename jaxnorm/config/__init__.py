"""What an experiment is told: frozen dataclasses of plain Python values, with units. No jax here.

The field names are the keys of a TOML protocol and, with dashes, the flags of the command line.
"""

from jaxnorm.config.architectures import ArchitectureArm, ArchitecturesConfig, RateArm
from jaxnorm.config.arm import Arm, Factor
from jaxnorm.config.compare import CompareArm, CompareConfig
from jaxnorm.config.depth import DepthArm, DepthConfig
from jaxnorm.config.layers import LayersConfig
from jaxnorm.config.sensitivity import SensitivityArm, SensitivityConfig
from jaxnorm.config.sequences import SequenceArm, SequencesConfig
from jaxnorm.config.throughput import ThroughputConfig
from jaxnorm.config.training import DecisionRule, Optimizer, Output, Study, Training
from jaxnorm.config.tuning import TunedStudy

__all__ = [
    "STUDIES",
    "ArchitectureArm",
    "ArchitecturesConfig",
    "Arm",
    "CompareArm",
    "CompareConfig",
    "DecisionRule",
    "DepthArm",
    "DepthConfig",
    "Factor",
    "LayersConfig",
    "Optimizer",
    "Output",
    "RateArm",
    "SensitivityArm",
    "SensitivityConfig",
    "SequenceArm",
    "SequencesConfig",
    "Study",
    "ThroughputConfig",
    "Training",
    "TunedStudy",
]

STUDIES: dict[str, type[Study]] = {
    "compare": CompareConfig,
    "depth": DepthConfig,
    "sequences": SequencesConfig,
    "architectures": ArchitecturesConfig,
    "sensitivity": SensitivityConfig,
}
"""The instruments that train networks, and what each is told."""
