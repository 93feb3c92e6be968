"""Numbers and names as people read them: the one place that rounds.

An estimate is printed with two significant digits of its interval's half width, so that no digit is noise. Accuracies are percentages,
their differences percentage points.
"""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence

from jaxnorm.analysis.measures import Unit
from jaxnorm.analysis.summary import Difference, Estimate, Word
from jaxnorm.config import Factor

NORM_TITLES = {
    "batch": "BatchNorm",
    "layer": "LayerNorm",
    "rms": "RMSNorm",
    "group": "GroupNorm",
    "instance": "InstanceNorm",
    "none": "no norm",
    "ghost": "GhostBatchNorm",
    "renorm": "BatchRenorm",
    "noisy": "NoisyBatchNorm",
    "layer_all": "LayerNorm (all axes)",
    "scale": "ScaleNorm",
    "dyt": "DyT",
}
"""Names in tables and figures, of norms that are not called by their table name there."""

FACTOR_PHRASES = {
    "placement": "{} blocks",
    "warmup_steps": "warm-up of {} updates",
    "model": "{}",
    "rate": "{}",
    "masking": "padding {}",
    "activation": "{}",
    "ghost_size": "{}",
    "order": "{} batches",
    "statistics": "{} statistics",
}
"""Factors that are put in other words than name and value."""
VALUE_TITLES = {
    ("placement", "none"): "residual",
    ("placement", "post"): "post-norm",
    ("placement", "pre"): "pre-norm",
    ("placement", "sandwich"): "sandwich-norm",
    ("warmup_steps", 0): "",
    ("activation", "relu"): "ReLU",
    ("model", "mlp"): "MLP",
    ("model", "cnn"): "CNN",
    ("model", "lstm"): "LSTM",
    ("model", "gru"): "GRU",
    ("model", "transformer"): "Transformer",
    ("masking", "uncoupled"): "",
    ("statistics", "live"): "",
    ("rate", "best"): "best rate",
    ("rate", "shared"): "shared rate",
    ("rate", "fixed"): "fixed rate",
    ("rate", "scaled"): "scaled rate",
    ("ghost_size", 0): "",
    ("order", "mixed"): "",
}
"""Values of factors that are put in other words; an empty one is not mentioned."""
DEFAULT_TITLES = {
    ("order", "mixed"): "shuffled batches",
    ("ghost_size", 0): "whole batches",
    ("statistics", "live"): "live statistics",
    ("warmup_steps", 0): "no warm-up",
    ("masking", "uncoupled"): "no padding in statistics",
}
"""What values that are not mentioned are called where they are set against others."""
VALUE_FORMS = {"ghost_size": "ghosts of {}"}
"""Factors whose numbers mean little without a word."""

MAX_DECIMALS = 6
DIGITS_WITHOUT_INTERVAL = 3
"""Significant digits of a number that has no interval."""
DIGITS_OF_AMOUNTS = 3
"""Significant digits at most of a difference within a sentence."""


@dataclasses.dataclass(frozen=True)
class Scale:
    """How a unit is printed."""

    factor: float
    of_level: str
    of_difference: str


SCALES: dict[Unit, Scale] = {
    "nats": Scale(1.0, "nats", "nats"),
    "fraction": Scale(100.0, "%", "points"),
    "points": Scale(100.0, "points", "points"),
    "epochs": Scale(1.0, "epochs", "epochs"),
    "seconds": Scale(1.0, "s", "s"),
    "decades": Scale(1.0, "decades", "decades"),
    "ratio": Scale(1.0, "ratio", "ratio"),
    "input": Scale(1.0, "units of input", "units of input"),
    "gradient": Scale(1.0, "nats per weight", "nats per weight"),
}


def norm_title(norm: str) -> str:
    """``batch`` becomes BatchNorm, ``module:MyNorm`` MyNorm, ``module:BatchNorm`` BatchNorm (module); others keep their names."""
    module, _, name = norm.rpartition(":")
    own = f"{name} ({module})" if module and name in NORM_TITLES.values() else name
    return NORM_TITLES.get(norm, own)


