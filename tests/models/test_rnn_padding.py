"""Recurrent networks with norms inside: padding never matters, and statistics count what is there."""

import itertools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from models.recurrent import LENGTHS, ROUNDING, STEP_NORMS, B, H, K, T, apply, initial, make_model, running, sequences

from jaxnorm.models.rnn import GRU, LSTM, STATISTICS
from jaxnorm.norms import reestimate_statistics


@pytest.mark.parametrize(("norm", "train"), [*itertools.product(STEP_NORMS, [True]), ("batch", False), ("renorm", False)])
def test_content_of_padding_changes_neither_predictions_nor_statistics(norm, train):
    model = make_model(norm=norm)
    variables = initial(model, sequences(), LENGTHS)
    clean, dirty = (apply(model, variables, sequences(padding=padding), LENGTHS, train=train) for padding in (0.0, jnp.nan))
    chex.assert_trees_all_equal(dirty, clean)
    chex.assert_tree_all_finite(clean)


@pytest.mark.parametrize(("kind", "norm", "statistics"), [(LSTM, "batch", "per_step"), (GRU, "ghost", "shared")])
def test_number_of_padded_steps_changes_neither_predictions_nor_statistics(kind, norm, statistics):
    model = make_model(kind, norm, statistics=statistics)
    variables = initial(model, sequences(), LENGTHS)
    short, long = (apply(model, variables, sequences(steps), LENGTHS) for steps in (T, T + 3))
    chex.assert_trees_all_close(long, short, atol=ROUNDING)


def test_padding_of_nan_reaches_no_gradient():
    model = make_model(norm="batch")
    variables = initial(model, sequences(), LENGTHS)

    @jax.jit
    def gradient(params, x):
        def loss(params):
            logits, _ = model.apply({**variables, "params": params}, x, train=True, lengths=LENGTHS, mutable=["batch_stats"])
            return jnp.sin(logits).sum()

        return jax.grad(loss)(params)

    clean, dirty = (gradient(variables["params"], sequences(padding=padding)) for padding in (0.0, jnp.nan))
    chex.assert_trees_all_equal(dirty, clean)
    assert all(jnp.abs(leaf).max() > 0 for leaf in jax.tree.leaves(clean))


def projected_input(variables, x):
    """The first layer's ``x W_x`` in float64, ``(B, T, 4 H)``."""
    return np.asarray(x, np.float64) @ np.asarray(variables["params"]["layer_0"]["input"]["kernel"], np.float64)


def test_norms_that_are_not_masked_see_the_padding_as_zero():
    model = make_model(norm="batch", mask_norm=False)
    variables = initial(model, sequences(), LENGTHS)
    mean = apply(model, variables, sequences(padding=jnp.nan), LENGTHS)[1]["layer_0"]["norm_input"]["gates"]["mean"]
    np.testing.assert_allclose(mean, 0.01 * projected_input(variables, sequences()).mean(0), atol=ROUNDING)


def shapes(tree):
    return {leaf.shape for leaf in jax.tree.leaves(tree)}


def test_statistics_are_kept_per_step_or_shared():
    per_step, shared = (initial(make_model(norm="batch", statistics=name), sequences())["batch_stats"] for name in STATISTICS)
    assert shapes(per_step) == {(T, 4 * H), (T, H)}
    assert shapes(shared) == {(4 * H,), (H,)}
    assert jax.tree.structure(per_step) == jax.tree.structure(shared)


@pytest.mark.parametrize("statistics", STATISTICS)
def test_running_statistics_follow_each_step_or_their_average_by_count(statistics):
    model = make_model(norm="batch", statistics=statistics)
    variables = initial(model, sequences(), LENGTHS)
    got = apply(model, variables, sequences(), LENGTHS)[1]["layer_0"]["norm_input"]["gates"]
    projected, valid = projected_input(variables, sequences()), running()
    steps = [(projected[valid[:, t], t].mean(0), projected[valid[:, t], t].var(0)) for t in range(T)]
    mean, var = (np.stack(values) for values in zip(*steps, strict=True))  # (T, 4 H)
    if statistics == "shared":
        mean, var = (np.average(values, axis=0, weights=valid.sum(0)) for values in (mean, var))
    np.testing.assert_allclose(got["mean"], 0.01 * mean, atol=ROUNDING)
    np.testing.assert_allclose(got["var"], 0.99 + 0.01 * var, atol=ROUNDING)


@pytest.mark.parametrize("statistics", STATISTICS)
def test_reestimated_statistics_are_those_of_all_batches(statistics):
    model = make_model(norm="batch", statistics=statistics)
    variables = initial(model, sequences())
    batches = jnp.stack([sequences(padding=1.0), 2 + 3 * sequences()])
    precise = reestimate_statistics(model, variables, batches, train=True)
    chex.assert_trees_all_equal_shapes(precise, variables)
    got = precise["batch_stats"]["layer_0"]["norm_input"]["gates"]
    projected = projected_input(variables, jnp.concatenate(batches))
    if statistics == "per_step":
        np.testing.assert_allclose(got["mean"], projected.mean(0), atol=ROUNDING)
        np.testing.assert_allclose(got["var"], projected.var(0), rtol=ROUNDING)
    else:
        np.testing.assert_allclose(got["mean"], projected.mean((0, 1)), atol=ROUNDING)


def test_steps_beyond_those_of_initialisation_use_the_statistics_of_the_last():
    model = make_model(norm="batch")
    variables = initial(model, sequences())
    trained = {**variables, "batch_stats": jax.tree.map(lambda leaf: leaf + 0.1 * jnp.arange(T).reshape(-1, 1), variables["batch_stats"])}
    grown = {**variables, "batch_stats": jax.tree.map(lambda leaf: jnp.pad(leaf, ((0, 2), (0, 0)), mode="edge"), trained["batch_stats"])}
    longer = sequences(T + 2, padding=1.0)
    chex.assert_trees_all_equal(apply(model, trained, longer, train=False)[0], apply(model, grown, longer, train=False)[0])


def test_steps_that_a_batch_does_not_have_keep_their_statistics():
    model = make_model(norm="batch")
    variables = initial(model, sequences())
    whole, part = (apply(model, variables, sequences(padding=1.0)[:, :steps])[1] for steps in (T, 3))
    kept = jax.tree.map(lambda new, old: jnp.concatenate([new[:3], old[3:]]), whole, variables["batch_stats"])
    chex.assert_trees_all_close(part, kept, atol=ROUNDING)


@pytest.mark.parametrize("statistics", STATISTICS)
def test_steps_without_any_example_leave_the_statistics_alone(statistics):
    model = make_model(norm="batch", statistics=statistics)
    variables = initial(model, sequences(), LENGTHS)
    nothing, stats = apply(model, variables, sequences(), jnp.zeros(B, jnp.int32))
    chex.assert_trees_all_close(stats, variables["batch_stats"], rtol=1e-6)
    np.testing.assert_allclose(nothing, jnp.broadcast_to(variables["params"]["logits"]["bias"], (B, K)), atol=ROUNDING)
