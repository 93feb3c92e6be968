"""``environment.json``: what a run was trained on, and what it took."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from jaxnorm.data import Dataset
from jaxnorm.experiments import devices
from jaxnorm.experiments.folder import ArmResult
from jaxnorm.experiments.records import ENVIRONMENT, find_environment, write_json
from jaxnorm.stats.arm import Arm


def save_environment(folder: Path, results: Mapping[Arm, ArmResult], datasets: Sequence[Dataset], seconds: float) -> None:
    """What the arms were trained on and what they took; seconds of interrupted runs before this one are added up, if they can be read.

    Arms compile side by side, so their ``compile_seconds`` overlap; a control's are those of its arm.
    """
    earlier = (find_environment(folder) or {}).get("wall_seconds", 0.0)
    arms = {arm.key: {"compile_seconds": round(r.compile_seconds, 3), "run_seconds": round(r.run_seconds, 3)} for arm, r in results.items()}
    distinct = {each.name: each for each in datasets}.values()
    sources = [{"name": each.name, "version": each.version, "source": each.source} for each in distinct]
    data = sources[0] if len(sources) == 1 else sources
    write_json(folder / ENVIRONMENT, devices.environment() | {"data": data, "wall_seconds": round(earlier + seconds, 3), "arms": arms})
