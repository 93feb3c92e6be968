"""How exact are the layers at large offsets and in short number formats, and what do they cost, beside flax.linen and PyTorch?

Command:  python -m jaxnorm.experiments.layers [--flag value ...]
Time:     a minute on 2 cores
Result:   summary.json, environment.json and report.md in --out
"""

import sys

from jaxnorm.experiments.checks import check_positive
from jaxnorm.experiments.command_line import parse, run_command
from jaxnorm.experiments.jax_start import heavy_imports
from jaxnorm.experiments.layers.study import LayersConfig
from jaxnorm.experiments.limits import check_counts

PROGRAM = "python -m jaxnorm.experiments.layers"


def main(arguments: list[str] | None = None) -> int:
    """Run the instrument; returns the exit status: 0, 2 for a mistake in the settings, 130 when interrupted."""
    arguments = sys.argv[1:] if arguments is None else arguments
    return run_command(lambda: layers(parse(LayersConfig, arguments, program=PROGRAM)))


def layers(config: LayersConfig) -> int:
    """Check the settings, then measure and report."""
    check_positive(config, "rounds")
    check_counts(config)
    with heavy_imports():
        from jaxnorm.experiments.layers.trials import run_layers

    return run_layers(config)


if __name__ == "__main__":
    sys.exit(main())
