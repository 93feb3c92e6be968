"""The figures of ``landscape``, and its words: the loss around networks against the loss they have come to, and over training."""

from jaxnorm.experiments.landscape.claims import CLAIMS, MATCHED, MEASURES, METRICS, QUANTITIES
from jaxnorm.report.figures import curves
from jaxnorm.report.levels import at_equal_loss, levels_table
from jaxnorm.report.vocabulary import Vocabulary
from jaxnorm.stats.metrics import Metric
from jaxnorm.stats.summary import Summary
from jaxnorm.stats.units import DECADES

ROWS = "Upper row: of the parameters as they are; lower row: relative to the weights' norms."


def network(summary: Summary) -> str:
    """``MLP 64-64-64-64-10, relu, batch size 64``."""
    settings = summary.settings
    sizes = "-".join(str(size) for size in (summary.data["inputs"], *settings["hidden_sizes"], summary.num_classes))
    return f"MLP {sizes}, {settings['activation']}, batch size {settings['batch_size']}"


WORDS = Vocabulary(
    measures=MEASURES,
    metrics={name: Metric(title, DECADES, "lower") for name, title in METRICS.items()},
    claims={claim.id: claim for claim in CLAIMS},
    drawings={
        "against_loss": at_equal_loss(
            *MATCHED, columns=len(QUANTITIES), title="The loss around networks at equal training loss", caption=ROWS
        ),
        "over_epochs": curves(
            *METRICS, columns=len(QUANTITIES), title="The loss around networks, before training and after each epoch", caption=ROWS
        ),
        "curves": curves("train_loss", "validation_accuracy"),
    },
    network=network,
    more=levels_table("loss_levels"),
)
