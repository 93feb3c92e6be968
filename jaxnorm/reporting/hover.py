"""Values of points for those who point at them: a text for each marker of a line, written into the SVG as its title.

Viewers show an element's title beside the pointer. Matplotlib has no titles for markers, but writes a line's ``gid`` as the identifier of
its group: the texts travel there, and ``with_titles`` sets each beside its marker.
"""

import re
from collections.abc import Iterable, Sequence

from matplotlib.lines import Line2D

from jaxnorm.analysis.measures import MEASURES, Unit
from jaxnorm.analysis.summary import ArmSummary, Difference, Estimate, Summary
from jaxnorm.analysis.wording import SCALES, arm_title, count_decimals, format_difference, format_level, format_number, format_p

METRIC_UNITS: dict[str, Unit] = {"_loss": "nats", "_accuracy": "fraction", "": "ratio"}
"""Ending of a metric to its unit; an instrument's own metrics are told without."""
OPENING, BETWEEN = "points: ", " | "
GROUP = re.compile(rf'<g id="{OPENING}([^"]*)">(.*?)(?=<g id="|\Z)', re.DOTALL)
MARKER = re.compile(r"<use ([^>]*?)/>")


def tell_points(line: Line2D, texts: Sequence[str]) -> None:
    """Give every marker of ``line`` a text, in their order."""
    line.set_gid(OPENING + BETWEEN.join(texts))


def with_titles(svg: str) -> str:
    """The drawing with the texts of its points as titles. Points that were left out, as those without a finite place are, leave a line
    without any, since it is not known which they were.
    """

    def entitle(group: re.Match) -> str:
        texts, body = group[1].split(BETWEEN), group[2]
        if len(MARKER.findall(body)) != len(texts):
            return f"<g>{body}"
        remaining = iter(texts)
        return f"<g>{MARKER.sub(lambda use: f'<use {use[1]}><title>{next(remaining)}</title></use>', body)}"

    return GROUP.sub(entitle, svg)


def curve_texts(arm: ArmSummary, metric: str, epochs: Iterable[int]) -> list[str]:
    """What is told of a curve's points: ``BatchNorm 16, epoch 3: 0.0482 ±0.0011 nats``."""
    curve = arm.curves[metric]
    nothing = [None] * len(curve.mean)
    units: list[Unit] = [unit for ending, unit in METRIC_UNITS.items() if metric.endswith(ending)]
    unit: Unit = units[0]
    levels = [
        format_level(Estimate(mean, low, high, 0), unit)
        for mean, low, high in zip(curve.mean, curve.low or nothing, curve.high or nothing, strict=True)
    ]
    shown = f" {SCALES[unit].of_level}" if unit != "ratio" else ""
    return [f"{arm_title(arm.factors)}, epoch {epoch}: {level}{shown}" for epoch, level in zip(epochs, levels, strict=True)]


def level_text(estimate: Estimate, measure: str) -> str:
    """What is told of a mean: ``0.0482 ±0.0011 nats``."""
    unit = MEASURES[measure].unit
    return f"{format_level(estimate, unit)} {SCALES[unit].of_level}"


def seed_texts(summary: Summary, arm: ArmSummary, measure: str) -> list[str]:
    """What is told of each network: ``BatchNorm 16, seed 3: 0.0479 nats``."""
    decimals = count_decimals(arm.measures[measure], SCALES[MEASURES[measure].unit].factor)
    scale = SCALES[MEASURES[measure].unit]
    values = [format_number(scale.factor * value, decimals) for value in arm.by_seed[measure]]
    return [f"{arm_title(arm.factors)}, seed {seed}: {value} {scale.of_level}" for seed, value in zip(summary.seeds, values, strict=True)]


def difference_text(difference: Difference) -> str:
    """What is told of a difference: ``LayerNorm − BatchNorm at batch size 16: −0.0346 nats [−0.0348, −0.0344], adjusted p < 0.001``."""
    found = format_difference(difference.estimate, MEASURES[difference.measure].unit)
    return f"{difference.label}: {found}, adjusted p {format_p(difference.p_adjusted)}"
