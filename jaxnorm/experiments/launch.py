"""From the command line to a run: checks first, and heavy imports only after them, so that help and mistakes are answered at once."""

import importlib
import sys

from jaxnorm.config.norms import COUPLES
from jaxnorm.experiments.checks import check_norms, check_rule, check_values
from jaxnorm.experiments.command_line import parse, run_command
from jaxnorm.experiments.jax_start import heavy_imports
from jaxnorm.experiments.quick import describe_cut


def launch(name: str, arguments: list[str] | None = None) -> int:
    """Run the instrument ``name``, whose folder is ``jaxnorm/experiments/NAME``; ``arguments`` default to the command line's.

    Returns the exit status: 0, 2 for a mistake in the settings, 130 when interrupted.
    """
    arguments = sys.argv[1:] if arguments is None else arguments

    def body() -> int:
        study = importlib.import_module(f"jaxnorm.experiments.{name}.study")
        config = parse(study.SETTINGS, arguments, program=f"python -m jaxnorm.experiments.{name}")
        check_values(config)
        check_rule(config)
        check_norms(config.norms, COUPLES)
        study.check(config)
        with heavy_imports():
            from jaxnorm.experiments.own_norms import import_custom
            from jaxnorm.experiments.study import run

            train = importlib.import_module(f"jaxnorm.experiments.{name}.train")
        if import_custom(config.norms):
            study.check(config)  # now it is known which of these couple examples, and so which arms they have
        if config.quick:
            shortened = config.shortened()
            if not config.quiet:
                print(describe_cut(config, shortened))
            config = shortened
        return run(config, train.INSTRUMENT)

    return run_command(body)
