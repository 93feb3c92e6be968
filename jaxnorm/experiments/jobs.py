"""What a run has to train: every arm, and its control where the instrument has one."""

import dataclasses

from jaxnorm.config import Study
from jaxnorm.data import Dataset
from jaxnorm.experiments.command_line import UsageError
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
    keeps_examples: bool = True
    """Whether it is kept which test examples every network classifies correctly."""

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
    """The jobs of a run, arms first. Raises ``UsageError`` where an arm cannot be built, or has nothing to learn; nothing is compiled."""
    datasets = {arm: instrument.dataset(config, arm) for arm in instrument.arms(config)}
    for dataset in datasets.values():
        check_dataset(dataset)
    trains = {arm: instrument.train(config, arm, dataset) for arm, dataset in datasets.items()}
    kept = instrument.keeps_examples
    jobs = {arm: Job(arm, datasets[arm], train, instrument.replicas(config, arm), kept) for arm, train in trains.items()}
    controls = [dataclasses.replace(jobs[arm.arm], arm=arm, columns=each) for arm, each in instrument.controls(config).items()]
    return [*jobs.values(), *controls]


def check_dataset(dataset: Dataset) -> None:
    """Check that there are classes to tell apart, and examples to do it with. Raises ``UsageError``."""
    if dataset.num_classes < 2:
        raise UsageError(f"--dataset {dataset.name} has one class, so there is nothing to learn; choose a set with at least 2 classes.")
    for name in ("train", "validation", "test"):
        if len(getattr(dataset, name).labels) == 0:
            raise UsageError(f"--dataset {dataset.name} has no examples in its {name} split; choose a set with examples in every split.")
