"""The console script: ``jaxnorm INSTRUMENT [flags]`` runs ``python -m jaxnorm.experiments.INSTRUMENT [flags]``."""

import difflib
import importlib
import importlib.util
import sys

from jaxnorm.experiments.command_line import UsageError, run_command
from jaxnorm.experiments.registry import COMMANDS


def main(arguments: list[str] | None = None) -> int:
    """Run the named instrument; returns its exit status, 2 for a name that is none."""
    arguments = sys.argv[1:] if arguments is None else arguments
    return run_command(lambda: dispatch(arguments))


def dispatch(arguments: list[str]) -> int:
    """List the instruments, or run one."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: jaxnorm INSTRUMENT [flags]      (jaxnorm INSTRUMENT --help explains the flags)\n")
        print("\n".join(f"  {name:17s}{purpose}" for name, purpose in COMMANDS.items()))
        return 0
    name, *rest = arguments
    if name not in COMMANDS:
        nearest = difflib.get_close_matches(name, COMMANDS, n=1, cutoff=0)[0]
        raise UsageError(f"{name!r} is no instrument; did you mean {nearest!r}? There are: {', '.join(COMMANDS)}.")
    module = f"jaxnorm.experiments.{name}"
    spec = importlib.util.find_spec(module)
    is_folder = spec is not None and spec.submodule_search_locations is not None
    return importlib.import_module(f"{module}.__main__" if is_folder else module).main(rest)


if __name__ == "__main__":
    sys.exit(main())
