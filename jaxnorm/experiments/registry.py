"""The instruments by name. Nothing is imported before it is asked for."""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxnorm.report.vocabulary import Vocabulary

TRAINING = {
    "compare": "BatchNorm, LayerNorm and others in an MLP, at several batch sizes: the main job",
    "depth": "gradients and accuracy as networks grow deeper, with and without residual connections",
    "architectures": "which norm suits which architecture, each pair at its best learning rate and at a shared one",
    "sensitivity": "learning rates and initial scales at which networks learn, with each norm and at each depth",
    "sequences": "accuracy against padding and length spread, with norms that are told of padding and norms that are not",
    "landscape": "how smooth the loss is along the gradient, at equal epochs and at equal training loss",
    "covariate_shift": "whether inputs and gradients of layers shift less, and units saturate less, with a norm",
    "regularisation": "norms at equal training loss on few examples, with and without the noise of batches",
    "batch_size": "small batches, ghost batches and batches of one class, at a fixed, a scaled and the best learning rate",
}
"""The instruments that train networks, each a folder ``jaxnorm/experiments/NAME``, and what each is for."""
COMMANDS = TRAINING | {
    "throughput": "networks trained per second, against a plain Flax loop and PyTorch",
    "layers": "rounding errors and costs of single layers, beside flax.linen and PyTorch",
    "report": "a finished run drawn anew, or several side by side, without training",
    "claims": "every claim with its latest verdict, or the command that would decide it",
    "notebook": "fills the documents with the committed results",
}
"""All commands, and what each is for."""


def part_of(instrument: str, part: str) -> ModuleType:
    """A module of an instrument's folder: ``study``, ``train``, ``claims``, ``figures``, ``__main__``."""
    return importlib.import_module(f"jaxnorm.experiments.{instrument}.{part}")


def words_of(instrument: str) -> "Vocabulary":
    """What reports of an instrument must know to put its numbers into words and pictures."""
    return part_of(instrument, "figures").WORDS
