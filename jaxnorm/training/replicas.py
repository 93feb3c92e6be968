"""Many networks at once: replicas sharded over all devices, and mapped or vectorised inside each.

On a CPU each core is one device and trains its networks one after the other, so that a network's weights stay in that core's
cache; an accelerator trains its share as one batch (``vmap``). No device ever speaks to another.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from jaxnorm.training.loop import Train
from jaxnorm.training.state import CORRECT, Data, Replica
from jaxnorm.xla import FAST, QUICK, Options

OWN, SHARED = PartitionSpec("seed"), PartitionSpec()

MAPPED_PER_DEVICE = 4
"""Networks a CPU device trains between two signs of life. More costs nothing, fewer costs dispatch."""

MEMORY_SHARE = 0.8
"""Share of an accelerator's memory that one group of networks may take."""


class Programs(NamedTuple):
    """The compiled acts of one arm for groups of ``group_size`` networks."""

    start: jax.stages.Compiled
    advance: jax.stages.Compiled
    finish: jax.stages.Compiled
    mesh: Mesh
    group_size: int
    epochs_per_call: int
    compile_seconds: float


class Group(NamedTuple):
    """What n networks leave that were trained side by side: metrics ``(n, E)``, those of a probe ``(n, E + 1)``, test metrics ``(n, 1)``;
    the seconds that all of them took; and ``CORRECT``, ``(n, N)``, unless it is not kept.
    """

    metrics: dict[str, np.ndarray]
    seconds: float
    correct: np.ndarray | None = None

    @property
    def networks(self) -> int:
        """Their number, n."""
        return len(next(iter(self.metrics.values())))


class History(NamedTuple):
    """What a run of S replicas leaves: metrics ``(S, E)``, those of a probe ``(S, E + 1)``, test metrics ``(S, 1)``; seconds per network
    of each timed group; and ``CORRECT``, ``(S, N)``, unless it is not kept.
    """

    metrics: dict[str, np.ndarray]
    seconds: list[float]
    correct: np.ndarray | None = None


def make_mesh() -> Mesh:
    """All devices in one row, along the replica axis."""
    return jax.make_mesh((jax.device_count(),), ("seed",), axis_types=(AxisType.Auto,))


def replicate(function: Callable[[Any, Any], Any], mesh: Mesh, *, batched: bool) -> Callable[[Any, Any], Any]:
    """``function(own, shared)`` of one replica to the jitted function of many: ``own`` and the result lead with S.

    S must be a multiple of the number of devices. ``batched`` chooses ``vmap`` (accelerators) or ``lax.map`` (CPU) inside a device.
    """

    def on_device(own: Any, shared: Any) -> Any:
        if batched:
            return jax.vmap(function, in_axes=(0, None))(own, shared)
        return jax.lax.map(lambda one: function(one, shared), own)

    # BatchNorm's constant initial statistics do not vary over the mesh, the updated ones do: check_vma would reject the scan
    return jax.jit(jax.shard_map(on_device, mesh=mesh, in_specs=(OWN, SHARED), out_specs=OWN, check_vma=False))


def mapped_group_size(num_replicas: int, num_devices: int) -> int:
    """The largest group of at most ``MAPPED_PER_DEVICE`` networks per device among those that need the least padding."""
    sizes = [per_device * num_devices for per_device in range(1, MAPPED_PER_DEVICE + 1)]
    return min(sizes, key=lambda size: (-num_replicas % size, -size))


def largest_divisor(number: int, at_most: int) -> int:
    """The largest divisor of ``number`` that is not above ``at_most``."""
    return max(divisor for divisor in range(1, max(at_most, 1) + 1) if number % divisor == 0)


def compile_programs(
    train: Train, num_replicas: int, num_epochs: int, data: Data, mesh: Mesh, *, batched: bool | None = None, quick: bool = False
) -> Programs:
    """Compile an arm for ``num_replicas`` networks, in groups that fit the memory of the devices.

    ``batched`` defaults to what suits the devices; ``quick`` programs compile faster and run slower. Epochs are dispatched about a tenth of
    the run at a time, for the progress bar.
    """
    began = time.perf_counter()
    batched = _platform(mesh) != "cpu" if batched is None else batched
    acts = [replicate(act, mesh, batched=batched) for act in train]
    group_size = -(-num_replicas // mesh.size) * mesh.size if batched else mapped_group_size(num_replicas, mesh.size)
    epochs_per_call = largest_divisor(num_epochs, num_epochs // 10)
    while True:
        start, advance, finish = _compile_acts(acts, group_size, epochs_per_call, data, mesh, QUICK if quick else FAST)
        fitting = _fitting_group_size(advance, group_size, mesh)
        if fitting >= group_size:
            return Programs(start, advance, finish, mesh, group_size, epochs_per_call, time.perf_counter() - began)
        group_size = fitting


def _platform(mesh: Mesh) -> str:
    return mesh.devices.flat[0].platform


def _compile_acts(
    acts: list, group_size: int, epochs_per_call: int, data: Data, mesh: Mesh, cpu_options: Options
) -> list[jax.stages.Compiled]:
    own, shared = NamedSharding(mesh, OWN), NamedSharding(mesh, SHARED)
    start, advance, finish = acts
    replica = Replica(*(jax.ShapeDtypeStruct((group_size,), dtype, sharding=own) for dtype in ("uint32", "float32", "float32")))  # pyright: ignore[reportArgumentType]
    state, _ = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=own), jax.eval_shape(start, replica, data))
    epochs = jax.ShapeDtypeStruct((epochs_per_call,), "int32", sharding=shared)
    calls = [(start, replica, data), (advance, (replica, state), (epochs, data)), (finish, state, data)]
    options = cpu_options if _platform(mesh) == "cpu" else None
    return [act.lower(*arguments).compile(compiler_options=options) for act, *arguments in calls]


