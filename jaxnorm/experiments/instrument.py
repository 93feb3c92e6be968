"""What the runner must know of an instrument."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

import pandas as pd

from jaxnorm.config import Training
from jaxnorm.data import Dataset
from jaxnorm.experiments.build import seeds_only
from jaxnorm.stats.arm import Arm, ControlArm
from jaxnorm.stats.claims import Slot
from jaxnorm.stats.plan import Plan
from jaxnorm.stats.summarise import Repetition
from jaxnorm.stats.summary import Sweep
from jaxnorm.training import Train

Config = TypeVar("Config", bound=Training)
AnyArm = TypeVar("AnyArm", bound=Arm)
Columns = Mapping[str, Sequence[float]]
"""Column of the table to one value per network: ``seed``, and ``learning_rate`` or ``init_scale`` where they vary."""


class Analysis(NamedTuple):
    """What a run's table is read as: rows by arms, the plan for them, and what the summary takes over as it is."""

    rows: pd.DataFrame
    plan: Plan
    sweeps: Sequence[Sweep] = ()
    facts: Mapping[str, Slot] = MappingProxyType({})
    control: Repetition | None = None
    """The rows of an arm's control, which are not among ``rows``."""
    origins: Mapping[Arm, tuple[Arm, Mapping[str, float]]] = MappingProxyType({})
    """Arms of the plan that were not trained as such: the compiled arm, and the setting of its networks. Others are compiled arms."""


@dataclasses.dataclass(frozen=True)
class Instrument(Generic[Config, AnyArm]):
    """Arms to compile, how each is built, and how their table is read."""

    name: str
    arms: Callable[[Config], Sequence[AnyArm]]
    dataset: Callable[[Config, AnyArm], Dataset]
    """May raise ``UsageError``; the same object for arms that share their data, which then lie on the devices once."""
    train: Callable[[Config, AnyArm, Dataset], Train]
    """May raise ``UsageError``."""
    analyse: Callable[[Config, pd.DataFrame, Dataset], Analysis]
    """From the whole table, and the data of the first arm."""
    replicas: Callable[[Config, AnyArm], Columns] = lambda config, arm: seeds_only(config)
    """What tells the networks of an arm apart."""
    controls: Callable[[Config], Mapping[ControlArm, Columns]] = lambda config: {}
    """Arms that are trained once more on other networks; these go through the program that the arm's own went through."""
    keeps_examples: bool = True
    """Whether it is kept which test examples every network classifies correctly."""


AnyInstrument = Instrument[Any, Any]
