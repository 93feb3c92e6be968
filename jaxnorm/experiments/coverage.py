"""How often do the intervals of reports cover, do reports claim a difference where there is none, and what can a number of seeds show?

Command:  python -m jaxnorm.experiments.coverage [--flag value ...]
Time:     ten minutes on 2 quiet cores
Result:   summary.json, report.md, environment.json and a figure in --out. The numbers that reports and docs/method.md quote are those in
          experiments/results/coverage; python -m jaxnorm.experiments.notebook takes them over
"""

import sys

from jaxnorm.config import CoverageConfig
from jaxnorm.config.coverage import FEWEST
from jaxnorm.experiments.checks import check_distinct, check_positive, flag
from jaxnorm.experiments.command_line import UsageError, parse, run_command
from jaxnorm.experiments.launch import interrupts_wait
from jaxnorm.experiments.limits import check_counts, require_memory

ARRAYS, FLOAT_BYTES = 10, 8
"""Arrays of all samples at all seeds that a simulation holds at once, about."""
PROGRAM = "python -m jaxnorm.experiments.coverage"


def main(arguments: list[str] | None = None) -> int:
    """Run the instrument; returns the exit status: 0, 2 for a mistake in the settings, 130 when interrupted."""
    arguments = sys.argv[1:] if arguments is None else arguments
    return run_command(lambda: coverage(parse(CoverageConfig, arguments, program=PROGRAM, description=CoverageConfig.__doc__ or "")))


def coverage(config: CoverageConfig) -> int:
    """Check the settings, then simulate and report."""
    check_positive(config, "samples", "reports")
    check_distinct(config, "seeds")
    for name, number in [*(("seeds", number) for number in config.seeds), ("report_seeds", config.report_seeds)]:
        if number < FEWEST:
            raise UsageError(f"{flag(name)} {number} is not possible; give a whole number of at least {FEWEST}.")
    if config.rng_seed < 0:
        raise UsageError(f"--rng-seed {config.rng_seed} is not possible; give 0 or a positive number.")
    check_counts(config)
    largest = max(config.seeds)
    needed = ARRAYS * FLOAT_BYTES * config.samples * largest
    require_memory(needed, "a simulation", f"--samples {config.samples} --seeds {largest}", "give fewer")
    with interrupts_wait():  # jax and matplotlib take seconds, which --help must not wait for
        from jaxnorm.experiments.simulations import run_coverage

    return run_coverage(config)


if __name__ == "__main__":
    sys.exit(main())
