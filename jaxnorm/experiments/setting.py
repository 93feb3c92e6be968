"""The one line of a report that says what was trained on what."""

import dataclasses
from collections.abc import Sequence

from jaxnorm.analysis.wording import conjoin
from jaxnorm.config import Training, TunedStudy
from jaxnorm.data import Dataset
from jaxnorm.experiments.own_norms import find_norm


def describe_setting(config: Training, dataset: Dataset, model: str, *, rate: str = "") -> str:
    """One line: the network, the data with their sizes, the optimizer, the norms' shared settings. ``rate`` words the learning rate."""
    rate = rate or f"{config.learning_rate:g}"
    splits = [f"{len(getattr(dataset, name).labels):,} {name}" for name in ("train", "validation", "test")]
    return "; ".join(
        [
            model,
            f"{dataset.name} {dataset.version} ({', '.join(splits)} {'images' if dataset.train.inputs.ndim == 4 else 'sequences'})",
            f"{', '.join([config.optimizer, f'learning rate {rate}', *_unusual(config)])}, {config.epochs} epochs",
            f"epsilon {config.epsilon:g}",
            *_running_statistics(config),
            f"matrix products in {config.precision}",
        ]
    )


def tuned_rate(config: TunedStudy) -> str:
    """The learning rate of arms at their best ones, in words."""
    return f"best of {min(config.learning_rates):g} to {max(config.learning_rates):g} by validation accuracy"


def describe_batches(sizes: Sequence[int], num_examples: int) -> str:
    """``batches of 16 (89 updates an epoch) and 128 (11)``: epochs are the same number of examples, and not of updates."""
    (size, updates), *others = [(size, num_examples // size) for size in sizes]
    further = [f"{size} ({updates:,})" for size, updates in others]
    return f"batches of {conjoin([f'{size} ({updates:,} updates an epoch)', *further])}"


def _unusual(config: Training) -> list[str]:
    defaults = {field.name: field.default for field in dataclasses.fields(config)}
    names = ("sgd_momentum", "weight_decay", "init_scale")
    return [f"{name.replace('_', ' ')} {getattr(config, name):g}" for name in names if getattr(config, name) != defaults[name]]


def _running_statistics(config: Training) -> list[str]:
    if not any(find_norm(norm).couples_examples for norm in config.norms):
        return []
    window = f"momentum {config.norm_momentum:g} per {config.norm_momentum_batch_size} examples"
    return [f"running averages in evaluation ({window}, {config.running_variance} variance, initial values not counted)"]
