"""The sequences instrument as a user runs it, and the evaluations that it decomposes the gap into."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from experiments.refusals import assert_refused

from jaxnorm.config.norms import COUPLES, couples_examples
from jaxnorm.experiments.evaluations import make_evaluations, with_both_variances
from jaxnorm.experiments.sequences.__main__ import main
from jaxnorm.models import GRU, LSTM, Transformer
from jaxnorm.norms import NORMS, Norm
from jaxnorm.stats.summary import Summary
from jaxnorm.training import Data, Split, TrainState

TINY = ["--norms", "batch", "--models", "transformer", "--padding-shares", "0.5", "--length-spreads", "0.5", "--maskings", "unmasked"]
TINY += ["--mean-length", "4", "--width", "4", "--seeds", "2", "--epochs", "1", "--batch-size", "100"]


def test_sequences_writes_table_figures_and_report(tmp_path):
    out = tmp_path / "out"
    assert main([*TINY, "--out", str(out)]) == 0
    rows = pd.read_parquet(out / "metrics.parquet")
    assert list(rows.columns) == ["norm", "masking", "model", "length_spread", "padding_share", "seed", "role", "epoch", "metric", "value"]
    assert set(rows.masking) == {"unmasked"}
    gaps = rows[rows.metric.isin(["evaluation_gap", "population_gap"])]
    assert len(gaps) == 2 * 2
    assert set(gaps.epoch) == {1}
    assert (gaps.value != 0).any()
    summary = Summary.load(out / "summary.json")
    assert summary.instrument == "sequences"
    assert {path.stem for path in (out / "figures").glob("*.svg")} == {"padding", "evaluation"}
    assert "evaluation.svg" in (out / "report.md").read_text()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--padding-shares", "1"], ["--padding-shares 1", "below 1"]),
        (["--padding-shares", "0.5", "0.5"], ["--padding-shares", "0.5 twice"]),
        (["--padding-shares"], ["--padding-shares"]),
        (["--length-spreads", "-0.1"], ["--length-spreads -0.1", "from 0"]),
        (["--length-spreads", "nan"], ["--length-spreads nan", "from 0"]),
        (["--padding-shares", "0.25", "--length-spreads", "0.9"], ["--length-spreads 0.9", "0.474"]),
        (["--mean-length", "0"], ["--mean-length 0", "at least 1"]),
        (["--maskings", "hidden"], ["--maskings"]),
        (["--batch-size", "5000"], ["5000", "2000"]),
        (["--dataset", "digits"], ["digits", "sequences"]),
    ],
)
def test_sequences_refuses_what_cannot_be_meant(flags, words, tmp_path, capsys):
    assert_refused(main, flags, words, tmp_path, capsys)


def test_config_knows_which_norms_pool_over_the_batch():
    assert {name: norm.couples_examples for name, norm in NORMS.items()} == COUPLES


def make_data(number=16):
    """Labelled sequences ``(N, T, D)`` of different lengths, the same in every split; a power of two, so that accuracies are exact."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(number, 5, 3)).astype(np.float32)
    labels = (inputs[:, 0, 1] > inputs[:, 0, 0]).astype(np.int32)
    split = jax.device_put(Split(inputs, labels, rng.integers(1, 6, number).astype(np.int32)))
    return Data(split, split, split, None, None)


class Sums(nn.Module):
    """Logits of the normalized features' sums over the positions that count."""

    norm: Norm

    @nn.compact
    def __call__(self, x, *, train, lengths):
        mask = (jnp.arange(x.shape[1])[None] < lengths[:, None])[..., None]
        y = jnp.where(mask, self.norm(train=train, name="norm")(x, mask=mask), 0).sum(1)
        return jnp.stack([y[:, 0], y[:, 1]], -1)


def start(model, data):
    """The state after one update of the running statistics, with all examples."""
    variables = model.init(jax.random.key(0), data.train.inputs[:1], train=False, lengths=data.train.lengths[:1])
    call = {"train": True, "mutable": ["batch_stats"], "lengths": data.train.lengths}
    _, updated = model.apply(variables, data.train.inputs, **call)
    return TrainState(variables.get("params", {}), updated.get("batch_stats", {}), ())


def find_norm(name, **options):
    return with_both_variances(NORMS[name].with_options(debias=True, momentum=0.5, **options))


@pytest.mark.parametrize("unbiased", [False, True])
def test_one_batch_of_all_examples_leaves_no_gap_but_that_of_the_unbiased_variance(unbiased):
    """Running averages of one batch, the population and the batch itself are then the same, but for n / (n - 1)."""
    norm, data = find_norm("batch", unbiased_variance=unbiased), make_data()
    model = Sums(norm)
    found = make_evaluations(model, norm, batch_size=16)(start(model, data), data)
    assert found["test_accuracy_biased"] == found["test_accuracy_batch_statistics"]
    assert found["test_accuracy_population"] == found["test_accuracy_unbiased" if unbiased else "test_accuracy_biased"]
    assert found["evaluation_gap"] == found["test_accuracy_batch_statistics"] - found["test_accuracy_population"]


def test_statistics_of_another_kind_change_the_evaluation():
    """Running averages far off, the population and small batches give three different networks."""
    norm, data = find_norm("batch", unbiased_variance=True), make_data(128)
    model = Sums(norm)
    state = start(model, data)
    far_off = jax.tree.map(lambda leaf: leaf + jnp.linspace(0.0, 3.0, leaf.size).reshape(leaf.shape), state.batch_stats)
    state = state._replace(batch_stats=far_off)
    found = make_evaluations(model, norm, batch_size=2)(state, data)
    kinds = ("unbiased", "population", "batch_statistics")
    assert len({float(found[f"test_accuracy_{kind}"]) for kind in kinds}) == 3
    assert found["evaluation_gap"] == found["test_accuracy_batch_statistics"] - found["test_accuracy_unbiased"]
    assert found["population_gap"] == found["test_accuracy_batch_statistics"] - found["test_accuracy_population"]


def test_norm_that_does_not_couple_examples_has_one_evaluation_and_no_gap():
    norm, data = find_norm("layer", unbiased_variance=True), make_data()
    model = Sums(norm)
    found = make_evaluations(model, norm, batch_size=2)(start(model, data), data)
    assert found.pop("evaluation_gap") == found.pop("population_gap") == 0
    assert len({float(value) for value in found.values()}) == 1


MODELS = {
    "transformer": lambda norm: Transformer(2, norm, width=4, num_layers=1, num_heads=1, feed_forward_size=4),
    "per_step": lambda norm: LSTM(2, norm, hidden_size=3, statistics="per_step"),
    "shared": lambda norm: GRU(2, norm, hidden_size=3, statistics="shared"),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", [name for name in COUPLES if couples_examples(name)])
def test_every_model_can_be_evaluated_in_all_ways_with_every_norm_over_the_batch(name, model):
    norm, data = find_norm(name, unbiased_variance=True), make_data()
    network = MODELS[model](norm)
    found = jax.eval_shape(lambda: make_evaluations(network, norm, batch_size=8)(start(network, data), data))
    assert {value.shape for value in found.values()} == {()}
    assert len(found) == 6
