"""LSTM and GRU: the formulas, the norms inside, what they read and what they learn."""

import functools
import itertools

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax.traverse_util import flatten_dict
from models.recurrent import KEY, LENGTHS, LOGITS, ROUNDING, STEP_NORMS, B, H, K, T, apply, initial, make_model, running, sequences

from jaxnorm.data import make_sequences
from jaxnorm.models.rnn import GRU, LSTM
from jaxnorm.norms import NORMS


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def layer_norm(x, params, bias=0.0):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6) * params["scale"] + params.get("bias", bias)


def lstm_reference(params, x, lengths):
    """The last states that count of an LSTM with LayerNorm, in float64."""
    cell, h = params["cell"], np.zeros((B, H))
    c = h
    for t in range(T):
        gates = layer_norm(x[:, t] @ params["input"]["kernel"], params["norm_input"]["gates"]) + cell["bias"]
        i, f, g, o = np.split(gates + layer_norm(h @ cell["hidden"]["kernel"], cell["norm_hidden"]["gates"]), 4, axis=1)
        new_c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        new_h = sigmoid(o) * np.tanh(layer_norm(new_c, cell["norm_cell"]))
        running = (t < lengths)[:, None]
        h, c = np.where(running, new_h, h), np.where(running, new_c, c)
    return h


def gru_reference(params, x, lengths):
    """The last states that count of a GRU with LayerNorm, in float64."""
    cell, h = params["cell"], np.zeros((B, H))
    b, b_x, b_h = np.split(cell["bias"], [2 * H, 3 * H])
    for t in range(T):
        from_x, from_h = x[:, t] @ params["input"]["kernel"], h @ cell["hidden"]["kernel"]
        gates = layer_norm(from_x[:, : 2 * H], params["norm_input"]["gates"])
        r, z = np.split(sigmoid(gates + layer_norm(from_h[:, : 2 * H], cell["norm_hidden"]["gates"]) + b), 2, axis=1)
        from_h = layer_norm(from_h[:, 2 * H :], cell["norm_hidden"]["candidate"]) + b_h
        n = np.tanh(layer_norm(from_x[:, 2 * H :], params["norm_input"]["candidate"]) + b_x + r * from_h)
        h = np.where((t < lengths)[:, None], (1 - z) * n + z * h, h)
    return h


@pytest.mark.parametrize(("kind", "reference"), [(LSTM, lstm_reference), (GRU, gru_reference)])
def test_rnn_with_layer_norm_equals_the_float64_formula(kind, reference):
    model = make_model(kind)
    variables = initial(model, sequences(), LENGTHS)
    params = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), variables["params"])
    state = reference(params["layer_0"], np.asarray(sequences(), np.float64), np.asarray(LENGTHS))
    logits = apply(model, variables, sequences(), LENGTHS)[0]
    np.testing.assert_allclose(logits, state @ params["logits"]["kernel"] + params["logits"]["bias"], atol=ROUNDING)


def linen_cell(kind, params):
    """Linen's cell and its parameters, from ours."""
    cell, split = params["cell"], functools.partial(np.split, axis=-1)
    if kind is LSTM:
        kernels = zip("ifgo", split(params["input"]["kernel"], 4), split(cell["hidden"]["kernel"], 4), split(cell["bias"], 4), strict=True)
        tree = {
            name: leaf for gate, i, h, b in kernels for name, leaf in ((f"i{gate}", {"kernel": i}), (f"h{gate}", {"kernel": h, "bias": b}))
        }
        return nn.OptimizedLSTMCell(H), tree
    inputs, hidden = split(params["input"]["kernel"], 3), split(cell["hidden"]["kernel"], 3)
    biases = split(cell["bias"], 4)
    tree = {f"i{gate}": {"kernel": kernel, "bias": bias} for gate, kernel, bias in zip("rzn", inputs, biases[:3], strict=True)}
    tree |= {f"h{gate}": {"kernel": kernel} for gate, kernel in zip("rzn", hidden, strict=True)}
    tree["hn"]["bias"] = biases[3]
    return nn.GRUCell(H), tree


