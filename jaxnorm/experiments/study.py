"""The runner that all instruments share: arms x replicas -> history -> table -> verdicts -> figures and report."""

import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd
from jax.sharding import Mesh
from rich.console import Console

from jaxnorm import __version__
from jaxnorm.config import Study
from jaxnorm.data import Dataset
from jaxnorm.experiments import devices
from jaxnorm.experiments.budget import check_budget
from jaxnorm.experiments.build import make_replicas, on_devices
from jaxnorm.experiments.checks import check_norms
from jaxnorm.experiments.claim import expanded
from jaxnorm.experiments.correct import count_correct
from jaxnorm.experiments.disk import disk_errors
from jaxnorm.experiments.environment import save_environment
from jaxnorm.experiments.folder import ArmResult, RunFolder
from jaxnorm.experiments.foreseen import foresee
from jaxnorm.experiments.identity import find_identity
from jaxnorm.experiments.instrument import AnyInstrument, Columns
from jaxnorm.experiments.jobs import Job, make_jobs
from jaxnorm.experiments.limits import check_counts
from jaxnorm.experiments.own_norms import find_norm
from jaxnorm.experiments.parts import Parts
from jaxnorm.experiments.progress import Advance, show_progress
from jaxnorm.experiments.records import find_environment, is_drawn, read_environment
from jaxnorm.experiments.registry import words_of
from jaxnorm.experiments.reproduce import reproducing_command
from jaxnorm.experiments.roles import join_rows
from jaxnorm.experiments.settings import default_folder, settings
from jaxnorm.experiments.terminal import make_console
from jaxnorm.experiments.tracking import OnArm, make_trackers
from jaxnorm.experiments.wording import without_wording, worded
from jaxnorm.files import write_atomically
from jaxnorm.norms import NORMS
from jaxnorm.report.certainty import power_line
from jaxnorm.report.console import print_brief, print_details, print_summary, print_timings
from jaxnorm.report.draw import draw_report
from jaxnorm.report.text import count
from jaxnorm.report.vocabulary import Vocabulary
from jaxnorm.stats.arm import Arm, ControlArm
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.stats.summarise import summarise
from jaxnorm.stats.summary import Summary
from jaxnorm.stats.table import tidy
from jaxnorm.training import Data, Programs, Replica, compile_programs, gather, make_mesh, run_groups


def run(config: Study, instrument: AnyInstrument, on_arm: Sequence[OnArm] = ()) -> int:
    """An instrument, from checked values to the printed verdicts. Raises ``UsageError`` before anything is compiled or written.

    ``on_arm`` are told of every arm of the run once its networks are trained and kept, in the order in which they are.
    """
    check_counts(config)
    console = make_console(quiet=config.quiet)
    check_norms(config.norms, NORMS)
    path = expanded(config.out, "--out") if config.out else default_folder(config, instrument.name)
    trackers = [*on_arm, *make_trackers(config, path.name)]
    devices.set_up()
    for name in config.norms:
        find_norm(name)  # a mistake in a norm of one's own shows before any data are fetched
    jobs = make_jobs(config, instrument)
    check_budget(config, jobs)
    console.print(power_line(config.seeds, foresee(instrument.name, config).number))
    with disk_errors(f"what was finished before is kept in {path}, and the same command goes on from there"):
        identity = find_identity([job.dataset for job in jobs])
        folder = RunFolder(path, settings(config, instrument.name), resume=config.resume, identity=identity)
        devices.announce(console)
        results = train_arms(config, jobs, folder, console, trackers)
        summary = report(config, instrument, results, jobs, folder)
        show(config, summary, words_of(instrument.name), results, folder)
    return 0


def show(config: Study, summary: Summary, words: Vocabulary, results: Mapping[Arm, ArmResult], folder: RunFolder) -> None:
    """Print as much as was asked for."""
    console = make_console()
    if config.quiet:
        print_brief(summary, words, console)
        console.print(f"report: {folder.path / 'report.html'}", soft_wrap=True)
        return
    print_summary(summary, words, console)
    if config.verbose:
        print_details(summary, words, console)
        print_timings({arm.key: (each.networks, each.compile_seconds, each.run_seconds) for arm, each in results.items()}, console)
    console.print(f"written to {folder.path}: {', '.join(folder.contents())}")


