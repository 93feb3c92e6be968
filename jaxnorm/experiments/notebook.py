"""Which numbers do the documents show? Those of the committed results, rendered anew by this command.

Command:  python -m jaxnorm.experiments.notebook      (in the root of the project)
Time:     a second
Result:   the blocks of README.md, experiments/README.md, docs/norms.md, docs/claims.md and docs/method.md hold what experiments/results/
          says; jaxnorm/analysis/coverage.json, which reports quote, is that of experiments/results/coverage
"""

import sys
from pathlib import Path

from jaxnorm.experiments.command_line import HELP, UsageError, run_command
from jaxnorm.experiments.help import usage
from jaxnorm.files import write_atomically

DOCUMENTS = (Path("README.md"), Path("experiments/README.md"), Path("docs/norms.md"), Path("docs/claims.md"), Path("docs/method.md"))
RESULTS = Path("experiments/results")
PACKAGED = {RESULTS / "coverage" / "summary.json": Path("jaxnorm/analysis/coverage.json")}
"""Results that travel with the package, and where."""


def main(arguments: list[str] | None = None) -> int:
    """Fill all documents; returns the exit status: 0, or 2 away from the project's root."""
    arguments = sys.argv[1:] if arguments is None else arguments
    return run_command(lambda: fill_documents(arguments))


def fill_documents(arguments: list[str]) -> int:
    """Render every block of every document, then write them and what is packaged."""
    if set(HELP) & set(arguments):
        print(usage(__file__))
        return 0
    if arguments:
        raise UsageError(f"{arguments[0]} is not understood; this command takes no flags and runs in the project's root.")
    from jaxnorm.reporting.notebook import fill

    try:
        filled = {document: fill(document, RESULTS).encode() for document in DOCUMENTS}
        filled |= {copy: original.read_bytes() for original, copy in PACKAGED.items()}
    except FileNotFoundError as error:
        raise UsageError(
            f"{error.filename} is absent; run this in the project's root, with the results that the documents show."
        ) from error
    for path, content in filled.items():
        write_atomically(path, content)
        print(f"filled {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
