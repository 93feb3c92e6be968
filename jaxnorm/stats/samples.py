"""Anybody's numbers, compared by the rule of this project."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from jaxnorm.stats.forest import draw_forest
from jaxnorm.stats.intervals import CONFIDENCE, find, intervals, zero_rounding


@dataclasses.dataclass(frozen=True)
class Comparisons:
    """What ``compare`` found: one row for each sample against the baseline."""

    table: pd.DataFrame
    """Columns ``contrast, mean, low, high, margin, finding, n``: interval ends hold for all rows together."""

    def plot(self, ax: Axes) -> Axes:
        """A forest: means, joint intervals, the margin; filled where something is found."""
        rows = self.table.to_dict("records")
        return draw_forest(ax, [str(row["contrast"]) for row in rows], *self.table[["mean", "low", "high", "margin"]].to_numpy().T)


def compare(
    samples: Mapping[str, ArrayLike], *, margin: float = 0.0, baseline: str | None = None, confidence: float = CONFIDENCE
) -> Comparisons:
    """Compare samples paired by position, each with the baseline.

    Args:
      samples: name to values ``(S,)``; the same position is the same seed, person or data split in all of them.
      margin: differences smaller than this are negligible, in the unit of the samples.
      baseline: the name that the others are compared with; the first by default.
      confidence: that all intervals together cover their true means.

    Raises:
      ValueError: the samples are fewer than two, differ in length or are not finite numbers, or an argument is not possible.

    >>> rng = np.random.default_rng(0)
    >>> layer = rng.normal(0.97, 0.01, 16)
    >>> found = compare({"layer": layer, "batch": layer + rng.normal(0.02, 0.01, 16)}, margin=0.005)
    >>> found.table[["contrast", "finding", "n"]].to_dict("records")
    [{'contrast': 'batch - layer', 'finding': 'higher', 'n': 16}]
    """
    values = {name: np.asarray(sample, float) for name, sample in samples.items()}
    baseline = next(iter(values), "") if baseline is None else baseline
    _check(values, margin, baseline, confidence)
    others = [name for name in values if name != baseline]
    first_MS, second_S = np.stack([values[name] for name in others]), values[baseline]
    differences_MS = zero_rounding(first_MS - second_S, np.abs(first_MS) + np.abs(second_S))
    found = intervals(differences_MS, len(others), confidence=confidence)
    rows = [
        {
            "contrast": f"{name} - {baseline}",
            "mean": mean,
            "low": mean - half,
            "high": mean + half,
            "margin": float(margin),
            "finding": find(mean, half, margin),
            "n": len(second_S),
        }
        for name, mean, half in zip(others, found.mean.tolist(), found.half.tolist(), strict=True)
    ]
    return Comparisons(pd.DataFrame(rows))


def _check(values: Mapping[str, np.ndarray], margin: float, baseline: str, confidence: float) -> None:
    if len(values) < 2:
        raise ValueError(f"samples has {len(values)} entries; give at least two named arrays (S,).")
    if baseline not in values:
        raise ValueError(f"baseline {baseline!r} is not one of the samples {', '.join(values)}.")
    shapes = {name: array.shape for name, array in values.items()}
    if len(set(shapes.values())) > 1 or len(shapes[baseline]) != 1 or shapes[baseline] == (0,):
        raise ValueError(f"samples have the shapes {shapes}; give arrays (S,) of one length, paired by position.")
    for name, array in values.items():
        if not np.isfinite(array).all():
            raise ValueError(f"samples[{name!r}] has values that are not finite; leave these seeds out of all samples, or cap them.")
    if not margin >= 0:
        raise ValueError(f"margin {margin} is not possible; give 0 or a positive number in the unit of the samples.")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} is not possible; give a share between 0 and 1, such as 0.95.")
