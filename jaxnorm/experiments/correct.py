"""Which test examples networks classify correctly: what an accuracy owes to the choice of the test set."""

from collections.abc import Collection, Mapping

import numpy as np

from jaxnorm.experiments.folder import ArmResult
from jaxnorm.experiments.instrument import Columns


def count_correct(result: ArmResult, columns: Columns, seeds: Collection[int], setting: Mapping[str, float]) -> np.ndarray:
    """The share of chosen networks that classify each test example correctly, float64 ``(N,)``: its mean is their mean test accuracy.

    Args:
      result: a finished arm.
      columns: what tells its networks apart, one value each, as in ``Job.columns``.
      seeds: the networks to choose, by seed.
      setting: and by what else varies between networks, ``{"learning_rate": 0.01}``; empty where nothing does.

    Raises:
      ValueError: the arm does not keep its examples, or no network is chosen.
    """
    if result.correct is None:
        raise ValueError("this arm does not keep which examples its networks classify correctly")
    chosen_S = np.isin(columns["seed"], list(seeds))
    for name, value in setting.items():
        chosen_S &= np.asarray(columns[name]) == value
    if not chosen_S.any():
        raise ValueError(f"no network of this arm has one of the seeds {sorted(seeds)} and {dict(setting)}")
    return result.correct[chosen_S].mean(axis=0, dtype=np.float64)
