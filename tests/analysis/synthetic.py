"""Tidy tables with known effects: what a run would have written."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from jaxnorm.analysis.compare import make_plan
from jaxnorm.analysis.summarise import summarise
from jaxnorm.analysis.summary import Summary
from jaxnorm.analysis.table import tidy
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.experiments.compare.study import CompareArm, CompareConfig

NUM_CLASSES = 10
SETTING = "MLP 784-256-10 on synthetic digits (1000 training, 200 validation, 300 test examples), adam 0.001"
RATES = {"batch": {16: 0.55, 128: 0.75}, "layer": {16: 0.7, 128: 0.68}, "none": {16: 0.5, 128: 0.45}}
"""How fast the loss of an arm falls per epoch."""
FINAL_ACCURACY = {"batch": 0.979, "layer": 0.980, "none": 0.974}

Effect = Callable[[CompareArm, np.ndarray], np.ndarray]


def make_frame(config: CompareConfig, effect: Effect | None = None, rng_seed: int = 0) -> pd.DataFrame:
    """A run of ``config``: losses fall geometrically, seeds differ, arms share most of a seed's luck.

    ``effect`` changes the training loss (S, E) of an arm.
    """
    rng = np.random.default_rng(rng_seed)
    luck_S1 = rng.normal(size=(config.seeds, 1))
    frames = []
    for arm in config.arms:
        curves = _curves(arm, config, luck_S1, rng)
        if effect:
            curves["train_loss"] = effect(arm, curves["train_loss"])
        frames.append(tidy(arm, {"seed": config.seed_numbers}, curves))
    return pd.concat(frames, ignore_index=True)


def _curves(arm: CompareArm, config: CompareConfig, luck_S1: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    shape = (config.seeds, config.epochs)
    epoch_E = np.arange(config.epochs)
    rate = RATES.get(arm.norm, {}).get(arm.batch_size, 0.6)
    train_loss = 0.45 * np.exp(-rate * epoch_E) + 0.015 + 0.002 * luck_S1 + 0.001 * rng.normal(size=shape)
    noise = 0.003 * (16 / arm.batch_size) ** 0.3
    best = FINAL_ACCURACY.get(arm.norm, 0.975)
    accuracy = best - 0.05 * np.exp(-rate * epoch_E) + 0.001 * luck_S1 + noise * rng.normal(size=shape)
    validation_loss = train_loss + 0.05 + 0.004 * rng.normal(size=shape)
    return {
        "train_loss": train_loss,
        "train_accuracy": 1 - train_loss / 4,
        "validation_loss": validation_loss,
        "validation_accuracy": accuracy,
        "test_loss": validation_loss[:, -1:] + 0.002 * rng.normal(size=(config.seeds, 1)),
        "test_accuracy": accuracy[:, -1:] + 0.001 * rng.normal(size=(config.seeds, 1)),
    }


def summarise_compare(config: CompareConfig, frame: pd.DataFrame | None = None, **effects: Effect) -> Summary:
    """The summary of a synthetic run of ``config``."""
    rule = DecisionRule(accuracy_margin=config.accuracy_margin, loss_margin=config.loss_margin, convergence_loss=config.convergence_loss)
    return summarise(
        make_frame(config, **effects) if frame is None else frame,
        make_plan(config),
        rule,
        instrument="compare",
        question=config.question,
        num_classes=NUM_CLASSES,
        setting=SETTING,
        seconds=make_seconds(config),
    )


def make_seconds(config: CompareConfig) -> Mapping[str, list[float]]:
    """Timings: three groups an arm."""
    return {arm.key: [1.0 + 0.1 * index, 1.1, 1.2] for index, arm in enumerate(config.arms)}
