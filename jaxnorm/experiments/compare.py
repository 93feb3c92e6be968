"""Does the choice of norm change how an MLP trains, and does the batch size matter to it?

Command:  python -m jaxnorm.experiments.compare [PROTOCOL.toml] [--flag value ...]
Time:     seconds for the default (digits, 2 norms x 2 batch sizes x 32 seeds); minutes for MNIST; see experiments/README.md
Result:   tables and verdicts on the terminal; config, metrics, summary, figures and report in --out
"""

import dataclasses
import sys

from jaxnorm.config import CompareConfig
from jaxnorm.experiments.checks import check_rule, check_values
from jaxnorm.experiments.command_line import parse, run_command

PROGRAM = "python -m jaxnorm.experiments.compare"
QUICK_SEEDS, QUICK_EPOCHS = 4, 2


def main(arguments: list[str] | None = None) -> int:
    """Run the instrument; returns the exit status: 0, 2 for a mistake in the settings, 130 when interrupted."""
    arguments = sys.argv[1:] if arguments is None else arguments
    return run_command(lambda: compare(parse(CompareConfig, arguments, program=PROGRAM, description=CompareConfig.__doc__ or "")))


def compare(config: CompareConfig) -> int:
    """Check the settings, then train, compare and report."""
    check_values(config)
    check_rule(config)
    if config.quick:
        config = dataclasses.replace(config, seeds=min(config.seeds, QUICK_SEEDS), epochs=min(config.epochs, QUICK_EPOCHS), quick=False)
    from jaxnorm.experiments.study import run_compare  # imports jax, pandas and matplotlib: seconds, which --help must not wait for

    return run_compare(config)


if __name__ == "__main__":
    sys.exit(main())