@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_rnn_without_norm_equals_linen(kind):
    model = make_model(kind, "none")
    variables = initial(model, sequences())
    cell, params = linen_cell(kind, variables["params"]["layer_0"])
    states = nn.RNN(cell).apply({"params": {"cell": params}}, sequences())
    logits = states[:, -1] @ variables["params"]["logits"]["kernel"] + variables["params"]["logits"]["bias"][None]
    np.testing.assert_allclose(apply(model, variables, sequences())[0], logits, atol=ROUNDING)


def test_rnn_kernels_and_biases_do_not_depend_on_the_norm():
    kinds = [*itertools.product([LSTM], STEP_NORMS), (GRU, "none"), (GRU, "batch")]
    inits = [functools.partial(make_model(*kind).init, train=False) for kind in kinds]
    params = jax.jit(lambda key: [init(key, sequences())["params"] for init in inits])(KEY)
    flat = {kind: flatten_dict(tree, sep="/") for kind, tree in zip(kinds, params, strict=True)}
    for (kind, _), tree in flat.items():
        plain = flat[kind, "none"]
        assert set(plain) == {*(f"layer_0/{name}" for name in ("input/kernel", "cell/hidden/kernel", "cell/bias")), *LOGITS}
        chex.assert_trees_all_equal({path: tree[path] for path in plain}, plain)
        assert all("/norm_" in path for path in set(tree) - set(plain))
    assert_lstm_starts_as_documented(flat[LSTM, "none"])


def assert_lstm_starts_as_documented(params):
    for gate in np.split(np.asarray(params["layer_0/cell/hidden/kernel"]), 4, axis=1):
        np.testing.assert_allclose(gate.T @ gate, np.eye(H), atol=1e-6)
    np.testing.assert_array_equal(params["layer_0/cell/bias"], np.repeat([0.0, 1.0, 0.0, 0.0], H))


@pytest.mark.parametrize(("norm", "number"), [("batch", 3), ("none", 0)])
def test_rnn_norms_start_at_the_scale_asked_for(norm, number):
    init = make_model(norm=norm, norm_scale_init=0.1).init
    params = jax.jit(init, static_argnames="train")(KEY, sequences(), train=False)["params"]
    scales = [leaf for path, leaf in flatten_dict(params).items() if path[-1] == "scale"]
    assert len(scales) == number
    assert all((scale == jnp.float32(0.1)).all() for scale in scales)


def test_images_are_read_by_rows_and_tokens_are_embedded():
    model = make_model(norm="none", vocabulary_size=7)
    images = jax.random.normal(KEY, (B, 5, 2, 3))
    variables = initial(model, images)
    chex.assert_trees_all_equal(apply(model, variables, images)[0], apply(model, variables, images.reshape(B, 5, 6))[0])
    tokens = jnp.array([[0, 6, 2], [1, 1, 99]])
    variables = initial(model, tokens, jnp.array([3, 2]))
    assert variables["params"]["embedding"]["embedding"].shape == (7, H)
    logits = apply(model, variables, tokens, jnp.array([3, 2]))[0]
    chex.assert_shape(logits, (2, K))
    chex.assert_tree_all_finite(logits)


def test_causal_rnn_gives_logits_at_every_position_from_what_came_before():
    model, last = (make_model(norm="none", causal=causal) for causal in (True, False))
    variables = initial(model, sequences())
    logits = apply(model, variables, sequences())[0]
    chex.assert_shape(logits, (B, T, K))
    np.testing.assert_allclose(logits[:, -1], apply(last, variables, sequences())[0], atol=ROUNDING)
    changed = apply(model, variables, sequences().at[:, 3:].add(1.0))[0]
    np.testing.assert_array_equal(changed[:, :3], logits[:, :3])
    assert jnp.abs(changed[:, 3:] - logits[:, 3:]).min() > 0


