"""What an experiment is told: frozen dataclasses of plain Python values, with units. No jax here.

The field names are the keys of a TOML protocol and, with dashes, the flags of the command line.
"""

from jaxnorm.config.architectures import ArchitectureArm, ArchitecturesConfig, RateArm
from jaxnorm.config.arm import Arm, ControlArm, Factor
from jaxnorm.config.batch_size import BatchSizeArm, BatchSizeConfig, BatchSizeRateArm
from jaxnorm.config.compare import CompareArm, CompareConfig
from jaxnorm.config.covariate_shift import ActivationArm, CovariateShiftConfig
from jaxnorm.config.coverage import CoverageConfig
from jaxnorm.config.depth import DepthArm, DepthConfig
from jaxnorm.config.landscape import LandscapeConfig
from jaxnorm.config.layers import LayersConfig
from jaxnorm.config.regularisation import RegularisationArm, RegularisationConfig
from jaxnorm.config.sensitivity import SensitivityArm, SensitivityConfig
from jaxnorm.config.sequences import SequenceArm, SequencesConfig
from jaxnorm.config.throughput import ThroughputConfig
from jaxnorm.config.training import DecisionRule, Optimizer, Output, Study, Training
from jaxnorm.config.tuning import TunedStudy

__all__ = [
    "STUDIES",
    "ActivationArm",
    "ArchitectureArm",
    "ArchitecturesConfig",
    "Arm",
    "BatchSizeArm",
    "BatchSizeConfig",
    "BatchSizeRateArm",
    "CompareArm",
    "CompareConfig",
    "ControlArm",
    "CovariateShiftConfig",
    "CoverageConfig",
    "DecisionRule",
    "DepthArm",
    "DepthConfig",
    "Factor",
    "LandscapeConfig",
    "LayersConfig",
    "Optimizer",
    "Output",
    "RateArm",
    "RegularisationArm",
    "RegularisationConfig",
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
    "landscape": LandscapeConfig,
    "covariate_shift": CovariateShiftConfig,
    "regularisation": RegularisationConfig,
    "batch_size": BatchSizeConfig,
    "sensitivity": SensitivityConfig,
}
"""The instruments that train networks, and what each is told."""
