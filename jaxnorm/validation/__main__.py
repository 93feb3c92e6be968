"""How often do reports say anything false, and how much do they find? Simulated, since there what is true is known.

Command:  python -m jaxnorm.validation [--reports N] [--out DIR]
Time:     three minutes
Result:   summary.json and environment.json in --out, and the table; docs/method.md shows that of experiments/results/validation
"""

import dataclasses
import sys
from pathlib import Path

from jaxnorm.experiments.checks import check_positive
from jaxnorm.experiments.command_line import parse, run_command, to_dict
from jaxnorm.experiments.limits import check_counts


@dataclasses.dataclass(frozen=True, kw_only=True)
class ValidationConfig:
    """Simulate reports of every instrument, and count those that say anything false."""

    reports: int = 5_000
    """Simulated reports of each plan, distribution and number of seeds."""

    out: Path = Path("runs/validation")
    """Folder for the results; an earlier simulation there is replaced."""


def main(arguments: list[str] | None = None) -> int:
    """Run the simulation; returns the exit status: 0, 2 for a mistake in the settings, 130 when interrupted."""
    arguments = sys.argv[1:] if arguments is None else arguments
    return run_command(lambda: validate(parse(ValidationConfig, arguments, program="python -m jaxnorm.validation")))


def validate(config: ValidationConfig) -> int:
    """Check the settings, then simulate and report."""
    check_positive(config, "reports")
    check_counts(config)
    from jaxnorm.experiments import devices  # imports jax: seconds, which --help must not wait for
    from jaxnorm.experiments.folder import claim_folder, write_json
    from jaxnorm.experiments.foreseen import foreseen_plans
    from jaxnorm.experiments.terminal import make_console
    from jaxnorm.files import write_atomically
    from jaxnorm.report.console import print_table
    from jaxnorm.validation.simulation import DISTRIBUTIONS, SEEDS, ValidationSummary, simulate
    from jaxnorm.validation.tables import validation_table

    claim_folder(config.out, {"instrument": "validation"} | to_dict(config), fixed={"instrument"})
    settings = [(*plan, distribution, seeds) for plan in foreseen_plans().items() for distribution in DISTRIBUTIONS for seeds in SEEDS]
    summary = ValidationSummary(config.reports, [simulate(*setting, config.reports) for setting in settings])
    write_atomically(config.out / "summary.json", summary.to_json())
    write_json(config.out / "environment.json", devices.environment())
    console = make_console()
    print_table(validation_table(summary), console)
    console.print(f"written to {config.out}: summary.json, environment.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
