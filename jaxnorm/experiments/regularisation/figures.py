"""The figures of ``regularisation``, and its words: validation loss against training loss, and both over training."""

import dataclasses
from collections.abc import Sequence

from matplotlib.figure import Figure

from jaxnorm.experiments.regularisation.claims import CLAIMS, DECISIVE, EVALUATED, MEASURES
from jaxnorm.report.figures import add_arm_legend, curves
from jaxnorm.report.levels import at_equal_loss, levels_table
from jaxnorm.report.vocabulary import Drawing, Vocabulary
from jaxnorm.stats.metrics import Metric
from jaxnorm.stats.summary import ArmSummary, Summary, Sweep
from jaxnorm.stats.units import NATS


def network(summary: Summary) -> str:
    """``MLP 64-128-128-10, relu, batch size 32, statistics frozen after epoch 5``."""
    settings = summary.settings
    sizes = "-".join(str(size) for size in (summary.data["inputs"], *settings["hidden_sizes"], summary.num_classes))
    frozen = any(arm.factors["statistics"] == "frozen" for arm in summary.arms)
    when = f", frozen statistics from epoch {settings['freeze_epochs']} on" if frozen else ""
    return f"MLP {sizes}, {settings['activation']}, batch size {settings['batch_size']}{when}"


def add_legend(figure: Figure, summary: Summary, arms: Sequence[ArmSummary]) -> None:
    """One entry per norm and kind of statistics: the arms of one order."""
    add_arm_legend(figure, summary, [arm for arm in arms if arm.factors["order"] == arms[0].factors["order"]])


def dashing_frozen(drawing: Drawing) -> Drawing:
    """A drawing in which lines of frozen statistics are dashed: the last variant, which is solid, is that of live ones."""

    def is_live(of: ArmSummary | Sweep) -> bool:
        return of.factors["statistics"] != "frozen"

    def ordered(summary: Summary) -> Summary:
        return dataclasses.replace(summary, arms=sorted(summary.arms, key=is_live), sweeps=sorted(summary.sweeps, key=is_live))

    return dataclasses.replace(drawing, make=lambda summary, words: drawing.make(ordered(summary), words))


WORDS = Vocabulary(
    measures=MEASURES,
    metrics={EVALUATED: Metric("training loss in evaluation mode", NATS, "lower", spans=True)},
    claims={claim.id: claim for claim in CLAIMS},
    drawings={
        "trajectories": dashing_frozen(
            at_equal_loss(DECISIVE, across="order", legend=add_legend, title="Validation loss against training loss")
        ),
        "curves": dashing_frozen(
            curves(
                EVALUATED,
                "validation_loss",
                "validation_accuracy",
                across="order",
                legend=add_legend,
                title="Training, validation loss and accuracy after each epoch",
                caption="0 is before training.",
            )
        ),
    },
    network=network,
    more=levels_table("matched_losses"),
)
