"""What a run will need of memory and time, estimated from its traced programs before anything is compiled or written."""

import math
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxnorm.config import Study
from jaxnorm.experiments.build import as_data, make_replicas
from jaxnorm.experiments.checks import flag
from jaxnorm.experiments.jobs import Job
from jaxnorm.experiments.limits import require_memory
from jaxnorm.training import Replica
from jaxnorm.training.replicas import mapped_group_size

BYTES_PER_ROW = 200
"""Of the tidy table, while it is put together and written as text."""
UPDATE_SECONDS, CPU_RATE, ACCELERATOR_RATE = 2e-5, 5e10, 5e13
"""What the fastest update takes on a core at least, and operations per second of a core and of an accelerator at best."""
DAY = 86_400.0


class Traced(NamedTuple):
    """What is known of one network of an arm."""

    state_bytes: int
    parameters: int
    probed: int
    """How many numbers its probe gives."""


def check_budget(config: Study, jobs: Sequence[Job]) -> None:
    """Refuse a run that cannot fit into memory, and warn of one that takes days. Raises ``UsageError``."""
    traced = {id(job.train): _trace(config, job) for job in {id(job.train): job for job in jobs}.values()}
    _check_networks(config, max(each.state_bytes for each in traced.values()), max(job.networks for job in jobs))
    _check_host(config, jobs, traced)
    days = _least_seconds(config, jobs, traced) / DAY
    if days > 1:
        networks = sum(job.networks for job in jobs)
        print(f"warning: this run takes {days:,.1f} days at least: {networks} networks of {config.epochs} epochs each", file=sys.stderr)


def _trace(config: Study, job: Job) -> Traced:
    replica = Replica(*(leaf[0] for leaf in make_replicas({name: values[:1] for name, values in job.columns.items()}, config)))
    state, probed = jax.eval_shape(job.train.start, replica, as_data(job.dataset))
    return Traced(_bytes(state), sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(state.params)), len(probed))


def _bytes(tree: Any) -> int:
    return sum(math.prod(leaf.shape) * np.dtype(leaf.dtype).itemsize for leaf in jax.tree.leaves(tree))


def _check_networks(config: Study, state_bytes: int, networks: int) -> None:
    """What is trained at once: each network's state before and after an update, and on a CPU that of its group."""
    device, count = jax.devices()[0], jax.device_count()
    if device.platform == "cpu":
        needed, available = 2 * state_bytes * (mapped_group_size(networks, count) + count), None
    else:
        needed, available = 3 * state_bytes, (device.memory_stats() or {}).get("bytes_limit")
    require_memory(needed, "the state of the networks that are trained at once", _size_flags(config), "give smaller networks", available)


def _size_flags(config: Study) -> str:
    """The flags that decide how large a network is, with their values."""
    names = [name for name in ("hidden_sizes", "width", "depths", "model") if hasattr(config, name)]
    return " ".join(f"{flag(name)} {_spelled(getattr(config, name))}" for name in names)


def _spelled(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _check_host(config: Study, jobs: Sequence[Job], traced: dict[int, Traced]) -> None:
    """What the machine holds all the time: data, on a CPU once for every core; the table; and what each network gets right."""
    datasets = {id(job.dataset): job.dataset for job in jobs}.values()
    copies = 1 + (jax.device_count() if jax.devices()[0].platform == "cpu" else 0)
    data = copies * sum(_bytes([dataset.train, dataset.validation, dataset.test]) for dataset in datasets)
    source = f"--mean-length {getattr(config, 'mean_length', '')}" if hasattr(config, "mean_length") else f"--dataset {config.dataset}"
    require_memory(data, "the data", source, "give less")
    rows = sum(job.networks * (config.epochs + 1) * (4 + traced[id(job.train)].probed) for job in jobs)
    correct = sum(job.networks * len(job.dataset.test.labels) for job in jobs if job.keeps_examples)
    given = f"--seeds {config.seeds} --epochs {config.epochs}"
    require_memory(data + BYTES_PER_ROW * rows + correct, "the table of results", given, "give fewer")


def _least_seconds(config: Study, jobs: Sequence[Job], traced: dict[int, Traced]) -> float:
    """A lower bound: matrix products alone, each parameter used once an example, and on a CPU the overhead of an update."""
    on_cpu = jax.devices()[0].platform == "cpu"
    total = 0.0
    for job in jobs:
        examples = len(job.dataset.train.labels)
        operations = 6.0 * traced[id(job.train)].parameters * examples
        updates = examples // int(job.arm.factors.get("batch_size", getattr(config, "batch_size", examples)))
        epoch = operations / CPU_RATE + updates * UPDATE_SECONDS if on_cpu else operations / ACCELERATOR_RATE
        total += job.networks * config.epochs * epoch
    return total / jax.device_count()