def report(config: Study, instrument: AnyInstrument, results: Mapping[Arm, ArmResult], jobs: Sequence[Job], folder: RunFolder) -> Summary:
    """Write tables, verdicts, figures and report of trained arms."""
    rows = join_rows(results, config)
    folder.save_metrics(rows)
    told = settings(config, instrument.name)
    content = read_run(config, instrument, rows, jobs[0].dataset, results, {job.arm: job.columns for job in jobs}).to_json()
    summary = worded(Summary.from_json(content), told)  # what is drawn now, and what is drawn from the file later, is the same
    if config.latex or not is_drawn(folder.path, content):
        latex = __version__ if config.latex else ""
        command, environment = reproducing_command(told), read_environment(folder.path)
        draw_report(summary, words_of(instrument.name), folder.path, command, environment, latex=latex)
        write_atomically(folder.path / "summary.json", content)  # last: it says that all of this is drawn
    return summary


def read_run(
    config: Study,
    instrument: AnyInstrument,
    rows: pd.DataFrame,
    dataset: Dataset,
    results: Mapping[Arm, ArmResult],
    columns: Mapping[Arm, Columns],
) -> Summary:
    """From the tidy table of a run to its summary.

    ``results`` and ``columns``, what tells networks apart, are of the compiled arms.
    """
    analysis = instrument.analyse(config, rows, dataset)
    origins = {arm: analysis.origins.get(arm, (arm, {})) for arm in analysis.plan.arms}
    examples = {
        arm.key: count_correct(results[compiled], columns[compiled], config.seed_numbers, setting)
        for arm, (compiled, setting) in origins.items()
        if results[compiled].correct is not None
    }
    return summarise(
        analysis.rows,
        analysis.plan,
        DecisionRule(accuracy_margin=config.accuracy_margin, loss_margin=config.loss_margin, convergence_loss=config.convergence_loss),
        instrument=instrument.name,
        settings=without_wording(settings(config, instrument.name)),
        data=describe_data(dataset),
        num_classes=dataset.num_classes,
        seconds={arm.key: results[compiled].seconds_per_network for arm, (compiled, _) in origins.items()},
        examples=examples,
        sweeps=analysis.sweeps,
        facts=analysis.facts,
        control=analysis.control,
    )


def describe_data(dataset: Dataset) -> dict[str, Any]:
    """What a report must know of a data set: its name, its sizes, and how many values an example has."""
    sizes = {name: len(getattr(dataset, name).labels) for name in ("train", "validation", "test")}
    return {"name": dataset.name, "version": dataset.version, **sizes, "inputs": int(dataset.train.inputs[0].size)}


def train_arms(
    config: Study, jobs: Sequence[Job], folder: RunFolder, console: Console, on_arm: Sequence[OnArm] = ()
) -> dict[Arm, ArmResult]:
    """Train every arm that ``folder`` does not hold yet, and keep each as soon as it ends; ``environment.json`` says what all took."""
    kept = {job.arm: result for job in jobs if (result := folder.load_arm(job.arm)) is not None}
    missing, results, began = [job for job in jobs if job.arm not in kept], dict(kept), time.perf_counter()
    parts = {job.arm: folder.parts(job.arm) for job in missing}
    _tell_kept(jobs, kept, parts, console)
    for path in folder.damaged:
        print(f"{path} is damaged: what it held is trained again", file=sys.stderr)
    for arm, result in kept.items():
        _tell(on_arm, arm, result)
    try:
        for job, result in _train_missing(config, missing, parts, console):
            folder.save_arm(job.arm, result)
            results[job.arm] = result
            _tell(on_arm, job.arm, result)
            if not console.is_terminal:
                console.print(f"{job.title}: {count(result.networks, 'network')} trained and kept")
    except KeyboardInterrupt:
        if results:
            folder.save_metrics(join_rows(results, config))
        then = "the same command goes on from there" if config.resume else "without --no-resume the same command goes on from there"
        begun = sum(parts[job.arm].networks for job in missing if job.arm not in results)
        console.print(f"{_how_many(results, begun)} finished and kept in {folder.path}; {then}.")
        raise
    finally:
        if missing or find_environment(folder.path) is None:
            save_environment(folder.path, results, [job.dataset for job in jobs], time.perf_counter() - began)
    return {job.arm: results[job.arm] for job in jobs}


