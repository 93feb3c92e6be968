"""What a norm over the batch gains or loses by the statistics that it is evaluated with, and how much seeds differ: measures of
``evaluations``.
"""

from jaxnorm.stats.measures import Measure, deviation
from jaxnorm.stats.units import FRACTION, POINTS

EVALUATED_BY = {
    "biased": "running averages (biased variance)",
    "unbiased": "running averages (unbiased variance)",
    "population": "population statistics",
    "batch_statistics": "batch statistics",
}
"""What BatchNorm may evaluate by: from the roughest statistics to those of training."""

EVALUATION_MEASURES = {
    f"test_accuracy_{name}": Measure(
        f"test accuracy by {by}",
        f"test_accuracy_{name}",
        FRACTION,
        better="higher",
        margin="accuracy",
        definition=f"after the last epoch, with BatchNorm evaluating by {by}",
    )
    for name, by in EVALUATED_BY.items()
} | {
    "evaluation_gap": Measure(
        "test accuracy by batch statistics less that by running averages",
        "evaluation_gap",
        POINTS,
        margin="accuracy",
        definition="what evaluating by running averages costs",
    ),
    "population_gap": Measure(
        "test accuracy by batch statistics less that by population statistics",
        "population_gap",
        POINTS,
        margin="accuracy",
        definition="what evaluating by statistics of the training set costs",
    ),
    "test_accuracy_spread": Measure(
        "distance of the test accuracy from its median over seeds",
        "test_accuracy",
        POINTS,
        deviation,
        better="lower",
        definition="how much the result depends on the seed",
    ),
}
