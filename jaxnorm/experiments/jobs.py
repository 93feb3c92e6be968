"""What a run has to train: every arm, and its control where the instrument has one."""

import dataclasses

from jaxnorm.config import Study
from jaxnorm.data import Dataset
from jaxnorm.experiments.instrument import AnyInstrument, Columns
from jaxnorm.report.text import described
from jaxnorm.stats.arm import Arm, ControlArm
from jaxnorm.training import Train


@dataclasses.dataclass(frozen=True)
class Job:
    """An arm, and all that its networks are trained with. A control shares ``dataset`` and ``train`` with its arm: the same objects."""

    arm: Arm
    dataset: Dataset
    train: Train
    columns: Columns

    @property
    def networks(self) -> int:
        """How many networks it has."""
        return len(self.columns["seed"])

    @property
    def title(self) -> str:
        """``BatchNorm, batch size 16``."""
        control = ", control" if isinstance(self.arm, ControlArm) else ""
        return f"{described(self.arm.factors)}{control}"


def make_jobs(config: Study, instrument: AnyInstrument) -> list[Job]:
    """The jobs of a run, arms first. Raises ``UsageError`` where an arm cannot be built; nothing is compiled."""
    datasets = {arm: instrument.dataset(config, arm) for arm in instrument.arms(config)}
    trains = {arm: instrument.train(config, arm, dataset) for arm, dataset in datasets.items()}
    jobs = {arm: Job(arm, datasets[arm], train, instrument.replicas(config, arm)) for arm, train in trains.items()}
    controls = [dataclasses.replace(jobs[arm.arm], arm=arm, columns=each) for arm, each in instrument.controls(config).items()]
    return [*jobs.values(), *controls]
