"""Evaluation by the statistics of batches, and measures that are added to the end of a training."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from common_training import make_arm, make_data, make_replicas

from jaxnorm.training import Data, Split, TrainState
from jaxnorm.training.evaluation import evaluate_by_batch, with_final


class Centred(nn.Module):
    """Logits of the sign of each example's distance from its batch's mean, or from zero in evaluation."""

    @nn.compact
    def __call__(self, x, *, train, lengths=None):
        del lengths
        distance = x[:, 0] - (x[:, 0].mean() if train else 0)
        return jnp.stack([-distance, distance], -1)


@pytest.mark.parametrize(("batch_size", "batches"), [(4, [(0, 4), (4, 8), (6, 10)]), (5, [(0, 5), (5, 10)]), (100, [(0, 10)])])
def test_batches_are_full_and_examples_count_once(batch_size, batches):
    rng = np.random.default_rng(1)
    values = (rng.normal(size=(10, 1)) + np.linspace(-3, 3, 10)[:, None]).astype(np.float32)
    labels = rng.integers(0, 2, 10).astype(np.int32)
    split = Split(*jax.device_put((values, labels)))
    data = Data(split, split, split, None, None)
    correct = np.full(10, -1)
    for low, high in batches:
        right = (values[low:high, 0] > values[low:high, 0].mean()) == labels[low:high]
        correct[low:high] = np.where(correct[low:high] < 0, right, correct[low:high])
    metrics = evaluate_by_batch(Centred(), TrainState({}, {}, ()), split, data, batch_size)
    assert float(metrics.accuracy) == pytest.approx(correct.mean())


def test_final_measure_stands_beside_the_test_set():
    data = make_data()
    train = with_final(make_arm("none"), lambda state, data: {"examples": jnp.asarray(len(data.test.labels))})
    replica = jax.tree.map(lambda leaf: leaf[0], make_replicas([0]))
    state, _ = train.start(replica, data)
    finished = train.finish(state, data)
    assert set(finished) == {"test_loss", "test_accuracy", "test_correct", "examples"}
    assert finished["examples"] == 8
