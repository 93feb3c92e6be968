"""The same work done in three ways. Each ``make_*`` returns a timer, which trains on and returns seconds per update of one network.

The work: a network with one kind of norm, batches in random order out of images in memory, the loss of the epoch kept, no evaluation.
The rivals are written as their tutorials write them, with their own layers where they have the network.
"""

import itertools
import time
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jaxnorm.data import Dataset, Split
from jaxnorm.experiments.build import make_replicas, on_devices, seeds_only
from jaxnorm.experiments.compare.study import CompareArm, CompareConfig
from jaxnorm.experiments.compare.train import build_network, build_train
from jaxnorm.training import Programs, Replica, compile_programs

Timer = Callable[[], float]

GRID = {"learning_rate": (1e-5, 1e-1), "init_scale": (0.1, 10.0)}
"""Between what ends the networks of a grid differ, logarithmically."""
PEAK_SIZES = (512, 1024, 2048)
"""Side lengths of the square matrices whose product shows what the machine can do at most."""


def random_images(num_examples: int, side: int = 28) -> Dataset:
    """Square images of random content; validation and test hold one image each, so that they cost nothing."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (num_examples, side, side, 1), dtype=np.uint8)
    labels = rng.integers(0, 10, num_examples).astype(np.int32)
    one = Split(images[:1], labels[:1])
    mean, std = np.full(1, 0.5, np.float32), np.full(1, 0.29, np.float32)
    return Dataset(
        name="random",
        version="1",
        train=Split(images, labels),
        validation=one,
        test=one,
        num_classes=10,
        mean=mean,
        std=std,
        scale=255.0,
        source="drawn uniformly",
    )


def make_jaxnorm(config: CompareConfig, arm: CompareArm, dataset: Dataset, mesh: Mesh, *, grid: bool = False) -> Timer:
    """What every instrument here runs: ``config.seeds`` networks at once, one epoch a timing; in a ``grid``, no two of these networks share
    their learning rate or the scale of their initial kernels either.
    """
    data = on_devices(dataset, mesh)
    programs = compile_programs(build_train(config, arm, dataset), config.seeds, 1, data, mesh)
    columns = seeds_only(config)
    if grid:
        columns |= {name: np.geomspace(*ends, config.seeds).tolist() for name, ends in GRID.items()}
    own = _initial_group(programs, make_replicas(columns, config), mesh, data)
    shared = (jax.device_put(np.ones(1, np.int32), NamedSharding(mesh, PartitionSpec())), data)
    num_groups = -(-config.seeds // programs.group_size)
    num_updates = config.seeds * (len(dataset.train.labels) // arm.batch_size)

    def timer() -> float:
        began = time.perf_counter()
        for _ in range(num_groups):
            jax.block_until_ready(programs.advance(own, shared))
        return (time.perf_counter() - began) / num_updates

    return timer


def _initial_group(programs: Programs, replicas: Replica, mesh: Mesh, data: Any) -> tuple[Any, Any]:
    index = np.arange(programs.group_size) % len(replicas.seed)
    group = jax.tree.map(lambda leaf: leaf[index], replicas)
    replica = jax.device_put(group, NamedSharding(mesh, PartitionSpec("seed")))
    state, _ = programs.start(replica, data)
    return replica, state


class _LinenMLP(nn.Module):
    hidden_sizes: tuple[int, ...]
    norm: str

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        x = x.reshape(len(x), -1)
        for size in self.hidden_sizes:
            x = nn.Dense(size, use_bias=self.norm != "batch")(x)
            if self.norm == "batch":
                x = nn.BatchNorm(use_running_average=not train)(x)
            elif self.norm == "layer":
                x = nn.LayerNorm()(x)
            x = nn.relu(x)
        return nn.Dense(10)(x)


def make_flax_loop(config: CompareConfig, arm: CompareArm, dataset: Dataset) -> Timer:
    """A plain Flax loop: one network, one jitted update at a time, dispatched from Python; of Linen's own layers where Linen has the
    network (the MLP), else of the very network that jaxnorm trains.
    """
    model = _LinenMLP(config.hidden_sizes, arm.norm) if config.model == "mlp" else build_network(config, arm, dataset)
    optimizer = {"adam": optax.adam, "adamw": optax.adamw, "sgd": optax.sgd}[config.optimizer](config.learning_rate)
    images, labels = jnp.asarray(_standardised(dataset)), jnp.asarray(dataset.train.labels)

    @jax.jit
    def update(variables: Any, opt_state: Any, x: jax.Array, y: jax.Array) -> tuple[Any, Any, jax.Array]:
        def loss(params: Any) -> tuple[jax.Array, Any]:
            logits, updated = model.apply({**variables, "params": params}, x, train=True, mutable=["batch_stats"])
            return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean(), updated

        (value, updated), gradients = jax.value_and_grad(loss, has_aux=True)(variables["params"])
        updates, opt_state = optimizer.update(gradients, opt_state, variables["params"])
        return {**updated, "params": optax.apply_updates(variables["params"], updates)}, opt_state, value

    state: dict[str, Any] = {"variables": model.init(jax.random.key(0), images[:2], train=False)}
    state["optimizer"] = optimizer.init(state["variables"]["params"])
    rng = np.random.default_rng(0)

    def epoch() -> float:
        total = jnp.zeros(())
        for index in _batches(rng, len(labels), arm.batch_size):
            x, y = images[index], labels[index]
            state["variables"], state["optimizer"], value = update(state["variables"], state["optimizer"], x, y)
            total += value
        return float(total)

    return _timed(epoch, len(labels) // arm.batch_size)


def make_pytorch_loop(config: CompareConfig, arm: CompareArm, dataset: Dataset, threads: int) -> Timer:
    """PyTorch's usual loop: one network, eager updates, on ``threads`` CPU threads. Raises ``ImportError`` without torch."""
    import torch  # pyright: ignore[reportMissingImports]  # the extra bench

    torch.manual_seed(0)
    sizes = (784, *config.hidden_sizes)
    norms = {"batch": torch.nn.BatchNorm1d, "layer": torch.nn.LayerNorm, "none": lambda size: torch.nn.Identity()}
    hidden = [
        layer
        for before, size in itertools.pairwise(sizes)
        for layer in (torch.nn.Linear(before, size, bias=arm.norm != "batch"), norms[arm.norm](size), torch.nn.ReLU())
    ]
    model = torch.nn.Sequential(*hidden, torch.nn.Linear(sizes[-1], 10)).train()
    optimizers = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
    optimizer = optimizers[config.optimizer](model.parameters(), lr=config.learning_rate)
    images, labels = (
        torch.from_numpy(_standardised(dataset).reshape(len(dataset.train.labels), -1)),
        torch.from_numpy(dataset.train.labels.astype(np.int64)),
    )

    def epoch() -> float:
        torch.set_num_threads(threads)
        total = torch.zeros(())
        order = torch.randperm(len(labels))
        for first in range(0, len(labels) - arm.batch_size + 1, arm.batch_size):
            index = order[first : first + arm.batch_size]
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(images[index]), labels[index])
            loss.backward()
            optimizer.step()
            total += loss.detach()
        return float(total)

    return _timed(epoch, len(labels) // arm.batch_size)


def _standardised(dataset: Dataset) -> np.ndarray:
    images = dataset.train.inputs / np.float32(dataset.scale)  # (N, H, W, C)
    return (images - np.asarray(dataset.mean, np.float32)[0]) / np.asarray(dataset.std, np.float32)[0]


def _batches(rng: np.random.Generator, num_examples: int, batch_size: int) -> np.ndarray:
    num_steps = num_examples // batch_size
    return rng.permutation(num_examples)[: num_steps * batch_size].reshape(num_steps, batch_size)


def _timed(work: Callable[[], Any], count: int) -> Timer:
    """Seconds per unit of ``work``, which holds ``count`` of them."""

    def timer() -> float:
        began = time.perf_counter()
        work()
        return (time.perf_counter() - began) / count

    return timer


def make_matrix_peak(mesh: Mesh) -> Callable[[], float]:
    """Float32 matrix throughput of all devices together, FLOP/s: the best of square products of three sizes, a few times each."""
    rates = [_make_product_rate(mesh, size) for size in PEAK_SIZES]
    return lambda: max(rate() for rate in rates for _ in range(3))


def _make_product_rate(mesh: Mesh, size: int, repetitions: int = 8) -> Callable[[], float]:
    spec = PartitionSpec("seed")
    matrices = jax.device_put(np.full((mesh.size, size, size), 1 / size, np.float32), NamedSharding(mesh, spec))

    def products(matrix: jax.Array) -> jax.Array:  # (1, size, size) on each device
        return jax.lax.fori_loop(0, repetitions, lambda _, power: (matrix[0] @ power[0])[None], matrix)

    compiled = jax.jit(jax.shard_map(products, mesh=mesh, in_specs=spec, out_specs=spec, check_vma=False)).lower(matrices).compile()
    flops = mesh.size * repetitions * 2 * size**3
    timer = _timed(lambda: jax.block_until_ready(compiled(matrices)), flops)
    timer()  # warm up
    return lambda: 1 / timer()
