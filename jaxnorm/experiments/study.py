"""The runner that all instruments share: arms x replicas -> history -> table -> verdicts -> figures and report."""

import hashlib
import json
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from jaxnorm.analysis.summarise import summarise
from jaxnorm.analysis.summary import Summary
from jaxnorm.analysis.table import tidy
from jaxnorm.config import Arm, CompareConfig
from jaxnorm.data import Dataset
from jaxnorm.experiments import devices
from jaxnorm.experiments.build import build_replicas, build_train, describe_setting, load_dataset
from jaxnorm.experiments.checks import check_norms
from jaxnorm.experiments.command_line import to_dict
from jaxnorm.experiments.folder import ArmResult, RunFolder
from jaxnorm.experiments.terminal import make_console
from jaxnorm.files import write_atomically
from jaxnorm.norms import NORMS
from jaxnorm.reporting.console import print_summary
from jaxnorm.reporting.figures import save_figures
from jaxnorm.reporting.report import write_report
from jaxnorm.training import Data, Programs, Split, Train, compile_programs, make_mesh, run_replicas

NOT_SETTINGS = ("out", "resume", "quick", "data_dir")
"""Fields that do not change the numbers, and therefore do not tell one run from another. (``quick`` is applied before.)"""


def settings(config: CompareConfig, instrument: str) -> dict[str, Any]:
    """What tells this run from others, as plain JSON values."""
    return {"instrument": instrument} | {key: value for key, value in to_dict(config).items() if key not in NOT_SETTINGS}


def default_folder(config: CompareConfig, instrument: str) -> Path:
    """``runs/compare-digits-1a2b3c4d``: the same settings always name the same folder."""
    digest = hashlib.sha256(json.dumps(settings(config, instrument), sort_keys=True).encode()).hexdigest()
    return Path("runs") / f"{instrument}-{config.dataset}-{digest[:8]}"


def on_devices(dataset: Dataset, mesh: Mesh) -> Data:
    """The data set on every device once, as uint8; mean and standard deviation in units of its pixels."""
    train, validation, test = (Split(split.images, split.labels) for split in (dataset.train, dataset.validation, dataset.test))
    data = Data(train, validation, test, np.float32(dataset.scale) * dataset.mean, np.float32(dataset.scale) * dataset.std)
    return jax.device_put(data, NamedSharding(mesh, PartitionSpec()))


def run_compare(config: CompareConfig) -> int:
    """The main job, from checked values to the printed verdicts. Raises ``UsageError`` before anything is compiled or written."""
    check_norms(config.norms, NORMS)
    devices.set_up()
    dataset = load_dataset(config)
    trains = {arm: build_train(config, arm, dataset) for arm in config.arms}
    folder = RunFolder(config.out or default_folder(config, "compare"), settings(config, "compare"), resume=config.resume)
    console = make_console()
    devices.announce(console)
    summary = run_study(config, "compare", dataset, trains, folder, console)
    print_summary(summary, console)
    console.print(f"written to {folder.path}: {', '.join(folder.contents())}")
    return 0


def run_study(
    config: CompareConfig, instrument: str, dataset: Dataset, trains: dict[Arm, Train], folder: RunFolder, console: Console
) -> Summary:
    """Train every arm that ``folder`` does not hold yet, then write tables, verdicts, figures and report there."""
    began = time.perf_counter()
    results = {arm: result for arm in trains if (result := folder.load_arm(arm)) is not None}
    if results:
        console.print(f"{len(results)} of {len(trains)} arms were finished before and are kept (--no-resume trains them again).")
    try:
        for arm, result in _train_arms(config, {arm: train for arm, train in trains.items() if arm not in results}, dataset, console):
            folder.save_arm(arm, result)
            results[arm] = result
    except KeyboardInterrupt:
        if results:
            folder.save_metrics([results[arm] for arm in trains if arm in results])
        console.print(f"interrupted: {len(results)} of {len(trains)} arms are kept in {folder.path}; the same command goes on from there.")
        raise
    ordered = [results[arm] for arm in trains]
    rows = folder.save_metrics(ordered)
    seconds = {arm.key: results[arm].seconds_per_network for arm in trains}
    summary = summarise(rows, config, num_classes=dataset.num_classes, setting=describe_setting(config, dataset), seconds=seconds)
    environment = _environment(trains, ordered, time.perf_counter() - began)
    folder.save_json("environment.json", environment)
    write_atomically(folder.path / "summary.json", summary.to_json())
    save_figures(summary, folder.path / "figures")
    write_report(summary, folder.path, command=reproducing_command(config, instrument), environment=environment)
    return summary


