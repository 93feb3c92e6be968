"""What is claimed of norms, and what have the results said so far?

Command:  python -m jaxnorm.experiments.claims [RESULTS]      (a run's folder or a folder of such; default: experiments/results)
Time:     a second
Result:   every claim by the document that makes it: its statement, its verdict in each run with how many comparisons are as claimed, and
          what was found of each; or the instruments that would decide it
"""

import sys
from pathlib import Path

from jaxnorm.experiments.command_line import HELP, UsageError, run_command
from jaxnorm.experiments.help import usage

RESULTS = Path("experiments/results")


def main(arguments: list[str] | None = None) -> int:
    """Print the ledger; returns the exit status: 0, or 2 for a folder that holds no run."""
    arguments = sys.argv[1:] if arguments is None else arguments
    return run_command(lambda: print_claims(arguments))


def print_claims(arguments: list[str]) -> int:
    """Read the results and print every claim; without the project's results, what would decide it."""
    if set(HELP) & set(arguments):
        print(usage(__file__))
        return 0
    if len(arguments) > 1 or any(argument.startswith("-") for argument in arguments):
        raise UsageError(f"{' '.join(arguments)} is not understood; give one folder of results, or nothing for {RESULTS}.")
    results = Path(arguments[0]) if arguments else RESULTS
    if arguments and not results.is_dir():
        raise UsageError(f"{results} is not a folder; name one that holds the folders of finished runs.")
    from jaxnorm.experiments.exact_claims import EXACT  # pandas and matplotlib take a moment, which a mistake must not wait for
    from jaxnorm.experiments.foreseen import foreseen_slots
    from jaxnorm.experiments.registry import TRAINING, words_of
    from jaxnorm.experiments.sources import SOURCES
    from jaxnorm.experiments.terminal import make_console
    from jaxnorm.report.ledger import make_ledger, print_ledger, read_runs

    words = {name: words_of(name) for name in TRAINING}
    try:
        runs = read_runs(results, words)
    except ValueError as error:
        raise UsageError(f"{error}; run its command again, or remove the folder.") from error
    if arguments and not runs:
        raise UsageError(f"{results} holds no finished run that trains networks; name the folder of one, or one that holds such folders.")
    if not runs:
        print(f"{results} is not here, so no run has judged a claim; name a folder of results to see its verdicts.")
    print_ledger(make_ledger(words, EXACT, runs, foreseen_slots()), SOURCES, make_console())
    return 0


if __name__ == "__main__":
    sys.exit(main())
