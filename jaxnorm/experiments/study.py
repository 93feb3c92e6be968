"""The runner that all instruments share: arms x replicas -> history -> table -> verdicts -> figures and report."""

import hashlib
import json
import re
import shlex
import time
from collections.abc import Callable, Collection, Iterator
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
from jaxnorm.experiments.folder import ArmResult, RunFolder, write_json
from jaxnorm.experiments.own_norms import find_norm, own_norm_sources
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
    named = {"instrument": instrument} | {key: value for key, value in to_dict(config).items() if key not in NOT_SETTINGS}
    sources = own_norm_sources(config.norms)
    return named | {"own_norms": sources} if sources else named


def default_folder(config: CompareConfig, instrument: str) -> Path:
    """``runs/compare-digits-1a2b3c4d``: the same settings always name the same folder."""
    digest = hashlib.sha256(json.dumps(settings(config, instrument), sort_keys=True).encode()).hexdigest()
    return Path("runs") / f"{instrument}-{re.sub(r'[^A-Za-z0-9._-]', '-', config.dataset)}-{digest[:8]}"


def on_devices(dataset: Dataset, mesh: Mesh) -> Data:
    """The data set on every device once, as uint8; mean and standard deviation in units of its pixels."""
    train, validation, test = (Split(split.images, split.labels) for split in (dataset.train, dataset.validation, dataset.test))
    data = Data(train, validation, test, np.float32(dataset.scale) * dataset.mean, np.float32(dataset.scale) * dataset.std)
    return jax.device_put(data, NamedSharding(mesh, PartitionSpec()))


def run_compare(config: CompareConfig) -> int:
    """The main job, from checked values to the printed verdicts. Raises ``UsageError`` before anything is compiled or written."""
    check_norms(config.norms, NORMS)
    devices.set_up()
    for name in config.norms:
        find_norm(name)  # a mistake in a norm of one's own shows before any data are fetched
    dataset = load_dataset(config)
    trains = {arm: build_train(config, arm, dataset) for arm in config.arms}
    path = config.out.expanduser() if config.out else default_folder(config, "compare")
    folder = RunFolder(path, settings(config, "compare"), resume=config.resume)
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
    kept = {arm: result for arm in trains if (result := folder.load_arm(arm)) is not None}
    if kept:
        console.print(f"{_count(len(kept))} of {len(trains)} were finished before and are kept (--no-resume trains them again).")
    missing = {arm: train for arm, train in trains.items() if arm not in kept}
    results = kept | _train_missing(config, missing, dataset, folder, console, kept)
    ordered = {arm: results[arm] for arm in trains}
    rows = folder.save_metrics(list(ordered.values()))
    seconds = {arm.key: result.seconds_per_network for arm, result in ordered.items()}
    setting = describe_setting(config, dataset)
    summary = summarise(rows, config, num_classes=dataset.num_classes, setting=setting, seconds=seconds)
    write_atomically(folder.path / "summary.json", summary.to_json())
    save_figures(summary, folder.path / "figures")
    environment = json.loads((folder.path / "environment.json").read_text())
    write_report(summary, folder.path, command=reproducing_command(config, instrument), environment=environment)
    return summary


def _train_missing(
    config: CompareConfig, trains: dict[Arm, Train], dataset: Dataset, folder: RunFolder, console: Console, kept: dict[Arm, ArmResult]
) -> dict[Arm, ArmResult]:
    """Train arms, keeping each as soon as it ends, and say in ``environment.json`` what all arms of the folder took."""
    results: dict[Arm, ArmResult] = {}
    began = time.perf_counter()
    try:
        for arm, result in _train_arms(config, trains, dataset, console):
            folder.save_arm(arm, result)
            results[arm] = result
            if not console.is_terminal:
                console.print(f"{arm.norm} at batch size {arm.batch_size}: {config.seeds} networks trained and kept")
    except KeyboardInterrupt:
        if kept | results:
            folder.save_metrics(list((kept | results).values()))
        then = "the same command goes on from there" if config.resume else "without --no-resume the same command goes on from there"
        console.print(f"{_count(len(kept | results))} finished and kept in {folder.path}; {then}.")
        raise
    finally:
        if results or not (folder.path / "environment.json").exists():
            _save_environment(folder.path, kept | results, dataset, time.perf_counter() - began)
    return results


def _count(arms: int) -> str:
    return f"{arms} arm{'' if arms == 1 else 's'}"


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
    with console.status(f"compiling {_count(len(trains))}"), ThreadPoolExecutor(devices.usable_cores()) as pool:
        try:
            programs = list(pool.map(lambda train: compile_programs(train, config.seeds, config.epochs, data, mesh), trains.values()))
        except KeyboardInterrupt:
            console.print("stopping as soon as the programs that are being compiled are done")
            pool.shutdown(cancel_futures=True)
            raise
    with _progress(console, trains, config.seeds, config.epochs) as advance:
        for arm, program in zip(trains, programs, strict=True):
            yield arm, _train_arm(config, arm, program, data, lambda epochs, arm=arm: advance(arm, epochs))


def _train_arm(config: CompareConfig, arm: Arm, programs: Programs, data: Data, on_progress: Callable[[int], None]) -> ArmResult:
    began = time.perf_counter()
    history = run_replicas(programs, build_replicas(config), config.epochs, data, on_progress)
    rows = tidy(arm, list(config.seed_numbers), history.metrics)
    return ArmResult(rows, programs.compile_seconds, time.perf_counter() - began, history.seconds)


@contextmanager
def _progress(console: Console, arms: Collection[Arm], seeds: int, epochs: int) -> Iterator[Callable[[Arm, int], None]]:
    """A bar over all networks, where there is a terminal."""
    total = len(arms) * seeds * epochs
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[networks]}"), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("training", total=total, networks="")

        def advance(arm: Arm, network_epochs: int) -> None:
            done = int(bar.tasks[task].completed) + network_epochs
            networks = f"{done // epochs} of {total // epochs} networks"
            bar.update(task, advance=network_epochs, description=f"{arm.norm} at {arm.batch_size}", networks=networks)

        yield advance


def _save_environment(folder: Path, results: dict[Arm, ArmResult], dataset: Dataset, seconds: float) -> None:
    """What the arms were trained on and what they took; seconds of interrupted runs before this one are added up.

    Arms compile side by side, so their ``compile_seconds`` overlap.
    """
    path = folder / "environment.json"
    earlier = json.loads(path.read_text())["wall_seconds"] if path.exists() else 0.0
    arms = {arm.key: {"compile_seconds": round(r.compile_seconds, 3), "run_seconds": round(r.run_seconds, 3)} for arm, r in results.items()}
    data = {"name": dataset.name, "version": dataset.version, "source": dataset.source}
    write_json(path, devices.environment() | {"data": data, "wall_seconds": round(earlier + seconds, 3), "arms": arms})
