"""``environment.json``: what a run was trained on, and what it took."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from jaxnorm.data import Dataset
from jaxnorm.experiments import devices
from jaxnorm.experiments.folder import ArmResult, write_json
from jaxnorm.stats.arm import Arm


def save_environment(folder: Path, results: Mapping[Arm, ArmResult], datasets: Sequence[Dataset], seconds: float) -> None:
    """What the arms were trained on and what they took; seconds of interrupted runs before this one are added up.

    Arms compile side by side, so their ``compile_seconds`` overlap; a control's are those of its arm.
    """
    path = folder / "environment.json"
    earlier = json.loads(path.read_text())["wall_seconds"] if path.exists() else 0.0
    arms = {arm.key: {"compile_seconds": round(r.compile_seconds, 3), "run_seconds": round(r.run_seconds, 3)} for arm, r in results.items()}
    distinct = {each.name: each for each in datasets}.values()
    sources = [{"name": each.name, "version": each.version, "source": each.source} for each in distinct]
    data = sources[0] if len(sources) == 1 else sources
    write_json(path, devices.environment() | {"data": data, "wall_seconds": round(earlier + seconds, 3), "arms": arms})
