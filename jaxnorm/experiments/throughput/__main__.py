"""How many networks does a machine train per second, and how does that compare with the usual loops?

Command:  python -m jaxnorm.experiments.throughput [--flag value ...]
Time:     about three minutes on 2 cores, with PyTorch; serves accelerators too (--seeds 1 16 256 4096)
Result:   throughput.csv, summary.json, report.md, environment.json and a figure in --out; ratios are taken within each round
"""

import sys

from jaxnorm.experiments.checks import check_distinct, check_hidden, check_positive
from jaxnorm.experiments.command_line import parse, run_command
from jaxnorm.experiments.launch import interrupts_wait
from jaxnorm.experiments.limits import check_counts
from jaxnorm.experiments.throughput.study import ThroughputConfig

PROGRAM = "python -m jaxnorm.experiments.throughput"


def main(arguments: list[str] | None = None) -> int:
    """Run the instrument; returns the exit status: 0, 2 for a mistake in the settings, 130 when interrupted."""
    arguments = sys.argv[1:] if arguments is None else arguments
    return run_command(lambda: throughput(parse(ThroughputConfig, arguments, program=PROGRAM, description=ThroughputConfig.__doc__ or "")))


def throughput(config: ThroughputConfig) -> int:
    """Check the settings, then measure in rounds and report."""
    check_positive(config, "steps", "rounds", "seeds", "batch_sizes", "hidden_sizes", "other_seeds")
    check_counts(config)
    check_hidden(config.hidden_sizes)
    check_distinct(config, "seeds", "batch_sizes", "optimizers")
    if config.other_models:
        check_distinct(config, "other_models")
    with interrupts_wait():  # jax and matplotlib take seconds, which --help must not wait for
        from jaxnorm.experiments.throughput.contest import run_throughput

    return run_throughput(config)


if __name__ == "__main__":
    sys.exit(main())
