"""An instrument's verdicts on a table that was not trained."""

import types

import pandas as pd

from jaxnorm.config import Study
from jaxnorm.experiments.instrument import AnyInstrument
from jaxnorm.experiments.settings import settings
from jaxnorm.stats.summarise import summarise
from jaxnorm.stats.summary import Summary


def judged(config: Study, instrument: AnyInstrument, frame: pd.DataFrame, num_classes: int = 10) -> Summary:
    """The summary of a tidy table, as a run of ``instrument`` has it."""
    analysis = instrument.analyse(config, frame, types.SimpleNamespace(num_classes=num_classes))
    return summarise(
        analysis.rows,
        analysis.plan,
        config,
        instrument=instrument.name,
        settings=settings(config, instrument.name),
        data={"name": config.dataset},
        num_classes=num_classes,
        seconds={arm.key: [1.0] for arm in analysis.plan.arms},
        sweeps=analysis.sweeps,
        facts=analysis.facts,
    )


def words_of(summary: Summary) -> dict[str, tuple[str, int, int]]:
    """Claim to verdict, how many of its comparisons are as claimed, and of how many."""
    return {verdict.claim: (verdict.word, verdict.as_claimed, verdict.number) for verdict in summary.verdicts}
