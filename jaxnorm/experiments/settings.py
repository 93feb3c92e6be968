"""What tells one run from another, and names its folder."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from jaxnorm.config import Study
from jaxnorm.experiments.command_line import to_dict
from jaxnorm.experiments.own_norms import own_norm_sources
from jaxnorm.experiments.wording import without_wording

NOT_SETTINGS = ("out", "resume", "data_dir", "quiet", "verbose", "latex", "tensorboard")
"""Fields that do not change the numbers, and therefore do not tell one run from another."""


def settings(config: Study, instrument: str) -> dict[str, Any]:
    """What tells this run from others, as plain JSON values."""
    named = {"instrument": instrument} | {key: value for key, value in to_dict(config).items() if key not in NOT_SETTINGS}
    if not config.quick:
        del named["quick"]  # what is compiled quickly differs in its last digits, and says so
    sources = own_norm_sources(config.norms)
    return named | {"own_norms": sources} if sources else named


def default_folder(config: Study, instrument: str) -> Path:
    """``runs/compare-digits-1a2b3c4d``: the same settings always name the same folder, however the question is worded."""
    digest = hashlib.sha256(json.dumps(without_wording(settings(config, instrument)), sort_keys=True).encode()).hexdigest()
    return Path("runs") / f"{instrument}-{re.sub(r'[^A-Za-z0-9._-]', '-', config.dataset)}-{digest[:8]}"
