"""Runs with known effects: tidy tables as a run of ``compare`` writes them, their summaries, and arms whose numbers are typed in."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
import pandas as pd

from jaxnorm.experiments.compare.claims import make_plan
from jaxnorm.experiments.compare.study import CompareArm, CompareConfig
from jaxnorm.stats.metrics import CURVE_METRICS, METRICS
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.stats.summarise import summarise
from jaxnorm.stats.summary import Summary
from jaxnorm.stats.table import ArmTable, tidy
from jaxnorm.stats.values import Examples

NUM_CLASSES = 10
DATA = {"name": "digits", "version": "", "train": 1000, "validation": 200, "test": 300, "inputs": 64}
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


def summarise_compare(
    config: CompareConfig, frame: pd.DataFrame | None = None, *, examples: Examples | None = None, **effects: Effect
) -> Summary:
    """The summary of a synthetic run of ``config``."""
    rule = DecisionRule(accuracy_margin=config.accuracy_margin, loss_margin=config.loss_margin, convergence_loss=config.convergence_loss)
    return summarise(
        make_frame(config, **effects) if frame is None else frame,
        make_plan(config),
        rule,
        instrument="compare",
        settings=msgspec.json.decode(msgspec.json.encode(config)),
        data=DATA,
        num_classes=NUM_CLASSES,
        seconds=make_seconds(config),
        examples=examples,
    )


def make_seconds(config: CompareConfig) -> Mapping[str, list[float]]:
    """Timings: three groups an arm."""
    return {arm.key: [1.0 + 0.1 * index, 1.1, 1.2] for index, arm in enumerate(config.arms)}


def flat_curves(losses_S: Sequence[float], accuracies_S: Sequence[float] | None = None, epochs: int = 1) -> dict[str, np.ndarray]:
    """Metrics of one arm that do not change while it trains: every loss is that of its seed, every accuracy too (or 0.9)."""
    losses = np.asarray(losses_S, float)[:, None]
    accuracies = np.full_like(losses, 0.9) if accuracies_S is None else np.asarray(accuracies_S, float)[:, None]
    return {name: np.tile(losses if name.endswith("loss") else accuracies, (1, epochs if name in CURVE_METRICS else 1)) for name in METRICS}


def typed_frame(curves: Mapping[CompareArm, Mapping[str, np.ndarray]]) -> pd.DataFrame:
    """The tidy table of arms whose curves are given, on seeds from 0 on."""
    tables = [tidy(arm, {"seed": range(len(each["train_loss"]))}, each) for arm, each in curves.items()]
    return pd.concat(tables, ignore_index=True)


def arm_table(curves_SE: np.ndarray, **metrics: np.ndarray) -> ArmTable:
    """An arm on which every metric has the same curves, besides those of ``metrics``."""
    return ArmTable(CompareArm("batch", 16), list(range(len(curves_SE))), dict.fromkeys(METRICS, curves_SE) | metrics, [])
