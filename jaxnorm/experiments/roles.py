"""What a network is in a run for, as a column of the tidy table: so that nobody pools by accident what must not be pooled."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd

from jaxnorm.config import Study, TunedStudy
from jaxnorm.experiments.folder import ArmResult
from jaxnorm.stats.arm import Arm, ControlArm

Role = Literal["reported", "control", "tuning"]
ROLE = "role"


def join_rows(results: Mapping[Arm, ArmResult], config: Study) -> pd.DataFrame:
    """The rows of all arms as one table, whose column ``role`` stands before ``epoch``."""
    tables = [result.rows.assign(**{ROLE: _roles(arm, result.rows["seed"].to_numpy(), config)}) for arm, result in results.items()]
    rows = pd.concat(tables, ignore_index=True)
    columns = [column for column in rows.columns if column != ROLE]
    columns.insert(columns.index("epoch"), ROLE)
    return rows.loc[:, columns]


def _roles(arm: Arm, seeds: np.ndarray, config: Study) -> np.ndarray | Role:
    if isinstance(arm, ControlArm):
        return "control"
    if not isinstance(config, TunedStudy):
        return "reported"
    return np.where(np.isin(seeds, list(config.tuning_seed_numbers)), "tuning", "reported")
