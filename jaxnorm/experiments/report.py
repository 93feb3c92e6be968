"""What did finished runs find? Their reports redrawn, or several side by side, from the files that they left.

Command:  python -m jaxnorm.experiments.report DIR [DIR ...]
Time:     seconds; nothing is trained, and jax is not imported
Result:   one folder: its figures, report.md and report.html are drawn anew; several: their verdicts and results on the terminal
"""

import sys
from pathlib import Path
from typing import Any

from jaxnorm.experiments.command_line import UsageError, run_command


def main(arguments: list[str] | None = None) -> int:
    """Redraw or compare; returns the exit status: 0, or 2 for what is not the folder of a finished run."""
    arguments = sys.argv[1:] if arguments is None else arguments
    return run_command(lambda: report(arguments))


def report(arguments: list[str]) -> int:
    """Redraw the report of one folder, or show several side by side."""
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return 0
    if not arguments or any(argument.startswith("-") for argument in arguments):
        given = f"{' '.join(arguments)} is not understood" if arguments else "no folder is named"
        raise UsageError(f"{given}; give the folders of one or more finished runs.")
    folders = [Path(argument) for argument in arguments]
    return _redraw(folders[0]) if len(folders) == 1 else _side_by_side(folders)


def _redraw(folder: Path) -> int:
    from jaxnorm.experiments.records import read_environment, read_settings
    from jaxnorm.experiments.reproduce import reproducing_command
    from jaxnorm.reporting.draw import draw_report

    summary, environment = _summary(folder), read_environment(folder)
    draw_report(summary, folder, reproducing_command(read_settings(folder)), environment)
    print(f"redrawn in {folder}: figures/, report.html, report.md")
    return 0


def _side_by_side(folders: list[Path]) -> int:
    from jaxnorm.experiments.terminal import make_console
    from jaxnorm.reporting.console import print_runs

    distinct = len({folder.name for folder in folders}) == len(folders)
    print_runs({folder.name if distinct else str(folder): _summary(folder) for folder in folders}, make_console())
    return 0


def _summary(folder: Path) -> Any:
    import msgspec

    from jaxnorm.analysis.summary import Summary

    try:
        return Summary.load(folder / "summary.json")
    except OSError as error:
        raise UsageError(f"{folder} is not the folder of a finished run: it has no summary.json that can be read.") from error
    except msgspec.MsgspecError as error:
        told = f"{folder / 'summary.json'} is not the summary of a run that trains networks"
        raise UsageError(f"{told}; name another folder, or run its command again.") from error


if __name__ == "__main__":
    sys.exit(main())
