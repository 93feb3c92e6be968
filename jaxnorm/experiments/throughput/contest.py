"""The throughput contest: build every contender, time each once a round, in turn, and report."""

import dataclasses
import importlib.util
import itertools
from collections.abc import Callable, Iterator

import jax
from jax.sharding import Mesh
from rich.console import Console

from jaxnorm.config import Optimizer
from jaxnorm.experiments import devices
from jaxnorm.experiments.checks import check_norms
from jaxnorm.experiments.claim import claim_folder, expanded, keep_settings
from jaxnorm.experiments.command_line import to_dict
from jaxnorm.experiments.compare.study import CompareArm, CompareConfig
from jaxnorm.experiments.compare.train import build_train
from jaxnorm.experiments.disk import disk_errors
from jaxnorm.experiments.interrupts import interrupts_between_steps, watched
from jaxnorm.experiments.limits import require_memory
from jaxnorm.experiments.terminal import make_console
from jaxnorm.experiments.throughput.contenders import (
    Timer,
    make_flax_loop,
    make_jaxnorm,
    make_matrix_peak,
    make_pytorch_loop,
    random_images,
)
from jaxnorm.experiments.throughput.report import explain, save_throughput, throughput_tables
from jaxnorm.experiments.throughput.results import GRID, SpeedSummary, Timing, matrix_flops_per_example
from jaxnorm.experiments.throughput.study import ThroughputConfig
from jaxnorm.norms import NORMS
from jaxnorm.report.console import print_table
from jaxnorm.training import make_mesh
from jaxnorm.training.replicas import MAPPED_PER_DEVICE

RIVAL_NORMS = ("batch", "layer", "none")
"""Norms that the Flax and PyTorch loops are written for."""

PIXELS, FLOAT_COPIES, STATE_ARRAYS = 784, 2, 3
"""Inputs of the MLP; float32 copies of them that the loops hold; arrays of the size of the weights in a state."""

OTHER_SIDE = 8
"""Pixels along an image for models other than the MLP."""

Key = tuple[str, str, int, int, str]
"""A contender at one kind of work: name, optimizer, batch size, number of networks, model."""


def run_throughput(config: ThroughputConfig) -> int:
    """The instrument, from checked values to the printed table."""
    check_norms([config.norm], NORMS)
    devices.set_up()
    _check_memory(config)
    _check_arms(config)
    out, settings = expanded(config.out, "--out"), {"instrument": "throughput"} | to_dict(config)
    console = make_console()
    with disk_errors("then run the same command again"):
        claim_folder(out, settings, fixed={"instrument"})
        devices.announce(console)
        with interrupts_between_steps() as check_interrupts:
            summary = measure(config, console, check_interrupts)
        keep_settings(out, settings)
        save_throughput(summary, out, devices.environment())
        for table in throughput_tables(summary):
            print_table(table, console)
        console.print(explain(summary), markup=False)
        console.print(f"written to {out}: report.md, summary.json, environment.json, figures/")
    return 0


def _check_memory(config: ThroughputConfig) -> None:
    """Refuse images and networks that do not fit into memory. Raises ``UsageError``."""
    largest = max(config.batch_sizes)
    images = config.steps * largest * PIXELS * (FLOAT_COPIES * 4 + 1 + jax.device_count())
    require_memory(images, "a set of images", f"--steps {config.steps} --batch-sizes {largest}", "give fewer")
    sizes = " ".join(map(str, config.hidden_sizes))
    parameters = sum(before * size for before, size in itertools.pairwise((PIXELS, *config.hidden_sizes, 10)))
    states = 2 * STATE_ARRAYS * 4 * parameters * MAPPED_PER_DEVICE * jax.device_count()
    require_memory(states, "the state of the networks that are trained at once", f"--hidden-sizes {sizes}", "give smaller networks")


def _check_arms(config: ThroughputConfig) -> None:
    """Refuse a norm that does not fit, before anything is written. Raises ``UsageError``."""
    for batch_size in config.batch_sizes:
        build_train(_training(config, config.optimizers[0], 1), CompareArm(config.norm, batch_size), random_images(batch_size))


