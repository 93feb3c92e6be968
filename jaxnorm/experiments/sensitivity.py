"""How large may the learning rate be, and how far off the initial weights, with each norm and at each depth?

Command:  python -m jaxnorm.experiments.sensitivity [PROTOCOL.toml] [--flag value ...]
Time:     minutes for the default (digits, 3 norms x 3 depths x 13 learning rates x 5 initial scales x 16 seeds: more than 10,000
          networks) on 2 cores; see experiments/README.md
Result:   tables and verdicts on the terminal; config, metrics, summary, figures and report in --out
"""

import math
import sys

from jaxnorm.config import SensitivityConfig
from jaxnorm.experiments.checks import check_distinct, check_grid, check_positive, check_tuning, flag
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.launch import launch


def main(arguments: list[str] | None = None) -> int:
    """Run the instrument; returns the exit status: 0, 2 for a mistake in the settings, 130 when interrupted."""
    return launch("sensitivity", SensitivityConfig, arguments, check)


def check(config: SensitivityConfig) -> None:
    """Check what only this instrument has. Raises ``UsageError``."""
    check_positive(config, "depths", "batch_size", "width")
    check_distinct(config, "depths")
    check_tuning(config)
    check_grid(config, "init_scales", "init_scale")
    for name in ("learning_rates", "init_scales"):
        values = getattr(config, name)
        if len(values) < 2:
            raise UsageError(f"{flag(name)} {values[0]:g} is one value, and sensitivity shows between several; give at least two.")
    if not (math.isfinite(config.loss_tolerance) and config.loss_tolerance >= 0):
        raise UsageError(f"--loss-tolerance {config.loss_tolerance:g} is not possible; give 0 or a positive number of nats.")


if __name__ == "__main__":
    sys.exit(main())