def reproducing_command(config: CompareConfig, instrument: str) -> str:
    """The command that repeats this run: every setting that is not the default."""
    defaults = to_dict(type(config)())
    changed = {key: value for key, value in settings(config, instrument).items() if key in defaults and value != defaults[key]}
    return " ".join([f"python -m jaxnorm.experiments.{instrument}", *(_as_flag(key, value) for key, value in changed.items())])


def _as_flag(key: str, value: Any) -> str:
    name = key.replace("_", "-")
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no-{name}"
    values = value if isinstance(value, list | tuple) else [value]
    return " ".join([f"--{name}", *(shlex.quote(str(each)) for each in values)])


def _train_arms(config: CompareConfig, trains: dict[Arm, Train], dataset: Dataset, console: Console) -> Iterator[tuple[Arm, ArmResult]]:
    """Compile all arms at once (compilation leaves Python's lock), then train them one after the other."""
    if not trains:
        return
    mesh = make_mesh()
    data = on_devices(dataset, mesh)
    with console.status(f"compiling {len(trains)} arms"), ThreadPoolExecutor(devices.usable_cores()) as pool:
        programs = list(pool.map(lambda train: compile_programs(train, config.seeds, config.epochs, data, mesh), trains.values()))
    with _progress(console, trains, config.seeds, config.epochs) as advance:
        for arm, program in zip(trains, programs, strict=True):
            yield arm, _train_arm(config, arm, program, data, lambda epochs, arm=arm: advance(arm, epochs))


def _train_arm(config: CompareConfig, arm: Arm, programs: Programs, data: Data, on_progress: Callable[[int], None]) -> ArmResult:
    began = time.perf_counter()
    history = run_replicas(programs, build_replicas(config), config.epochs, data, on_progress)
    rows = tidy(arm, list(config.seed_numbers), history.metrics)
    return ArmResult(rows, programs.compile_seconds, time.perf_counter() - began, history.seconds)


@contextmanager
def _progress(console: Console, arms: Sequence[Arm] | dict[Arm, Any], seeds: int, epochs: int) -> Iterator[Callable[[Arm, int], None]]:
    """A bar over all networks; without a terminal, one plain line as each arm ends."""
    total = len(arms) * seeds * epochs
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[networks]}"), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("training", total=total, networks="")
        done = dict.fromkeys(arms, 0)

        def advance(arm: Arm, network_epochs: int) -> None:
            done[arm] += network_epochs
            networks = f"{sum(done.values()) // epochs} of {total // epochs} networks"
            bar.update(task, advance=network_epochs, description=f"{arm.norm} at {arm.batch_size}", networks=networks)
            if done[arm] == seeds * epochs and not console.is_terminal:
                console.print(f"{arm.norm} at batch size {arm.batch_size}: {seeds} networks trained; {networks}")

        yield advance


def _environment(trains: dict[Arm, Train], results: Sequence[ArmResult], wall_seconds: float) -> dict[str, Any]:
    arms = {
        arm.key: {"compile_seconds": round(result.compile_seconds, 3), "run_seconds": round(result.run_seconds, 3)}
        for arm, result in zip(trains, results, strict=True)
    }
    return devices.environment() | {"wall_seconds": round(wall_seconds, 3), "arms": arms}
