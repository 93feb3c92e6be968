"""The runner that all instruments share: arms x replicas -> history -> table -> verdicts -> figures and report."""

import hashlib
import json
import re
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from jax.sharding import Mesh
from rich.console import Console

from jaxnorm.analysis.summarise import summarise
from jaxnorm.analysis.summary import Summary
from jaxnorm.analysis.table import tidy
from jaxnorm.analysis.wording import count, described, norm_title
from jaxnorm.config import Arm, DecisionRule, Study
from jaxnorm.data import Dataset
from jaxnorm.experiments import devices
from jaxnorm.experiments.build import make_replicas, on_devices
from jaxnorm.experiments.checks import check_norms
from jaxnorm.experiments.command_line import to_dict
from jaxnorm.experiments.folder import ArmResult, RunFolder, write_json
from jaxnorm.experiments.instrument import AnyInstrument
from jaxnorm.experiments.own_norms import find_norm, own_norm_sources
from jaxnorm.experiments.progress import Advance, show_progress
from jaxnorm.experiments.reproduce import reproducing_command
from jaxnorm.experiments.terminal import make_console
from jaxnorm.files import write_atomically
from jaxnorm.norms import NORMS
from jaxnorm.reporting.console import print_summary
from jaxnorm.reporting.draw import draw_report
from jaxnorm.training import Data, Programs, Train, compile_programs, make_mesh, run_replicas

NOT_SETTINGS = ("out", "resume", "quick", "data_dir")
"""Fields that do not change the numbers, and therefore do not tell one run from another. (``quick`` is applied before.)"""


def settings(config: Study, instrument: str) -> dict[str, Any]:
    """What tells this run from others, as plain JSON values."""
    named = {"instrument": instrument} | {key: value for key, value in to_dict(config).items() if key not in NOT_SETTINGS}
    sources = own_norm_sources(config.norms)
    return named | {"own_norms": sources} if sources else named


def default_folder(config: Study, instrument: str) -> Path:
    """``runs/compare-digits-1a2b3c4d``: the same settings always name the same folder."""
    digest = hashlib.sha256(json.dumps(settings(config, instrument), sort_keys=True).encode()).hexdigest()
    return Path("runs") / f"{instrument}-{re.sub(r'[^A-Za-z0-9._-]', '-', config.dataset)}-{digest[:8]}"


def run(config: Study, instrument: AnyInstrument) -> int:
    """An instrument, from checked values to the printed verdicts. Raises ``UsageError`` before anything is compiled or written."""
    check_norms(config.norms, NORMS)
    devices.set_up()
    for name in config.norms:
        find_norm(name)  # a mistake in a norm of one's own shows before any data are fetched
    datasets = {arm: instrument.dataset(config, arm) for arm in instrument.arms(config)}
    trains = {arm: instrument.train(config, arm, dataset) for arm, dataset in datasets.items()}
    path = config.out.expanduser() if config.out else default_folder(config, instrument.name)
    folder = RunFolder(path, settings(config, instrument.name), resume=config.resume)
    console = make_console()
    devices.announce(console)
    results = train_arms(config, instrument, trains, datasets, folder, console)
    first = next(iter(datasets.values()))
    summary = report(config, instrument, results, first, folder)
    print_summary(summary, console)
    console.print(f"written to {folder.path}: {', '.join(folder.contents())}")
    return 0


def report(config: Study, instrument: AnyInstrument, results: Mapping[Arm, ArmResult], dataset: Dataset, folder: RunFolder) -> Summary:
    """Write tables, verdicts, figures and report of trained arms."""
    rows = folder.save_metrics(list(results.values()))
    analysis = instrument.analyse(config, rows, {arm.key: result.seconds_per_network for arm, result in results.items()})
    summary = summarise(
        analysis.rows,
        analysis.plan,
        DecisionRule(accuracy_margin=config.accuracy_margin, loss_margin=config.loss_margin, convergence_loss=config.convergence_loss),
        instrument=instrument.name,
        question=config.question,
        num_classes=dataset.num_classes,
        setting=instrument.describe(config, dataset),
        seconds=analysis.seconds,
        sweeps=analysis.sweeps,
        notes=analysis.notes,
    )
    write_atomically(folder.path / "summary.json", summary.to_json())
    environment = json.loads((folder.path / "environment.json").read_text())
    draw_report(summary, folder.path, reproducing_command(settings(config, instrument.name)), environment)
    return summary


