"""Which norm suits which architecture, when each pair has its best learning rate, and when all share one?

Command:  python -m jaxnorm.experiments.architectures [PROTOCOL.toml] [--flag value ...]
Time:     minutes for the default (digits, 3 norms x 4 architectures x 6 learning rates x 24 seeds) on 2 cores; see experiments/README.md
Result:   tables and verdicts on the terminal; config, metrics, summary, figures and report in --out
"""

import sys

from jaxnorm.config import ArchitecturesConfig
from jaxnorm.experiments.checks import LARGEST_SEED, SMALLEST, check_distinct, check_positive
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.launch import launch

WIDTHS = 4
"""Units come in multiples of this: as many heads has the Transformer."""


def main(arguments: list[str] | None = None) -> int:
    """Run the instrument; returns the exit status: 0, 2 for a mistake in the settings, 130 when interrupted."""
    return launch("architectures", ArchitecturesConfig, arguments, check)


def check(config: ArchitecturesConfig) -> None:
    """Check what only this instrument has. Raises ``UsageError``."""
    check_positive(config, "tuning_seeds", "batch_size", "width")
    check_distinct(config, "models", "learning_rates")
    check_rates(config)
    if config.width % WIDTHS:
        raise UsageError(f"--width {config.width} is not possible; give a multiple of {WIDTHS}, the number of the Transformer's heads.")
    if config.tuning_seed_numbers[-1] > LARGEST_SEED:
        raise UsageError(f"--tuning-seeds {config.tuning_seeds} would go beyond the last seed, {LARGEST_SEED}; give fewer, or lower seeds.")


def check_rates(config: ArchitecturesConfig) -> None:
    """Check the grid, and that the shared rate is on it. Raises ``UsageError``."""
    for rate in config.learning_rates:
        if not SMALLEST <= rate < 1 / SMALLEST:
            raise UsageError(f"--learning-rates {rate:g} is not possible; give positive numbers.")
    if config.learning_rate not in config.learning_rates:
        grid = " ".join(f"{rate:g}" for rate in config.learning_rates)
        raise UsageError(f"--learning-rate {config.learning_rate:g} is not among --learning-rates {grid}; give one of these, or add it.")


if __name__ == "__main__":
    sys.exit(main())