def measure(config: ThroughputConfig, console: Console, check_interrupts: Callable[[], None] = lambda: None) -> SpeedSummary:
    """Build every contender, then time each once a round, in turn; ``check_interrupts`` is called between these."""
    mesh = make_mesh()
    timers = dict(watched(_timers(config, mesh, console), check_interrupts))
    for timer in timers.values():
        check_interrupts()
        timer()  # warm up: compile, fill caches
    seconds: dict[Key, list[float]] = {key: [] for key in timers}
    measure_peak, peak = make_matrix_peak(mesh), []
    for number in range(1, config.rounds + 1):
        peak.append(measure_peak())
        for key, timer in timers.items():
            check_interrupts()
            seconds[key].append(timer())
        console.print(f"round {number} of {config.rounds} done")
    timings = [Timing(*key[:4], seconds=values, model=key[4]) for key, values in seconds.items()]
    sizes = (784, *config.hidden_sizes, 10)
    setting = f"MLP {'-'.join(map(str, sizes))} with norm {config.norm}, {config.precision} products, {config.steps} updates a timing"
    return SpeedSummary(setting, timings, peak, matrix_flops_per_example(sizes))


def _timers(config: ThroughputConfig, mesh: Mesh, console: Console) -> Iterator[tuple[Key, Timer]]:
    """Each contender's key and timer: the MLP at every optimizer and batch size, then the other models, a row of each contender."""
    for optimizer, batch_size in itertools.product(config.optimizers, config.batch_sizes):
        console.print(f"preparing {optimizer} at batch size {batch_size}")
        arm, dataset = CompareArm(config.norm, batch_size), random_images(config.steps * batch_size)
        for seeds in sorted(config.seeds):
            yield ("jaxnorm", optimizer, batch_size, seeds, "mlp"), make_jaxnorm(_training(config, optimizer, seeds), arm, dataset, mesh)
        many = _training(config, optimizer, max(config.seeds))
        yield (GRID, optimizer, batch_size, many.seeds, "mlp"), make_jaxnorm(many, arm, dataset, mesh, grid=True)
        if config.norm not in RIVAL_NORMS:
            continue
        single = _training(config, optimizer, 1)
        yield ("Flax loop", optimizer, batch_size, 1, "mlp"), make_flax_loop(single, arm, dataset)
        if importlib.util.find_spec("torch") is None:
            continue
        for threads in _thread_counts():
            name = f"PyTorch, {threads} thread{'s' if threads > 1 else ''}"
            yield (name, optimizer, batch_size, 1, "mlp"), make_pytorch_loop(single, arm, dataset, threads)
    for model in config.other_models:
        optimizer, batch_size = config.optimizers[0], max(config.batch_sizes)
        console.print(f"preparing {model}")
        arm, dataset = CompareArm(config.norm, batch_size), random_images(config.steps * batch_size, OTHER_SIDE)
        several = dataclasses.replace(_training(config, optimizer, config.other_seeds), model=model)
        yield ("jaxnorm", optimizer, batch_size, config.other_seeds, model), make_jaxnorm(several, arm, dataset, mesh)
        single = dataclasses.replace(several, seeds=1)
        yield ("Flax loop", optimizer, batch_size, 1, model), make_flax_loop(single, arm, dataset)


def _training(config: ThroughputConfig, optimizer: Optimizer, seeds: int) -> CompareConfig:
    shared = {"norms": (config.norm,), "batch_sizes": config.batch_sizes, "hidden_sizes": config.hidden_sizes}
    return CompareConfig(dataset="random", seeds=seeds, epochs=1, optimizer=optimizer, precision=config.precision, **shared)


def _thread_counts() -> list[int]:
    """1, 2, 4, ... and the number of cores."""
    cores = devices.usable_cores()
    return sorted({2**power for power in range(cores.bit_length()) if 2**power <= cores} | {cores})
