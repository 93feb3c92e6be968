"""Sensitivity: every norm at every depth, all learning rates and initial scales of an arm in one compiled program."""

import itertools

import flax.linen as nn
import pandas as pd

from jaxnorm.data import Dataset
from jaxnorm.experiments.build import assemble, build_model, build_norm, load_dataset
from jaxnorm.experiments.instrument import Analysis, Columns, Instrument
from jaxnorm.experiments.sensitivity.claims import make_plan
from jaxnorm.experiments.sensitivity.grid import RateGrid
from jaxnorm.experiments.sensitivity.study import SensitivityArm, SensitivityConfig
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


def analyse(config: SensitivityConfig, rows: pd.DataFrame, dataset: Dataset) -> Analysis:
    """The reported seeds at the best rates, which the tuning seeds choose, with what the whole grid tells of each."""
    grid = RateGrid(config, rows, dataset.num_classes)
    best, regions = grid.best_rates(), grid.regions()
    return Analysis(grid.rows(best, regions), make_plan(config), grid.sweeps(best, regions))


INSTRUMENT: Instrument[SensitivityConfig, SensitivityArm] = Instrument(
    name="sensitivity",
    arms=lambda config: config.arms,
    dataset=lambda config, arm: load_dataset(config.dataset, config.data_dir),
    train=build_train,
    analyse=analyse,
    replicas=replicas,
    keeps_examples=False,  # of a thousand networks an arm, hardly any at the rate that is reported
)
