"""Sensitivity: every norm at every depth, all learning rates and initial scales of an arm in one compiled program."""

import itertools

import flax.linen as nn
import pandas as pd

from jaxnorm.analysis.rate_grids import RateGrid
from jaxnorm.analysis.sensitivity import make_plan
from jaxnorm.data import Dataset
from jaxnorm.experiments.build import assemble, build_model, build_norm, load_dataset
from jaxnorm.experiments.instrument import Analysis, Columns, Instrument, Seconds
from jaxnorm.experiments.sensitivity.study import SensitivityArm, SensitivityConfig
from jaxnorm.experiments.setting import describe_setting, tuned_rate
from jaxnorm.training import Train


def build_train(config: SensitivityConfig, arm: SensitivityArm, dataset: Dataset) -> Train:
    """One arm's training. Raises ``UsageError`` where its norm cannot be had, or cannot work in this network."""
    norm = build_norm(config, arm.norm, config.batch_size)
    sizes = (config.width,) * arm.depth
    model = build_model(config, "mlp", norm, dataset, hidden_sizes=sizes, kernel_init=nn.initializers.he_normal())
    return assemble(config, model, arm.norm, config.batch_size, dataset)


def replicas(config: SensitivityConfig, arm: SensitivityArm) -> Columns:
    """Reported seeds at every learning rate from every initial scale, tuning seeds at every learning rate from the shared scale."""
    del arm
    reported = itertools.product(config.learning_rates, config.init_scales, config.seed_numbers)
    tuning = itertools.product(config.learning_rates, [config.init_scale], config.tuning_seed_numbers)
    rates, scales, seeds = zip(*reported, *tuning, strict=True)
    return {"seed": seeds, "learning_rate": rates, "init_scale": scales}


def describe(config: SensitivityConfig, dataset: Dataset) -> str:
    """The line on what was trained on what."""
    network = (
        f"MLP of width {config.width}, {config.activation}, He's initial kernels times the initial scale, batch size {config.batch_size}"
    )
    return describe_setting(config, dataset, network, rate=f"{tuned_rate(config)}, {config.learning_rate:g} where shared")


def analyse(config: SensitivityConfig, rows: pd.DataFrame, seconds: Seconds) -> Analysis:
    """The reported seeds at the best rates, which the tuning seeds choose, with what the whole grid tells of each."""
    grid = RateGrid(config, rows, load_dataset(config.dataset, config.data_dir).num_classes)
    best, regions = grid.best_rates(), grid.regions()
    return Analysis(
        rows=grid.rows(best, regions),
        seconds=seconds,
        plan=make_plan(config),
        sweeps=grid.sweeps(best),
        notes=grid.notes(best, regions),
    )


INSTRUMENT: Instrument[SensitivityConfig, SensitivityArm] = Instrument(
    name="sensitivity",
    arms=lambda config: config.arms,
    dataset=lambda config, arm: load_dataset(config.dataset, config.data_dir),
    train=build_train,
    analyse=analyse,
    describe=describe,
    replicas=replicas,
    keeps_examples=False,  # of a thousand networks an arm, hardly any at the rate that is reported
)
