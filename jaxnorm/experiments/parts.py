"""What is finished of an arm while it is still being trained, so that no interruption loses more than some seconds of work."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from jaxnorm.experiments.kept import DamagedError, read_arrays, write_arrays
from jaxnorm.training import Group, gather
from jaxnorm.training.state import CORRECT

KEEP_AFTER = 30.0
"""Seconds of work that are kept together: an arm of hours leaves some hundred files, one of seconds none."""
NETWORKS, SECONDS, METRIC = "networks", "seconds", "metric "
"""Names of the arrays in a file: of each group its number of networks and its seconds; ``metric train_loss`` of all groups, ``(n, E)``;
and ``CORRECT``, ``(n, N)``, where that is kept."""


class Parts:
    """The groups of networks of one arm that are finished, in order.

    Args:
      stem: path of the arm's own file without its suffix; the parts lie beside it as ``STEM.part-FIRST.npz``, where FIRST is the number of
        networks before them.
      resume: whether parts that are there already count; they are removed if not.

    Attributes:
      groups: those that are finished.
      damaged: the part that cannot be read, if one cannot; networks from there on are trained again.
    """

    def __init__(self, stem: Path, *, resume: bool):
        self._stem = stem
        self.groups: list[Group] = []
        self.damaged: list[Path] = []
        if not resume:
            remove_parts(stem)
        try:
            while (path := self._path()).exists():
                self.groups += _read(path)
        except DamagedError as error:
            self.damaged = [Path(str(error))]

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

    def _path(self) -> Path:
        """The file of the next part."""
        return self._stem.with_name(f"{self._stem.name}.part-{self.networks}.npz")

    def _keep(self, groups: Sequence[Group]) -> None:
        arrays = {METRIC + name: np.concatenate([group.metrics[name] for group in groups]) for name in groups[0].metrics}
        arrays |= {NETWORKS: np.array([group.networks for group in groups]), SECONDS: np.array([group.seconds for group in groups])}
        if (correct := gather(groups).correct) is not None:
            arrays[CORRECT] = correct
        write_arrays(self._path(), arrays)
        self.groups += groups


def remove_parts(stem: Path) -> None:
    """Remove the parts of an arm, once the whole of it is kept."""
    for path in stem.parent.glob(f"{stem.name}.part-*.npz"):
        path.unlink(missing_ok=True)


def _read(path: Path) -> list[Group]:
    """The groups of one part. Raises ``DamagedError``."""
    arrays = read_arrays(path)
    ends = np.cumsum(arrays.pop(NETWORKS))[:-1]
    seconds = arrays.pop(SECONDS).tolist()
    split = {name: np.split(values, ends) for name, values in arrays.items()}
    correct = split.pop(CORRECT, [None] * len(seconds))
    return [
        Group({name.removeprefix(METRIC): values[index] for name, values in split.items()}, each, correct[index])
        for index, each in enumerate(seconds)
    ]
