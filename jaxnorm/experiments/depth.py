"""What do norms and residual connections do to training and accuracy as a network grows deeper?

Command:  python -m jaxnorm.experiments.depth [PROTOCOL.toml] [--flag value ...]
Time:     minutes for the default (digits, 4 norms x 4 placements x 3 depths x 16 seeds) on 2 cores; see experiments/README.md
Result:   tables and verdicts on the terminal; config, metrics, summary, figures and report in --out
"""

import sys

from jaxnorm.config import DepthConfig
from jaxnorm.experiments.checks import check_distinct, check_positive
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.launch import launch


def main(arguments: list[str] | None = None) -> int:
    """Run the instrument; returns the exit status: 0, 2 for a mistake in the settings, 130 when interrupted."""
    return launch("depth", DepthConfig, arguments, check)


def check(config: DepthConfig) -> None:
    """Check what only this instrument has. Raises ``UsageError``."""
    check_positive(config, "depths", "width", "batch_size", "probe_examples")
    check_distinct(config, "depths", "placements", "warmup_steps")
    for steps in config.warmup_steps:
        if steps < 0:
            raise UsageError(f"--warmup-steps {steps} is not possible; give 0 or a positive number of updates.")
    if not config.possible_placements:
        raise UsageError("--placements plain does not go with --model transformer, which is always residual; give post, pre or sandwich.")


if __name__ == "__main__":
    sys.exit(main())