def in_place_of(norm: str, other: str) -> str:
    """``BatchNorm in place of no norm``: what is varied, as answers name it."""
    return f"{norm_title(norm)} in place of {norm_title(other)}"


def value_title(factor: str, value: Factor) -> str:
    """A factor's value as it is printed: ``16``, ``0.01``, ``post``."""
    number = f"{value:g}" if isinstance(value, float) else str(value)
    return VALUE_TITLES.get((factor, value), VALUE_FORMS.get(factor, "{}").format(number))


def described(factors: Mapping[str, Factor]) -> str:
    """Factors other than the norm, in words: ``batch size 16``; ``post-norm blocks, depth 8``."""
    titles = {name: value_title(name, value) for name, value in factors.items() if name != "norm"}
    phrases = {name: FACTOR_PHRASES.get(name, f"{name.replace('_', ' ')} {{}}") for name in titles}
    return ", ".join(phrases[name].format(title) for name, title in titles.items() if title)


def arm_title(factors: Mapping[str, Factor]) -> str:
    """Short name of an arm: ``BatchNorm 16``."""
    titles = [value_title(name, value) for name, value in factors.items() if name != "norm"]
    return " ".join([norm_title(str(factors["norm"])), *filter(None, titles)])


def count_decimals(estimate: Estimate, factor: float = 1.0) -> int:
    """Decimals that show two significant digits of the half width, or three of the mean where no interval is."""
    half_width = 0.0 if estimate.low is None or estimate.high is None else factor * (estimate.high - estimate.low) / 2
    size, digits = (half_width, 2) if half_width > 0 else (abs(estimate.mean * factor), DIGITS_WITHOUT_INTERVAL)
    return min(MAX_DECIMALS, max(0, digits - 1 - math.floor(math.log10(size)))) if size > 0 else 0


def format_number(value: float, decimals: int, sign: bool = False) -> str:
    """A number with a true minus sign; never "-0"."""
    text = f"{value:+.{decimals}f}" if sign else f"{value:.{decimals}f}"
    is_zero = not text.strip("+-0.")
    return (text.lstrip("+-") if is_zero else text).replace("-", "−")


def format_level(estimate: Estimate, unit: Unit) -> str:
    """Mean and half width, without the unit: ``0.0482 ±0.0011``. For symmetric intervals only."""
    factor = SCALES[unit].factor
    decimals = count_decimals(estimate, factor)
    mean = format_number(factor * estimate.mean, decimals)
    if estimate.low is None or estimate.high is None:
        return mean
    return f"{mean} ±{format_number(factor * (estimate.high - estimate.low) / 2, decimals)}"


def format_difference(estimate: Estimate, unit: Unit, *, with_unit: bool = True) -> str:
    """Mean and interval of a difference: ``+0.0120 nats [0.0101, 0.0139]``; of decades also as a factor, where the unit is said."""
    scale = SCALES[unit]
    decimals = count_decimals(estimate, scale.factor)
    text = format_number(scale.factor * estimate.mean, decimals, sign=True) + _unit_after(unit, with_unit)
    if estimate.low is not None and estimate.high is not None:
        low, high = (format_number(scale.factor * end, decimals) for end in (estimate.low, estimate.high))
        text += f" [{low}, {high}]"
    if unit != "decades" or not with_unit:
        return text
    return f"{text}, {format_factor(abs(estimate.mean))} times {'higher' if estimate.mean > 0 else 'lower'}"


def format_levels(difference: Difference, unit: Unit) -> str:
    """What two arms are at, beside their difference: ``0.0832 against 0.1178``; ``96.1 against 94.0 %``. Empty where arms are more."""
    if difference.levels is None:
        return ""
    if unit == "decades":
        return " against ".join(format_factor(level) for level in difference.levels)
    scale = SCALES[unit]
    decimals = _few_decimals(difference.estimate, scale.factor)
    levels = " against ".join(_format_level(scale.factor * level, decimals) for level in difference.levels)
    return levels if scale.of_level == scale.of_difference else f"{levels} {scale.of_level}"


