"""What did finished runs find? Their reports redrawn, or several side by side, from the files that they left.

Command:  python -m jaxnorm.experiments.report DIR [--latex]     or     DIR DIR ...
Time:     seconds; nothing is trained, and jax is not imported
Result:   one folder: its figures, report.md and report.html are drawn anew, with --latex also tables.tex; several: their verdicts and
          results on the terminal
"""

import sys
from pathlib import Path
from typing import Any

from jaxnorm.controls import clean
from jaxnorm.experiments.command_line import HELP, UsageError, run_command
from jaxnorm.experiments.help import usage
from jaxnorm.experiments.jax_start import import_matplotlib


def main(arguments: list[str] | None = None) -> int:
    """Redraw or compare; returns the exit status: 0, or 2 for what is not the folder of a finished run."""
    arguments = sys.argv[1:] if arguments is None else arguments
    return run_command(lambda: report(arguments))


def report(arguments: list[str]) -> int:
    """Redraw the report of one folder, or show several side by side."""
    if set(HELP) & set(arguments):
        print(usage(__file__))
        return 0
    latex, names = "--latex" in arguments, [argument for argument in arguments if argument != "--latex"]
    if not names or any(name.startswith("-") for name in names):
        given = f"{' '.join(names)} is not understood" if names else "no folder is named"
        raise UsageError(f"{given}; give the folders of one or more finished runs, and --latex for the tables of one as LaTeX.")
    folders = [Path(name) for name in names]
    if len(folders) > 1 and latex:
        raise UsageError(f"--latex goes with one folder, and {len(folders)} are named; name one.")
    return _redraw(folders[0], latex=latex) if len(folders) == 1 else _side_by_side(folders)


def _redraw(folder: Path, *, latex: bool) -> int:
    import_matplotlib()
    from jaxnorm import __version__
    from jaxnorm.experiments.records import read_environment, read_settings
    from jaxnorm.experiments.registry import words_of
    from jaxnorm.experiments.reproduce import reproducing_command
    from jaxnorm.experiments.wording import worded
    from jaxnorm.report.draw import draw_report

    summary, environment, config = _summary(folder), read_environment(folder), read_settings(folder)
    version = __version__ if latex else ""
    draw_report(worded(summary, config), words_of(summary.instrument), folder, reproducing_command(config), environment, latex=version)
    print(clean(f"redrawn in {folder}: figures/, report.html, report.md{', tables.tex' if latex else ''}"))
    return 0


def _side_by_side(folders: list[Path]) -> int:
    from jaxnorm.experiments.registry import words_of
    from jaxnorm.experiments.terminal import make_console
    from jaxnorm.report.console import print_runs

    distinct = len({folder.name for folder in folders}) == len(folders)
    runs = {folder.name if distinct else str(folder): _summary(folder) for folder in folders}
    print_runs({name: (summary, words_of(summary.instrument)) for name, summary in runs.items()}, make_console())
    return 0


def _summary(folder: Path) -> Any:
    import msgspec

    from jaxnorm.stats.summary import Summary

    try:
        summary = Summary.load(folder / "summary.json")
    except OSError as error:
        raise UsageError(f"{folder} is not the folder of a finished run: it has no summary.json that can be read.") from error
    except msgspec.MsgspecError as error:
        told = f"{folder / 'summary.json'} is not the summary of a run that trains networks"
        raise UsageError(f"{told}; name another folder, or run its command again.") from error
    _check_names(summary, folder)
    return summary


def _check_names(summary: Any, folder: Path) -> None:
    """Refuse a summary that names what this version does not have. Raises ``UsageError``."""
    from jaxnorm.experiments.registry import TRAINING, words_of

    known = {summary.instrument} & set(TRAINING)
    words = words_of(summary.instrument) if known else None
    measures = {each.measure.partition("@")[0] for each in summary.comparisons} | {name for arm in summary.arms for name in arm.measures}
    unknown = sorted((measures - set(words.measures)) | ({each.claim for each in summary.verdicts} - set(words.claims))) if words else []
    if not words or unknown:
        named = unknown[0] if unknown else summary.instrument
        raise UsageError(f"{folder / 'summary.json'} names {named!r}, which this version does not have; run the command again.")


if __name__ == "__main__":
    sys.exit(main())