def train_arms(
    config: Study,
    instrument: AnyInstrument,
    trains: Mapping[Arm, Train],
    datasets: Mapping[Arm, Dataset],
    folder: RunFolder,
    console: Console,
) -> dict[Arm, ArmResult]:
    """Train every arm that ``folder`` does not hold yet, and keep each as soon as it ends; ``environment.json`` says what all took."""
    kept = {arm: result for arm in trains if (result := folder.load_arm(arm)) is not None}
    if kept:
        console.print(f"{count(len(kept), 'arm')} of {len(trains)} were finished before and are kept (--no-resume trains them again).")
    results, missing, began = dict(kept), {arm: train for arm, train in trains.items() if arm not in kept}, time.perf_counter()
    try:
        for arm, result in _train_missing(config, instrument, missing, datasets, console):
            folder.save_arm(arm, result)
            results[arm] = result
            if not console.is_terminal:
                console.print(f"{norm_title(arm.norm)} at {described(arm.factors)}: {count(result.networks, 'network')} trained and kept")
    except KeyboardInterrupt:
        if results:
            folder.save_metrics(list(results.values()))
        then = "the same command goes on from there" if config.resume else "without --no-resume the same command goes on from there"
        console.print(f"{count(len(results), 'arm')} finished and kept in {folder.path}; {then}.")
        raise
    finally:
        if len(results) > len(kept) or not (folder.path / "environment.json").exists():
            _save_environment(folder.path, results, list(datasets.values()), time.perf_counter() - began)
    return {arm: results[arm] for arm in trains}


def _train_missing(
    config: Study, instrument: AnyInstrument, trains: Mapping[Arm, Train], datasets: Mapping[Arm, Dataset], console: Console
) -> Iterator[tuple[Arm, ArmResult]]:
    """Compile all arms at once (compilation leaves Python's lock), then train them one after the other."""
    if not trains:
        return
    mesh, columns = make_mesh(), {arm: instrument.replicas(config, arm) for arm in trains}
    num_networks = {arm: len(varied["seed"]) for arm, varied in columns.items()}
    placed = {id(dataset): on_devices(dataset, mesh) for dataset in {id(datasets[arm]): datasets[arm] for arm in trains}.values()}
    data = {arm: placed[id(datasets[arm])] for arm in trains}
    programs = _compile(config, trains, num_networks, data, mesh, console)
    with show_progress(console, sum(num_networks.values()), config.epochs) as advance:
        for arm, program in programs.items():
            yield arm, _train_arm(config, arm, program, columns[arm], data[arm], advance)


def _compile(
    config: Study, trains: Mapping[Arm, Train], num_networks: Mapping[Arm, int], data: Mapping[Arm, Data], mesh: Mesh, console: Console
) -> dict[Arm, Programs]:
    with console.status(f"compiling {count(len(trains), 'arm')}"), ThreadPoolExecutor(devices.usable_cores()) as pool:
        try:
            programs = pool.map(lambda arm: compile_programs(trains[arm], num_networks[arm], config.epochs, data[arm], mesh), trains)
            return dict(zip(trains, programs, strict=True))
        except KeyboardInterrupt:
            console.print("stopping as soon as the programs that are being compiled are done")
            pool.shutdown(cancel_futures=True)
            raise


def _train_arm(config: Study, arm: Arm, programs: Programs, columns: Mapping[str, Any], data: Data, advance: Advance) -> ArmResult:
    began = time.perf_counter()
    title = f"{norm_title(arm.norm)} at {described(arm.factors)}"
    history = run_replicas(programs, make_replicas(columns, config), config.epochs, data, lambda epochs: advance(title, epochs))
    rows = tidy(arm, columns, history.metrics)
    return ArmResult(rows, len(columns["seed"]), programs.compile_seconds, time.perf_counter() - began, history.seconds)


def _save_environment(folder: Path, results: Mapping[Arm, ArmResult], datasets: list[Dataset], seconds: float) -> None:
    """What the arms were trained on and what they took; seconds of interrupted runs before this one are added up.

    Arms compile side by side, so their ``compile_seconds`` overlap.
    """
    path = folder / "environment.json"
    earlier = json.loads(path.read_text())["wall_seconds"] if path.exists() else 0.0
    arms = {arm.key: {"compile_seconds": round(r.compile_seconds, 3), "run_seconds": round(r.run_seconds, 3)} for arm, r in results.items()}
    distinct = {each.name: each for each in datasets}.values()
    sources = [{"name": each.name, "version": each.version, "source": each.source} for each in distinct]
    data = sources[0] if len(sources) == 1 else sources
    write_json(path, devices.environment() | {"data": data, "wall_seconds": round(earlier + seconds, 3), "arms": arms})