def test_states_of_every_layer_can_be_observed():
    model = make_model(num_layers=2)
    variables = initial(model, sequences(), LENGTHS)
    zeros = {f"block_{index}": jnp.zeros((B, T, H)) for index in range(2)}

    @jax.jit
    def gradients(perturbations):
        def loss(perturbations):
            logits, observed = model.apply(
                {**variables, "perturbations": perturbations}, sequences(), train=True, lengths=LENGTHS, mutable=["intermediates"]
            )
            return logits.sum(), observed["intermediates"]

        return jax.grad(loss, has_aux=True)(perturbations)

    gradient, observed = gradients(zeros)
    assert set(observed) == set(zeros)
    chex.assert_trees_all_equal_shapes(gradient, zeros)
    read = np.arange(T)[None] == np.asarray(LENGTHS)[:, None] - 1  # the classifier reads the last state that counts, and no other
    np.testing.assert_array_equal(jnp.abs(gradient["block_1"]).max(-1) > 0, read)
    np.testing.assert_array_equal(jnp.abs(gradient["block_0"]).max(-1) > 0, running())


def test_statistics_of_another_kind_are_refused():
    with pytest.raises(ValueError, match=r"^statistics are per_step or shared, not 'none'"):
        initial(make_model(statistics="none"), sequences())


def test_lstm_vmaps_over_seeds():
    model = make_model(norm="batch")
    one = initial(model, sequences(), LENGTHS)
    both = jax.tree.map(lambda leaf: jnp.stack([leaf, 1.5 * leaf]), one)
    together = jax.vmap(lambda variables: apply(model, variables, sequences(), LENGTHS))(both)
    single = apply(model, jax.tree.map(lambda leaf: 1.5 * leaf, one), sequences(), LENGTHS)
    chex.assert_trees_all_close(jax.tree.map(lambda leaf: leaf[1], together), single, atol=ROUNDING)


@pytest.mark.parametrize(("kind", "norm"), [(LSTM, "batch"), (GRU, "layer")])
def test_rnn_learns_the_embedded_sequences(kind, norm):
    data = make_sequences("synthetic_sequences", num_train=1024, length_spread=0.5, padding_share=0.4)
    model = kind(num_classes=8, norm=NORMS[norm].with_options(momentum=0.9, debias=True), hidden_size=16)
    optimizer = optax.adam(0.02)

    def standardised(split):
        return jnp.asarray((split.inputs / data.scale - data.mean) / data.std), jnp.asarray(split.labels), jnp.asarray(split.lengths)

    def update(carry, start):
        params, statistics, state = carry
        x, labels, lengths = (jax.lax.dynamic_slice_in_dim(each, start, 64) for each in standardised(data.train))

        def loss(params):
            variables = {"params": params, "batch_stats": statistics}
            logits, updated = model.apply(variables, x, train=True, lengths=lengths, mutable=["batch_stats"])
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean(), updated.get("batch_stats", {})

        gradient, statistics = jax.grad(loss, has_aux=True)(params)
        updates, state = optimizer.update(gradient, state, params)
        return (optax.apply_updates(params, updates), statistics, state), None

    @jax.jit
    def accuracy(key):
        x, labels, lengths = standardised(data.test)
        variables = model.init(key, x[:2], train=False)
        carry = (variables["params"], variables.get("batch_stats", {}), optimizer.init(variables["params"]))
        starts = jnp.tile(jnp.arange(0, 1024, 64), 6)  # six epochs of 16 updates
        (params, statistics, _), _ = jax.lax.scan(update, carry, starts)
        logits = model.apply({"params": params, "batch_stats": statistics}, x, train=False, lengths=lengths)
        return (logits.argmax(-1) == labels).mean()

    assert accuracy(KEY) > 0.8  # of 0.92 at best
