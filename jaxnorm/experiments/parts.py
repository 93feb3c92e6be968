"""What is finished of an arm while it is still being trained, so that no interruption loses more than some seconds of work."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from jaxnorm.experiments.command_line import UsageError
from jaxnorm.files import write_atomically
from jaxnorm.training import Group

KEEP_AFTER = 30.0
"""Seconds of work that are kept together: an arm of hours leaves some hundred files, one of seconds none."""
NETWORKS, SECONDS, METRIC = "networks", "seconds", "metric "
"""Names of the arrays in a file: of each group its number of networks and its seconds; ``metric train_loss`` of all groups, ``(n, E)``."""


class Parts:
    """The groups of networks of one arm that are finished, in order.

    Args:
      stem: path of the arm's own file without its suffix; the parts lie beside it as ``STEM.part-FIRST.npz``, where FIRST is the number of
        networks before them.
      resume: whether parts that are there already count; they are removed if not.

    Raises:
      UsageError: a part cannot be read.
    """

    def __init__(self, stem: Path, *, resume: bool):
        self._stem = stem
        self.groups: list[Group] = []
        if not resume:
            self.remove()
        while (path := self._path()).exists():
            self.groups += _read(path)

    @property
    def networks(self) -> int:
        """How many networks are finished."""
        return sum(group.networks for group in self.groups)

    def extend(self, groups: Iterable[Group]) -> None:
        """Add groups as they are trained. Those of ``KEEP_AFTER`` seconds are kept in a file, and fewer where an interruption comes."""
        fresh: list[Group] = []
        try:
            for group in groups:
                fresh.append(group)
                if sum(each.seconds for each in fresh) >= KEEP_AFTER:
                    self._keep(fresh)
                    fresh = []
        except BaseException:
            if fresh:
                self._keep(fresh)
            raise
        self.groups += fresh

    def remove(self) -> None:
        """Remove the files, once the whole arm is kept."""
        for path in self._stem.parent.glob(f"{self._stem.name}.part-*.npz"):
            path.unlink()

    def _path(self) -> Path:
        """The file of the next part."""
        return self._stem.with_name(f"{self._stem.name}.part-{self.networks}.npz")

    def _keep(self, groups: Sequence[Group]) -> None:
        content = io.BytesIO()
        metrics = {METRIC + name: np.concatenate([group.metrics[name] for group in groups]) for name in groups[0].metrics}
        numbers = {NETWORKS: [group.networks for group in groups], SECONDS: [group.seconds for group in groups]}
        np.savez(content, **metrics, **{name: np.asarray(values) for name, values in numbers.items()})  # pyright: ignore[reportArgumentType]
        write_atomically(self._path(), content.getvalue())
        self.groups += groups


def _read(path: Path) -> list[Group]:
    try:
        with np.load(path) as content:
            arrays = dict(content)
        ends = np.cumsum(arrays.pop(NETWORKS))[:-1]
        seconds = arrays.pop(SECONDS).tolist()
        split = {name.removeprefix(METRIC): np.split(values, ends) for name, values in arrays.items()}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path} is not a readable results file; delete it and run again to train these networks anew.") from error
    return [Group({name: values[index] for name, values in split.items()}, each) for index, each in enumerate(seconds)]
