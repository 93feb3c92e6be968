"""What an experiment is told: frozen dataclasses of plain Python values, with units. No jax here.

The field names are the keys of a TOML protocol and, with dashes, the flags of the command line.
"""

from jaxnorm.config.architectures import ArchitectureArm, ArchitecturesConfig, RateArm
from jaxnorm.config.arm import Arm, Factor
from jaxnorm.config.batch_size import BatchSizeArm, BatchSizeConfig, BatchSizeRateArm
from jaxnorm.config.compare import CompareArm, CompareConfig
from jaxnorm.config.depth import DepthArm, DepthConfig
from jaxnorm.config.layers import LayersConfig
from jaxnorm.config.sequences import SequenceArm, SequencesConfig
from jaxnorm.config.throughput import ThroughputConfig
from jaxnorm.config.training import DecisionRule, Optimizer, Output, Study, Training

__all__ = [
    "STUDIES",
    "ArchitectureArm",
    "ArchitecturesConfig",
    "Arm",
    "BatchSizeArm",
    "BatchSizeConfig",
    "BatchSizeRateArm",
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
    "SequenceArm",
    "SequencesConfig",
    "Study",
    "ThroughputConfig",
    "Training",
]

STUDIES: dict[str, type[Study]] = {
    "compare": CompareConfig,
    "depth": DepthConfig,
    "sequences": SequencesConfig,
    "architectures": ArchitecturesConfig,
    "batch_size": BatchSizeConfig,
}
"""The instruments that train networks, and what each is told."""
