"""Every instrument with what its flags allow: its programs can be traced, or it says in a sentence what does not go together."""

import jax
import numpy as np
import pytest

from jaxnorm.experiments.build import seeds_only
from jaxnorm.experiments.checks import check_rule, check_values
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.registry import TRAINING, part_of
from jaxnorm.training import Data, Replica, Split

NARROW = {
    "compare": {"hidden_sizes": (10,), "batch_sizes": (16,)},
    "depth": {"depths": (2,), "width": 24, "placements": ("post",)},
    "architectures": {"width": 24, "models": ("mlp", "cnn", "lstm")},
    "sensitivity": {"width": 10, "depths": (2,)},
    "sequences": {"width": 24, "models": ("transformer",), "padding_shares": (0.5,), "length_spreads": (0.0,)},
    "landscape": {"hidden_sizes": (24,), "probe_examples": 16, "lanczos_iterations": 2},
    "covariate_shift": {"hidden_sizes": (24,), "activations": ("relu",), "probe_batches": 1, "observed_units": 2},
    "regularisation": {"hidden_sizes": (24,), "orders": ("fixed",)},
    "batch_size": {"width": 24, "batch_sizes": (32,), "ghost_sizes": (16,)},
}
"""Few arms and small networks, of widths that 32 does not divide."""
COMBINATIONS = {
    "half precision": {"precision": "bfloat16"},
    "groups": {"norms": ("group",)},
    "positions": {"norms": ("instance",)},
    "noise": {"norms": ("noisy",)},
    "Linen's BatchNorm": {"norms": ("flax.linen:BatchNorm",)},
    "Linen's GroupNorm": {"norms": ("flax.linen:GroupNorm(num_groups=2)",)},
    "text": {"norms": ("layer",), "dataset": "characters"},
    "rows": {"norms": ("layer",), "dataset": "digits_rows"},
}
PLAIN = sorted(set(TRAINING) - {"sequences", "architectures"})
"""Instruments whose network is an MLP, where nothing else was asked for: it has no positions, and gives one answer for a text."""
REFUSED = {
    "half precision": {"landscape": "--precision bfloat16"},
    "positions": dict.fromkeys(PLAIN, "'instance' does not go with this network (MLP): InstanceNorm pools over positions")
    | {"architectures": "'instance' does not go with this network (MLP): InstanceNorm pools over positions"},
    "text": dict.fromkeys(TRAINING, "--dataset characters") | {"sequences": "characters cannot be padded"},
    "Linen's GroupNorm": {"sequences": "--norms flax.linen:GroupNorm(num_groups=2) cannot be called as norm(x) with x of shape"},
    "rows": {"architectures": "--dataset digits_rows does not go with this network (CNN)"},
}
"""What an instrument refuses, and the words that name what is at fault."""


MOST_ARMS = 2


@pytest.fixture(autouse=True)
def _other_peoples_layers_may_promote_ranks():
    with jax.numpy_rank_promotion("allow"):
        yield


def trace(name, settings):
    """Build every arm as a run does, and trace what would be compiled."""
    study, instrument = part_of(name, "study"), part_of(name, "train").INSTRUMENT
    config = study.SETTINGS(**({"norms": ("batch",)} | NARROW[name] | settings))
    for check in (check_values, check_rule, study.check):
        check(config)
    for arm in instrument.arms(config)[:MOST_ARMS]:
        dataset = instrument.dataset(config, arm)
        train = instrument.train(config, arm, dataset)
        data = Data(*(Split(*split) for split in (dataset.train, dataset.validation, dataset.test)), dataset.mean, dataset.std)
        replica = Replica(*(np.asarray(each) for each in (np.uint32(seeds_only(config)["seed"][0]), np.float32(0.1), np.float32(1))))
        state, _ = jax.eval_shape(train.start, replica, data)
        jax.eval_shape(train.advance, (replica, state), (np.arange(1, 3), data))
        jax.eval_shape(train.finish, state, data)


@pytest.mark.parametrize("combination", COMBINATIONS)
@pytest.mark.parametrize("name", TRAINING)
def test_instrument_traces_or_says_what_does_not_go_together(name, combination):
    refused = REFUSED.get(combination, {}).get(name)
    if refused is None:
        trace(name, COMBINATIONS[combination])
        return
    with pytest.raises(UsageError) as told:
        trace(name, COMBINATIONS[combination])
    assert refused in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("norm", ["group", "instance", "scale", "dyt"])
@pytest.mark.parametrize("model", ["cnn", "lstm", "transformer"])
def test_models_trace_with_every_kind_of_norm(model, norm):
    if (model, norm) == ("lstm", "instance"):
        with pytest.raises(UsageError, match="pools over positions"):
            trace("architectures", {"models": (model,), "norms": (norm,)})
    else:
        trace("architectures", {"models": (model,), "norms": (norm,)})
