"""Names and numbers as people read them: labels of arms and comparisons, cells of tables. The one place that rounds.

An estimate is printed with two significant digits of its interval's half width, so that no digit is noise; what six decimals would show
as zero, with a power of ten.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from jaxnorm.controls import clean
from jaxnorm.stats.arm import Factor
from jaxnorm.stats.claims import Slot
from jaxnorm.stats.summary import Comparison, Estimate
from jaxnorm.stats.units import Unit

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
"""Norms that are not called by their table name."""

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
    ("warmup_steps", 0): "no warm-up",
}
"""What values that are not mentioned are called where they are set against others."""
VALUE_FORMS = {"ghost_size": "ghosts of {}"}
"""Factors whose numbers mean little without a word."""

MINUS, MAX_DECIMALS, DIGITS_WITHOUT_INTERVAL = "−", 6, 3


def norm_title(norm: str) -> str:
    """``batch`` becomes BatchNorm, ``module:MyNorm`` MyNorm, ``module:BatchNorm`` BatchNorm (module); others keep their names."""
    module, _, name = clean(norm).rpartition(":")
    own = f"{name} ({module})" if module and name in NORM_TITLES.values() else name
    return NORM_TITLES.get(norm, own)


def value_title(factor: str, value: Factor) -> str:
    """A factor's value as it is printed: ``16``, ``0.01``, ``post-norm``."""
    if factor == "norm":
        return norm_title(str(value))
    number = f"{value:g}" if isinstance(value, float) else clean(str(value))
    return VALUE_TITLES.get((factor, value), VALUE_FORMS.get(factor, "{}").format(number))


def factor_title(factor: str) -> str:
    """A factor's name as it is printed: ``batch size``."""
    return factor.replace("_", " ")


def described(factors: Mapping[str, Factor]) -> str:
    """Factors in words, the norm first: ``BatchNorm, batch size 16``; ``post-norm blocks, depth 8``."""
    return ", ".join(filter(None, (_phrase(name, value) for name, value in factors.items())))


def _phrase(name: str, value: Factor, *, always: bool = False) -> str:
    """``batch size 16``; ``always``: also of values that are not mentioned otherwise."""
    title = value_title(name, value)
    if not title:
        return DEFAULT_TITLES.get((name, value), "") if always else ""
    return title if name == "norm" else FACTOR_PHRASES.get(name, f"{factor_title(name)} {{}}").format(title)


def level_titles(factor: str, levels: Sequence[Factor]) -> list[str]:
    """Values of a factor over neighbouring columns: ``batch size 16``, ``128``; ``shuffled batches``, ``sorted batches``."""
    if factor == "norm" or factor in FACTOR_PHRASES:
        return [_phrase(factor, level, always=True) for level in levels]
    return [value_title(factor, level) if place else _phrase(factor, level) for place, level in enumerate(levels)]


def arm_title(factors: Mapping[str, Factor]) -> str:
    """Short name of an arm: ``BatchNorm 16``."""
    return " ".join(filter(None, (value_title(name, value) for name, value in factors.items())))


