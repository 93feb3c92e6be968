"""The figures of ``compare``, and its words: the classic two curves, and sensitivity to the batch size."""

from jaxnorm.experiments.compare.claims import CLAIMS
from jaxnorm.experiments.measures import MEASURES
from jaxnorm.report.figures import curves, lines, results
from jaxnorm.report.vocabulary import Vocabulary
from jaxnorm.stats.summary import Summary

MODEL_TITLES = {"cnn": "residual CNN", "lstm": "LSTM", "gru": "GRU", "transformer": "Transformer encoder"}


def network(summary: Summary) -> str:
    """``MLP 784-256-10``; the name of another model."""
    settings = summary.settings
    if settings["model"] != "mlp":
        return MODEL_TITLES[settings["model"]]
    inputs = summary.data["inputs"]
    sizes = "-".join(str(size) for size in (inputs, *settings["hidden_sizes"], summary.num_classes))
    return f"MLP {sizes}{', norm on the logits too' if settings['norm_on_logits'] else ''}, {settings['activation']}"


WORDS = Vocabulary(
    measures=MEASURES,
    claims={claim.id: claim for claim in CLAIMS},
    drawings={
        "curves": curves("train_loss", "validation_accuracy"),
        "results": results("train_loss_area", "test_accuracy"),
        "batch_size": lines(
            "train_loss", "validation_accuracy", "validation_noise", over="batch_size", title="Final results against the batch size"
        ),
    },
    network=network,
)
