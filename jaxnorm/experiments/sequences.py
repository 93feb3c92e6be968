"""What do padding and lengths that vary do to networks with different norms?

Command:  python -m jaxnorm.experiments.sequences [PROTOCOL.toml] [--flag value ...]
Time:     minutes for the default (generated sequences, 5 kinds of norms x 2 models x 5 kinds of padding x 16 seeds) on 2 cores
Result:   tables and verdicts on the terminal; config, metrics, summary, figures and report in --out
"""

import sys

from jaxnorm.config import SequencesConfig
from jaxnorm.experiments.checks import check_distinct, check_positive
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.launch import launch


def main(arguments: list[str] | None = None) -> int:
    """Run the instrument; returns the exit status: 0, 2 for a mistake in the settings, 130 when interrupted."""
    return launch("sequences", SequencesConfig, arguments, check)


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


if __name__ == "__main__":
    sys.exit(main())
