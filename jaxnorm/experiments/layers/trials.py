"""Trials of single layers: rounding error against float64, and time and memory of a forward and backward pass against Linen's."""

import functools
import importlib.util
import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from jaxnorm import norms
from jaxnorm.experiments import devices
from jaxnorm.experiments.claim import claim_folder, expanded, keep_settings
from jaxnorm.experiments.command_line import to_dict
from jaxnorm.experiments.disk import disk_errors
from jaxnorm.experiments.interrupts import interrupts_between_steps, watched
from jaxnorm.experiments.layers.report import costs_table, errors_table, save_layers
from jaxnorm.experiments.layers.results import Cost, LayersSummary, RoundingError, median_ratio
from jaxnorm.experiments.layers.study import LayersConfig
from jaxnorm.experiments.terminal import make_console
from jaxnorm.report.console import print_table

OFFSETS = (1.0, 10.0, 100.0, 1e3, 1e4, 1e5)
DTYPES = ("float32", "bfloat16", "float16")
LARGEST_OFFSET = {"float32": math.inf, "bfloat16": 100.0, "float16": 1e3}
"""Beyond it, the format's own spacing exceeds the input's spread, and nothing is left to normalize."""
ERROR_SHAPE = (64, 16, 32)  # (B, T, D): every layer has many elements to pool
LARGEST_GAP = 1 << 22
"""Bytes, at most, between the arrays of one timing and those of the next."""
WORK = 2_000_000
"""Numbers of the input that a layer passes over in one timing, at least."""
COST_SHAPES = ((128, 256), (32, 128, 512), (64, 28, 28, 32))
SETTINGS: dict[str, dict[str, Any]] = {
    "BatchNorm": {"use_running_average": False},
    "LayerNorm": {},
    "RMSNorm": {},
    "GroupNorm": {"num_groups": 8},
    "InstanceNorm": {},
}
POOLED_AXES = {"BatchNorm": (0, 1), "LayerNorm": (2,), "RMSNorm": (2,), "GroupNorm": (1, 3), "InstanceNorm": (1,)}
"""Axes of the reference's statistics over (B, T, D), for GroupNorm over (B, T, G, D / G)."""


def run_layers(config: LayersConfig) -> int:
    """The instrument, from checked values to the printed tables."""
    devices.set_up()
    out, settings = expanded(config.out, "--out"), {"instrument": "layers"} | to_dict(config)
    console = make_console()
    with disk_errors("then run the same command again"):
        claim_folder(out, settings, fixed={"instrument"})
        devices.announce(console)
        with interrupts_between_steps() as check_interrupts:
            errors = list(watched(measure_errors(), check_interrupts))
            costs = list(watched(measure_costs(config.rounds), check_interrupts))
        summary = LayersSummary(errors, costs, config.rounds)
        keep_settings(out, settings)
        save_layers(summary, out, devices.environment())
        print_table(errors_table(summary), console)
        print_table(costs_table(summary), console)
        console.print(f"written to {out}: report.md, summary.json, environment.json")
    return 0


def measure_errors() -> Iterator[RoundingError]:
    """Every layer of every library at every offset in every format."""
    noise = np.random.default_rng(0).standard_normal(ERROR_SHAPE)
    for dtype in DTYPES:
        for offset in OFFSETS:
            if offset > LARGEST_OFFSET[dtype]:
                continue
            x = jnp.asarray(offset + noise, dtype)
            for layer in SETTINGS:
                exact = reference(layer, np.asarray(x, np.float64))
                for library, output in _outputs(layer, x):
                    error = math.sqrt(np.mean((np.asarray(output, np.float64) - exact) ** 2))
                    yield RoundingError(layer, library, dtype, offset, error)


def reference(layer: str, x: np.ndarray) -> np.ndarray:
    """The layer's formula in float64, without epsilon, scale and bias; ``x`` is (B, T, D)."""
    grouped = x.reshape(*x.shape[:2], SETTINGS["GroupNorm"]["num_groups"], -1) if layer == "GroupNorm" else x
    axes = POOLED_AXES[layer]
    mean = 0.0 if layer == "RMSNorm" else grouped.mean(axes, keepdims=True)
    return ((grouped - mean) / np.sqrt(np.mean((grouped - mean) ** 2, axes, keepdims=True))).reshape(x.shape)


def _outputs(layer: str, x: jax.Array) -> Iterator[tuple[str, Any]]:
    """Each library's name and output for ``x``, with epsilon so small that it does not count."""
    for library, room in (("jaxnorm", norms), ("flax", nn)):
        module = getattr(room, layer)(**SETTINGS[layer], epsilon=1e-12, dtype=jnp.float32)
        yield library, _initialised_output(module, x)
    if importlib.util.find_spec("torch") is not None:
        yield "torch", _torch_output(layer, x)