def _format_level(level: float, decimals: int) -> str:
    """With two significant digits at least: a small loss beside a large one is not zero."""
    needed = 1 - math.floor(math.log10(abs(level))) if level else 0
    return format_number(level, min(MAX_DECIMALS, max(decimals, needed)))


def format_factor(decades: float) -> str:
    """Decades as a factor, to two significant digits: ``0.33``; ``3.0``; ``220``."""
    factor = float(f"{10**decades:.2g}")
    return f"{factor:,.0f}" if factor >= 10 else f"{factor:#.2g}"


def format_amount(estimate: Estimate, unit: Unit) -> str:
    """By how much a value is lower or higher, within a sentence: ``0.120 nats [0.101, 0.139]``; ``a factor of 4.9 [3.2, 6.8]``."""
    scale, sign = SCALES[unit], -1 if estimate.mean < 0 else 1
    ends = [None if end is None else sign * scale.factor * end for end in (estimate.low, estimate.high)][::sign]
    if unit == "decades":
        mean, *interval = (None if end is None else format_factor(end) for end in (abs(estimate.mean), *ends))
        return f"a factor of {mean}{_in_brackets(interval)}"
    decimals = _few_decimals(estimate, scale.factor)
    interval = [None if end is None else format_number(end, decimals) for end in ends]
    return format_number(abs(scale.factor * estimate.mean), decimals) + _unit_after(unit, True) + _in_brackets(interval)


def _few_decimals(estimate: Estimate, factor: float) -> int:
    """Decimals of a difference within a sentence."""
    size = abs(factor * estimate.mean)
    most = DIGITS_OF_AMOUNTS - 1 - math.floor(math.log10(size)) if size > 0 else MAX_DECIMALS
    return min(count_decimals(estimate, factor), max(0, most))


def _in_brackets(interval: Sequence[str | None]) -> str:
    return "" if None in interval else " [{}, {}]".format(*interval)


def format_size(mean: float, unit: Unit) -> str:
    """The same without its interval, to two significant digits: ``1.9 points``; ``a factor of 4.9``."""
    return f"a factor of {format_factor(abs(mean))}" if unit == "decades" else format_margin(abs(mean), unit)


def format_margin(margin: float, unit: Unit, *, with_unit: bool = True) -> str:
    """A margin to two significant digits."""
    scale = SCALES[unit]
    value = scale.factor * margin
    decimals = min(MAX_DECIMALS, max(0, 1 - math.floor(math.log10(value)))) if value > 0 else 0
    return format_number(value, decimals) + _unit_after(unit, with_unit)


def _unit_after(unit: Unit, with_unit: bool) -> str:
    """A difference's unit behind a number; a ratio has none."""
    return f" {SCALES[unit].of_difference}" if with_unit and unit != "ratio" else ""


def format_p(p_value: float) -> str:
    """A p value with its relation: ``= 0.031``, ``< 0.001``."""
    if p_value < 0.001:
        return "< 0.001"
    return f"= {p_value:.3f}" if p_value < 0.1 else f"= {p_value:.2f}" if p_value < 1 else "= 1"


def conjoin(words: Iterable[str], conjunction: str = "and") -> str:
    """``16``; ``16 and 128``; ``16, 32 and 128``. Needs at least one."""
    *rest, last = words
    return f"{', '.join(rest)} {conjunction} {last}" if rest else last


def count(number: int, noun: str) -> str:
    """``1 seed``, ``32 seeds``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def out_of(part: int, whole: int) -> str:
    """``2 of 3``, ``all 3``, ``both``. Needs at least two."""
    if part < whole:
        return f"{part} of {whole}"
    return "both" if whole == 2 else f"all {whole}"


def say_number(word: Word, number: int) -> str:
    """``1 holds``, ``2 hold``, ``2 are contradicted``."""
    if word == "holds":
        return f"{number} hold{'s' if number == 1 else ''}"
    return f"{number} {'is' if number == 1 else 'are'} {word}"
