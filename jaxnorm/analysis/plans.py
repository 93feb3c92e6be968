"""The plans whose reports ``false_claims`` simulates: what each instrument asks at its default settings, and more where claims want it."""

import dataclasses

from jaxnorm.analysis import architectures, batch_size, compare, covariate_shift, depth, landscape, regularisation, sensitivity, sequences
from jaxnorm.analysis.batch_size_rates import Choices
from jaxnorm.analysis.plan import Plan
from jaxnorm.experiments.architectures.study import ArchitecturesConfig
from jaxnorm.experiments.batch_size.study import BatchSizeConfig
from jaxnorm.experiments.compare.study import CompareConfig
from jaxnorm.experiments.covariate_shift.study import CovariateShiftConfig
from jaxnorm.experiments.depth.study import DepthConfig
from jaxnorm.experiments.landscape.study import LandscapeConfig
from jaxnorm.experiments.regularisation.study import RegularisationConfig
from jaxnorm.experiments.sensitivity.study import SensitivityConfig
from jaxnorm.experiments.sequences.study import SequencesConfig

NORMS_OF_COMPARE = ("batch", "layer", "none", "rms")
"""All that the claims of compare speak of; by default it has three of them."""


def simulated_plans() -> dict[str, Plan]:
    """Instrument, and what is particular, to its plan; as if tuning had chosen a rate that no other arm has, and the second ghost size."""
    sizes, models = BatchSizeConfig(), ArchitecturesConfig()
    chosen = Choices(dict.fromkeys(sizes.arms, 0.0), sorted(sizes.ghost_sizes)[1])
    losses, matched = LandscapeConfig(), RegularisationConfig()
    transformer = DepthConfig(model="transformer", norms=("none", "layer"), depths=(2, 6), warmup_steps=(0, 110))
    return {
        "compare": compare.make_plan(dataclasses.replace(CompareConfig(), norms=NORMS_OF_COMPARE)),
        "batch_size": batch_size.make_plan(sizes, chosen),
        "architectures": architectures.make_plan(models, dict.fromkeys(models.arms, 0.0)),
        "depth": depth.make_plan(DepthConfig()),
        "depth, Transformer": depth.make_plan(transformer),
        "sequences": sequences.make_plan(SequencesConfig()),
        "sensitivity": sensitivity.make_plan(SensitivityConfig()),
        "regularisation": regularisation.make_plan(matched, matched.matched_losses),
        "covariate_shift": covariate_shift.make_plan(CovariateShiftConfig()),
        "landscape": landscape.make_plan(losses, losses.loss_levels),
    }