def _tell_kept(jobs: Sequence[Job], kept: Mapping[Arm, ArmResult], parts: Mapping[Arm, Parts], console: Console) -> None:
    begun = sum(part.networks for part in parts.values())
    if kept or begun:
        of_all = f" of {sum(not isinstance(job.arm, ControlArm) for job in jobs)}"
        console.print(f"{_how_many(kept, begun, of_all)} kept from before (--no-resume trains anew).")


def _how_many(arms: Collection[Arm], further_networks: int, of_all: str = "") -> str:
    """``2 arms``, ``4 arms of 4 and the control``, ``2 arms and 24 networks of the next``."""
    controls = sum(isinstance(arm, ControlArm) for arm in arms)
    said = [f"{count(len(arms) - controls, 'arm')}{of_all}", *["the control"][:controls]]
    return " and ".join(said + ([f"{count(further_networks, 'network')} of the next"] if further_networks else []))


def _tell(on_arm: Sequence[OnArm], arm: Arm, result: ArmResult) -> None:
    for tell in on_arm:
        tell(arm, result.rows)


def _train_missing(config: Study, jobs: Sequence[Job], parts: Mapping[Arm, Parts], console: Console) -> Iterator[tuple[Job, ArmResult]]:
    """Compile all arms at once (compilation leaves Python's lock), then train them one after the other."""
    if not jobs:
        return
    mesh = make_mesh()
    datasets = {id(job.dataset): job.dataset for job in jobs}
    data = {key: on_devices(dataset, mesh) for key, dataset in datasets.items()}
    programs = _compile(config, jobs, data, mesh, console)
    networks = sum(job.networks - parts[job.arm].networks for job in jobs)
    with show_progress(console, networks, config.epochs) as advance:
        for job in jobs:
            yield job, _train_arm(config, job, programs[id(job.train)], data[id(job.dataset)], parts[job.arm], advance)


def _compile(config: Study, jobs: Sequence[Job], data: Mapping[int, Data], mesh: Mesh, console: Console) -> dict[int, Programs]:
    """The programs, by the identity of their ``train``: a control has its arm's."""
    distinct = {id(job.train): job for job in jobs}

    def compile_job(job: Job) -> Programs:
        return compile_programs(job.train, job.networks, config.epochs, data[id(job.dataset)], mesh, quick=config.quick)

    with console.status(f"compiling {count(len(distinct), 'arm')}"), ThreadPoolExecutor(devices.usable_cores()) as pool:
        try:
            return dict(zip(distinct, pool.map(compile_job, distinct.values()), strict=True))
        except KeyboardInterrupt:
            console.print("stopping as soon as the programs that are being compiled are done")
            pool.shutdown(cancel_futures=True)
            raise


def _train_arm(config: Study, job: Job, programs: Programs, data: Data, parts: Parts, advance: Advance) -> ArmResult:
    """Train the networks of an arm that are not among its ``parts`` yet."""
    remaining = Replica(*(leaf[parts.networks :] for leaf in make_replicas(job.columns, config)))
    groups = run_groups(programs, remaining, config.epochs, data, lambda epochs: advance(job.title, epochs))
    parts.extend(groups if job.keeps_examples else (group._replace(correct=None) for group in groups))
    history = gather(parts.groups)
    run_seconds = sum(group.seconds for group in parts.groups)
    rows = tidy(job.arm, job.columns, history.metrics)
    return ArmResult(rows, job.networks, programs.compile_seconds, run_seconds, history.seconds, history.correct)
