"""Which norm suits which architecture, when each pair has its best learning rate, and when all share one?

Command:  python -m jaxnorm.experiments.architectures [PROTOCOL.toml] [--flag value ...]
Time:     minutes for the default (digits, 3 norms x 4 architectures x 6 learning rates x 24 seeds) on 2 cores; see experiments/README.md
Result:   tables and verdicts on the terminal; config, metrics, summary, figures and report in --out
"""

import sys

from jaxnorm.config import ArchitecturesConfig
from jaxnorm.experiments.checks import check_distinct, check_positive, check_tuning
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.launch import launch

WIDTHS = 4
"""Units come in multiples of this: as many heads has the Transformer."""


def main(arguments: list[str] | None = None) -> int:
    """Run the instrument; returns the exit status: 0, 2 for a mistake in the settings, 130 when interrupted."""
    return launch("architectures", ArchitecturesConfig, arguments, check)


def check(config: ArchitecturesConfig) -> None:
    """Check what only this instrument has. Raises ``UsageError``."""
    check_positive(config, "batch_size", "width")
    check_distinct(config, "models")
    check_tuning(config)
    if config.width % WIDTHS:
        raise UsageError(f"--width {config.width} is not possible; give a multiple of {WIDTHS}, the number of the Transformer's heads.")


if __name__ == "__main__":
    sys.exit(main())
