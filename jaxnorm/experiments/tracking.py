"""What is told to others while a run goes on: a callback for every finished arm, and one that writes curves for TensorBoard."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from jaxnorm.config import Output
from jaxnorm.experiments.claim import expanded
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.folder import file_stem
from jaxnorm.stats.arm import Arm
from jaxnorm.stats.table import VALUE_COLUMNS

OnArm = Callable[[Arm, pd.DataFrame], None]
"""Told of an arm once all its networks are trained and kept, with its rows of the tidy table (docs/tracking.md)."""
EVENT_FILES = "events.out.tfevents.*"


class Writer(Protocol):
    """What is used of tensorboardX's ``SummaryWriter``."""

    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> Any: ...  # noqa: D102
    def close(self) -> Any: ...  # noqa: D102


def make_trackers(config: Output, run: str) -> list[OnArm]:
    """The callbacks that the settings ask for; ``run`` names the run. Raises ``UsageError`` where what they need is missing."""
    if config.tensorboard is None:
        return []
    folder = expanded(expanded(config.tensorboard, "--tensorboard") / run, "--tensorboard")
    try:
        package = importlib.import_module("tensorboardX")
    except ImportError as error:
        raise UsageError("--tensorboard needs the package tensorboardX; pip install 'jaxnorm[tensorboard]', or leave it out.") from error
    return [to_tensorboard(folder, lambda path: package.SummaryWriter(str(path)))]


def to_tensorboard(folder: Path, make_writer: Callable[[Path], Writer]) -> OnArm:
    """A callback that writes the mean curves of every arm as scalars by epoch into a folder of its own, named by the arm's key.

    Means are over seeds, as measured: one network whose loss is not finite leaves no finite mean. Where hyperparameters vary between the
    networks of an arm, each of their settings has a folder inside the arm's. What an earlier run wrote there is replaced.
    """

    def write(arm: Arm, rows: pd.DataFrame) -> None:
        for path, curves in mean_curves(arm, rows).items():
            for old in (folder / path).glob(EVENT_FILES):
                old.unlink()
            writer = make_writer(folder / path)
            for (metric, epoch), value in curves.items():
                writer.add_scalar(metric, value, epoch)
            writer.close()

    return write


def mean_curves(arm: Arm, rows: pd.DataFrame) -> dict[Path, dict[tuple[str, int], float]]:
    """Metric and epoch to the mean over seeds, by the folder of the arm, or of its settings: ``none-mlp/learning_rate=0.01``."""
    stem = Path(file_stem(arm.key))
    varied = [column for column in rows.columns if column not in (*arm.factors, "seed", *VALUE_COLUMNS)]
    means: pd.DataFrame = rows.groupby([*varied, "metric", "epoch"], as_index=False).agg({"value": "mean"})
    curves: dict[Path, dict[tuple[str, int], float]] = {}
    for row in means.to_dict("records"):
        path = stem.joinpath(*(f"{column}={row[column]:g}" for column in varied))
        curves.setdefault(path, {})[str(row["metric"]), int(row["epoch"])] = float(row["value"])
    return curves
