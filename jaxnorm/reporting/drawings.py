"""Which figures belong to which instrument's report, so that a saved summary can be drawn anew."""

from jaxnorm.analysis.summary import Summary
from jaxnorm.reporting import architectures, batch_size, compare, covariate_shift, depth, landscape, regularisation, sensitivity, sequences
from jaxnorm.reporting.figures import Drawing

DRAWINGS: dict[str, dict[str, Drawing]] = {
    "compare": compare.DRAWINGS,
    "depth": depth.DRAWINGS,
    "sequences": sequences.DRAWINGS,
    "architectures": architectures.DRAWINGS,
    "landscape": landscape.DRAWINGS,
    "covariate_shift": covariate_shift.DRAWINGS,
    "regularisation": regularisation.DRAWINGS,
    "batch_size": batch_size.DRAWINGS,
    "sensitivity": sensitivity.DRAWINGS,
}
"""Instrument to its figures, by file name, in the order of the report."""


def drawings_of(summary: Summary) -> dict[str, Drawing]:
    """The figures of a report, by file name, in its order."""
    return {name: drawing for name, drawing in DRAWINGS[summary.instrument].items() if drawing.applies(summary)}
