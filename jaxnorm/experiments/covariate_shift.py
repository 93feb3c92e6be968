"""Does BatchNorm reduce internal covariate shift, and keep nonlinearities out of saturation?

Command:  python -m jaxnorm.experiments.covariate_shift [PROTOCOL.toml] [--flag value ...]
Time:     about a minute for the default (digits, 3 norms x 3 nonlinearities x 16 seeds) on 2 cores; see experiments/README.md
Result:   tables and verdicts on the terminal; config, metrics, summary, figures and report in --out
"""

import sys

from jaxnorm.config import CovariateShiftConfig
from jaxnorm.experiments.checks import check_distinct, check_hidden, check_positive
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.launch import launch


def main(arguments: list[str] | None = None) -> int:
    """Run the instrument; returns the exit status: 0, 2 for a mistake in the settings, 130 when interrupted."""
    return launch("covariate_shift", CovariateShiftConfig, arguments, check)


def check(config: CovariateShiftConfig) -> None:
    """Check what only this instrument has. Raises ``UsageError``."""
    check_positive(config, "hidden_sizes", "batch_size", "observed_units", "probe_batches")
    check_distinct(config, "activations")
    check_hidden(config.hidden_sizes)
    if config.observed_units > config.hidden_sizes[-1]:
        raise UsageError(
            f"--observed-units {config.observed_units} are more than the last hidden layer has; give at most {config.hidden_sizes[-1]}."
        )
    if config.activation != CovariateShiftConfig().activation:
        raise UsageError(f"--activation {config.activation} has no effect here; name nonlinearities by --activations.")


if __name__ == "__main__":
    sys.exit(main())
