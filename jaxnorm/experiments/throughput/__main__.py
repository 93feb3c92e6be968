"""How many networks does a machine train per second, and how does that compare with the usual loops?

Command:  python -m jaxnorm.experiments.throughput [--flag value ...]
Time:     about three minutes on 2 cores, with PyTorch; serves accelerators too (--seeds 1 16 256 4096)
Result:   summary.json, report.md, environment.json and a figure in --out; ratios are taken within each round
"""

import sys

from jaxnorm.config.norms import COUPLES
from jaxnorm.experiments.checks import check_distinct, check_hidden, check_norms, check_positive
from jaxnorm.experiments.command_line import parse, run_command
from jaxnorm.experiments.jax_start import heavy_imports
from jaxnorm.experiments.limits import check_counts
from jaxnorm.experiments.throughput.study import ThroughputConfig

PROGRAM = "python -m jaxnorm.experiments.throughput"


def main(arguments: list[str] | None = None) -> int:
    """Run the instrument; returns the exit status: 0, 2 for a mistake in the settings, 130 when interrupted."""
    arguments = sys.argv[1:] if arguments is None else arguments
    return run_command(lambda: throughput(parse(ThroughputConfig, arguments, program=PROGRAM)))


def throughput(config: ThroughputConfig) -> int:
    """Check the settings, then measure in rounds and report."""
    check_positive(config, "steps", "rounds", "seeds", "batch_sizes", "hidden_sizes", "other_seeds")
    check_counts(config)
    check_hidden(config.hidden_sizes)
    check_distinct(config, "seeds", "batch_sizes", "optimizers")
    check_norms([config.norm], COUPLES, flag="--norm")
    check_hidden(config.hidden_sizes)
    if config.other_models:
        check_distinct(config, "other_models")
    with heavy_imports():
        from jaxnorm.experiments.own_norms import import_custom
        from jaxnorm.experiments.throughput.contest import run_throughput
    import_custom([config.norm])

    return run_throughput(config)


if __name__ == "__main__":
    sys.exit(main())
