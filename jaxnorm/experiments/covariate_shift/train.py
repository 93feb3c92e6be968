"""Covariate shift: every norm before every nonlinearity, with probes of inputs, gradients and saturation."""

import dataclasses

import jax.numpy as jnp
import pandas as pd
from jaxtyping import Array

from jaxnorm.data import Dataset
from jaxnorm.experiments.build import assemble, build_model, build_norm, build_optimizer, load_dataset
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.covariate_shift.claims import add_drift, make_plan
from jaxnorm.experiments.covariate_shift.study import ActivationArm, CovariateShiftConfig
from jaxnorm.experiments.instrument import Analysis, Instrument
from jaxnorm.training import Data, ParameterGroup, Probe, Train, TrainState, make_gradient_probe, make_input_probe, make_probe

BOUNDS = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "relu": None}
"""Between what a nonlinearity's outputs lie; None where units cannot saturate at an upper end, and die instead."""


def build_train(config: CovariateShiftConfig, arm: ActivationArm, dataset: Dataset) -> Train:
    """One arm's training, probed. Raises ``UsageError`` where its norm cannot be had, or cannot work in this network."""
    check_probe_batches(config, dataset)
    norm = build_norm(config, arm.norm, config.batch_size)
    told = dataclasses.replace(config, activation=arm.activation)
    model = build_model(told, "mlp", norm, dataset, hidden_sizes=config.hidden_sizes)
    last = len(config.hidden_sizes) - 1
    inputs = make_input_probe(model, observed=f"input_{last}", examples=config.probe_examples, units=config.observed_units)
    hidden = [ParameterGroup(f"dense_{layer}", (f"dense_{layer}", f"norm_{layer}")) for layer in range(last + 1)]
    layers = [*hidden, ParameterGroup("logits", ("logits",))]
    batches = {"batch_size": config.batch_size, "num_batches": config.probe_batches}
    gradients = make_gradient_probe(model, build_optimizer(config), config.learning_rate, layers, **batches)
    bounds = BOUNDS[arm.activation]
    quantity = "dead_share" if bounds is None else "saturated_share"
    outputs = make_probe(model, examples=config.probe_examples, quantities=(quantity,), bounds=bounds)
    probe = joined(inputs, gradients, mean_over_blocks(outputs, quantity, last + 1, name="saturation"))
    return assemble(config, model, arm.norm, config.batch_size, dataset, probe=probe)


def check_probe_batches(config: CovariateShiftConfig, dataset: Dataset) -> None:
    """Check that the training set has the examples to probe. Raises ``UsageError``."""
    present = len(dataset.train.labels)
    if config.batch_size <= present < config.probe_examples:
        raise UsageError(
            f"--probe-batches {config.probe_batches} of {config.batch_size} examples are more than {dataset.name} has for training, "
            f"{present}; give at most {present // config.batch_size}."
        )


def joined(*probes: Probe) -> Probe:
    """All that several probes give, whose names differ."""

    def probe(state: TrainState, data: Data) -> dict[str, Array]:
        return {name: value for each in probes for name, value in each(state, data).items()}

    return probe


def mean_over_blocks(look: Probe, quantity: str, depth: int, *, name: str) -> Probe:
    """The mean over hidden layers of a probe's quantity, under a name that does not tell which quantity it was."""

    def probe(state: TrainState, data: Data) -> dict[str, Array]:
        numbers = look(state, data)
        return {name: jnp.stack([numbers[f"{quantity}.block_{block}"] for block in range(depth)]).mean()}

    return probe


def analyse(config: CovariateShiftConfig, rows: pd.DataFrame, dataset: Dataset) -> Analysis:
    """The table with the drift between epochs added to it."""
    del dataset
    return Analysis(add_drift(rows, config), make_plan(config))


INSTRUMENT: Instrument[CovariateShiftConfig, ActivationArm] = Instrument(
    name="covariate_shift",
    arms=lambda config: config.arms,
    dataset=lambda config, arm: load_dataset(config.dataset, config.data_dir),
    train=build_train,
    analyse=analyse,
)
