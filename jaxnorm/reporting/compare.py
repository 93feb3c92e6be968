"""The figures of ``jaxnorm.experiments.compare``: the classic two curves, and sensitivity to the batch size."""

from matplotlib.figure import Figure

from jaxnorm.analysis.summary import Summary
from jaxnorm.reporting.figures import RESULTS, Drawing, add_arm_legend, add_caption, add_norm_legend
from jaxnorm.reporting.panels import change_title, plot_curves, plot_factor

SENSITIVITY_MEASURES = ("train_loss", "validation_accuracy", "validation_noise")


def make_curves(summary: Summary) -> Figure:
    """Training loss and validation accuracy against epochs."""
    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    for ax, metric in zip(figure.subplots(1, 2), ("train_loss", "validation_accuracy"), strict=True):
        plot_curves(ax, summary, metric)
    add_arm_legend(figure, summary, "norm and batch size")
    add_caption(figure, summary, "Lines: means (training loss: over each epoch's updates); bands: pointwise 95 % Student t intervals.")
    return figure


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
    "curves": Drawing("Training loss and validation accuracy after each epoch", make_curves),
    "results": RESULTS,
    "batch_size": Drawing("Final results against the batch size", make_batch_size),
}
"""File name to figure, in the order of the report."""
