"""The training of ONE network as pure functions of its replica: a scan over epochs of a scan over steps."""

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from jaxnorm.training.order import Order, shuffled
from jaxnorm.training.state import CORRECT, GENERATOR, Data, Metrics, Replica, TrainState
from jaxnorm.training.step import MakeOptimizer, evaluate, evaluate_each, make_update, model_input
from jaxnorm.types import Scalar


class Train(NamedTuple):
    """The three acts. Each takes what belongs to one replica first, and what all replicas share second."""

    start: Callable[[Replica, Data], tuple[TrainState, dict[str, Array]]]
    """Initial state, and what the probe says of it."""
    advance: Callable[[tuple[Replica, TrainState], tuple[Int[Array, " E"], Data]], tuple[TrainState, dict[str, Array]]]
    """Some more epochs, by number: the new state, and each ``<split>_<quantity>`` after every epoch, ``(E,)``."""
    finish: Callable[[TrainState, Data], dict[str, Array]]
    """The test set, read once: its metrics, and ``CORRECT``."""


Probe = Callable[[TrainState, Data], dict[str, Array]]
"""What is measured of a network besides its performance: names to numbers, each ``()``."""


def no_probe(state: TrainState, data: Data) -> dict[str, Array]:
    """Measures nothing."""
    del state, data
    return {}


class Keys(NamedTuple):
    """What is random about one network, by consumer."""

    init: Array
    order: Array
    noise: Array


def replica_keys(replica: Replica) -> Keys:
    """Keys from the seed's number alone, so a seed gives the same network in whatever company, and under whatever default generator."""
    key = jax.random.key(replica.seed, impl=GENERATOR)
    return Keys(*(jax.random.fold_in(key, consumer) for consumer in range(len(Keys._fields))))


def scale_kernels(params: Any, factor: Scalar) -> Any:
    """Multiply every ``kernel`` by ``factor``; biases and norm parameters stay."""
    return jax.tree_util.tree_map_with_path(lambda path, leaf: leaf * factor if path[-1].key == "kernel" else leaf, params)


def named(split: str, metrics: Metrics) -> dict[str, Array]:
    """``{"train_loss": ..., "train_accuracy": ...}``."""
    return {f"{split}_{quantity}": value for quantity, value in metrics._asdict().items()}


def make_train(model: nn.Module, make_optimizer: MakeOptimizer, batch_size: int, probe: Probe = no_probe, order: Order = shuffled) -> Train:
    """Train ``model``, called as ``model(x, train=..., lengths=...)``, on batches of ``batch_size`` examples in the order ``order``.

    Training metrics are averages over the epoch's updates; validation metrics, and those of ``probe``, belong to the network at the end
    of the epoch. ``lengths`` are those of the batch, ``(B,)``, or None where all examples are of one length. A module that draws random
    numbers in training finds a new key at every update in Linen's stream ``noise``.
    """

    def start(replica: Replica, data: Data) -> tuple[TrainState, dict[str, Array]]:
        init_key = replica_keys(replica).init
        x, lengths = model_input(data.train, slice(1), data)
        variables = model.init(init_key, x, train=False, lengths=lengths)
        params = scale_kernels(variables["params"], replica.init_scale)
        opt_state = make_optimizer(jnp.asarray(replica.learning_rate)).init(params)
        state = TrainState(params, variables.get("batch_stats", {}), opt_state)
        return state, probe(state, data)

    def advance(own: tuple[Replica, TrainState], shared: tuple[Int[Array, " E"], Data]) -> tuple[TrainState, dict[str, Array]]:
        (replica, state), (epochs, data) = own, shared
        keys = replica_keys(replica)
        update = make_update(model, data, make_optimizer(jnp.asarray(replica.learning_rate)))
        num_steps = len(data.train.labels) // batch_size

        def step(carry: tuple[TrainState, Metrics], each: tuple[Int[Array, " B"], Array]) -> tuple[tuple[TrainState, Metrics], None]:
            state, mean = carry
            state, metrics = update(state, *each)
            return (state, jax.tree.map(lambda old, new: old + new / num_steps, mean, metrics)), None

        def epoch(state: TrainState, number: Int[Array, ""]) -> tuple[TrainState, dict[str, Array]]:
            batches = order(keys.order, number, data.train.labels, batch_size)  # (I, B)
            noise_keys = jax.random.split(jax.random.fold_in(keys.noise, number), num_steps)  # (I,)
            (state, training), _ = jax.lax.scan(step, (state, Metrics(jnp.zeros(()), jnp.zeros(()))), (batches, noise_keys))
            return state, named("train", training) | named("validation", evaluate(model, state, data.validation, data)) | probe(state, data)

        return jax.lax.scan(epoch, state, epochs)

    def finish(state: TrainState, data: Data) -> dict[str, Array]:
        metrics, correct = evaluate_each(model, state, data.test, data)
        return named("test", metrics) | {CORRECT: correct}

    return Train(start, advance, finish)
