"""From the command line to a run: checks first, and heavy imports only after them, so that help and mistakes are answered at once."""

import importlib
import sys

from jaxnorm.config.norms import COUPLES
from jaxnorm.experiments.checks import check_norms, check_rule, check_values, is_own
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
            from jaxnorm.experiments import devices
            from jaxnorm.experiments.own_norms import announce_import, find_norm
            from jaxnorm.experiments.study import run

            train = importlib.import_module(f"jaxnorm.experiments.{name}.train")
        own = [norm for norm in config.norms if is_own(norm)]
        if own:
            devices.set_up()  # before anybody's code uses jax
            for norm in own:
                announce_import(norm)
                find_norm(norm)
            study.check(config)  # which sizes and arms a norm has is known only now that it is known whether it couples examples
        if config.quick:
            shortened = config.shortened()
            if not config.quiet:
                print(describe_cut(config, shortened))
            config = shortened
        return run(config, train.INSTRUMENT)

    return run_command(body)