def _fitting_group_size(advance: jax.stages.Compiled, group_size: int, mesh: Mesh) -> int:
    """How many networks the devices hold at once, judged by the compiled program; the mesh's size at least."""
    limit = (mesh.devices.flat[0].memory_stats() or {}).get("bytes_limit")
    memory = advance.memory_analysis()
    if limit is None or memory is None:  # a CPU: the groups are small already
        return group_size
    needed = memory.temp_size_in_bytes + memory.argument_size_in_bytes + memory.output_size_in_bytes
    per_device = int(group_size / mesh.size * min(1.0, MEMORY_SHARE * limit / needed))
    return max(per_device, 1) * mesh.size


def run_replicas(
    programs: Programs, replicas: Replica, num_epochs: int, data: Data, on_progress: Callable[[int], None] = lambda epochs: None
) -> History:
    """Train all S replicas for ``num_epochs``; arguments as in ``run_groups``."""
    return gather(list(run_groups(programs, replicas, num_epochs, data, on_progress)))


def run_groups(
    programs: Programs, replicas: Replica, num_epochs: int, data: Data, on_progress: Callable[[int], None] = lambda epochs: None
) -> Iterator[Group]:
    """Train S replicas for ``num_epochs``, and give each group of them as it ends, in their order.

    ``replicas`` holds host arrays ``(S,)``; ``data`` lies on the mesh. ``on_progress`` is told the network-epochs just finished.
    """
    for group, num_valid in _groups(replicas, programs.group_size):
        began = time.perf_counter()
        metrics = _run_group(programs, group, num_epochs, data, lambda epochs, n=num_valid: on_progress(epochs * n))
        valid = {name: value[:num_valid] for name, value in metrics.items()}
        correct = valid.pop(CORRECT)
        yield Group(valid, time.perf_counter() - began, correct)


def gather(groups: Sequence[Group]) -> History:
    """Groups, one at least, as one history."""
    metrics = {name: np.concatenate([group.metrics[name] for group in groups]) for name in groups[0].metrics}
    kept = [group.correct for group in groups if group.correct is not None]
    correct = np.concatenate(kept) if len(kept) == len(groups) else None
    return History(metrics, [group.seconds / group.networks for group in groups], correct)


def _groups(replicas: Replica, group_size: int) -> Iterator[tuple[Replica, int]]:
    """Groups of exactly ``group_size`` replicas, the last one padded by repetition, each with its number of real ones."""
    num_replicas = len(replicas.seed)
    for first in range(0, num_replicas, group_size):
        index = np.minimum(np.arange(first, first + group_size), num_replicas - 1)
        yield Replica(*(leaf[index] for leaf in replicas)), min(group_size, num_replicas - first)


def _run_group(
    programs: Programs, group: Replica, num_epochs: int, data: Data, on_progress: Callable[[int], None]
) -> dict[str, np.ndarray]:
    replica = jax.device_put(group, NamedSharding(programs.mesh, OWN))
    state, initial = programs.start(replica, data)
    parts = [{name: value[:, None] for name, value in jax.device_get(initial).items()}]
    for first in range(1, num_epochs + 1, programs.epochs_per_call):
        epochs = np.arange(first, first + programs.epochs_per_call, dtype=np.int32)
        state, metrics = programs.advance((replica, state), (jax.device_put(epochs, NamedSharding(programs.mesh, SHARED)), data))
        parts.append(jax.device_get(metrics))
        on_progress(programs.epochs_per_call)
    finished = jax.device_get(programs.finish(state, data))
    test = {name: value if name == CORRECT else value[:, None] for name, value in finished.items()}
    return {name: np.concatenate([part[name] for part in parts if name in part], axis=1) for name in parts[-1]} | test
