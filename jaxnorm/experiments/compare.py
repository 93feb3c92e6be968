"""Does the choice of norm change how a network trains, and does the batch size matter to it?

Command:  python -m jaxnorm.experiments.compare [PROTOCOL.toml] [--flag value ...]
Time:     seconds for the default (digits, 2 norms x 2 batch sizes x 32 seeds); minutes for MNIST; see experiments/README.md
Result:   tables and verdicts on the terminal; config, metrics, summary, figures and report in --out
"""

import sys

from jaxnorm.config import CompareConfig
from jaxnorm.experiments.checks import LARGEST_SEED, check_distinct, check_positive, check_sizes
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.launch import launch


def main(arguments: list[str] | None = None) -> int:
    """Run the instrument; returns the exit status: 0, 2 for a mistake in the settings, 130 when interrupted."""
    return launch("compare", CompareConfig, arguments, check)


def check(config: CompareConfig) -> None:
    """Check what only this instrument has. Raises ``UsageError``."""
    check_positive(config, "batch_sizes")
    check_distinct(config, "batch_sizes")
    check_sizes(config)
    if config.control and config.control_seed_numbers[-1] > LARGEST_SEED:
        last = config.control_seed_numbers[-1]
        raise UsageError(f"--control would go up to seed {last}, and the last is {LARGEST_SEED}; give lower seeds, or --no-control.")


if __name__ == "__main__":
    sys.exit(main())
