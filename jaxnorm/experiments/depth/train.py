"""Depth: every norm at every place in networks of several depths, with a probe of their gradients."""

import jax.numpy as jnp
import pandas as pd
from jaxtyping import Array

from jaxnorm.data import Dataset
from jaxnorm.experiments.build import assemble, build_model, build_norm, check_probe_examples, load_dataset
from jaxnorm.experiments.depth.claims import make_plan
from jaxnorm.experiments.depth.study import DepthArm, DepthConfig
from jaxnorm.experiments.instrument import Analysis, Instrument
from jaxnorm.stats.units import SMALLEST
from jaxnorm.training import Data, Probe, Train, TrainState, make_probe


def build_train(config: DepthConfig, arm: DepthArm, dataset: Dataset) -> Train:
    """One arm's training, probed. Raises ``UsageError`` where its norm cannot be had, or cannot work in this network."""
    check_probe_examples(config, dataset)
    norm = build_norm(config, arm.norm, config.batch_size)
    sizes = {"hidden_sizes": (config.width,) * arm.depth} if config.model == "mlp" else {"num_layers": arm.depth, "width": config.width}
    model = build_model(config, config.model, norm, dataset, placement=arm.placement, **sizes)
    look = make_probe(model, examples=config.probe_examples, quantities=("gradient_norm", "similarity"))
    probe = summarise_layers(look, arm.depth)
    return assemble(config, model, arm.norm, config.batch_size, dataset, warmup_steps=arm.warmup_steps, probe=probe)


def summarise_layers(look: Probe, depth: int) -> Probe:
    """A probe's gradient norms by block, and three numbers on them.

    * ``gradient_unevenness``: distance of the second block's gradient norm from the last's, in powers of ten. The first block brings the
      width, and in residual networks has no norm: a unit of it that is dead on the probed examples has no variance, and the norm after it
      multiplies its gradient by 1 / sqrt(epsilon).
    * ``gradient_growth``: factor by which the gradient norm grows per block on its way back (law 13 of docs/norms.md), by a
      least-squares line through its logarithms; the first and the last sixth of the blocks are left out, and always the first.
    * ``similarity_last``: mean cosine of the angle between two inputs after the last block.
    """

    def probe(state: TrainState, data: Data) -> dict[str, Array]:
        numbers = look(state, data)
        by_block = {f"gradient_norm.block_{block}": numbers[f"gradient_norm.block_{block}"] for block in range(depth)}
        logs = jnp.log10(jnp.maximum(jnp.stack(list(by_block.values())), SMALLEST))  # (L,)
        inner = logs[max(1, depth // 6) : depth - depth // 6]
        back = (len(inner) - 1) / 2 - jnp.arange(len(inner))  # how far before the middle a block is
        growth = 10 ** (back @ inner / (back @ back)) if len(inner) > 1 else jnp.ones(())
        return by_block | {
            "gradient_unevenness": jnp.abs(logs[min(1, depth - 1)] - logs[-1]),
            "gradient_growth": growth,
            "similarity_last": numbers[f"similarity.block_{depth - 1}"],
        }

    return probe


def analyse(config: DepthConfig, rows: pd.DataFrame, dataset: Dataset) -> Analysis:
    """The table as it is."""
    del dataset
    return Analysis(rows, make_plan(config))


INSTRUMENT: Instrument[DepthConfig, DepthArm] = Instrument(
    name="depth",
    arms=lambda config: config.arms,
    dataset=lambda config, arm: load_dataset(config.dataset, config.data_dir),
    train=build_train,
    analyse=analyse,
)
