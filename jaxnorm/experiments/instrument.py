"""What the runner must know of an instrument."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import pandas as pd

from jaxnorm.analysis.control import Repetition
from jaxnorm.analysis.plan import Plan
from jaxnorm.analysis.summary import Sweep
from jaxnorm.config import Arm, ControlArm, Training
from jaxnorm.data import Dataset
from jaxnorm.experiments.build import seeds_only
from jaxnorm.training import Train

Config = TypeVar("Config", bound=Training)
AnyArm = TypeVar("AnyArm", bound=Arm)
Seconds = Mapping[str, Sequence[float]]
"""Arm key to the run time per network of each separately timed group, in seconds."""
Columns = Mapping[str, Sequence[float]]
"""Column of the table to one value per network: ``seed``, and ``learning_rate`` or ``init_scale`` where they vary."""


class Analysis(NamedTuple):
    """What a run's table is read as: rows by arms, times of these arms, the plan for them, and what the summary takes over as it is."""

    rows: pd.DataFrame
    seconds: Seconds
    plan: Plan
    sweeps: Sequence[Sweep] = ()
    notes: Sequence[str] = ()
    control: Repetition | None = None
    """The rows of an arm's control, which are not among ``rows``."""


@dataclasses.dataclass(frozen=True)
class Instrument(Generic[Config, AnyArm]):
    """Arms to compile, how each is built, and how their table is read."""

    name: str
    arms: Callable[[Config], Sequence[AnyArm]]
    dataset: Callable[[Config, AnyArm], Dataset]
    """May raise ``UsageError``; the same object for arms that share their data, which then lie on the devices once."""
    train: Callable[[Config, AnyArm, Dataset], Train]
    """May raise ``UsageError``."""
    analyse: Callable[[Config, pd.DataFrame, Seconds], Analysis]
    describe: Callable[[Config, Dataset], str]
    """One line on model, data and optimizer, of the first arm's data."""
    replicas: Callable[[Config, AnyArm], Columns] = lambda config, arm: seeds_only(config)
    """What tells the networks of an arm apart."""
    controls: Callable[[Config], Mapping[ControlArm, Columns]] = lambda config: {}
    """Arms that are trained once more on other networks; these go through the program that the arm's own went through."""
    keeps_examples: bool = True
    """Whether it is kept which test examples every network classifies correctly."""


AnyInstrument = Instrument[Any, Any]
