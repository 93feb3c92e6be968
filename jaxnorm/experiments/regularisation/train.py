"""Regularisation: every norm on few examples, with new or with fixed batches, BatchNorm with live or with frozen statistics."""

import dataclasses
import functools

import flax.linen as nn
import jax.numpy as jnp
import pandas as pd
from jaxtyping import Array

from jaxnorm.data import Dataset, first_examples
from jaxnorm.experiments.build import assemble, build_model, build_norm, load_dataset
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.instrument import Analysis, Instrument
from jaxnorm.experiments.regularisation.claims import DECISIVE, EVALUATED, make_plan, match_losses
from jaxnorm.experiments.regularisation.study import RegularisationArm, RegularisationConfig
from jaxnorm.norms import Norm
from jaxnorm.norms.frozen import FrozenBatchNorm
from jaxnorm.training import Data, Order, Probe, Train, TrainState, fixed, shuffled
from jaxnorm.training.step import evaluate

ORDERS: dict[str, Order] = {"shuffled": shuffled, "fixed": fixed}


def find_dataset(config: RegularisationConfig, arm: RegularisationArm) -> Dataset:
    """The first examples of the data set, the same object for all arms. Raises ``UsageError``.

    They fill whole batches: a fixed order would leave out the same others for ever, and the training loss would count them all the same.
    """
    del arm
    dataset = load_dataset(config.dataset, config.data_dir)
    available = len(dataset.train.labels)
    number = available if config.train_examples is None else config.train_examples
    if number > available:
        allowed = f"is more than there are: {dataset.name} has {available} training examples; give at most that"
        raise UsageError(f"--train-examples {number} {allowed}.")
    return _shortened(dataset, number - number % config.batch_size or number)


@functools.cache
def _shortened(dataset: Dataset, number: int) -> Dataset:
    return first_examples(dataset, number, splits=("train",))


def build_train(config: RegularisationConfig, arm: RegularisationArm, dataset: Dataset) -> Train:
    """One arm's training. Raises ``UsageError`` where its norm cannot be had, or cannot work in this network."""
    norm = build_norm(config, arm.norm, config.batch_size)
    if arm.statistics == "frozen":
        norm = with_frozen_statistics(norm, config.freeze_epochs * (len(dataset.train.labels) // config.batch_size))
    model = build_model(config, "mlp", norm, dataset, hidden_sizes=config.hidden_sizes)
    probe = evaluate_on_training_set(model)
    return assemble(config, model, arm.norm, config.batch_size, dataset, probe=probe, order=ORDERS[arm.order])


def with_frozen_statistics(norm: Norm, updates: int) -> Norm:
    """BatchNorm, as one whose statistics are frozen after so many updates."""
    return dataclasses.replace(norm, module=FrozenBatchNorm).with_options(freeze_after=updates)


def evaluate_on_training_set(model: nn.Module) -> Probe:
    """``train_evaluation_loss``: of the network in evaluation mode on all training examples, so that it compares with validation losses."""

    def probe(state: TrainState, data: Data) -> dict[str, Array]:
        return {EVALUATED: jnp.asarray(evaluate(model, state, data.train, data).loss)}

    return probe


def analyse(config: RegularisationConfig, rows: pd.DataFrame, dataset: Dataset) -> Analysis:
    """The table with every network's validation losses at equal training losses."""
    equal = match_losses(config, rows, dataset.num_classes)
    return Analysis(
        rows=pd.concat([rows, *(part for each in equal.values() for part in each.rows)], ignore_index=True),
        plan=make_plan(config, {name: each.levels for name, each in equal.items()}),
        sweeps=equal[DECISIVE].sweeps,
        facts={"levels": [*equal[DECISIVE].levels]},
    )


INSTRUMENT: Instrument[RegularisationConfig, RegularisationArm] = Instrument(
    name="regularisation",
    arms=lambda config: config.arms,
    dataset=find_dataset,
    train=build_train,
    analyse=analyse,
)
