"""Which numbers do the documents show? Those of the committed results, rendered anew by this command.

Command:  python -m jaxnorm.experiments.notebook      (in the root of the project)
Time:     a second
Result:   the blocks of README.md, experiments/README.md, docs/norms.md, docs/claims.md and docs/method.md hold what
          experiments/results/ says
"""

import sys
from pathlib import Path

from jaxnorm.experiments.command_line import HELP, UsageError, run_command
from jaxnorm.experiments.help import usage
from jaxnorm.files import write_atomically

DOCUMENTS = (Path("README.md"), Path("experiments/README.md"), Path("docs/norms.md"), Path("docs/claims.md"), Path("docs/method.md"))
RESULTS = Path("experiments/results")


def main(arguments: list[str] | None = None) -> int:
    """Fill all documents; returns the exit status: 0, or 2 away from the project's root."""
    arguments = sys.argv[1:] if arguments is None else arguments
    return run_command(lambda: fill_documents(arguments))


def fill_documents(arguments: list[str]) -> int:
    """Render every block of every document, then write them."""
    if set(HELP) & set(arguments):
        print(usage(__file__))
        return 0
    if arguments:
        raise UsageError(f"{arguments[0]} is not understood; this command takes no flags and runs in the project's root.")
    from jaxnorm.experiments.documents import fill  # pandas and matplotlib take a moment

    try:
        filled = {document: fill(document, RESULTS).encode() for document in DOCUMENTS}
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
