"""How accuracy fares with padding and with the spread of lengths."""

import dataclasses
from typing import Literal, Self

from jaxnorm.config.norms import couples_examples
from jaxnorm.config.training import Study
from jaxnorm.experiments.checks import check_distinct, check_positive
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.stats.arm import Arm

Masking = Literal["masked", "unmasked"]

NO_MASKING = "uncoupled"
"""In place of a masking, for norms that treat every position by itself: masked or not, they are the same."""
ROUNDING = 1e-9


@dataclasses.dataclass(frozen=True, order=True)
class SequenceArm(Arm):
    """A norm, told of padding or not, in a model, on sequences of some spread of lengths and share of padding."""

    masking: str
    model: str
    length_spread: float
    padding_share: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class SequencesConfig(Study):
    """Train sequence classifiers on the same sequences with more and more padding, and with lengths that differ more and more."""

    dataset: str = "synthetic_sequences"
    """synthetic_sequences or synthetic_tokens (embedded), or images read as sequences: digits_rows, mnist_rows, digits_pixels, ..."""

    norms: tuple[str, ...] = ("layer", "batch", "rms", "none")
    """Normalization layers to compare, by name or as package.module:Class; the first is the baseline of every difference."""

    maskings: tuple[Masking, ...] = ("masked", "unmasked")
    """Whether norms that pool over the batch leave padding out of their statistics. Other norms have one arm for both."""

    models: tuple[Literal["transformer", "lstm", "gru"], ...] = ("transformer", "lstm")
    """The networks. They never attend to padding or read it: it can reach the answer through a norm's statistics only."""

    padding_shares: tuple[float, ...] = (0.0, 0.5, 0.75)
    """Shares of all positions that are padding. The content is the same at every share."""

    length_spreads: tuple[float, ...] = (0.0, 0.9)
    """Lengths run evenly from (1 - spread) to (1 + spread) times their mean. A spread has the arms whose padding share lets the longest
    sequence fit: from spread / (1 + spread) on."""

    mean_length: int = 8
    """Mean number of positions that count, of generated sequences."""

    statistics: Literal["per_step", "shared"] = "shared"
    """Whose running statistics a norm in an LSTM or GRU keeps: of every time step its own, or of all steps together."""

    width: int = 32
    """Features of each position in a Transformer; units of an LSTM or GRU."""

    batch_size: int = 32
    """Examples per update."""

    seeds: int = 16
    """Number of networks per arm. The same seed means the same initial weights and order of examples in every arm."""

    epochs: int = 6
    """Passes over the training set."""

    learning_rate: float = 3e-3
    """Step size, constant over training."""

    convergence_loss: float = 1.0
    """Training loss, in nats, at which a network counts as converged."""

    question: str = "What do padding and lengths that vary do to networks with different norms?"
    """The question the run answers: heading of the report."""

    @property
    def arms(self) -> tuple[SequenceArm, ...]:
        """Every norm, with every masking that matters to it, in every model on every kind of sequences."""
        return tuple(
            SequenceArm(norm, masking, model, *cell)
            for model in self.models
            for norm in self.norms
            for masking in self.maskings_of(norm)
            for cell in self.cells
        )

    @property
    def cells(self) -> tuple[tuple[float, float], ...]:
        """The spreads of lengths with the padding shares that go with each."""
        return tuple((spread, share) for spread in self.length_spreads for share in self.padding_shares if fits(spread, share))

    def maskings_of(self, norm: str) -> tuple[str, ...]:
        """In how many ways a norm can be told of padding."""
        return self.maskings if couples_examples(norm) else (NO_MASKING,)

    def shortened(self) -> Self:
        """The smoke run: few seeds and epochs, one model, and only the largest spread and padding share."""
        most = {"padding_shares": (max(self.padding_shares),), "length_spreads": (max(self.length_spreads),)}
        return dataclasses.replace(super().shortened(), models=self.few("models", 1), width=min(self.width, 16), **most)


def fits(length_spread: float, padding_share: float) -> bool:
    """Whether the longest sequence fits where so much is padding."""
    return padding_share + ROUNDING >= length_spread / (1 + length_spread)


def check(config: SequencesConfig) -> None:
    """Check what only this instrument has. Raises ``UsageError``."""
    check_positive(config, "mean_length", "width", "batch_size")
    check_distinct(config, "models", "maskings", "padding_shares", "length_spreads")
    for flag, values in (("--padding-shares", config.padding_shares), ("--length-spreads", config.length_spreads)):
        for value in values:
            if not 0 <= value < 1:
                raise UsageError(f"{flag} {value} is not possible; give fractions from 0 to below 1.")
    for spread in config.length_spreads:
        if spread not in dict(config.cells):
            least = spread / (1 + spread)
            raise UsageError(
                f"--length-spreads {spread:g} does not go with --padding-shares of at most {max(config.padding_shares):g}: for the longest "
                f"sequence to fit, at least {least:.3g} of all positions are padding; raise a share, or lower the spread."
            )


SETTINGS = SequencesConfig
