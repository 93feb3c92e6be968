"""The words of people about a run: they stand in ``config.json`` alone, so that changing them touches no result."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from jaxnorm.stats.summary import Summary

WORDING = ("question", "conclusion")
"""Settings that change no number: another wording is not another run."""


def without_wording(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What tells a run from others: its settings without the wording."""
    return {key: value for key, value in settings.items() if key not in WORDING}


def worded(summary: Summary, settings: Mapping[str, Any]) -> Summary:
    """A summary with the question and the conclusion of these settings, as its report shows them."""
    return dataclasses.replace(summary, settings={**summary.settings, **{key: settings[key] for key in WORDING if key in settings}})
