"""Does BatchNorm regularise: is its validation loss lower at equal training loss, and does that come from its batches?

Command:  python -m jaxnorm.experiments.regularisation [PROTOCOL.toml] [--flag value ...]
Time:     about a minute for the default (512 digits, 4 kinds of norms x 2 orders x 32 seeds) on 2 cores; see experiments/README.md
Result:   tables and verdicts on the terminal; config, metrics, summary, figures and report in --out
"""

import math
import sys

from jaxnorm.config import RegularisationConfig
from jaxnorm.experiments.checks import check_at_most, check_distinct, check_hidden, check_positive
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.launch import launch


def main(arguments: list[str] | None = None) -> int:
    """Run the instrument; returns the exit status: 0, 2 for a mistake in the settings, 130 when interrupted."""
    return launch("regularisation", RegularisationConfig, arguments, check)


def check(config: RegularisationConfig) -> None:
    """Check what only this instrument has. Raises ``UsageError``."""
    check_positive(config, "hidden_sizes", "batch_size", "freeze_epochs")
    check_distinct(config, "orders", "statistics", "matched_losses")
    if config.train_examples is not None:
        check_positive(config, "train_examples")
        check_at_most(config, "batch_size", "train_examples")
    check_hidden(config.hidden_sizes)
    for level in config.matched_losses:
        if not (math.isfinite(level) and level > 0):
            raise UsageError(f"--matched-losses {level} is not possible; give positive numbers of nats.")
    if "frozen" in {arm.statistics for arm in config.arms} and config.freeze_epochs >= config.epochs:
        raise UsageError(
            f"--freeze-epochs {config.freeze_epochs} leaves nothing to train with frozen statistics in --epochs {config.epochs}; "
            "give fewer, or --statistics live."
        )


if __name__ == "__main__":
    sys.exit(main())