@functools.partial(jax.jit, static_argnums=0)
def _initialised_output(module: nn.Module, x: jax.Array) -> jax.Array:
    variables = module.init(jax.random.key(0), x)
    output = module.apply(variables, x, mutable=["batch_stats"])
    return output[0]


def _torch_output(layer: str, x: jax.Array) -> Any:
    import torch  # pyright: ignore[reportMissingImports]  # the extra bench

    batch = torch.from_numpy(np.array(x, np.float32)).to(getattr(torch, x.dtype.name))
    channels_second = batch.transpose(1, 2)  # (B, D, T)
    features, groups = x.shape[-1], SETTINGS["GroupNorm"]["num_groups"]
    results = {
        "BatchNorm": lambda: torch.nn.functional.batch_norm(channels_second, None, None, training=True, eps=1e-12).transpose(1, 2),
        "LayerNorm": lambda: torch.nn.functional.layer_norm(batch, (features,), eps=1e-12),
        "RMSNorm": lambda: torch.nn.functional.rms_norm(batch, (features,), eps=1e-12),
        "GroupNorm": lambda: torch.nn.functional.group_norm(channels_second, groups, eps=1e-12).transpose(1, 2),
        "InstanceNorm": lambda: torch.nn.functional.instance_norm(channels_second, eps=1e-12).transpose(1, 2),
    }
    return results[layer]().float().numpy()


def measure_costs(rounds: int) -> Iterator[Cost]:
    """Every layer at every shape, against Linen's in the same rounds."""
    for layer in SETTINGS:
        for shape in COST_SHAPES:
            if layer == "InstanceNorm" and len(shape) == 2:
                continue  # it has no position to pool there
            settings = SETTINGS[layer]
            ours = getattr(norms, layer)(**settings)
            rivals = [getattr(nn, layer)(**settings, use_fast_variance=fast) for fast in (True, False)]
            timers, saved = zip(*(_pass(module, shape) for module in (ours, *rivals)), strict=True)
            seconds = np.array([_round(timers, number) for number in range(rounds)])  # (rounds, 3)
            time_fast, time_stable = (median_ratio(seconds[:, 0] / seconds[:, rival]) for rival in (1, 2))
            yield Cost(layer, shape, time_fast, time_stable, saved[0] / saved[1])


def _round(timers: Sequence[Callable[[], float]], number: int) -> list[float]:
    """One timing of each, in their order; another begins in every round."""
    turns = [(number + turn) % len(timers) for turn in range(len(timers))]
    seconds = {turn: timers[turn]() for turn in turns}
    return [seconds[index] for index in range(len(timers))]


def _pass(module: nn.Module, shape: tuple[int, ...]) -> tuple[Callable[[], float], int]:
    """A timer of the layer's forward and backward pass, and the bytes that the forward pass keeps for the backward pass.

    Every timing has arrays of its own: how two of them lie in memory can make a pass a third slower, whosever it is.
    """
    rng = np.random.default_rng(0)
    x, cotangent = (rng.standard_normal(shape, np.float32) for _ in range(2))
    variables = module.init(jax.random.key(0), x)

    def forward(params: Any, x: jax.Array) -> Any:
        return module.apply({**variables, "params": params}, x, mutable=["batch_stats"])

    def both(params: Any, x: jax.Array, cotangent: jax.Array) -> Any:
        y, backward, statistics = jax.vjp(forward, params, x, has_aux=True)
        return y, statistics, backward(cotangent)

    def kept(params: Any, x: jax.Array) -> Any:
        y, backward, _ = jax.vjp(forward, params, x, has_aux=True)
        return y, backward  # a pytree: its leaves are what was saved

    compiled = jax.jit(both).lower(variables["params"], x, cotangent).compile()
    memory = jax.jit(kept).lower(variables["params"], x).compile().memory_analysis()
    saved = memory.output_size_in_bytes if memory is not None else 0
    repetitions = max(1, WORK // math.prod(shape))

    def timer() -> float:
        gap = np.empty(rng.integers(1, LARGEST_GAP), np.uint8)  # moves what is allocated after it
        placed = jax.device_put((x.copy(), cotangent.copy()))
        jax.block_until_ready(compiled(variables["params"], *placed))  # warm up
        began = time.perf_counter()
        for _ in range(repetitions):
            jax.block_until_ready(compiled(variables["params"], *placed))
        seconds = (time.perf_counter() - began) / repetitions
        del gap
        return seconds

    return timer, saved
