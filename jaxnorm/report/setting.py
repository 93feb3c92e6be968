"""The lines above a report's results: what it is, and what was trained."""

from collections.abc import Mapping
from typing import Any

from jaxnorm.controls import clean
from jaxnorm.report.text import count, duration, number
from jaxnorm.report.vocabulary import Vocabulary
from jaxnorm.stats.summary import Summary

DATA_TITLES = {"mnist": "MNIST", "digits": "digits", "fashion_mnist": "Fashion-MNIST", "kmnist": "KMNIST"}


def question(summary: Summary) -> str:
    """What the run asks."""
    return clean(str(summary.settings.get("question", "")))


def kicker(summary: Summary, environment: Mapping[str, Any]) -> str:
    """``compare · MNIST · 32 paired seeds per arm · 6.9 min on 2 cores``."""
    name = clean(str(summary.settings.get("dataset", summary.data["name"])))
    seeds = count(len(summary.seeds), "paired seed")
    parts = [summary.instrument.replace("_", " "), DATA_TITLES.get(name, name), f"{seeds} per arm"]
    if "wall_seconds" in environment:
        where = count(environment.get("cores", 1), "core") if environment.get("backend", "cpu") == "cpu" else environment["devices"][0]
        parts.append(f"{duration(environment['wall_seconds'])} on {where}")
    return " · ".join(parts)


def setting(summary: Summary, words: Vocabulary) -> str:
    """``MLP 784-256-10, adam 0.001, 10 epochs; 50,000 training, 10,000 validation, 10,000 test examples. Batch 16 makes ...``."""
    settings, data = summary.settings, summary.data
    optimizer = f"{settings['optimizer']} {rate_text(settings)}"
    sizes = ", ".join(
        f"{data[split]:,} {title}" for split, title in (("train", "training"), ("validation", "validation"), ("test", "test"))
    )
    line = f"{words.network(summary)}; {optimizer}, {count(summary.epochs, 'epoch')}; {sizes} examples."
    return " ".join(filter(None, [line, _updates(settings)]))


def rate_text(settings: Mapping[str, Any]) -> str:
    """The learning rate, or the range that the best ones are chosen from."""
    rates = settings.get("learning_rates")
    return f"{min(rates):g} to {max(rates):g}" if rates else f"{settings['learning_rate']:g}"


def _updates(settings: Mapping[str, Any]) -> str:
    """What batch sizes change besides themselves."""
    sizes = sorted(settings.get("batch_sizes", ()))
    if len(sizes) < 2:
        return ""
    ratio = sizes[-1] / sizes[0]
    return f"Batch {sizes[0]} makes {number(ratio, 0 if ratio == int(ratio) else 1)} times as many updates as {sizes[-1]}."
