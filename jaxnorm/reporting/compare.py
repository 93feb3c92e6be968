"""The figures of ``jaxnorm.experiments.compare``: the classic two curves, and sensitivity to the batch size."""

from matplotlib.figure import Figure

from jaxnorm.analysis.summary import Summary
from jaxnorm.reporting.factors import change_title, plot_factor
from jaxnorm.reporting.figures import CURVES, RESULTS, Drawing, add_caption, add_norm_legend

SENSITIVITY_MEASURES = ("train_loss", "validation_accuracy", "validation_noise")


def make_batch_size(summary: Summary) -> Figure:
    """Final results against the batch size."""
    measures = [name for name in SENSITIVITY_MEASURES if name in summary.arms[0].measures]
    figure = Figure(figsize=(3.7 * len(measures), 3.6), layout="constrained")
    axes = figure.subplots(1, len(measures), squeeze=False)[0]
    for ax, measure in zip(axes, measures, strict=True):
        plot_factor(ax, summary, measure, "batch_size").set_title(change_title(summary, measure))
    add_norm_legend(figure, summary)
    add_caption(
        figure, summary, "Means with 95 % Student t intervals; norms are set apart sideways so that intervals do not hide each other."
    )
    return figure


DRAWINGS = {
    "curves": CURVES,
    "results": RESULTS,
    "batch_size": Drawing("Final results against the batch size", make_batch_size),
}
"""File name to figure, in the order of the report."""