def say(value: Slot) -> str:
    """What a statement's braces are filled with: ``16 and 128``; ``no norm and LayerNorm``."""
    if isinstance(value, list):
        return conjoin([say(each) for each in value])
    if isinstance(value, str):
        titles = {name: title for (_, name), title in VALUE_TITLES.items() if isinstance(name, str) and title} | NORM_TITLES
        return titles.get(value, norm_title(value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def comparison_title(comparison: Comparison, arms: Mapping[str, Mapping[str, Factor]], sign: int = 1) -> str:
    """What is compared with what: ``LayerNorm − BatchNorm, batch size 16``. ``arms`` maps keys to factors; ``sign`` -1 turns it round."""
    weights = {key: sign * weight for key, weight in comparison.weights.items()}
    if comparison.over:
        return _trend(weights, comparison.over, arms)
    first = next(key for key, weight in weights.items() if weight > 0)
    others = [key for key, weight in weights.items() if weight < 0]
    other = next((key for key in others if arms[key]["norm"] != arms[first]["norm"]), others[0])
    differing = _differing(arms[first], arms[other])
    if len(weights) == 2:
        return _against(arms[first], arms[other], differing, shared=arms[first])
    across = next(key for key in others if key != other)
    varied = _differing(arms[first], arms[across])
    alone = {name: value for name, value in arms[first].items() if name in differing}
    inner = _against(alone, {name: arms[other][name] for name in alone}, differing, shared={})
    return f"({inner}), {_against(arms[first], arms[across], varied, shared=arms[first], without=differing)}"


def _differing(one: Mapping[str, Factor], other: Mapping[str, Factor]) -> list[str]:
    return [name for name in one if one[name] != other[name]]


def _against(
    one: Mapping[str, Factor],
    other: Mapping[str, Factor],
    differing: Sequence[str],
    *,
    shared: Mapping[str, Factor],
    without: Sequence[str] = (),
) -> str:
    """One minus another, and what both have in common: ``BatchNorm, batch size 16 − 128``."""
    common = described({name: value for name, value in shared.items() if name not in (*differing, *without)})
    if len(differing) == 1 and differing != ["norm"]:
        (name,) = differing
        titles = [value_title(name, each[name]) or _undefaulted(name, each[name]) for each in (one, other)]
        if all(titles):
            phrase = FACTOR_PHRASES.get(name, f"{factor_title(name)} {{}}").format(f" {MINUS} ".join(titles))
        else:
            phrase = f" {MINUS} ".join(_phrase(name, each[name], always=True) for each in (one, other))
        return ", ".join(filter(None, [common, phrase]))
    phrases = ((_phrase(name, each[name], always=name != "norm" and len(differing) > 1) for name in differing) for each in (one, other))
    sides = (", ".join(filter(None, each)) for each in phrases)
    return ", ".join(filter(None, [f" {MINUS} ".join(sides), common]))


def _undefaulted(name: str, value: Factor) -> str:
    """A value that is not mentioned otherwise, as it stands in settings; nothing where it has a title of its own."""
    return "" if (name, value) in DEFAULT_TITLES else str(value)


def _trend(weights: Mapping[str, float], over: str, arms: Mapping[str, Mapping[str, Factor]]) -> str:
    """``BatchNorm − no norm, plain blocks, depth 32 − 2 on a fitted line``."""
    kinds: dict[tuple[tuple[str, Factor], ...], dict[Factor, float]] = {}
    for key, weight in weights.items():
        kind = tuple((name, value) for name, value in arms[key].items() if name != over)
        kinds.setdefault(kind, {})[arms[key][over]] = weight
    rising = [dict(kind) for kind, line in kinds.items() if line[max(line)] > 0]
    falling = [dict(kind) for kind, line in kinds.items() if line[max(line)] < 0]
    ends = sorted({arms[key][over] for key in weights})
    first, last = (ends[0], ends[-1]) if rising else (ends[-1], ends[0])
    phrase = f"{_against({over: last}, {over: first}, [over], shared={})} on a fitted line"
    if not rising or not falling:
        return f"{described((rising or falling)[0])}, {phrase}"
    return f"{_against(rising[0], falling[0], _differing(rising[0], falling[0]), shared=rising[0])}, {phrase}"


def count_decimals(mean: float, half: float | None) -> int:
    """Decimals that show two significant digits of the half width, or three of the mean where no interval is."""
    size, digits = (half, 2) if half and math.isfinite(half) else (abs(mean), DIGITS_WITHOUT_INTERVAL)
    return _decimals(size, digits)


def _decimals(size: float, digits: int) -> int:
    """Decimals that show so many significant digits, however many these are."""
    return max(0, digits - 1 - math.floor(math.log10(size))) if size > 0 else 0


def number(value: float, decimals: int, *, sign: bool = False) -> str:
    """A number with a true minus sign; never "-0". With more than ``MAX_DECIMALS``, what is smaller is ``3.1e−07``."""
    is_tiny = decimals > MAX_DECIMALS and 0 < abs(value) < 10.0**-MAX_DECIMALS
    form = ".1e" if is_tiny else f".{min(decimals, MAX_DECIMALS)}f"
    text = f"{value:{'+' if sign else ''}{form}}"
    is_zero = not text.strip("+-0.")
    return (text.lstrip("+-") if is_zero else text).replace("-", MINUS)


def level(estimate: Estimate, unit: Unit) -> tuple[str, str]:
    """Mean and half width of an arm, without the unit: ``0.0482``, ``±0.0011``; the latter empty where there is no interval."""
    mean, half = unit.factor * estimate.mean, None if estimate.half is None else unit.factor * estimate.half
    decimals = count_decimals(mean, half)
    return number(mean, decimals), "" if half is None else f"±{number(half, decimals)}"


def level_text(estimate: Estimate, unit: Unit) -> str:
    """The same in one, with the unit: ``0.0482 ±0.0011 nats``."""
    return " ".join(filter(None, [*level(estimate, unit), unit.level]))


def difference(comparison: Comparison, unit: Unit, sign: int = 1) -> tuple[str, str]:
    """Mean and joint interval, without the unit: ``+0.0120``, ``[0.0101, 0.0139]``; the latter empty where there is none."""
    mean = sign * unit.factor * comparison.mean
    half = None if comparison.half is None else unit.factor * comparison.half
    decimals = count_decimals(mean, half)
    interval = "" if half is None else f"[{number(mean - half, decimals)}, {number(mean + half, decimals)}]"
    return number(mean, decimals, sign=True), interval


def difference_text(comparison: Comparison, unit: Unit, sign: int = 1) -> str:
    """The same in one, with the unit: ``+0.0120 nats [0.0101, 0.0139]``."""
    mean, interval = difference(comparison, unit, sign)
    return " ".join(filter(None, [mean, unit.difference, interval]))


def margin(value: float, unit: Unit) -> str:
    """A margin to two significant digits, without the unit."""
    scaled = unit.factor * value
    return number(scaled, _decimals(scaled, 2))


def signed(value: float) -> str:
    """A difference without an interval, to two significant digits: ``+0.0081``."""
    return number(value, _decimals(abs(value), 2), sign=True)


def conjoin(words: Iterable[str], conjunction: str = "and") -> str:
    """``16``; ``16 and 128``; ``16, 32 and 128``. Needs at least one."""
    *rest, last = words
    return f"{', '.join(rest)} {conjunction} {last}" if rest else last


def count(amount: int, noun: str) -> str:
    """``1 seed``, ``32 seeds``."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def duration(seconds: float) -> str:
    """``45 s``, ``6.9 min``, ``2.1 h``."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
