"""What is claimed of norms, and what have the results said so far?

Command:  python -m jaxnorm.experiments.claims [RESULTS]      (default: experiments/results, where it is there)
Time:     a second
Result:   the whole ledger on the terminal: for every claim its measure, what is expected of it, the margin, and its verdicts or the command
          that would decide it
"""

import sys
from pathlib import Path

from jaxnorm.experiments.command_line import HELP, UsageError, run_command
from jaxnorm.experiments.help import usage

RESULTS = Path("experiments/results")


def main(arguments: list[str] | None = None) -> int:
    """Print the ledger; returns the exit status: 0, or 2 for a folder that is not there."""
    arguments = sys.argv[1:] if arguments is None else arguments
    return run_command(lambda: print_claims(arguments))


def print_claims(arguments: list[str]) -> int:
    """Read the results and print every claim; without the project's results, of no verdict but what would decide it."""
    if set(HELP) & set(arguments):
        print(usage(__file__))
        return 0
    if len(arguments) > 1 or any(argument.startswith("-") for argument in arguments):
        raise UsageError(f"{' '.join(arguments)} is not understood; give one folder of results, or nothing for {RESULTS}.")
    results = Path(arguments[0]) if arguments else RESULTS
    if arguments and not results.is_dir():
        raise UsageError(f"{results} is not a folder; name one that holds the folders of finished runs.")
    from jaxnorm.experiments.terminal import make_console  # rich takes a moment, which a mistake must not wait for
    from jaxnorm.reporting.claims import find_verdicts, verdicts_overview
    from jaxnorm.reporting.console import print_entries

    try:
        verdicts = find_verdicts(results)
    except ValueError as error:
        raise UsageError(f"{error}; run its command again, or remove the folder.") from error
    print_entries(verdicts_overview(verdicts), make_console())
    if not results.is_dir():
        print(f"No verdicts: there is no folder {results} here; name one that holds the folders of finished runs.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
