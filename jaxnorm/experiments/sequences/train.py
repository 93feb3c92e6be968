"""Sequences: every norm, told of padding or not, on the same content with more and more padding and lengths that vary."""

import dataclasses
import functools
from pathlib import Path

import pandas as pd

from jaxnorm.config.training import RECURRENT
from jaxnorm.data import DataError, Dataset, make_sequences, with_padding
from jaxnorm.data.sequences import TASKS
from jaxnorm.experiments.build import assemble, build_model, build_norm, load_dataset, sizes_of
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.evaluations import make_evaluations, with_both_variances
from jaxnorm.experiments.instrument import Analysis, Instrument
from jaxnorm.experiments.sequences.claims import make_plan
from jaxnorm.experiments.sequences.study import SequenceArm, SequencesConfig
from jaxnorm.training import Train
from jaxnorm.training.evaluation import with_final

NUM_EVALUATION = 1000
"""Examples for validation, and as many for the test: networks that differ in a few answers are told apart by many questions."""


@functools.cache
def load_padded(name: str, data_dir: Path | None, mean_length: int, length_spread: float, padding_share: float) -> Dataset:
    """The sequences with so much padding, made once. Raises ``UsageError`` where they cannot be had."""
    try:
        if name in TASKS:
            sizes = {"num_evaluation": NUM_EVALUATION, "mean_length": mean_length}
            made = make_sequences(name, **sizes, length_spread=length_spread, padding_share=padding_share)
        else:
            made = with_padding(load_dataset(name, data_dir), length_spread=length_spread, padding_share=padding_share)
    except DataError as error:
        raise UsageError(str(error)) from error
    return dataclasses.replace(made, name=f"{name} (spread {length_spread:g}, padding {padding_share:g})")


def find_dataset(config: SequencesConfig, arm: SequenceArm) -> Dataset:
    """An arm's data, the same object for all arms of one cell. Raises ``UsageError``."""
    return load_padded(config.dataset, config.data_dir, config.mean_length, arm.length_spread, arm.padding_share)


def build_train(config: SequencesConfig, arm: SequenceArm, dataset: Dataset) -> Train:
    """One arm's training, evaluated in several ways at its end. Raises ``UsageError`` where its norm cannot be had or cannot work."""
    norm = with_both_variances(build_norm(config, arm.norm, config.batch_size))
    sizes = sizes_of(arm.model, config.width)
    if arm.model in RECURRENT:
        sizes["statistics"] = config.statistics
    model = build_model(config, arm.model, norm, dataset, mask_norm=arm.masking != "unmasked", **sizes)
    train = assemble(config, model, arm.norm, config.batch_size, dataset)
    return with_final(train, make_evaluations(model, norm, config.batch_size))


def analyse(config: SequencesConfig, rows: pd.DataFrame, dataset: Dataset) -> Analysis:
    """The table as it is."""
    del dataset
    return Analysis(rows, make_plan(config))


INSTRUMENT: Instrument[SequencesConfig, SequenceArm] = Instrument(
    name="sequences",
    arms=lambda config: config.arms,
    dataset=find_dataset,
    train=build_train,
    analyse=analyse,
)
