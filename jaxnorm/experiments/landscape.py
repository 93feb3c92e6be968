"""Does BatchNorm smooth the loss landscape?

Command:  python -m jaxnorm.experiments.landscape [PROTOCOL.toml] [--flag value ...]
Time:     minutes for the default (digits, 4 norms x 16 seeds x 30 epochs) on 2 cores; see experiments/README.md
Result:   tables and verdicts on the terminal; config, metrics, summary, figures and report in --out
"""

import sys

from jaxnorm.config import LandscapeConfig
from jaxnorm.experiments.checks import LARGEST, SMALLEST, check_distinct, check_hidden, check_positive, flag
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.launch import launch


def main(arguments: list[str] | None = None) -> int:
    """Run the instrument; returns the exit status: 0, 2 for a mistake in the settings, 130 when interrupted."""
    return launch("landscape", LandscapeConfig, arguments, check)


def check(config: LandscapeConfig) -> None:
    """Check what only this instrument has. Raises ``UsageError``."""
    check_positive(config, "batch_size", "hidden_sizes", "probe_examples", "lanczos_iterations")
    check_hidden(config.hidden_sizes)
    for name in ("steps", "relative_steps", "loss_levels"):
        for value in getattr(config, name):
            if not SMALLEST <= value <= LARGEST:
                raise UsageError(f"{flag(name)} {value:g} is not possible; give positive numbers up to {LARGEST:g}.")
    check_distinct(config, "steps", "relative_steps", "loss_levels")
    for name in ("steps", "relative_steps"):
        if len(getattr(config, name)) < 2:
            raise UsageError(f"{flag(name)} {getattr(config, name)[0]:g} is one step, over which nothing varies; give at least 2.")
    if config.probe_examples == 1:
        raise UsageError("--probe-examples 1 is not possible; the batch on which norms take their statistics needs at least 2.")


if __name__ == "__main__":
    sys.exit(main())
