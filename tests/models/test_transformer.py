"""The Transformer: every norm, padding that never matters, positions, patches, a causal model that sees no future."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import FLOAT32_TOLERANCE
from models.learning import PADDING_TOLERANCE, accuracy, digits, initial, kernels, learn, logits_of, normal, output, small_norm

from jaxnorm.models import PLACEMENTS, Transformer, matrix_product
from jaxnorm.models.positions import sinusoids
from jaxnorm.norms import NORMS

LENGTHS = np.array([6, 4, 2, 5], np.int32)
POOLING_POSITIONS = {"group", "instance", "layer_all"}
"""Norms that are statistics over positions in evaluation too."""


def make_model(norm="layer", **options):
    small = {"width": 8, "num_layers": 1, "num_heads": 2, "feed_forward_size": 12}
    return Transformer(**{"num_classes": 10, "norm": small_norm(norm), **small, **options})


def sequences(length=6):
    """(B, T, D) = (4, length, 3), the first six positions of which do not depend on the length."""
    return normal(1, 4, 12, 3)[:, :length]


def in_padding(x, value):
    """``x`` with ``value`` wherever no position counts."""
    return np.where(np.arange(x.shape[1])[None, :, None] < LENGTHS[:, None, None], x, np.asarray(value, x.dtype))


@pytest.fixture(scope="module")
def variables_of():
    """Initial variables of the networks with each norm."""
    models = {norm: make_model(norm) for norm in NORMS}

    @jax.jit
    def start(key, x):
        return {norm: model.init(key, x, train=False) for norm, model in models.items()}

    return start(jax.random.key(3), sequences())


@pytest.mark.parametrize("norm", NORMS)
def test_transformer_has_the_same_kernels_and_hides_padding_under_every_norm(norm, variables_of):
    """Neither what stands in the padding nor how much there is of it changes a logit, in training and in evaluation.

    Without running statistics, both are the same network.
    """
    model, variables = make_model(norm), variables_of[norm]
    chex.assert_trees_all_equal(kernels(variables), kernels(variables_of["none"]))
    clean, spoilt = in_padding(sequences(), 0.0), in_padding(sequences(9), np.nan)

    @jax.jit
    def outputs(variables, *inputs):
        return {train: [logits_of(model, variables, x, train, LENGTHS) for x in inputs] for train in {True, "batch_stats" not in variables}}

    for want, got in outputs(variables, clean, spoilt).values():
        chex.assert_shape(want, (4, 10))
        chex.assert_tree_all_finite(want)
        np.testing.assert_allclose(got, want, rtol=0, atol=PADDING_TOLERANCE)


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_transformer_padded_is_each_sequence_alone(placement):
    model = make_model(placement=placement, num_layers=2)
    variables = initial(model, sequences())
    together = output(model, variables, in_padding(sequences(), 7.0), lengths=LENGTHS)
    alone = output(model, variables, sequences()[1:2, : LENGTHS[1]])
    np.testing.assert_allclose(together[1:2], alone, rtol=0, atol=PADDING_TOLERANCE)


def observed(model, variables):
    """What every layer gives out, by its name."""
    _, stored = model.apply(variables, sequences(), train=False, mutable=["intermediates"])
    return stored["intermediates"]


def test_transformer_without_residual_is_another_network(variables_of):
    """In which, without norms either, what a layer gives out is what the feed-forward network makes of attention alone."""
    model = make_model("none", placement="none", residual=False)
    variables = variables_of["none"]
    stored = jax.jit(lambda variables: observed(model, variables))(variables)
    layer = {**variables["params"]["layer_0"]}
    silent = {**variables["params"], "layer_0": {**layer, "dense_out": jax.tree.map(np.zeros_like, layer["dense_out"])}}
    assert float(np.abs(stored["block_0"]).max()) > 1e-2
    np.testing.assert_array_equal(output(model, {"params": silent}, sequences()), np.zeros((4, 10)))


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_transformer_norm_without_mask_sees_padding_only_in_the_statistics_of_the_batch(norm, variables_of):
    model, variables = make_model(norm, mask_norm=False), variables_of[norm]
    for train, moves in [(True, norm == "batch"), (False, False)]:
        results = [np.asarray(output(model, variables, in_padding(sequences(length), np.nan), train, LENGTHS)) for length in (6, 9)]
        change = float(np.abs(results[0] - results[1]).max())
        assert change > 1e-2 if moves else change <= PADDING_TOLERANCE


def test_transformer_gradients_ignore_nan_in_the_padding(variables_of):
    model, variables = make_model("batch"), variables_of["batch"]

    def loss(params, x):
        return jnp.square(logits_of(model, {**variables, "params": params}, x, True, LENGTHS)).sum()

    gradient = jax.jit(jax.grad(loss))
    want, got = (gradient(variables["params"], in_padding(sequences(), value)) for value in (0.0, np.nan))
    chex.assert_trees_all_close(got, want, rtol=0, atol=PADDING_TOLERANCE)


def test_transformer_gives_a_sequence_of_no_length_finite_logits(variables_of):
    model, variables = make_model(), variables_of["layer"]
    chex.assert_tree_all_finite(output(model, variables, sequences(), lengths=np.array([0, 1, 0, 6], np.int32)))


@pytest.mark.parametrize(("causal", "shape"), [(False, (4, 10)), (True, (4, 6, 10))])
def test_transformer_takes_tokens_whatever_stands_in_their_padding(causal, shape):
    model = make_model(causal=causal, vocabulary_size=7, positions="learned")
    tokens = np.random.default_rng(0).integers(0, 7, (4, 6), np.int32)
    variables = initial(model, tokens)
    chex.assert_shape(variables["params"]["embedding"]["embedding"], (7, 8))
    spoilt = in_padding(tokens[..., None], -1)[..., 0]
    want, got = (np.asarray(output(model, variables, x, lengths=LENGTHS)) for x in (tokens, spoilt))
    chex.assert_shape(want, shape)
    valid = (np.arange(6)[None, :] < LENGTHS[:, None])[..., None] if causal else True
    np.testing.assert_allclose(np.where(valid, got - want, 0), np.zeros(shape), rtol=0, atol=PADDING_TOLERANCE)


@pytest.mark.parametrize("norm", NORMS)
def test_transformer_causal_shows_no_position_its_future_in_evaluation(norm, variables_of):
    """But for norms that pool over positions, of which the docstring says so."""
    model = make_model(norm, causal=True)
    another_future = sequences() + np.float32([0, 0, 0, 0, 3, 3])[None, :, None]
    want, got = (np.asarray(output(model, variables_of[norm], x)) for x in (sequences(), another_future))
    assert float(np.abs(want - got)[:, 4:].max()) > 1e-2
    assert (float(np.abs(want - got)[:, :4].max()) <= PADDING_TOLERANCE) == (norm not in POOLING_POSITIONS)


def test_transformer_reads_images_as_rows_or_patches():
    image = np.arange(32, dtype=np.float32).reshape(1, 4, 4, 2)
    rows, patches = make_model(), make_model(patch_size=2)
    pieces = [image[0, row : row + 2, column : column + 2].reshape(-1) for row in (0, 2) for column in (0, 2)]
    for model, vectors in [(rows, image.reshape(1, 4, 8)), (patches, np.stack(pieces)[None])]:
        variables = initial(model, image)
        np.testing.assert_array_equal(output(model, variables, image), output(model, variables, vectors))


def test_sinusoids_are_the_sines_and_cosines_of_the_paper():
    expected = [[function(t / 10_000 ** (2 * i / 5)) for i in range(3) for function in (np.sin, np.cos)][:5] for t in range(7)]
    np.testing.assert_allclose(sinusoids(7, 5), expected, rtol=0, atol=FLOAT32_TOLERANCE)


def test_learned_positions_serve_shorter_sequences_and_refuse_longer_ones():
    model = make_model(positions="learned", max_length=9)
    variables = initial(model, sequences())
    chex.assert_shape(variables["params"]["positions"], (9, 8))
    clean, longer = (output(model, variables, in_padding(sequences(length), 0.0), lengths=LENGTHS) for length in (6, 9))
    np.testing.assert_allclose(longer, clean, rtol=0, atol=PADDING_TOLERANCE)
    with pytest.raises(ValueError, match="12 positions is longer than the table of 9"):
        output(model, variables, sequences(12))


@pytest.mark.parametrize(
    ("options", "x", "message"),
    [
        ({"positions": "relative"}, jnp.ones((2, 3, 4)), "not 'relative'"),
        ({"patch_size": 3}, jnp.ones((2, 8, 8, 1)), "patches of 3 x 3"),
        ({}, jnp.ones((2, 3)), "neither tokens"),
        ({"placement": "before"}, jnp.ones((2, 3, 4)), "'before' is none of"),
    ],
)
def test_transformer_refuses_what_it_cannot_do(options, x, message):
    with pytest.raises(ValueError, match=message):
        initial(make_model(**options), x)


def test_transformer_observes_every_layer():
    model = make_model(num_layers=2)
    stored = jax.eval_shape(lambda: observed(model, model.init(jax.random.key(0), sequences(), train=False)))
    assert {name: each.shape for name, each in stored.items()} == {"block_0": (4, 6, 8), "block_1": (4, 6, 8)}


def test_transformer_replicas_under_vmap_are_the_networks_alone():
    model = make_model("batch", placement="sandwich")
    variables = [initial(model, sequences(), seed) for seed in range(2)]
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *variables)
    together = jax.vmap(lambda each: output(model, each, sequences(), True, LENGTHS))(stacked)
    alone = np.stack([output(model, each, sequences(), True, LENGTHS) for each in variables])
    np.testing.assert_allclose(together, alone, rtol=0, atol=FLOAT32_TOLERANCE)


def test_transformer_multiplies_in_bfloat16_where_told(variables_of):
    exact, rounded = (make_model(dot_general=matrix_product(precision)) for precision in ("float32", "bfloat16"))
    want, got = (np.asarray(output(model, variables_of["layer"], sequences())) for model in (exact, rounded))
    assert 0 < float(np.abs(want - got).max()) < 0.05 * float(np.abs(want).max())


def test_transformer_learns_rows_of_digits():
    model = make_model(width=32, feed_forward_size=64)
    x, labels = digits()
    variables, _ = learn(model, x, labels, steps=150, batch_size=64, learning_rate=5e-3)
    assert accuracy(model, variables, x, labels) > 0.9


def test_transformer_causal_learns_to_repeat_what_stood_two_tokens_before():
    """From the third token on, the next one is certain; it takes attention to know it."""
    pairs = np.random.default_rng(0).integers(0, 5, (64, 2), np.int32)
    tokens = jnp.asarray(np.tile(pairs, (1, 5)))
    model = make_model(num_classes=5, causal=True, width=16, feed_forward_size=32)
    variables, _ = learn(model, tokens[:, :-1], tokens[:, 1:], steps=100, batch_size=64, learning_rate=1e-2)
    predicted = np.asarray(output(model, variables, tokens[:, :-1])).argmax(-1)
    assert float((predicted == np.asarray(tokens)[:, 1:])[:, 1:].mean()) > 0.98
